"""Policies made ready: matchers instead of patterns. A policy is compiled once and then only asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from lambent.policy.callers import Grant, compiled_exclusion, compiled_principals
from lambent.policy.documents import parse
from lambent.policy.globs import arn_glob, arn_glob_of, glob
from lambent.policy.operators import compiled_condition
from lambent.policy.variables import template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.core.ports import NamedPolicy
    from lambent.policy.callers import Caller, Names
    from lambent.policy.documents import PolicyDocument, Statement
    from lambent.policy.facts import Facts
    from lambent.policy.globs import Match, Part
    from lambent.policy.operators import Holds
    from lambent.policy.rules import Kind
    from lambent.policy.variables import Template

# Actions of one policy whose statements are remembered: more than there are operations.
_KEPT_ACTIONS = 2048
# Patterns of one statement with their variables replaced.
_KEPT_PATTERNS = 32


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One statement, made ready."""

    policy: str  # its name
    statement: Statement
    is_deny: bool
    matches_action: Match
    resources: Resources
    only_resource: (
        Match | None
    )  # the one pattern, where there is no more to it: most statements have one
    grant: Names | None
    excludes: Callable[[Caller], bool] | None
    conditions: tuple[Holds, ...]
    keys: frozenset[str]  # the condition keys that it looks at

    def applies(self, resource: str, facts: Facts) -> bool:
        """To a request with this resource, of an action that matches and of a principal that does."""
        only = self.only_resource
        if only is not None:
            if not only(resource):
                return False
        elif not self.resources.match(resource, facts):
            return False
        for holds in self.conditions:  # noqa: SIM110 - a loop costs half of what all() does
            if not holds(facts):
                return False
        return True

    def grants(self, caller: Caller, *, has_boundary: bool) -> Grant:
        """How closely it names the caller."""
        if self.grant is not None:
            return self.grant(caller)
        if self.excludes is not None:
            # "will always deny any IAM principal that has a permissions boundary policy attached, regardless of the
            # values specified in the NotPrincipal element" ("NotPrincipal", IAM user guide).
            return Grant.DIRECT if has_boundary or self.excludes(caller) else Grant.NONE
        return Grant.NONE


class Resources:
    """Resource or NotResource of one statement; a statement without either (of a trust policy) is about everything."""

    __slots__ = ("_fixed", "_is_negated", "_made", "_templates", "keys")

    def __init__(self, patterns: Sequence[str], *, is_negated: bool, has_variables: bool) -> None:
        self._is_negated = is_negated
        self._fixed: list[Match] = []
        self._made: dict[tuple[Part, ...], Match] = {}
        self._templates: list[tuple[str, Template]] = []  # each with what it begins with
        for pattern in patterns or ("*",):
            found = template(pattern) if has_variables else None
            if found is None:
                self._fixed.append(arn_glob(pattern))
            elif found.keys:
                self._templates.append((found.prefix, found))
            else:
                self._fixed.append(arn_glob_of(found.filled({}) or []))
        self.keys = frozenset[str]().union(*(each.keys for _, each in self._templates))

    @property
    def only(self) -> Match | None:
        """The one pattern that decides, if there is no more to it."""
        is_plain = len(self._fixed) == 1 and not self._templates and not self._is_negated
        return self._fixed[0] if is_plain else None

    def match(self, resource: str, facts: Facts) -> bool:
        for match in self._fixed:
            if match(resource):
                return not self._is_negated
        for prefix, each in self._templates:
            if not resource.startswith(prefix):
                continue
            parts = each.filled(facts)
            if parts is not None and self._matcher(tuple(parts))(resource):
                return not self._is_negated
        return self._is_negated

    def _matcher(self, parts: tuple[Part, ...]) -> Match:
        """Of a pattern whose variables have been replaced: mostly by what they stood for the last time."""
        found = self._made.get(parts)
        if found is None:
            if len(self._made) >= _KEPT_PATTERNS:
                self._made.clear()
            found = self._made[parts] = arn_glob_of(parts)
        return found


class RulesAbout(NamedTuple):
    """The statements of a policy about one action."""

    denies: tuple[Rule, ...]
    allows: tuple[Rule, ...]


class CompiledPolicy:
    """A policy whose statements can be asked for."""

    __slots__ = ("_by_action", "name", "rules")

    def __init__(self, name: str, document: PolicyDocument) -> None:
        self.name = name
        has_variables = document.has_variables
        self.rules = tuple(
            _rule(name, statement, has_variables=has_variables) for statement in document.statements
        )
        self._by_action: dict[str, RulesAbout] = {}

    def about(self, action: str) -> RulesAbout:
        """The statements whose actions match; `action` in lower case."""
        found = self._by_action.get(action)
        if found is None:
            rules = [rule for rule in self.rules if rule.matches_action(action)]
            found = RulesAbout(
                tuple(rule for rule in rules if rule.is_deny),
                tuple(rule for rule in rules if not rule.is_deny),
            )
            if len(self._by_action) >= _KEPT_ACTIONS:
                self._by_action.clear()
            self._by_action[action] = found
        return found


def compiled(policy: NamedPolicy, kind: Kind) -> CompiledPolicy:
    """Raises MalformedPolicy."""
    return CompiledPolicy(policy.name, parse(policy.document, kind))


def _rule(policy: str, statement: Statement, *, has_variables: bool) -> Rule:
    principals = statement.principals
    resources = Resources(
        statement.resources, is_negated=statement.is_not_resource, has_variables=has_variables
    )
    conditions = [
        compiled_condition(each, has_variables=has_variables) for each in statement.conditions
    ]
    is_positive = principals is not None and not principals.is_negated
    is_negative = principals is not None and principals.is_negated
    return Rule(
        policy=policy,
        statement=statement,
        is_deny=statement.effect == "Deny",
        matches_action=_actions(statement.actions, is_negated=statement.is_not_action),
        resources=resources,
        only_resource=resources.only,
        grant=compiled_principals(principals) if principals and is_positive else None,
        excludes=compiled_exclusion(principals) if principals and is_negative else None,
        conditions=tuple(holds for holds, _ in conditions),
        keys=resources.keys.union(*(keys for _, keys in conditions)),
    )


def _actions(patterns: Sequence[str], *, is_negated: bool) -> Match:
    """A matcher of actions in lower case: "The prefix and the action name are case insensitive"."""
    exact = {text for text in map(str.lower, patterns) if "*" not in text and "?" not in text}
    globs = [glob(text.lower()) for text in patterns if text.lower() not in exact]

    def match(action: str) -> bool:
        found = action in exact or any(each(action) for each in globs)
        return found is not is_negated

    return match
