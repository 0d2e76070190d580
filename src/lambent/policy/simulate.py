"""What a request would be answered, with the reasons: for SimulateCustomPolicy and SimulatePrincipalPolicy (IAM API
reference, EvaluationResult), and for GetContextKeysFor...
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from lambent.core.context import ANONYMOUS
from lambent.policy.callers import caller_of
from lambent.policy.compiled import compiled
from lambent.policy.documents import parse
from lambent.policy.engine import TYPES, Applicable, Ask, decide
from lambent.policy.facts import facts_of
from lambent.policy.principal_facts import principal_fact

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lambent.core.context import Principal
    from lambent.core.ports import NamedPolicy, PolicySet
    from lambent.policy.callers import Caller
    from lambent.policy.compiled import Rule
    from lambent.policy.documents import PolicyDocument, Statement
    from lambent.policy.engine import Decision, PolicyType
    from lambent.policy.facts import Facts
    from lambent.policy.json_text import Position

Verdict = Literal["allowed", "explicitDeny", "implicitDeny"]
_VARIABLE = re.compile(r"\$\{([^},]*[^},*?$\s])\s*[,}]")


@dataclass(frozen=True, slots=True)
class MatchedStatement:
    """A statement that decided, and where it stands: from `start` up to, not including, `end`."""

    policy: str  # the name it was given with
    type: PolicyType
    sid: str
    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Simulation:
    """The answer for one action on one resource.

    Attributes:
        missing: context keys that the policies mention and nobody gave, as they are written.
        boundary_allows: None where there is no permissions boundary.
        resource_decision: what the resource's own policy says; None where none was given.
        organization_allows: what the service control policies say; None where there are none.
    """

    action: str
    resource: str
    decision: Verdict
    matched: tuple[MatchedStatement, ...]
    missing: tuple[str, ...]
    boundary_allows: bool | None
    resource_decision: Verdict | None
    organization_allows: bool | None = None


class Simulator:
    """Policies to be asked again and again.

    Args:
        principal: who would ask; ANONYMOUS where only policies are given, which then stand for a user of the
            resource's account.
        held: its policies; those to be tried out belong to `held.identity`.
        resource_policy: of the resources that are asked about.
        resource_account: their owner, where their ARNs name none; the principal's account by default. Resources without
            a policy are taken for the principal's own.
        organization: service control policies by level, from the root of the organization to the account.
        context: condition keys as they are written, with their values. Those that the principal brings are known.

    Raises:
        MalformedPolicy: one of the policies is none.
    """

    def __init__(
        self,
        principal: Principal,
        held: PolicySet,
        *,
        resource_policy: NamedPolicy | None = None,
        resource_account: str = "",
        context: Mapping[str, Sequence[str]] | None = None,
        organization: Sequence[Sequence[NamedPolicy]] = (),
    ) -> None:
        self._principal = principal
        session = held.session
        self._policies = Applicable(
            identity=tuple(compiled(each, "identity") for each in held.identity),
            boundary=compiled(held.boundary, "identity") if held.boundary else None,
            session=None
            if session is None
            else tuple(compiled(each, "identity") for each in session),
            resource=(compiled(resource_policy, "resource"),) if resource_policy else (),
            organization=tuple(
                tuple(compiled(each, "identity") for each in level) for level in organization
            ),
        )
        self._owner = resource_account or principal.account_id or "0" * 12
        self._caller = _caller(principal, self._owner)
        self._facts = _SimulatedFacts(principal, facts_of(context or {}))

    def simulate(self, action: str, resource: str = "*") -> Simulation:
        """The answer to one question. Nothing of it is checked against the services' actions."""
        ask = Ask(self._caller, action, resource, self._owner_of(resource))
        decision = decide(ask, self._policies, self._facts)
        return Simulation(
            action=action,
            resource=resource,
            decision=verdict(decision),
            matched=self._matched(decision),
            missing=self._missing(action.lower()),
            boundary_allows=self._boundary_allows(ask),
            resource_decision=self._resource_decision(ask),
            organization_allows=self._organization_allows(ask),
        )

    def _owner_of(self, resource: str) -> str:
        if not self._policies.resource:
            return self._caller.account_id
        parts = resource.split(":", 5)
        account_id = parts[4] if len(parts) == 6 else ""
        return account_id if account_id.isdecimal() else self._owner

    def _matched(self, decision: Decision) -> tuple[MatchedStatement, ...]:
        """Those that decided, but for service control policies, which AWS does not show."""
        found = ((rule, self._type_of(rule)) for rule in decision.rules)
        return tuple(
            MatchedStatement(
                rule.policy, type_, rule.statement.sid, rule.statement.start, rule.statement.end
            )
            for rule, type_ in found
            if type_ != "organization"
        )

    def _type_of(self, rule: Rule) -> PolicyType:
        return next(
            type_
            for type_ in TYPES
            if any(rule in policy.rules for policy in self._policies.of_type(type_))
        )

    def _missing(self, action: str) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for type_ in TYPES:
            if type_ == "organization":
                continue  # "This field doesn't include context keys referenced by service control policies"
            for policy in self._policies.of_type(type_):
                about = policy.about(action)
                for rule in about.denies + about.allows:
                    written = {key.lower(): key for key in keys_written(rule.statement)}
                    found |= {key: written.get(key, key) for key in rule.keys}
        return tuple(name for key, name in sorted(found.items()) if self._facts.get(key) is None)

    def _boundary_allows(self, ask: Ask) -> bool | None:
        boundary = self._policies.boundary
        if boundary is None:
            return None
        # As the one policy of somebody it allows what it leaves open as a boundary.
        alone = decide(ask, Applicable(identity=(boundary,)), self._facts)
        return alone.is_allowed

    def _organization_allows(self, ask: Ask) -> bool | None:
        if not self._policies.organization:
            return None
        alone = decide(ask, Applicable(organization=self._policies.organization), self._facts)
        return alone.decided_by != "organization"

    def _resource_decision(self, ask: Ask) -> Verdict | None:
        if not self._policies.resource:
            return None
        alone = decide(ask, Applicable(resource=self._policies.resource), self._facts)
        return verdict(alone)


def verdict(decision: Decision) -> Verdict:
    if decision.is_allowed:
        return "allowed"
    return "explicitDeny" if decision.is_explicit else "implicitDeny"


def context_keys(documents: Iterable[str]) -> list[str]:
    """The condition keys that identity policies mention, as they are written, each once. Raises MalformedPolicy."""
    found: dict[str, str] = {}
    for text in documents:
        document: PolicyDocument = parse(text, "identity")
        for statement in document.statements:
            for key in keys_written(statement, variables=document.has_variables):
                found.setdefault(key.lower(), key)
    return list(found.values())


def keys_written(statement: Statement, *, variables: bool = True) -> list[str]:
    """The keys of one statement in the order of the text: those of conditions, and those of variables."""
    texts = list(statement.resources)
    keys = []
    for condition in statement.conditions:
        keys.append(condition.key)
        texts += condition.values
    if variables:
        keys += [name.strip() for text in texts for name in _VARIABLE.findall(text)]
    return keys


class _SimulatedFacts:
    """The keys that were given, and those of the principal."""

    def __init__(self, principal: Principal, given: Facts) -> None:
        self._principal = principal
        self._given = given

    def get(self, key: str, /) -> tuple[str, ...] | None:
        found = self._given.get(key)
        if found is None and self._principal.kind != "anonymous":
            return principal_fact(self._principal, key)
        return found


def _caller(principal: Principal, account_id: str) -> Caller:
    """Policies alone are tried out as those of a user of the account that nobody names."""
    if principal == ANONYMOUS:
        return caller_of(replace(principal, kind="user", account_id=account_id))
    return caller_of(principal)
