"""Decisions, remembered.

What a credential may do with a resource depends on its policies, on the resource's, and on those condition keys that
they mention; so a decision is kept for every combination of values of exactly those keys, and dropped when the
generation of the credential's or the resource's account has moved. Nothing is kept where a policy asks for the time.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambent.policy.callers import caller_of
from lambent.policy.compiled import CompiledPolicy, compiled
from lambent.policy.context_keys import PASSING, is_of_principal
from lambent.policy.documents import MalformedPolicy, parse
from lambent.policy.engine import Applicable, Ask, Decision, decide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.context import Principal
    from lambent.core.ports import NamedPolicy, PolicySet, PolicySource, ResourceFacts
    from lambent.policy.facts import Facts
    from lambent.policy.rules import Kind

_LOG = logging.getLogger(__name__)
# (credential, action, resource): a few hundred bytes each.
_KEPT_PLANS = 16_384
# Decisions of one plan by the values of its keys. Callers choose some of the values (a user agent), so few are kept.
_KEPT_DECISIONS = 64
_KEPT_POLICIES = 4096
_NOBODYS: tuple[CompiledPolicy, ...] = ()
# Stands for a policy that cannot be read: nobody knows what it would have denied.
_SHUT = '{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}'


class Permission:
    """What is asked for again and again: one action on one resource by one credential."""

    __slots__ = ("ask", "kept", "keys", "only", "policies", "principals_at", "resources_at")

    def __init__(self, ask: Ask, policies: Applicable) -> None:
        self.ask = ask
        self.policies = policies
        keys = mentioned(policies, ask.action.lower())
        # None: not worth remembering.
        self.keys: tuple[str, ...] | None = tuple(
            sorted(key for key in keys if not is_of_principal(key))
        )
        if not PASSING.isdisjoint(keys):
            self.keys = None
        self.only: Decision | None = None
        self.kept: dict[tuple[tuple[str, ...] | None, ...], Decision] = {}
        self.principals_at = self.resources_at = 0


class Decisions:
    """Decides with the policies that the ports hold.

    Args:
        principals: the policies of users and roles.
        resources: what services know of their resources, by the service of the ARN (`lambda`).
    """

    def __init__(
        self, principals: PolicySource, resources: Mapping[str, ResourceFacts] | None = None
    ) -> None:
        self.principals = principals
        self._resources = dict(resources or {})
        self._plans: dict[tuple[str, str, str], Permission] = {}
        self._compiled: dict[tuple[Kind, str, str], CompiledPolicy] = {}

    def resources_of(self, resource: str) -> ResourceFacts | None:
        """Who knows about a resource, if anybody."""
        parts = resource.split(":", 3)
        return self._resources.get(parts[2]) if len(parts) > 3 else None

    def decide(
        self,
        principal: Principal,
        action: str,
        resource: str,
        account_id: str,
        facts: Facts,
        *,
        needs_resource_policy: bool = False,
    ) -> Decision:
        """May the principal? As `engine.Ask` and `engine.decide`."""
        key = (principal.access_key_id or principal.arn, action, resource)
        plan = self._plans.get(key)
        if plan is None or not self._is_current(plan):
            plan = self._plan(principal, action, resource, account_id, needs_resource_policy)
            if len(self._plans) >= _KEPT_PLANS:
                self._plans.clear()
            self._plans[key] = plan
        if plan.only is not None:
            return plan.only
        return _decided(plan, facts)

    def policies(self, principal: Principal, resource: str) -> Applicable:
        """Every policy that has a say, compiled."""
        held = self.principals.policies(principal)
        return self.applicable(held, self._policies_of(resource))

    def applicable(self, held: PolicySet, of_resource: Iterable[NamedPolicy] = ()) -> Applicable:
        boundary, session = held.boundary, held.session
        return Applicable(
            identity=tuple(self._compile(each, "identity") for each in held.identity),
            boundary=None if boundary is None else self._compile(boundary, "identity"),
            session=None
            if session is None
            else tuple(self._compile(each, "identity") for each in session),
            resource=tuple(self._compile(each, "resource") for each in of_resource),
        )

    def _is_current(self, plan: Permission) -> bool:
        ask = plan.ask
        if plan.principals_at != self.principals.generation(ask.caller.account_id):
            return False
        resources = self.resources_of(ask.resource)
        return resources is None or plan.resources_at == resources.generation(ask.account_id)

    def _plan(
        self,
        principal: Principal,
        action: str,
        resource: str,
        account_id: str,
        needs_resource_policy: bool,
    ) -> Permission:
        ask = Ask(caller_of(principal), action, resource, account_id, needs_resource_policy)
        principals_at = self.principals.generation(principal.account_id)
        resources = self.resources_of(resource)
        resources_at = 0 if resources is None else resources.generation(account_id)
        plan = Permission(ask, self.policies(principal, resource))
        plan.principals_at, plan.resources_at = principals_at, resources_at
        return plan

    def _policies_of(self, resource: str) -> Iterable[NamedPolicy]:
        resources = self.resources_of(resource)
        return () if resources is None else resources.policies(resource)

    def _compile(self, policy: NamedPolicy, kind: Kind) -> CompiledPolicy:
        key = (kind, policy.name, policy.document)
        found = self._compiled.get(key)
        if found is None:
            found = _readable(policy, kind)
            if len(self._compiled) >= _KEPT_POLICIES:
                self._compiled.clear()
            self._compiled[key] = found
        return found


def mentioned(policies: Applicable, action: str) -> frozenset[str]:
    """The condition keys that statements about an action look at; the action in lower case."""
    keys: set[str] = set()
    for type_ in ("identity", "boundary", "session", "resource"):
        for policy in policies.of_type(type_):
            for rule in policy.about(action):
                keys |= rule.keys
    return frozenset(keys)


def _decided(plan: Permission, facts: Facts) -> Decision:
    if plan.keys is None:
        return decide(plan.ask, plan.policies, facts)
    if not plan.keys:
        plan.only = decide(plan.ask, plan.policies, facts)
        return plan.only
    values = tuple(map(facts.get, plan.keys))
    found = plan.kept.get(values)
    if found is None:
        found = decide(plan.ask, plan.policies, facts)
        if len(plan.kept) >= _KEPT_DECISIONS:
            plan.kept.clear()
        plan.kept[values] = found
    return found


def _readable(policy: NamedPolicy, kind: Kind) -> CompiledPolicy:
    try:
        return compiled(policy, kind)
    except MalformedPolicy as fault:
        # Nothing is stored unread, so this is a fault of ours; until it is mended the policy denies everything.
        _LOG.error("policy %s cannot be read: %s", policy.name, fault.details)
        return CompiledPolicy(policy.name, parse(_SHUT, "resource"))
