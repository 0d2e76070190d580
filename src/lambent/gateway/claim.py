"""What a request claims about who signed it: the Authorization header, or the X-Amz-* query of a presigned URL.

Reading a claim checks its form only. Its texts are those of AWS's front ends, which name every part that is missing.
"""

from __future__ import annotations

import enum
import re
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from lambent.core.http import Headers, Request

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"

# As every SDK writes it; what does not match goes the slow way, which finds out what is wrong.
_USUAL = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s]+)/(\d{8})/([a-z0-9-]{1,32})/([^/,\s]+)/aws4_request, ?"
    r"SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]+)"
)
# A region becomes part of names and ARNs; the longest of AWS has 14 letters.
_REGION = re.compile(r"[a-z0-9-]{1,32}")
# Heads of Authorization headers remembered: one per access key, service and day, 300 bytes each. Longer ones are not
# worth it, and would be a way to fill the memory.
_KNOWN_KEPT = 10_000
_KNOWN_LENGTH = 1024
_PARTS = ("Credential", "Signature", "SignedHeaders")
_QUERY_PARTS = ("Algorithm", "Credential", "Signature", "SignedHeaders", "Date")
_QUERY_SIGNS = tuple(f"X-Amz-{name}=" for name in ("Algorithm", "Credential", "Signature"))
# Digits of a number of seconds: more are never needed, and thousands of them cannot even be read.
_EXPIRES_DIGITS = 9


class Flaw(enum.Enum):
    """What can be wrong with a signature. Which code that is depends on the protocol: see `refusals`."""

    MISSING = enum.auto()
    TWO_MECHANISMS = enum.auto()
    OLD_MECHANISM = enum.auto()
    INCOMPLETE = enum.auto()
    BAD_PRESIGNED = enum.auto()
    UNKNOWN_KEY = enum.auto()
    BAD_TOKEN = enum.auto()
    TOKEN_EXPIRED = enum.auto()
    WRONG_SCOPE = enum.auto()
    EXPIRED = enum.auto()
    NOT_YET = enum.auto()
    NOT_SIGNED = enum.auto()
    URL_EXPIRED = enum.auto()
    MISMATCH = enum.auto()
    BODY_MISMATCH = enum.auto()
    INCOMPLETE_BODY = enum.auto()


class SignatureRefused(Exception):
    """The signature does not hold. Args: what is wrong, and the words for it where they depend on the request."""

    def __init__(self, flaw: Flaw, message: str = "") -> None:
        super().__init__(flaw, message)
        self.flaw = flaw
        self.message = message


class Claim(NamedTuple):
    """A signature as sent, well-formed. `timestamp` is in ISO 8601 basic form; `expires_s` only in presigned URLs."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: str
    signature: str
    timestamp: str
    session_token: str = ""
    is_presigned: bool = False
    expires_s: int | None = None

    @property
    def scope(self) -> str:
        """The credential scope, as it is signed."""
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"


class ClaimReader:
    """Reads claims, and remembers what a client repeats all day: the Authorization header but for its signature."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str, str, str, str]] = {}

    def read(self, request: Request) -> Claim | None:
        """The claim of a request, None when it is anonymous. Raises `SignatureRefused`."""
        headers = request.headers
        first = headers.first
        authorization = first.get("authorization")
        if authorization is not None:
            _check_mechanism(headers, request.query)
            timestamp = first.get("x-amz-date", "")
            head, _, signature = authorization.rpartition("Signature=")
            known = self._known.get(head)
            if known is not None and signature.isalnum() and is_iso_basic(timestamp):
                token = first.get("x-amz-security-token", "")
                return Claim(*known, signature, timestamp, token)
            return self._read_header(authorization, headers)
        if "X-Amz-" in request.query:
            return _from_query(request.query)
        if "AWSAccessKeyId=" in request.query and "Signature=" in request.query:
            raise SignatureRefused(Flaw.OLD_MECHANISM)
        return None

    def _read_header(self, authorization: str, headers: Headers) -> Claim:
        claim = _from_header(authorization, headers)
        if len(authorization) <= _KNOWN_LENGTH and _USUAL.fullmatch(authorization):
            if len(self._known) >= _KNOWN_KEPT:
                self._known.clear()
            self._known[authorization.removesuffix(claim.signature)[: -len("Signature=")]] = (
                claim.access_key_id,
                claim.date,
                claim.region,
                claim.service,
                claim.signed_headers,
            )
        return claim


def read_claim(request: Request) -> Claim | None:
    """The claim of a request, None when it is anonymous. Raises `SignatureRefused`."""
    return ClaimReader().read(request)


def _check_mechanism(headers: Headers, query: str) -> None:
    """Two signatures in one request: whoever stands in front of us may have looked at the other one."""
    is_repeated = headers.has_repeats and len(headers.getall("authorization")) > 1
    if is_repeated or ("X-Amz-" in query and any(sign in query for sign in _QUERY_SIGNS)):
        raise SignatureRefused(Flaw.TWO_MECHANISMS)


def is_iso_basic(timestamp: str) -> bool:
    """Whether it has the form of a time stamp as it is signed: `20261127T094500Z`."""
    return (
        len(timestamp) == 16
        and timestamp.isascii()
        and timestamp[8] == "T"
        and timestamp[15] == "Z"
        and timestamp[:8].isdecimal()
        and timestamp[9:15].isdecimal()
    )


def hinted_service(request: Request) -> str | None:
    """The service that a malformed claim names, so that it can be refused in that service's protocol."""
    found = re.search(
        r"Credential=[^/,\s]+/[^/,\s]*/[^/,\s]*/([^/,\s]+)", request.headers.get("authorization")
    )
    return found[1] if found else None


def _from_header(authorization: str, headers: Headers) -> Claim:
    timestamp = headers.get("x-amz-date")
    token = headers.get("x-amz-security-token")
    usual = _USUAL.fullmatch(authorization)
    if usual is not None and is_iso_basic(timestamp):
        key, date, region, service, signed_headers, signature = usual.groups()
        return Claim(
            key, date, region, service, signed_headers, signature, timestamp, session_token=token
        )
    algorithm, _, rest = authorization.partition(" ")
    if algorithm == "AWS":
        raise SignatureRefused(Flaw.OLD_MECHANISM)
    if algorithm != ALGORITHM:
        raise SignatureRefused(Flaw.INCOMPLETE, f"Unsupported AWS 'algorithm': '{algorithm}'.")
    parts = _parts_of(rest, authorization)
    missing = [
        f"Authorization header requires '{name}' parameter." for name in _PARTS if name not in parts
    ]
    timestamp = timestamp or headers.get("date")
    if not timestamp:
        missing.append(
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        )
    if missing:
        raise SignatureRefused(
            Flaw.INCOMPLETE, f"{' '.join(missing)} Authorization={authorization}"
        )
    scope = _split_credential(parts["Credential"])
    return Claim(*scope, parts["SignedHeaders"], parts["Signature"], _iso_basic(timestamp), token)


def _parts_of(text: str, authorization: str) -> dict[str, str]:
    parts = {}
    for item in filter(None, (each.strip() for each in text.split(","))):
        name, equals, value = item.partition("=")
        if not equals:
            raise SignatureRefused(
                Flaw.INCOMPLETE,
                f"'{item}' not a valid key=value pair (missing equal-sign) in Authorization header: "
                f"'{authorization}'.",
            )
        parts[name] = value
    return {name: value for name, value in parts.items() if value}


def _split_credential(credential: str) -> tuple[str, str, str, str]:
    elements = credential.split("/")
    if len(elements) != 5:
        raise SignatureRefused(
            Flaw.INCOMPLETE,
            "Credential must have exactly 5 slash-delimited elements, e.g. "
            f"keyid/date/region/service/term, got '{credential}'",
        )
    key, date, region, service, terminator = elements
    if terminator != TERMINATOR:
        raise SignatureRefused(
            Flaw.WRONG_SCOPE,
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'.",
        )
    if not _REGION.fullmatch(region):
        raise SignatureRefused(Flaw.WRONG_SCOPE, "Credential should be scoped to a valid region.")
    return key, date, region, service


def _iso_basic(timestamp: str) -> str:
    """X-Amz-Date is in this form already; the Date header may be in that of RFC 9110."""
    if is_iso_basic(timestamp):
        return timestamp
    try:
        date = parsedate_to_datetime(timestamp)
        return (date if date.tzinfo is None else date.astimezone(UTC)).strftime("%Y%m%dT%H%M%SZ")
    except (ValueError, OverflowError):
        raise SignatureRefused(
            Flaw.INCOMPLETE,
            f"Date must be in ISO-8601 'basic format'. Got '{timestamp}'. "
            "See http://en.wikipedia.org/wiki/ISO_8601",
        ) from None


def _from_query(query: str) -> Claim | None:
    given: dict[str, str] = {}
    for item in query.split("&"):
        name, _, value = item.partition("=")
        if name.startswith("X-Amz-"):
            # As header text, which is what would be signed: a sign per byte.
            given.setdefault(name[6:], unquote(value, "latin-1"))
    if not given.keys() & {"Algorithm", "Credential", "Signature"}:
        return None
    missing = [
        f"AWS query-string parameters must include 'X-Amz-{name}'."
        for name in _QUERY_PARTS
        if not given.get(name)
    ]
    if missing:
        message = " ".join([*missing, "Re-examine the query-string parameters."])
        raise SignatureRefused(Flaw.BAD_PRESIGNED, message)
    if given["Algorithm"] != ALGORITHM:
        raise SignatureRefused(
            Flaw.BAD_PRESIGNED, f"Unsupported AWS 'algorithm': '{given['Algorithm']}'."
        )
    scope = _split_credential(given["Credential"])
    return Claim(
        *scope,
        given["SignedHeaders"],
        given["Signature"],
        _iso_basic(given["Date"]),
        given.get("Security-Token", ""),
        is_presigned=True,
        expires_s=_expires(given.get("Expires")),
    )


def _expires(text: str | None) -> int | None:
    if text is None:
        return None
    if text[:1] == "-" and text[1:].isdecimal():
        raise SignatureRefused(Flaw.BAD_PRESIGNED, "X-Amz-Expires must be non-negative")
    if not (text.isascii() and text.isdecimal()):
        raise SignatureRefused(Flaw.BAD_PRESIGNED, "X-Amz-Expires should be a number")
    # "The maximum value is 604800 (7 days)" (S3, authenticating requests with query parameters).
    if len(text) > _EXPIRES_DIGITS or int(text) > 604_800:
        raise SignatureRefused(
            Flaw.BAD_PRESIGNED,
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            "must be less than 604800 seconds",
        )
    return int(text)
