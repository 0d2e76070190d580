"""The engine for those who ask by themselves (`core.ports.Authority`), and policies of nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.ports import PolicySet
from lambent.policy.decisions import region_of
from lambent.policy.denial import denial
from lambent.policy.needs import need_of_action
from lambent.policy.request_facts import RequestFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.http import Request
    from lambent.core.ports import Calls
    from lambent.policy.decisions import Decisions, Permission

_NONE = PolicySet()


class PolicyAuthority:
    """Implements `core.ports.Authority`.

    Args:
        calls: takes note of what roles and users do to which resources.
    """

    def __init__(self, decisions: Decisions, clock: Clock, calls: Calls | None = None) -> None:
        self._decisions = decisions
        self._clock = clock
        self._calls = calls

    def allows(
        self,
        principal: Principal,
        action: str,
        resource: str,
        keys: Mapping[str, str],
        request: Request | None = None,
    ) -> bool:
        if principal.kind == "service":  # asked for every request to an API, and noted by nobody
            decision = permission_of(self._decisions, principal, action, resource).only
            if decision is not None:
                return decision.is_allowed
        return not self.denial(principal, action, resource, keys, request)

    def denial(
        self,
        principal: Principal,
        action: str,
        resource: str,
        keys: Mapping[str, str],
        request: Request | None = None,
    ) -> str:
        """AWS's sentence where it may not, "" where it may."""
        permission = permission_of(self._decisions, principal, action, resource)
        decision, ask = permission.only, permission.ask
        if decision is None:
            facts = RequestFacts(
                principal,
                self._decisions.principals,
                self._clock.calendar,
                request=request,
                own={key.lower(): (value,) for key, value in keys.items()},
                resource=ask.resource,
                resources=permission.resources,
            )
            decision = permission.decide(facts)
        if self._calls is not None and principal.kind != "service":
            self._calls.called(
                *(principal, ask.action, ask.resource, region_of(resource)),
                is_allowed=decision.is_allowed,
            )
        return "" if decision.is_allowed else denial(principal, action, resource, decision)


def permission_of(
    decisions: Decisions, principal: Principal, action: str, resource: str
) -> Permission:
    """As the tables have it for every operation that needs the action: roles are closed, passing them is one's own."""
    need = need_of_action(action)
    return decisions.permission(
        principal,
        action,
        resource,
        is_closed=need is not None and need.is_closed,
        is_own_side=need is not None and need.is_own_side,
    )


class RootOnly:
    """Implements `core.ports.PolicySource` where there are no policies: an account's root may do everything in it,
    nobody else anything but what resource policies allow.
    """

    def policies(self, _principal: Principal) -> PolicySet:
        return _NONE

    def tags(self, _principal: Principal) -> Mapping[str, str]:
        return {}

    def generation(self, _account_id: str) -> int:
        return 0
