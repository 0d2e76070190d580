"""Credentials of execution roles, for the environments that run in their name (`core.ports.RoleSessions`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.context import Session

if TYPE_CHECKING:
    from lambent.core.ports import Role, RoleCredentials, Roles
    from lambent.services.sts.sessions import Sessions

# How long those of an environment are good. AWS's own hold for up to twelve hours.
DURATION_S = 12 * 3600


class RoleSessions:
    """Args: who knows roles, and who makes credentials."""

    def __init__(self, roles: Roles, sessions: Sessions) -> None:
        self._roles = roles
        self._sessions = sessions

    def open(self, role_arn: str, session_name: str) -> RoleCredentials | None:
        """Asks memory only. None where there is no such role."""
        role = self._roles.role(role_arn)
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


def session_arn(role: Role, session_name: str) -> str:
    """`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`: without the role's path."""
    return f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"
