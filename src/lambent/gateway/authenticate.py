"""Step 2: who asks. Fills in `principal` and `region`; unwraps bodies that are signed in chunks."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING

from lambent.core.context import Principal
from lambent.gateway import aws_chunked
from lambent.gateway.claim import Flaw, SignatureRefused
from lambent.gateway.refusals import service_error
from lambent.gateway.sigv4 import needs_body_hash

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.core.http import Request
    from lambent.core.ports import Credentials, Uses
    from lambent.gateway.call import Call
    from lambent.gateway.sigv4 import SignatureChecker, Signed

# A megabyte takes 1 ms, and the way to a thread and back 0.7; more than this is hashed in one (hashlib lets go of the
# GIL).
HASH_HERE_BYTES = 2 << 20
_LENGTH = re.compile(r"[0-9]{1,15}")
_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d{1,2}")


class Authenticate:
    """Signatures are verified (`auth = "iam"`)."""

    def __init__(
        self, checker: SignatureChecker, default_region: str, uses: Uses | None = None
    ) -> None:
        self._checker = checker
        self._default_region = default_region
        self._uses = uses

    def __call__(self, call: Call) -> Awaitable[None] | None:
        """Raises `ServiceError` in the words of the service. Returns an awaitable only for large bodies."""
        try:
            if call.claim_refused is not None:
                raise call.claim_refused
            if call.claim is None:
                self._anonymous(call)
            elif not needs_body_hash(call.claim, call.request, call.service.signing_name):
                self._check(call, "")
            elif len(call.body) > HASH_HERE_BYTES:
                return self._check_large(call)
            else:
                self._check(call, sha256(call.body))
        except SignatureRefused as refused:
            raise _worded(call, refused) from None
        return None

    def _anonymous(self, call: Call) -> None:
        # S3 alone lets anybody in as far as its policies say; the other services want a signature, but for operations
        # that are there to get credentials with.
        if call.service.name != "s3" and not call.match.operation.may_be_unsigned:
            raise SignatureRefused(Flaw.MISSING)
        call.region = region_of_host(call.request) or self._default_region

    async def _check_large(self, call: Call) -> None:
        digest = await asyncio.to_thread(sha256, call.body)
        try:
            self._check(call, digest)
        except SignatureRefused as refused:
            raise _worded(call, refused) from None

    def _check(self, call: Call, body_sha256: str) -> None:
        assert call.claim is not None
        signed = self._checker.check(
            call.claim, call.request, call.service.signing_name, body_sha256
        )
        call.credential = signed.credential
        call.principal = signed.credential.principal
        _check_session(call)
        call.region = call.claim.region
        if self._uses is not None:
            self._uses.used(call.principal, call.service.signing_name, call.region)
        unwrap(call, signed)


class TrustEverybody:
    """Signatures are looked at for account and region only (`auth = "open"`).

    A key that is known stands for whom it is of; an id of 12 digits for the root of that account, as users of emulators
    know it; any other for the root of the default account.
    """

    def __init__(self, credentials: Credentials, default_region: str, account_id: str) -> None:
        self._credentials = credentials
        self._default_region = default_region
        self._default = _root_of(account_id)

    def __call__(self, call: Call) -> None:
        claim = call.claim
        if claim is not None:
            credential = self._credentials.find(claim.access_key_id, claim.session_token)
            if credential is not None:
                call.principal = credential.principal
            elif _ACCOUNT.fullmatch(claim.access_key_id):
                call.principal = _root_of(claim.access_key_id)
            else:
                call.principal = self._default
        else:
            call.principal = self._default
        region = claim.region if claim is not None else region_of_host(call.request)
        call.region = region or self._default_region
        try:
            unwrap(call, None)
        except SignatureRefused as refused:
            raise _worded(call, refused) from None


def _check_session(call: Call) -> None:
    """ "You cannot call any IAM API operations unless MFA authentication information is included in the request"
    (GetSessionToken; there are no MFA devices); nor with the credentials of GetFederationToken.
    """
    principal = call.principal
    is_users = principal.session is not None and principal.kind != "assumed-role"
    if is_users and call.service.name == "iam":
        raise SignatureRefused(Flaw.UNKNOWN_KEY)


def _root_of(account_id: str) -> Principal:
    return Principal("root", account_id, f"arn:aws:iam::{account_id}:root", user_id=account_id)


def region_of_host(request: Request) -> str:
    """The region that the Host header names (`lambda.eu-west-1.amazonaws.com`), or ""."""
    labels = request.host.partition(":")[0].split(".")
    return next((label for label in labels if _REGION.fullmatch(label)), "")


def unwrap(call: Call, signed: Signed | None) -> None:
    """Replace a body sent in signed chunks by its content. Raises `SignatureRefused`."""
    if call.service.signing_name != "s3":
        return
    headers = call.request.headers
    form = headers.first.get("x-amz-content-sha256")
    if form is not None and form in aws_chunked.FORMS:
        length = headers.get("x-amz-decoded-content-length")
        said = int(length) if _LENGTH.fullmatch(length) else None
        call.body = aws_chunked.decode(call.body, form, signed, said)


def _worded(call: Call, refused: SignatureRefused) -> Exception:
    return service_error(refused, call.service.name, call.protocol or "")


def sha256(body: bytes) -> str:
    """In hexadecimal digits."""
    return hashlib.sha256(body).hexdigest()
