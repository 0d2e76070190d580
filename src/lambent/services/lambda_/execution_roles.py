"""The role that a function is given: may Lambda assume it for this function?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.core.errors import AccessDenied
from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from lambent.core.ports import RoleSessions


@dataclass(frozen=True, slots=True)
class ExecutionRoles:
    """`sessions` knows; without it every role will do (`auth = "open"`)."""

    sessions: RoleSessions | None = None

    def check(self, role_arn: str, function_arn: str) -> None:
        """Raises InvalidParameterValue, and AccessDenied for a role of another account."""
        if self.sessions is None:
            return
        if role_arn.split(":")[4] != function_arn.split(":")[4]:
            raise AccessDenied("Cross-account pass role is not allowed.")
        if not self.sessions.is_assumable(role_arn, function_arn):
            raise InvalidParameterValue(
                "The role defined for the function cannot be assumed by Lambda."
            )
