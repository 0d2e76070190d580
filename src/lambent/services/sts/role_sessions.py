"""Sessions of roles for what runs in their name: environments of functions, and services that take on a role
(`core.ports.RoleSessions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lambent.core.context import Principal, Session
from lambent.core.ports import ServiceCaller
from lambent.services.sts.trust import trusts_service

if TYPE_CHECKING:
    from lambent.core.ports import Role, RoleCredentials, Roles
    from lambent.services.sts.sessions import Sessions

_LAMBDA = "lambda.amazonaws.com"
# How long those of an environment are good. AWS's own hold for up to twelve hours.
DURATION_S = 12 * 3600
# Environments of a function that start together share theirs: to make them is a fifth of what core does for a start.
_SHARED_S = 10
_KEPT = 1024


class _Shared(NamedTuple):
    credentials: RoleCredentials
    generation: int
    until_s: int  # since 1970


class RoleSessions:
    """Args: who knows roles, and who makes credentials."""

    def __init__(self, roles: Roles, sessions: Sessions) -> None:
        self._roles = roles
        self._sessions = sessions
        self._shared: dict[tuple[str, str, str], _Shared] = {}

    def is_assumable(self, role_arn: str, function_arn: str) -> bool:
        """Whether the function may have the role."""
        return self._find(role_arn, function_arn) is not None

    def open(self, role_arn: str, function_arn: str, session_name: str) -> RoleCredentials | None:
        """Asks memory only. None where the function may not have the role, or not any more."""
        key = (role_arn, function_arn, session_name)
        shared, now_s = self._shared.get(key), self._sessions.window(0)[0]
        generation = self._roles.generation(_account_of(function_arn))
        if shared and shared.generation == generation and now_s < shared.until_s:
            return shared.credentials
        role = self._find(role_arn, function_arn)
        if role is None:
            return None
        made = self._sessions.make(
            "assumed-role",
            role.account_id,
            session_arn(role, session_name),
            f"{role.id}:{session_name}",
            self._session(role, session_name),
        )
        if len(self._shared) >= _KEPT:
            self._shared.clear()
        self._shared[key] = _Shared(made, generation, now_s + _SHARED_S)
        return made

    def assumed(self, caller: ServiceCaller, session_name: str) -> Principal | None:
        """As whom a service calls that takes on a role; None where it may not."""
        role = self._trusting(caller.role_arn, caller)
        if role is None:
            return None
        return Principal(
            "assumed-role",
            role.account_id,
            session_arn(role, session_name),
            user_id=f"{role.id}:{session_name}",
            role_arn=role.arn,
            session=self._session(role, session_name),
        )

    def _session(self, role: Role, name: str) -> Session:
        issued_s, expires_s = self._sessions.window(DURATION_S)
        return Session(
            name=name,
            issuer_arn=role.arn,
            issuer_id=role.id,
            issued_s=issued_s,
            expires_s=expires_s,
        )

    def _find(self, role_arn: str, function_arn: str) -> Role | None:
        caller = ServiceCaller(_LAMBDA, function_arn, _account_of(function_arn))
        return self._trusting(role_arn, caller)

    def _trusting(self, role_arn: str, caller: ServiceCaller) -> Role | None:
        role = self._roles.role(role_arn)
        # "Cross-account pass role is not allowed": no account lends its roles to resources of another.
        if role is None or role.account_id != caller.source_account:
            return None
        return role if trusts_service(role, caller.principal, caller.keys) else None


def _account_of(arn: str) -> str:
    return arn.split(":", 5)[4]


def session_arn(role: Role, session_name: str) -> str:
    """`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`: without the role's path."""
    return f"arn:aws:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"
