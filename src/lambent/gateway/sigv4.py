"""Signature Version 4, the server's side: is a request what the owner of an access key signed, and is it fresh?

No I/O: the caller reads the body and hashes it. Who the key belongs to comes from the Credentials port; the time is the
clock's wall reading, which no test can move.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from lambent.gateway.canonical import canonical_path, canonical_query, canonical_request
from lambent.gateway.claim import ALGORITHM, Claim, Flaw, SignatureRefused, read_claim
from lambent.gateway.signing_keys import SigningKeys

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.http import Request
    from lambent.core.ports import Credential, Credentials

__all__ = ["Claim", "Flaw", "SignatureChecker", "SignatureRefused", "Signed", "read_claim"]

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
_FORMAT = "%Y%m%dT%H%M%SZ"
# "a request must reach AWS within five minutes of its time stamp" (IAM, SigV4); most services are laxer.
_SKEW_MIN = {"lambda": 5}
_USUAL_SKEW_MIN = 15
# What enters the signature without its header, so that it need not be signed: the time, the hash of the body, and the
# token, which is sealed together with the secret (SDKs of some services add it to a request that is signed already).
_BOUND = frozenset({"x-amz-date", "x-amz-content-sha256", "x-amz-security-token"})


class Signed(NamedTuple):
    """A signature that holds: whose it is, and what the chunks of the body are signed with."""

    credential: Credential
    claim: Claim
    key: bytes


class SignatureChecker:
    """Checks claims. Holds nothing but derived keys."""

    def __init__(self, credentials: Credentials, clock: Clock) -> None:
        self.keys = SigningKeys()
        self.credentials = credentials
        self.clock = clock
        self._windows: dict[int, tuple[str, str]] = {}
        self._windows_until = 0.0

    def check(self, claim: Claim, request: Request, signing_name: str, body_sha256: str) -> Signed:
        """Check a claim against the request it came with.

        Args:
            signing_name: of the service that the request goes to.
            body_sha256: hex digest of the body as sent; "" where it need not be known (`needs_body_hash`).

        Raises:
            SignatureRefused: the signature does not hold.
        """
        credential = self.credentials.find(claim.access_key_id, claim.session_token)
        if credential is None:
            raise SignatureRefused(Flaw.BAD_TOKEN if claim.session_token else Flaw.UNKNOWN_KEY)
        if claim.session_token or credential.session_token is not None:
            _check_token(credential, claim)
        _check_scope(claim, signing_name)
        self._check_time(claim, signing_name)
        key = self.keys.find(credential, claim)
        is_s3 = signing_name == "s3"
        payload = _payload(claim, request, body_sha256, is_s3=is_s3)
        text = canonical_request(
            request.method,
            canonical_path(request.path, is_s3),
            canonical_query(request.query, claim.is_presigned) if request.query else "",
            request.headers,
            claim.signed_headers,
            payload,
        )
        if not hmac.compare_digest(sign(key, claim, text), claim.signature.encode()):
            raise SignatureRefused(Flaw.MISMATCH)
        _check_signed(claim, request)
        # Only the owner of the credentials is told that they were good once.
        expires_s = credential.expires_s
        if expires_s is not None and self.clock.wall().timestamp() >= expires_s:
            raise SignatureRefused(Flaw.TOKEN_EXPIRED)
        return Signed(credential, claim, key)

    def window(self, signing_name: str) -> tuple[str, str, float]:
        """The earliest and the latest time stamp that a service takes, and until when that is so (monotonic).

        Time stamps compare as text.
        """
        window = self._window(_SKEW_MIN.get(signing_name, _USUAL_SKEW_MIN))
        return *window, self._windows_until

    def _check_time(self, claim: Claim, signing_name: str) -> None:
        skew_min = _SKEW_MIN.get(signing_name, _USUAL_SKEW_MIN)
        earliest, latest = self._window(skew_min)
        if claim.timestamp > latest:
            raise SignatureRefused(Flaw.NOT_YET, _not_yet(claim, latest, skew_min))
        if claim.expires_s is not None:
            _check_expiry(claim, self.clock.wall())
        elif claim.timestamp < earliest:
            raise SignatureRefused(Flaw.EXPIRED, _expired(claim, earliest, skew_min))

    def _window(self, skew_min: int) -> tuple[str, str]:
        """Made once a second."""
        now_s = self.clock.monotonic()
        if now_s >= self._windows_until:
            self._windows.clear()
            self._windows_until = now_s + 1
        window = self._windows.get(skew_min)
        if window is None:
            now = self.clock.wall()
            skew = timedelta(minutes=skew_min)
            window = ((now - skew).strftime(_FORMAT), (now + skew).strftime(_FORMAT))
            self._windows[skew_min] = window
        return window


def needs_body_hash(claim: Claim, request: Request, signing_name: str) -> bool:
    """True when the hash of the body, as sent, enters the check."""
    if signing_name != "s3":
        return True
    declared = request.headers.first.get("x-amz-content-sha256")
    return _is_hash(declared) if declared else not claim.is_presigned


def sign(key: bytes, claim: Claim, text: str) -> bytes:
    """The signature of a canonical request, in hex."""
    digest = hashlib.sha256(text.encode("latin-1")).hexdigest()
    to_sign = f"{ALGORITHM}\n{claim.timestamp}\n{claim.scope}\n{digest}"
    return hmac.digest(key, to_sign.encode("latin-1"), "sha256").hex().encode()


def _payload(claim: Claim, request: Request, body_sha256: str, *, is_s3: bool) -> str:
    """The hash of the payload as it is signed. S3 alone takes payloads that are not signed, or in chunks."""
    declared = request.headers.first.get("x-amz-content-sha256")
    if is_s3 and not declared:
        return UNSIGNED_PAYLOAD if claim.is_presigned else body_sha256
    if is_s3 and declared and not _is_hash(declared):
        return declared
    if declared and not hmac.compare_digest(declared.encode("latin-1"), body_sha256.encode()):
        raise SignatureRefused(Flaw.BODY_MISMATCH)
    return body_sha256


def _is_hash(declared: str) -> bool:
    return not declared.startswith(("UNSIGNED-", "STREAMING-"))


def _check_token(credential: Credential, claim: Claim) -> None:
    if credential.session_token is None and not claim.session_token:
        return
    expected = (credential.session_token or "").encode()
    if not hmac.compare_digest(expected, claim.session_token.encode("latin-1")):
        raise SignatureRefused(Flaw.BAD_TOKEN)


def _check_scope(claim: Claim, signing_name: str) -> None:
    if claim.service != signing_name:
        message = f"Credential should be scoped to correct service: '{signing_name}'."
        raise SignatureRefused(Flaw.WRONG_SCOPE, message)
    if claim.date != claim.timestamp[:8]:
        raise SignatureRefused(
            Flaw.WRONG_SCOPE,
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{claim.date}' != '{claim.timestamp[:8]}', from '{claim.timestamp}'.",
        )
    # Without its host a signed request could be taken to another endpoint of the same service.
    if ";host;" not in f";{claim.signed_headers};":
        raise SignatureRefused(
            Flaw.WRONG_SCOPE,
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        )


def _check_signed(claim: Claim, request: Request) -> None:
    """ "You must include the host header, and any x-amz-* headers in the signature" (IAM, SigV4)."""
    signed = f";{claim.signed_headers};"
    for name in request.headers.first:
        if name.startswith("x-amz-") and name not in _BOUND and f";{name};" not in signed:
            raise SignatureRefused(
                Flaw.NOT_SIGNED, f"'{name}' must be a 'SignedHeader' in the AWS Authorization."
            )


def _check_expiry(claim: Claim, now: datetime) -> None:
    assert claim.expires_s is not None
    try:
        signed_at = datetime.strptime(claim.timestamp, _FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefused(Flaw.BAD_PRESIGNED, "X-Amz-Date is no date") from None
    ends = signed_at + timedelta(seconds=claim.expires_s)
    if now >= ends:
        message = f"Signature expired: {ends:{_FORMAT}} is now earlier than {now:{_FORMAT}}"
        raise SignatureRefused(Flaw.URL_EXPIRED, message)


def _expired(claim: Claim, earliest: str, skew_min: int) -> str:
    now = _shifted(earliest, skew_min)
    return (
        f"Signature expired: {claim.timestamp} is now earlier than {earliest} "
        f"({now} - {skew_min} min.)"
    )


def _not_yet(claim: Claim, latest: str, skew_min: int) -> str:
    now = _shifted(latest, -skew_min)
    return (
        f"Signature not yet current: {claim.timestamp} is still later than {latest} "
        f"({now} + {skew_min} min.)"
    )


def _shifted(timestamp: str, minutes: int) -> str:
    moved = datetime.strptime(timestamp, _FORMAT).replace(tzinfo=UTC) + timedelta(minutes=minutes)
    return moved.strftime(_FORMAT)
