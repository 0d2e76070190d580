"""Who asks, as the principals of policies name him.

A request of a role's session is made by the session, by its role and by its account all at once; which of them a
resource policy names decides what else may still stand in the way ("How AWS enforcement code logic evaluates requests",
IAM user guide).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.core.context import Principal
    from lambent.policy.documents import Principals

    Names = Callable[["Caller"], "Grant"]


class Grant(enum.IntEnum):
    """How closely a statement names a caller."""

    NONE = 0
    ACCOUNT = 1  # its account, which has yet to allow it itself
    ROLE = 2  # the role whose session it is, or the user: boundary and session policies limit it
    DIRECT = 3  # the user or session itself, or everybody: nothing but an explicit deny limits it


@dataclass(frozen=True, slots=True)
class Caller:
    """A principal with the names that policies may know it by.

    Attributes:
        direct: its own ARN and unique id; of a service its name.
        role_name, role_id: of a session, of its role.
        issuer: ARN and unique id of the user who asked for a federated user's session.
        federated: of one who was vouched for: the ARN or name of the identity provider.
    """

    principal: Principal
    account_id: str
    direct: frozenset[str]
    role_name: str = ""
    role_id: str = ""
    federated: str = ""
    issuer: frozenset[str] = frozenset()

    @property
    def is_root(self) -> bool:
        return self.principal.kind == "root"

    @property
    def has_policies(self) -> bool:
        """Users and sessions have; root may do everything, services and nobody have nothing of their own."""
        return self.principal.kind in ("user", "assumed-role", "federated-user")


def caller_of(principal: Principal, federated: str = "", region: str = "") -> Caller:
    """Args: `region` of the resource, by which policies may name a service, too (`logs.us-east-1.amazonaws.com`)."""
    kind, arn = principal.kind, principal.arn
    if kind == "assumed-role":
        role_name = role_name_of(arn)
        role_id, _, _ = principal.user_id.partition(":")
        ids = {arn, principal.user_id} - {""}
        return Caller(principal, principal.account_id, frozenset(ids), role_name, role_id)
    if kind == "federated-user" and principal.session is not None:
        issuer = frozenset({principal.session.issuer_arn, principal.session.issuer_id} - {""})
        return Caller(principal, principal.account_id, frozenset({arn}), issuer=issuer)
    ids = {arn, principal.user_id if kind == "user" else ""} - {""}
    if kind == "service" and region:
        name, _, domain = arn.partition(".")
        ids.add(f"{name}.{region}.{domain}")
    return Caller(principal, principal.account_id, frozenset(ids), federated=federated)


def role_name_of(session_arn: str) -> str:
    """Of `arn:aws:sts::123456789012:assumed-role/R/session`: R."""
    parts = session_arn.split("/")
    return parts[1] if len(parts) > 2 else ""


def role_arn_of(principal: Principal) -> str:
    """The ARN of a session's role; without a path where none is known."""
    if principal.role_arn:
        return principal.role_arn
    name = role_name_of(principal.arn)
    return f"arn:aws:iam::{principal.account_id}:role/{name}"


def compiled_principals(principals: Principals) -> Names:
    """What tells how closely a caller is named. Not for negated ones (`listed_in`)."""
    named = _Named(principals)
    return named.grant


def compiled_exclusion(principals: Principals) -> Callable[[Caller], bool]:
    """For NotPrincipal: is the caller not among those who are let off?

    All that a caller is must be listed: "you must also specify the account ARN of the not-denied principal", and of a
    session its role ("NotPrincipal", IAM JSON policy elements reference).
    """
    named = _Named(principals)
    return lambda caller: not named.lists_all_of(caller)


class _Named:
    def __init__(self, principals: Principals) -> None:
        names = principals.names
        self._accounts: set[str] = set()
        self._roles: set[tuple[str, str]] = set()
        self._others: set[str] = set()
        self._is_everybody = "*" in names.get("AWS", ())
        self._services = frozenset(names.get("Service", ()))
        self._federated = frozenset(names.get("Federated", ()))
        self._sort(names.get("AWS", ()))

    def _sort(self, names: Sequence[str]) -> None:
        for name in names:
            parts = name.split(":", 5)
            if name.isdecimal():
                self._accounts.add(name)
            elif len(parts) == 6 and parts[5] == "root":
                self._accounts.add(parts[4])
            elif len(parts) == 6 and parts[5].startswith("role/"):
                # Names of roles are unique in their account, whatever their path.
                self._roles.add((parts[4], parts[5].rpartition("/")[2]))
            else:
                self._others.add(name)

    def grant(self, caller: Caller) -> Grant:
        if self._is_everybody or self._names_directly(caller):
            return Grant.DIRECT
        if self._names_role(caller):
            return Grant.ROLE
        if self._names_account(caller):
            return Grant.ACCOUNT
        return Grant.NONE

    def lists_all_of(self, caller: Caller) -> bool:
        if self._is_everybody:
            return True
        if caller.is_root:
            return self._names_account(caller)
        if not self._names_directly(caller):
            return False
        if not caller.has_policies:
            return True
        is_role_listed = not caller.role_name or self._names_role(caller)
        return is_role_listed and self._names_account(caller)

    def _names_directly(self, caller: Caller) -> bool:
        if caller.federated:
            return caller.federated in self._federated
        if caller.principal.kind == "service":
            return not self._services.isdisjoint(caller.direct)
        return not self._others.isdisjoint(caller.direct)

    def _names_role(self, caller: Caller) -> bool:
        if not caller.role_name:
            return not self._others.isdisjoint(caller.issuer)
        role = (caller.account_id, caller.role_name)
        return role in self._roles or caller.role_id in self._others

    def _names_account(self, caller: Caller) -> bool:
        # A service, and one whom a provider vouches for, are of no account.
        return caller.account_id in self._accounts and caller.principal.kind != "service"
