"""Condition operators: from a condition as it is written to a function of a request's facts.

An operator says of one value of a request whether it is one of those in the policy (`_test`); what several values, a
missing key, IfExists, a negation or a set operator make of that is the same for all of them (`compiled_condition`;
"Conditions with multiple context keys or values", "Single-valued vs. multivalued context keys", IAM user guide).
"""

from __future__ import annotations

import operator as compare
from typing import TYPE_CHECKING, Any

from lambent.policy import values as read
from lambent.policy.globs import glob_of
from lambent.policy.variables import template

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.policy.documents import Condition
    from lambent.policy.facts import Facts
    from lambent.policy.globs import Match, Part
    from lambent.policy.operator_names import OperatorName
    from lambent.policy.variables import Template

    Test = Callable[[str, Facts], bool]
    Holds = Callable[[Facts], bool]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": compare.eq,
    "NotEquals": compare.eq,  # the negation is made outside
    "LessThan": compare.lt,
    "LessThanEquals": compare.le,
    "GreaterThan": compare.gt,
    "GreaterThanEquals": compare.ge,
}


def compiled_condition(
    condition: Condition, *, has_variables: bool
) -> tuple[Holds, frozenset[str]]:
    """What tells whether the condition holds, and the keys that it looks at."""
    key = condition.key.lower()
    name = condition.operator
    if name.base == "Null":
        return _null(key, condition.values), frozenset({key})
    test, keys = _test(name, condition.values, has_variables=has_variables)
    return _quantified(name, key, test), keys | {key}


def _null(key: str, wanted: Sequence[str]) -> Holds:
    """True in a policy: the key must not be there."""
    absences = {read.boolean(value) for value in wanted}
    return lambda facts: (not facts.get(key)) in absences


def _quantified(name: OperatorName, key: str, test: Test) -> Holds:
    if name.set_operator == "ForAllValues":
        return _for_all(key, test, negated=name.is_negated)
    if name.set_operator == "ForAnyValue":
        return _for_any(key, test, negated=name.is_negated, absent=name.if_exists)
    if name.is_negated:
        return lambda facts: not any(test(each, facts) for each in facts.get(key) or ())
    absent = name.if_exists

    def holds(facts: Facts) -> bool:
        values = facts.get(key)
        if not values:
            return absent
        return any(test(each, facts) for each in values)

    return holds


def _for_all(key: str, test: Test, *, negated: bool) -> Holds:
    """True of no values, too, and of an empty text, which is none."""

    def holds(facts: Facts) -> bool:
        values = facts.get(key) or ()
        return all(test(each, facts) is not negated for each in values if each)

    return holds


def _for_any(key: str, test: Test, *, negated: bool, absent: bool) -> Holds:
    def holds(facts: Facts) -> bool:
        values = facts.get(key)
        if not values:
            return absent
        return any(test(each, facts) is not negated for each in values)

    return holds


def _test(
    name: OperatorName, wanted: Sequence[str], *, has_variables: bool
) -> tuple[Test, frozenset[str]]:
    if name.family == "string":
        return _with_variables(_string_test(name), wanted, has_variables=has_variables)
    if name.family == "arn":
        return _with_variables(_arn_test, wanted, has_variables=has_variables)
    return _typed_test(name, wanted), frozenset()


def _with_variables(
    test_of: Callable[[list[Part]], Match], wanted: Sequence[str], *, has_variables: bool
) -> tuple[Test, frozenset[str]]:
    """A test of texts: those without variables are made ready, the others for each request anew."""
    fixed: list[Match] = []
    templates: list[Template] = []
    keys: frozenset[str] = frozenset()
    for text in wanted:
        found = template(text) if has_variables else None
        if found is None:
            fixed.append(test_of([(text, False)]))
        elif found.keys:
            templates.append(found)
            keys |= found.keys
        else:
            fixed.append(test_of(found.filled({}) or []))

    def test(value: str, facts: Facts) -> bool:
        for match in fixed:
            if match(value):
                return True
        for each in templates:
            parts = each.filled(facts)
            if parts is not None and test_of(parts)(value):
                return True
        return False

    return test, keys


def _string_test(name: OperatorName) -> Callable[[list[Part]], Match]:
    if name.base.endswith("Like"):
        return glob_of
    if name.base.endswith("IgnoreCase"):
        return _equal_but_for_case
    return _equal


def _equal(parts: list[Part]) -> Match:
    return "".join(text for text, _ in parts).__eq__


def _equal_but_for_case(parts: list[Part]) -> Match:
    wanted = "".join(text for text, _ in parts).casefold()
    return lambda value: value.casefold() == wanted


def _arn_test(parts: list[Part]) -> Match:
    """ "Each of the six colon-delimited components of the ARN is checked separately": no star takes a colon."""
    segments = _segments(parts)
    matches = [glob_of(segment) for segment in segments]
    if len(matches) == 1:
        # A lone star is like any ARN; anything else that is no ARN is like none.
        return lambda value: value.startswith("arn:") and matches[0](value)

    def match(value: str) -> bool:
        found = value.split(":", 5)
        if len(found) != 6 or len(matches) != 6:
            return False
        return all(map(_applied, matches, found))

    return match


def _applied(match: Match, text: str) -> bool:
    return match(text)


def _segments(parts: list[Part]) -> list[list[Part]]:
    """A pattern cut at its first five colons. One that ends with a star is completed with stars."""
    segments: list[list[Part]] = [[]]
    for text, is_plain in parts:
        pieces = text.split(":", 6 - len(segments))
        for number, piece in enumerate(pieces):
            if number:
                segments.append([])
            if piece:
                segments[-1].append((piece, is_plain))
    last, is_plain = parts[-1] if parts else ("", True)
    if 1 < len(segments) < 6 and last.endswith("*") and not is_plain:
        segments += [[("*", False)]] * (6 - len(segments))
    return segments


def _typed_test(name: OperatorName, wanted: Sequence[str]) -> Test:
    if name.family == "ip":
        return _ip_test(wanted)
    if name.family == "binary":
        return _set_test(read.binary, wanted)
    if name.family == "bool":
        return _set_test(read.boolean, wanted)
    family = "Numeric" if name.family == "numeric" else "Date"
    reader = read.number if name.family == "numeric" else read.date
    order = _ORDERS[name.base.removeprefix(family)]
    bounds = [reader(text) for text in wanted]

    def test(value: str, _facts: Facts) -> bool:
        found = reader(value)
        return found is not None and any(order(found, bound) for bound in bounds)

    return test


def _set_test(reader: Callable[[str], object], wanted: Sequence[str]) -> Test:
    known = {reader(text) for text in wanted} - {None}
    return lambda value, _facts: reader(value) in known


def _ip_test(wanted: Sequence[str]) -> Test:
    networks = [found for text in wanted if (found := read.network(text)) is not None]

    def test(value: str, _facts: Facts) -> bool:
        found = read.address(value)
        return found is not None and any(found in network for network in networks)

    return test
