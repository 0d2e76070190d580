"""What a service answers when it cannot do what it was asked.

A `ServiceError` carries what every AWS protocol needs to write an error: the code, the status, the message and the
other members of the modelled shape. `lambent.protocol` turns it into bytes; nobody else formats errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ServiceError(Exception):
    """An error of the AWS API.

    Args:
        message: the text as AWS words it; None serialises as a null message.
        code: the error code, such as `ResourceNotFoundException`; the class's own when not given.
        status: the HTTP status; the class's own when not given. A status in the model wins over neither.
        members: further members of the error's shape, such as `{"Type": "User", "Reason": "..."}`.
        headers: extra response headers.
    """

    code: str = "InternalFailure"
    status: int = 500

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        status: int | None = None,
        members: Mapping[str, object] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.members = dict(members or {})
        self.headers = headers

    @property
    def is_sender_fault(self) -> bool:
        """True when the caller is to blame (`Sender` in the XML protocols)."""
        return self.status < 500


class InternalFailure(ServiceError):
    """Something of ours broke; the log has the request id and the traceback."""

    code, status = "InternalFailure", 500


class NotImplementedByLambent(ServiceError):
    """The operation exists in AWS and not (yet) here; the message names it."""

    code, status = "NotImplementedException", 501


class UnknownOperation(ServiceError):
    """No service or operation matches the request."""

    code, status = "UnknownOperationException", 404


class MissingAuthenticationToken(ServiceError):
    """The request carries no credentials and the operation needs some."""

    code, status = "MissingAuthenticationTokenException", 403


class IncompleteSignature(ServiceError):
    """The Authorization header cannot be read, or parts of it are missing."""

    code, status = "IncompleteSignatureException", 400


class InvalidSignature(ServiceError):
    """The signature does not match, or its time is out of bounds."""

    code, status = "InvalidSignatureException", 403


class UnrecognizedClient(ServiceError):
    """The access key id is unknown or not active."""

    code, status = "UnrecognizedClientException", 403


class ExpiredToken(ServiceError):
    """The temporary credentials were good once."""

    code, status = "ExpiredTokenException", 403


class AccessDenied(ServiceError):
    """The caller is known and may not do this."""

    code, status = "AccessDeniedException", 403


class ValidationFailed(ServiceError):
    """The input breaks constraints that the service model states."""

    code, status = "ValidationException", 400


class SerializationFailed(ServiceError):
    """The input cannot be read as what the service model says it is."""

    code, status = "SerializationException", 400


class RequestTooLarge(ServiceError):
    """The body or the head of the request is over its limit."""

    code, status = "RequestEntityTooLargeException", 413
