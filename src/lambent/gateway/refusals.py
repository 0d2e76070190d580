"""The words and codes in which each family of AWS services refuses a signature.

The same flaw has another code in each family. Rows: REST-JSON services as lambda answers, JSON services as dynamodb
(all 400), query services as iam and sts, and S3, which has words of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from lambent.core.errors import (
    ExpiredToken,
    IncompleteSignature,
    InvalidSignature,
    MissingAuthenticationToken,
    ServiceError,
    UnrecognizedClient,
)
from lambent.gateway.claim import Flaw, SignatureRefused

_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_BAD_TOKEN = "The security token included in the request is invalid."  # noqa: S105 - a message
_EXPIRED = "The security token included in the request is expired"
_MISSING = "Missing Authentication Token"
_TWO_MECHANISMS = (
    "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter or "
    "the Authorization header should be specified"
)
_OLD_MECHANISM = (
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
)


@dataclass(frozen=True, slots=True)
class _Row:
    error: type[ServiceError]
    text: str  # when the refusal brings none
    query_code: str
    s3_code: str
    s3_status: int = 403
    s3_text: str = ""  # "": the refusal's own


_S3_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
_S3_SKEW = "The difference between the request time and the current time is too large."
_S3_BODY = "The provided 'x-amz-content-sha256' header does not match what was computed."
_S3_SHORT = "You did not provide the number of bytes specified by the Content-Length HTTP header"
_S3_UNKNOWN = "The AWS Access Key Id you provided does not exist in our records."

_ROWS = {
    Flaw.MISSING: _Row(
        MissingAuthenticationToken,
        _MISSING,
        "MissingAuthenticationToken",
        "AccessDenied",
        s3_text="Access Denied",
    ),
    Flaw.TWO_MECHANISMS: _Row(
        IncompleteSignature, _TWO_MECHANISMS, "IncompleteSignature", "InvalidArgument", 400
    ),
    Flaw.OLD_MECHANISM: _Row(
        IncompleteSignature,
        _OLD_MECHANISM,
        "IncompleteSignature",
        "InvalidRequest",
        400,
        _OLD_MECHANISM,
    ),
    Flaw.NOT_SIGNED: _Row(
        InvalidSignature,
        "",
        "SignatureDoesNotMatch",
        "AccessDenied",
        s3_text="There were headers present in the request which were not signed",
    ),
    Flaw.INCOMPLETE: _Row(
        IncompleteSignature, "", "IncompleteSignature", "AuthorizationHeaderMalformed", 400
    ),
    Flaw.BAD_PRESIGNED: _Row(
        IncompleteSignature, "", "IncompleteSignature", "AuthorizationQueryParametersError", 400
    ),
    Flaw.UNKNOWN_KEY: _Row(
        UnrecognizedClient,
        _BAD_TOKEN,
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        s3_text=_S3_UNKNOWN,
    ),
    Flaw.BAD_TOKEN: _Row(
        UnrecognizedClient,
        _BAD_TOKEN,
        "InvalidClientTokenId",
        "InvalidToken",
        400,
        "The provided token is malformed or otherwise invalid.",
    ),
    Flaw.TOKEN_EXPIRED: _Row(
        ExpiredToken,
        _EXPIRED,
        "ExpiredToken",
        "ExpiredToken",
        400,
        "The provided token has expired.",
    ),
    Flaw.WRONG_SCOPE: _Row(
        InvalidSignature, "", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed", 400
    ),
    Flaw.EXPIRED: _Row(
        InvalidSignature, "", "SignatureDoesNotMatch", "RequestTimeTooSkewed", s3_text=_S3_SKEW
    ),
    Flaw.NOT_YET: _Row(
        InvalidSignature, "", "SignatureDoesNotMatch", "RequestTimeTooSkewed", s3_text=_S3_SKEW
    ),
    Flaw.URL_EXPIRED: _Row(
        InvalidSignature,
        "",
        "SignatureDoesNotMatch",
        "AccessDenied",
        s3_text="Request has expired",
    ),
    Flaw.MISMATCH: _Row(
        InvalidSignature,
        _MISMATCH,
        "SignatureDoesNotMatch",
        "SignatureDoesNotMatch",
        s3_text=_S3_MISMATCH,
    ),
    Flaw.BODY_MISMATCH: _Row(
        InvalidSignature,
        _MISMATCH,
        "SignatureDoesNotMatch",
        "XAmzContentSHA256Mismatch",
        400,
        _S3_BODY,
    ),
    Flaw.INCOMPLETE_BODY: _Row(
        InvalidSignature, _MISMATCH, "SignatureDoesNotMatch", "IncompleteBody", 400, _S3_SHORT
    ),
}
# What a query service says of a missing token; the others agree on the text above.
_QUERY_MISSING = "Request is missing Authentication Token"


def service_error(refused: SignatureRefused, service: str, protocol: str) -> ServiceError:
    """The refusal as `service` words it in `protocol` (botocore's names)."""
    row = _ROWS[refused.flaw]
    text = refused.message or row.text
    if service == "s3":
        return ServiceError(row.s3_text or text, code=row.s3_code, status=row.s3_status)
    if protocol in ("query", "ec2", "rest-xml"):
        if refused.flaw is Flaw.MISSING:
            text = _QUERY_MISSING
        return row.error(text, code=row.query_code)
    if protocol == "rest-json":
        return row.error(text)
    return row.error(text, status=400)
