"""The errors of the CloudWatch API, a line each. Codes as in the service model's query protocol."""

from __future__ import annotations

from lambent.core.errors import ServiceError


class InvalidParameterValue(ServiceError):
    """A value is refused for a reason that the model does not state."""

    code, status = "InvalidParameterValue", 400


class InvalidParameterCombination(ServiceError):
    """Members that exclude each other, or go together only."""

    code, status = "InvalidParameterCombination", 400


class MissingParameter(ServiceError):
    """A member that this request needs is not there."""

    code, status = "MissingParameter", 400


class LimitExceeded(ServiceError):
    """There are as many as may be."""

    code, status = "LimitExceeded", 400


class ValidationError(ServiceError):
    """What alarms and GetMetricData say of a request that breaks their rules."""

    code, status = "ValidationError", 400


class InvalidNextToken(ServiceError):
    """The token is none of ours."""

    code, status = "InvalidNextToken", 400


class ResourceNotFound(ServiceError):
    """No such alarm or dashboard."""

    code, status = "ResourceNotFound", 404


class TaggedResourceNotFound(ServiceError):
    """No alarm has this ARN (the tag operations)."""

    code, status = "ResourceNotFoundException", 404


class InvalidFormat(ServiceError):
    """Data that is to be JSON is not."""

    code, status = "InvalidFormat", 400


class DashboardInvalidInput(ServiceError):
    """A dashboard's body breaks its rules. `dashboardValidationMessages` says where."""

    code, status = "InvalidParameterInput", 400
