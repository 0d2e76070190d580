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
from lambent.policy.engine import TYPES, Applicable, Ask, Decision, decide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.context import Principal
    from lambent.core.ports import NamedPolicy, PolicySet, PolicySource, ResourceFacts
    from lambent.policy.facts import Facts
    from lambent.policy.rules import Kind

_LOG = logging.getLogger(__name__)
# (credential, action, resource): a few hundred bytes each.
_KEPT_PERMISSIONS = 16_384
# Decisions on one permission by the values of its keys. Callers choose some values (a user agent), so few are kept.
_KEPT_DECISIONS = 64
_KEPT_POLICIES = 4096
# Stands for a policy that cannot be read: nobody knows what it would have denied.
_SHUT = '{"Statement":{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}}'


class Permission:
    """One action on one resource by one credential, with the policies that have a say.

    Attributes:
        only: the decision, where it hangs on nothing that a request brings and has been taken.
        resources: who knows about the resource.
        noted_until_ms: until when nobody need be told that it was used (`core.ports.Calls`), by the calendar.
    """

    __slots__ = (
        "_kept",
        "_keys",
        "ask",
        "noted_until_ms",
        "only",
        "policies",
        "principals_at",
        "resources",
        "resources_at",
    )

    def __init__(self, ask: Ask, policies: Applicable, resources: ResourceFacts | None) -> None:
        self.ask = ask
        self.policies = policies
        self.resources = resources
        self.only: Decision | None = None
        self.noted_until_ms = 0
        self.principals_at = self.resources_at = 0
        keys = mentioned(policies, ask.action.lower())
        # None: not worth remembering, or not to be.
        self._keys: tuple[str, ...] | None = None
        if PASSING.isdisjoint(keys):
            self._keys = tuple(sorted(key for key in keys if not is_of_principal(key)))
        self._kept: dict[tuple[tuple[str, ...] | None, ...], Decision] = {}

    def decide(self, facts: Facts) -> Decision:
        """By these facts."""
        if self._keys is None:
            return decide(self.ask, self.policies, facts)
        if not self._keys:
            if self.only is None:
                self.only = decide(self.ask, self.policies, facts)
            return self.only
        values = tuple(map(facts.get, self._keys))
        found = self._kept.get(values)
        if found is None:
            found = decide(self.ask, self.policies, facts)
            if len(self._kept) >= _KEPT_DECISIONS:
                self._kept.clear()
            self._kept[values] = found
        return found


class Decisions:
    """Decides with the policies that the ports hold.

    Args:
        principals: the policies of users and roles.
    """

    def __init__(self, principals: PolicySource) -> None:
        self.principals = principals
        self._resources: dict[str, ResourceFacts] = {}
        self._permissions: dict[tuple[str, str, str], Permission] = {}
        self._compiled: dict[tuple[Kind, str, str], CompiledPolicy] = {}

    def add_resources(self, service: str, resources: ResourceFacts) -> None:
        """Ask `resources` about ARNs of this service (`lambda`)."""
        self._resources[service] = resources

    def resources_of(self, resource: str) -> ResourceFacts | None:
        """Who knows about a resource, if anybody."""
        parts = resource.split(":", 3)
        return self._resources.get(parts[2]) if len(parts) > 3 else None

    def permission(
        self,
        principal: Principal,
        action: str,
        resource: str,
        is_closed: bool = False,
        is_own_side: bool = False,
    ) -> Permission:
        """What to ask for a decision: made once for each credential, action and resource.

        Args:
            is_closed: the resource is closed unless its own policy opens it (`Ask.needs_resource_policy`).
            is_own_side: only the principal's side decides, whosever the resource is.
        """
        key = (principal.access_key_id or principal.arn, action, resource)
        found = self._permissions.get(key)
        if found is None or not self.is_current(found):
            found = self._permission(principal, action, resource, is_closed, is_own_side)
            if len(self._permissions) >= _KEPT_PERMISSIONS:
                self._permissions.clear()
            self._permissions[key] = found
        return found

    def is_current(self, permission: Permission) -> bool:
        """Whether it is still what `permission` would answer: no policy of either account has changed."""
        ask, resources = permission.ask, permission.resources
        if permission.principals_at != self.principals.generation(ask.caller.account_id):
            return False
        return resources is None or permission.resources_at == resources.generation(ask.account_id)

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

    def _permission(
        self, principal: Principal, action: str, resource: str, is_closed: bool, is_own_side: bool
    ) -> Permission:
        # The generations are read first: what changes later is then seen to have changed.
        principals_at = self.principals.generation(principal.account_id)
        account_id = principal.account_id if is_own_side else owner_of(resource, principal)
        resources = self.resources_of(resource)
        resources_at = 0
        if resources is not None:
            resources_at = resources.generation(account_id)
            resource = resources.full_arn(resource)
        ask = Ask(
            caller_of(principal, region=region_of(resource)),
            action,
            resource,
            account_id,
            is_closed,
        )
        found = Permission(ask, self.policies(principal, resource), resources)
        found.principals_at, found.resources_at = principals_at, resources_at
        return found

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
    for type_ in TYPES:
        for policy in policies.of_type(type_):
            denies, allows = policy.about(action)
            keys.update(*(rule.keys for rule in denies), *(rule.keys for rule in allows))
    return frozenset(keys)


def owner_of(resource: str, principal: Principal) -> str:
    """The account of a resource; the principal's own where the ARN names none (`*`, buckets, AWS's own policies)."""
    parts = resource.split(":", 5)
    account_id = parts[4] if len(parts) == 6 else ""
    return account_id if account_id.isdecimal() else principal.account_id


def region_of(resource: str) -> str:
    """The region that an ARN names, "" where it names none."""
    parts = resource.split(":", 4)
    return parts[3] if len(parts) == 5 else ""


def _readable(policy: NamedPolicy, kind: Kind) -> CompiledPolicy:
    try:
        return compiled(policy, kind)
    except MalformedPolicy as fault:
        # Nothing is stored unread, so this is a fault of ours; until it is mended the policy denies everything.
        _LOG.error("policy %s cannot be read: %s", policy.name, fault.details)
        return CompiledPolicy(policy.name, parse(_SHUT, "resource"))
