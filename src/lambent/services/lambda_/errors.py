"""The errors of the Lambda API, a line each. Codes and statuses as in the service model.

`Type` is in the body where the caller is to blame; the protocol names the message member as the model does.
"""

from __future__ import annotations

from lambent.core.errors import ServiceError


class _UserError(ServiceError):
    def __init__(
        self,
        message: str | None = None,
        *,
        headers: tuple[tuple[str, str], ...] = (),
        **members: object,
    ) -> None:
        super().__init__(message, members={"Type": "User", **members}, headers=headers)


class ResourceNotFound(_UserError):
    """No such function, version or alias."""

    code, status = "ResourceNotFoundException", 404


class InvalidParameterValue(_UserError):
    """A parameter's value is refused for a reason that the model does not state."""

    code, status = "InvalidParameterValueException", 400


class ResourceConflict(_UserError):
    """The resource is there already, or in a state that does not allow the operation."""

    code, status = "ResourceConflictException", 409


class PreconditionFailed(_UserError):
    """The caller's RevisionId is not the latest."""

    code, status = "PreconditionFailedException", 412

    def __init__(self, operation: str = "GetFunction/GetAlias") -> None:
        super().__init__(
            "The Revision Id provided does not match the latest Revision Id. "
            f"Call the {operation} API to retrieve the latest Revision Id"
        )


class PolicyLengthExceeded(_UserError):
    """A resource policy is over 20 KB."""

    code, status = "PolicyLengthExceededException", 400


class InvalidRequestContent(_UserError):
    """The event, or the client context, is not JSON."""

    code, status = "InvalidRequestContentException", 400


class TooManyRequests(_UserError):
    """Throttled. Args: AWS's reason code, such as `ConcurrentInvocationLimitExceeded`."""

    code, status = "TooManyRequestsException", 429

    def __init__(self, reason: str) -> None:
        super().__init__("Rate Exceeded.", Reason=reason)


class InvalidRuntime(_UserError):
    """The function's runtime cannot be run here (any more)."""

    code, status = "InvalidRuntimeException", 502


class ExecutionFailed(ServiceError):
    """The platform could not start or keep a sandbox; the log says why."""

    code, status = "ServiceException", 500


class CodePreparationFailed(ServiceError):
    """Code that passed every check could not be made ready; the message says at which step."""

    code, status = "ServiceException", 500


class CodeSigningConfigNotFound(_UserError):
    """A function is to have a code signing configuration that is not there."""

    code, status = "CodeSigningConfigNotFoundException", 404


class CodeVerificationFailed(_UserError):
    """The function's code signing configuration does not allow this code."""

    code, status = "CodeVerificationFailedException", 400


class ProvisionedConcurrencyConfigNotFound(_UserError):
    """The version or alias has no provisioned concurrency."""

    code, status = "ProvisionedConcurrencyConfigNotFoundException", 404

    def __init__(self) -> None:
        super().__init__("No Provisioned Concurrency Config found for this function")


class SnapStartNotReady(_UserError):
    """The snapshot of the version is still being made."""

    code, status = "SnapStartNotReadyException", 409

    def __init__(self) -> None:
        super().__init__(
            "Lambda is initializing your function. "
            "It will be ready to invoke once your function state becomes ACTIVE."
        )


class SnapStartFailed(_UserError):
    """The after-restore hook of the function failed."""

    code, status = "SnapStartException", 400

    def __init__(self) -> None:
        super().__init__(
            "The afterRestore() runtime hook encountered an error. "
            "For more information, check the Amazon CloudWatch logs."
        )


class SnapStartTimedOut(_UserError):
    """The after-restore hooks of the function took longer than ten seconds."""

    code, status = "SnapStartTimeoutException", 408

    def __init__(self) -> None:
        super().__init__("Lambda couldn't restore the snapshot within the timeout limit.")


class ResourceInUse(_UserError):
    """An event source mapping is being changed."""

    code, status = "ResourceInUseException", 400
