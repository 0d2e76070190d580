"""Each family of services refuses a signature with codes and words of its own."""

from __future__ import annotations

from typing import Any

import pytest

from lambent.gateway.claim import Flaw, SignatureRefused
from lambent.gateway.refusals import service_error

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. "
    "Consult the service documentation for details."
)
MISSING = "Missing Authentication Token"
TOKEN = "The security token included in the request is invalid."


@pytest.mark.parametrize(
    ("flaw", "service", "protocol", "code", "status", "text"),
    [
        (Flaw.MISSING, "lambda", "rest-json", "MissingAuthenticationTokenException", 403, MISSING),
        (Flaw.MISSING, "dynamodb", "json", "MissingAuthenticationTokenException", 400, MISSING),
        (Flaw.MISSING, "iam", "query", "MissingAuthenticationToken", 403, "Request is missing Authentication Token"),
        (Flaw.MISSING, "s3", "rest-xml", "AccessDenied", 403, "Access Denied"),
        (Flaw.UNKNOWN_KEY, "lambda", "rest-json", "UnrecognizedClientException", 403, TOKEN),
        (Flaw.UNKNOWN_KEY, "dynamodb", "json", "UnrecognizedClientException", 400, TOKEN),
        (Flaw.UNKNOWN_KEY, "sts", "query", "InvalidClientTokenId", 403, TOKEN),
        (Flaw.UNKNOWN_KEY, "s3", "rest-xml", "InvalidAccessKeyId", 403,
         "The AWS Access Key Id you provided does not exist in our records."),
        (Flaw.MISMATCH, "lambda", "rest-json", "InvalidSignatureException", 403, MISMATCH),
        (Flaw.MISMATCH, "dynamodb", "json", "InvalidSignatureException", 400, MISMATCH),
        (Flaw.MISMATCH, "iam", "query", "SignatureDoesNotMatch", 403, MISMATCH),
        (Flaw.EXPIRED, "lambda", "rest-json", "InvalidSignatureException", 403, "own words"),
        (Flaw.EXPIRED, "s3", "rest-xml", "RequestTimeTooSkewed", 403,
         "The difference between the request time and the current time is too large."),
        (Flaw.INCOMPLETE, "lambda", "rest-json", "IncompleteSignatureException", 400, "own words"),
        (Flaw.INCOMPLETE, "iam", "query", "IncompleteSignature", 400, "own words"),
        (Flaw.INCOMPLETE, "s3", "rest-xml", "AuthorizationHeaderMalformed", 400, "own words"),
        (Flaw.BODY_MISMATCH, "s3", "rest-xml", "XAmzContentSHA256Mismatch", 400,
         "The provided 'x-amz-content-sha256' header does not match what was computed."),
    ],
)  # fmt: skip
def test_flaw_has_the_code_of_its_family(
    flaw: Any, service: Any, protocol: Any, code: Any, status: Any, text: Any
) -> None:
    own = "own words" if text == "own words" else ""
    error = service_error(SignatureRefused(flaw, own), service, protocol)
    assert (error.code, error.status, error.message) == (code, status, text)


@pytest.mark.parametrize("flaw", list(Flaw))
@pytest.mark.parametrize("protocol", ["rest-json", "json", "query", "rest-xml"])
def test_every_flaw_can_be_told(flaw: Any, protocol: Any) -> None:
    for service in ("lambda", "s3"):
        error = service_error(SignatureRefused(flaw), service, protocol)
        assert error.code
        assert 400 <= error.status < 500
