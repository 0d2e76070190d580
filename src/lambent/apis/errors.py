"""The errors of the API Gateway API, a line each. Codes and statuses as in the service model."""

from __future__ import annotations

from lambent.core.errors import ServiceError


class NotFound(ServiceError):
    """What is named is not there."""

    code, status = "NotFoundException", 404


class BadRequest(ServiceError):
    """A value is refused for a reason that the model does not state."""

    code, status = "BadRequestException", 400


class Conflict(ServiceError):
    """It is there already, or something else is in its place."""

    code, status = "ConflictException", 409


class LimitExceeded(ServiceError):
    """There are as many as there may be."""

    code, status = "LimitExceededException", 429


class Unserved(ServiceError):
    """AWS has it and this platform has not (yet); the message says what."""

    code, status = "NotImplementedException", 501


def refuse(member: str, reason: str = "") -> BadRequest:
    """The error for a member that would have no effect here."""
    tail = f": {reason}" if reason else "."
    return BadRequest(f"Lambent does not support {member} yet{tail}")
