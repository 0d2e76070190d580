"""What an API answers when it does not come to its integration's answer: the types of gateway responses.

Types, statuses and texts are those of "Gateway response types for API Gateway" (developer guide); the error types are
what AWS sends in `x-amzn-ErrorType`.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

_SPACED = '{"message": '


class Kind(NamedTuple):
    """A type of gateway response: what it is when nobody has changed it."""

    name: str
    status: int
    error_type: str
    message: str | None
    # What stands before the text. AWS's refusals of a caller spell the member with a capital; what comes from behind
    # authorization has a space. Clients that compare bodies see both.
    opening: str = '{"message":'


ACCESS_DENIED = Kind(
    "ACCESS_DENIED",
    403,
    "AccessDeniedException",
    "User is not authorized to access this resource",
    '{"Message":',
)
API_CONFIGURATION_ERROR = Kind(
    "API_CONFIGURATION_ERROR", 500, "InternalServerErrorException", "Internal server error", _SPACED
)
AUTHORIZER_CONFIGURATION_ERROR = Kind(
    "AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException", None
)
AUTHORIZER_FAILURE = Kind("AUTHORIZER_FAILURE", 500, "AuthorizerConfigurationException", None)
BAD_REQUEST_BODY = Kind(
    "BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body", _SPACED
)
BAD_REQUEST_PARAMETERS = Kind(
    "BAD_REQUEST_PARAMETERS",
    400,
    "BadRequestException",
    "Missing required request parameters: []",
    _SPACED,
)
# What Jackson says after it differs from fault to fault.
BAD_JSON = Kind(
    "BAD_REQUEST_BODY",
    400,
    "BadRequestException",
    "Could not parse request body into json",
    _SPACED,
)
BAD_GATEWAY = Kind(
    "DEFAULT_5XX", 502, "InternalServerErrorException", "Internal server error", _SPACED
)
EXPIRED_TOKEN = Kind("EXPIRED_TOKEN", 403, "ExpiredTokenException", None)
INCOMPLETE_SIGNATURE = Kind("DEFAULT_4XX", 403, "IncompleteSignatureException", None)
INTEGRATION_FAILURE = Kind(
    "INTEGRATION_FAILURE",
    504,
    "InternalServerErrorException",
    "Network error communicating with endpoint",
    _SPACED,
)
INTEGRATION_TIMEOUT = Kind(
    "INTEGRATION_TIMEOUT",
    504,
    "InternalServerErrorException",
    "Endpoint request timed out",
    _SPACED,
)
INTERNAL = Kind(
    "DEFAULT_5XX", 500, "InternalServerErrorException", "Internal server error", _SPACED
)
INVALID_API_KEY = Kind("INVALID_API_KEY", 403, "ForbiddenException", "Forbidden")
INVALID_SIGNATURE = Kind("INVALID_SIGNATURE", 403, "InvalidSignatureException", None)
MISSING_AUTHENTICATION_TOKEN = Kind(
    "MISSING_AUTHENTICATION_TOKEN",
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
)
QUOTA_EXCEEDED = Kind("QUOTA_EXCEEDED", 429, "LimitExceededException", "Limit Exceeded")
REQUEST_TOO_LARGE = Kind("REQUEST_TOO_LARGE", 413, "RequestTooLargeException", "Request Too Long")
THROTTLED = Kind("THROTTLED", 429, "TooManyRequestsException", "Too Many Requests")
UNAUTHORIZED = Kind("UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized")
UNSUPPORTED_MEDIA_TYPE = Kind(
    "UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException", "Unsupported Media Type", _SPACED
)
# No type of its own: a stage or API that is not there answers before there is anything to configure.
FORBIDDEN = Kind("", 403, "ForbiddenException", "Forbidden")


def body_of(kind: Kind, message: str | None) -> bytes:
    """The body of an answer that nobody has changed."""
    return kind.opening.encode() + orjson.dumps(message) + b"}"


class Failure(Exception):
    """A request that ends in a gateway response.

    Args:
        message: other than the kind's own.
        log: what the execution log says about it.
        reason: a line more, where AWS's says little.
        detail: `$context.error.validationErrorString`.
        error_type: other than the kind's own.
    """

    def __init__(
        self,
        kind: Kind,
        message: str | None = None,
        *,
        log: str = "",
        reason: str = "",
        detail: str = "",
        error_type: str = "",
    ) -> None:
        super().__init__(message or kind.message)
        self.kind = kind
        self.message = kind.message if message is None else message
        self.log = log
        self.reason = reason
        self.detail = detail
        self.error_type = error_type or kind.error_type


def misconfigured(why: str, kind: Kind = INTERNAL, reason: str = "") -> Failure:
    """The API's owner has set up something that cannot work; only the execution log says what."""
    log = f"Execution failed due to configuration error: {why}"
    return Failure(kind, log=log, reason=reason)
