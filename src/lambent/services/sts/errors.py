"""The errors of the STS API, a line each. Codes and statuses as in the service model."""

from __future__ import annotations

from lambent.core.errors import ServiceError


class AccessDenied(ServiceError):
    """The caller may not have these credentials."""

    code, status = "AccessDenied", 403


class ValidationError(ServiceError):
    """A value that breaks a rule the model does not state."""

    code, status = "ValidationError", 400


class InvalidParameterValue(ServiceError):
    """Session tags that cannot be set."""

    code, status = "InvalidParameterValue", 400


class MalformedPolicyDocument(ServiceError):
    """The session policy cannot be read."""

    code, status = "MalformedPolicyDocument", 400


class PackedPolicyTooLarge(ServiceError):
    """Session policies and tags together do not fit."""

    code, status = "PackedPolicyTooLarge", 400


class InvalidIdentityToken(ServiceError):
    """The web identity token does not prove anything."""

    code, status = "InvalidIdentityToken", 400


class ExpiredIdentityToken(ServiceError):
    """The web identity token proved something once."""

    code, status = "ExpiredTokenException", 400


class InvalidAuthorizationMessage(ServiceError):
    """Not an encoded message of this platform."""

    code, status = "InvalidAuthorizationMessageException", 400


class NotServed(ServiceError):
    """A parameter that AWS has and that has no effect here."""

    code, status = "NotImplementedException", 501
