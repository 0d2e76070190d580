"""The errors of the IAM API, a line each. Codes and statuses as in the service model."""

from __future__ import annotations

from lambent.core.errors import ServiceError


class NoSuchEntity(ServiceError):
    """What is named is not there."""

    code, status = "NoSuchEntity", 404


class EntityAlreadyExists(ServiceError):
    """The name is taken."""

    code, status = "EntityAlreadyExists", 409


class DeleteConflict(ServiceError):
    """Something hangs on it still."""

    code, status = "DeleteConflict", 409


class LimitExceeded(ServiceError):
    """A quota of IAM ("IAM and AWS STS quotas")."""

    code, status = "LimitExceeded", 409


class InvalidInput(ServiceError):
    """A value that the model allows and IAM does not."""

    code, status = "InvalidInput", 400


class ValidationError(ServiceError):
    """A value that breaks a rule the model does not state."""

    code, status = "ValidationError", 400


class MalformedPolicyDocument(ServiceError):
    """The policy cannot be read."""

    code, status = "MalformedPolicyDocument", 400


class UnmodifiableEntity(ServiceError):
    """Only the service that it belongs to changes it."""

    code, status = "UnmodifiableEntity", 400


class PasswordPolicyViolation(ServiceError):
    """The password is not as the account demands."""

    code, status = "PasswordPolicyViolation", 400


class InvalidUserType(ServiceError):
    """Only users can do that."""

    code, status = "InvalidUserType", 400


class CredentialReportNotPresent(ServiceError):
    """No report has been asked for yet."""

    code, status = "ReportNotPresent", 410
