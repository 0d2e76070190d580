"""The engine for those who ask by themselves (`core.ports.Authority`), and policies of nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.ports import PolicySet
from lambent.policy.decisions import region_of
from lambent.policy.request_facts import RequestFacts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.http import Request
    from lambent.core.ports import Calls
    from lambent.policy.decisions import Decisions

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
        permission = self._decisions.permission(principal, action, resource)
        facts = RequestFacts(
            principal,
            self._decisions.principals,
            self._clock.calendar,
            request=request,
            own={key.lower(): (value,) for key, value in keys.items()},
            resource=permission.ask.resource,
            resources=permission.resources,
        )
        is_allowed = permission.decide(facts).is_allowed
        if self._calls is not None:
            ask = permission.ask
            self._calls.called(
                principal, ask.action, ask.resource, region_of(resource), is_allowed=is_allowed
            )
        return is_allowed


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
