"""OpenID Connect ID tokens, verified with keys from a file.

The file is a JSON object that maps issuers (`https://token.actions.githubusercontent.com`) to their JWKS (RFC 7517).
Nothing here ever connects to a provider.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import orjson

from lambent.core.errors import InternalFailure
from lambent.services.sts.errors import ExpiredIdentityToken, InvalidIdentityToken

if TYPE_CHECKING:
    from pathlib import Path

# Public keys only: an algorithm with a shared secret would make everybody who can verify a token able to make one.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")


def verified(token: str, jwks: Path | None) -> dict[str, Any]:
    """The claims of a token that its issuer signed and that has not expired.

    Args:
        jwks: the file; without one nobody is trusted.

    Raises:
        InvalidIdentityToken, ExpiredIdentityToken: it is no such token.
        InternalFailure: the file cannot be read.
    """
    try:
        header = jwt.get_unverified_header(token)
        claimed = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise InvalidIdentityToken(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from None
    key = _key(jwks, str(claimed.get("iss")), header.get("kid"))
    if key is None:
        raise InvalidIdentityToken(
            "Couldn't retrieve verification key from your identity provider,  please reference "
            "AssumeRoleWithWebIdentity documentation for requirements"
        )
    options: Any = {"verify_aud": False, "require": ["exp", "iat", "iss", "sub", "aud"]}
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=list(_ALGORITHMS), options=options
        )
    except jwt.ExpiredSignatureError:
        raise ExpiredIdentityToken(
            "Token expired: current date/time must be before the expiration date/time"
        ) from None
    except jwt.PyJWTError as problem:
        raise InvalidIdentityToken(f"The ID token cannot be verified: {problem}") from None
    return claims


def _key(jwks: Path | None, issuer: str, key_id: str | None) -> jwt.PyJWK | None:
    """The issuer's key with that id; without an id its only key."""
    keys = key_sets(jwks).get(issuer)
    if keys is None:
        return None
    found = [key for key in keys.keys if key_id is None or key.key_id == key_id]
    return found[0] if len(found) == 1 else None


def key_sets(jwks: Path | None) -> dict[str, jwt.PyJWKSet]:
    """By issuer. Raises InternalFailure where the file cannot be read."""
    if jwks is None:
        return {}
    try:
        content: dict[str, Any] = orjson.loads(jwks.read_bytes())
        return {issuer: jwt.PyJWKSet.from_dict(keys) for issuer, keys in content.items()}
    except (OSError, ValueError, AttributeError, jwt.PyJWTError) as problem:
        raise InternalFailure(f"web_identity_jwks cannot be read: {problem}") from problem
