"""Why a request is allowed or denied, down to line and column: `lambent iam explain`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.policy.callers import Grant
from lambent.policy.denial import reason
from lambent.policy.engine import TYPES

if TYPE_CHECKING:
    from lambent.policy.compiled import Rule
    from lambent.policy.decisions import Permission
    from lambent.policy.engine import Ask, Decision, PolicyType
    from lambent.policy.facts import Facts
    from lambent.policy.json_text import Position

_NAMES = {
    "identity": "identity-based policy",
    "boundary": "permissions boundary",
    "session": "session policy",
    "resource": "resource-based policy",
    "organization": "service control policy",
}


@dataclass(frozen=True, slots=True)
class Place:
    """A statement, and what it has to do with the answer.

    Attributes:
        start, end: of the statement in its document; the end is behind its last character.
        why: "decides", or what it is about the request that it does not match: "principal", "resource" or the
            condition (`IpAddress aws:SourceIp`) and what the request has there.
    """

    policy: str
    type: PolicyType
    sid: str
    effect: str
    start: Position
    end: Position
    why: str = "decides"

    def __str__(self) -> str:
        name = f" {self.sid}" if self.sid else ""
        at = f"line {self.start.line}, column {self.start.column}"
        where = f"{_NAMES[self.type]} {self.policy}, {at}"
        text = f"{self.effect} statement{name} of {where}"
        return text if self.why == "decides" else f"{text}: not for this {self.why}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer, the statements that decided it, and those about the action that did not come to apply.

    `policies` are all that were looked at, by type and name.
    """

    is_allowed: bool
    reason: str
    deciding: tuple[Place, ...]
    passed_over: tuple[Place, ...]
    policies: tuple[str, ...]


def explain(permission: Permission, facts: Facts) -> Explanation:
    """The answer to one permission by these facts, with its reasons."""
    decision = permission.decide(facts)
    action = permission.ask.action
    deciding = tuple(_place(permission, rule, "decides") for rule in decision.rules)
    return Explanation(
        decision.is_allowed,
        _reason(permission, decision, action),
        deciding,
        () if decision.is_allowed else _passed_over(permission, facts),
        tuple(
            f"{_NAMES[type_]} {policy.name}"
            for type_ in TYPES
            for policy in permission.policies.of_type(type_)
        ),
    )


def _reason(permission: Permission, decision: Decision, action: str) -> str:
    if not decision.is_allowed:
        return reason(action, decision)
    if permission.ask.caller.is_root and not decision.rules:
        return "the root of an account may do everything in it"
    return "a statement allows it and none denies it"


def _passed_over(permission: Permission, facts: Facts) -> tuple[Place, ...]:
    """Statements about the action that allow, but for the principal, the resource or a condition."""
    action = permission.ask.action.lower()
    places = []
    for type_ in TYPES:
        for policy in permission.policies.of_type(type_):
            for rule in policy.about(action).allows:
                why = _mismatch(rule, permission.ask, facts)
                if why:
                    places.append(_place(permission, rule, why))
    return tuple(places)


def _mismatch(rule: Rule, ask: Ask, facts: Facts) -> str:
    """What of the request does not match, "" if everything does."""
    is_for_somebody = rule.statement.principals is not None
    if is_for_somebody and rule.grants(ask.caller, has_boundary=False) is Grant.NONE:
        return "principal"
    if not rule.resources.match(ask.resource, facts):
        return "resource"
    for condition, holds in zip(rule.statement.conditions, rule.conditions, strict=True):
        if not holds(facts):
            name = condition.operator
            written = f"{name.set_operator}:{name.base}" if name.set_operator else name.base
            return (
                f"condition ({written} {condition.key}: {_had(facts.get(condition.key.lower()))})"
            )
    return ""


def _had(values: tuple[str, ...] | None) -> str:
    if not values:
        return "the request has none"
    return f"the request has {', '.join(values)}"


def _place(permission: Permission, rule: Rule, why: str) -> Place:
    statement = rule.statement
    type_ = next(
        type_
        for type_ in TYPES
        if any(rule in policy.rules for policy in permission.policies.of_type(type_))
    )
    return Place(
        rule.policy,
        type_,
        statement.sid,
        statement.effect,
        statement.start,
        statement.end,
        why,
    )
