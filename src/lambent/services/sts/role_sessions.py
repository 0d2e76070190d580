"""Credentials of execution roles, for the environments that run in their name (`core.ports.RoleSessions`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.context import Session
from lambent.services.sts.trust import trusts_service

if TYPE_CHECKING:
    from lambent.core.ports import Role, RoleCredentials, Roles
    from lambent.services.sts.sessions import Sessions

_LAMBDA = "lambda.amazonaws.com"
# How long those of an environment are good. AWS's own hold for up to twelve hours.
DURATION_S = 12 * 3600


class RoleSessions:
    """Args: who knows roles, and who makes credentials."""

    def __init__(self, roles: Roles, sessions: Sessions) -> None:
        self._roles = roles
        self._sessions = sessions

    def is_assumable(self, role_arn: str, function_arn: str) -> bool:
        """Whether the function may have the role."""
        return self._find(role_arn, function_arn) is not None

    def open(self, role_arn: str, function_arn: str, session_name: str) -> RoleCredentials | None:
        """Asks memory only. None where the function may not have the role, or not any more."""
        role = self._find(role_arn, function_arn)
        if role is None:
            return None
        issued_s, expires_s = self._sessions.window(DURATION_S)
        session = Session(
            name=session_name,
            issuer_arn=role.arn,
            issuer_id=role.id,
            issued_s=issued_s,
            expires_s=expires_s,
        )
        return self._sessions.make(
            "assumed-role",
            role.account_id,
            session_arn(role, session_name),
            f"{role.id}:{session_name}",
            session,
        )

    def _find(self, role_arn: str, function_arn: str) -> Role | None:
        role = self._roles.role(role_arn)
        account_id = function_arn.split(":", 5)[4]
        # "Cross-account pass role is not allowed": no account lends its roles to functions of another.
        if role is None or role.account_id != account_id:
            return None
        facts = {"aws:SourceAccount": account_id, "aws:SourceArn": function_arn}
        return role if trusts_service(role, _LAMBDA, facts) else None


def session_arn(role: Role, session_name: str) -> str:
    """`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`: without the role's path."""
    return f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"
