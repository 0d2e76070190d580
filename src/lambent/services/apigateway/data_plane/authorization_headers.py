"""What AWS says of an Authorization header that is no signature, where a signature is what it looks for.

That is in front of methods with AWS_IAM, and of those that are not there: a request for a path that no method has is
taken for an unsigned one.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from lambent.services.apigateway.data_plane.failures import INCOMPLETE_SIGNATURE, Failure

if TYPE_CHECKING:
    from lambent.core.http import Headers

_SIGNED = "AWS4-HMAC-SHA256 "
_PARTS = ("Credential", "Signature", "SignedHeaders")
_NO_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."


def refusal_of(headers: Headers) -> Failure | None:
    """None where there is no such header, or one that may be a signature."""
    authorization = headers.get("authorization")
    if not authorization or authorization.startswith(_SIGNED):
        return None
    digest = base64.b64encode(hashlib.sha256(authorization.encode()).digest()).decode()
    pairs = [each.strip() for each in authorization.partition(" ")[2].split(",")]
    names = {each.partition("=")[0] for each in pairs if each}
    if any("=" not in each for each in pairs if each):
        return Failure(
            INCOMPLETE_SIGNATURE,
            "Invalid key=value pair (missing equal-sign) in Authorization header "
            f"(hashed with SHA-256 and encoded with Base64): '{digest}'.",
        )
    missing = [
        f"Authorization header requires '{name}' parameter." for name in _PARTS if name not in names
    ]
    if "x-amz-date" not in headers and "date" not in headers:
        missing.append(_NO_DATE)
    if not missing:
        return None
    text = (
        f"{' '.join(missing)} (Hashed with SHA-256 and encoded with Base64) Authorization={digest}"
    )
    return Failure(INCOMPLETE_SIGNATURE, text)
