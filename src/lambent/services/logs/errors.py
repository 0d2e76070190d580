"""The errors of the CloudWatch Logs API, a line each. Codes as in the service model; all are 400."""

from __future__ import annotations

from lambent.core.errors import ServiceError, ValidationFailed


class InvalidParameter(ServiceError):
    """A parameter's value, or their combination, is refused for a reason that the model does not state."""

    code, status = "InvalidParameterException", 400


class ResourceNotFound(ServiceError):
    """What is named is not there."""

    code, status = "ResourceNotFoundException", 400


class ResourceAlreadyExists(ServiceError):
    """The name is taken."""

    code, status = "ResourceAlreadyExistsException", 400


class LimitExceeded(ServiceError):
    """One more is too many."""

    code, status = "LimitExceededException", 400


class OperationAborted(ServiceError):
    """Somebody else changes the same resource."""

    code, status = "OperationAbortedException", 400


class InvalidOperation(ServiceError):
    """What is named is in no state for this."""

    code, status = "InvalidOperationException", 400


class ServiceUnavailable(ServiceError):
    """It cannot be done now; the client may try again."""

    code, status = "ServiceUnavailableException", 503


class TooManyTags(ServiceError):
    """More than 50. `resourceName` names the resource."""

    code, status = "TooManyTagsException", 400


class MalformedQuery(ServiceError):
    """A query that cannot be read. `queryCompileError` says where."""

    code, status = "MalformedQueryException", 400


def group_not_found() -> ResourceNotFound:
    return ResourceNotFound("The specified log group does not exist.")


def stream_not_found() -> ResourceNotFound:
    return ResourceNotFound("The specified log stream does not exist.")


def deletion_protected() -> ValidationFailed:
    """The one case of the ValidationException that DeleteLogGroup and DeleteLogStream have in the model."""
    return ValidationFailed("The specified log group has deletion protection enabled.")


def not_standard() -> ValidationFailed:
    """Of log groups of the Infrequent Access class."""
    return ValidationFailed("This operation is only supported on the Standard log class.")
