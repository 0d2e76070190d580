"""What the models demand of one value, and AWS's words for it.

A constraint is a text (`Member must have length less than or equal to 64`) and a test. Their order within a message is
AWS's: the enum, the pattern, the length; inside brackets the length comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.protocol.patterns import ModelPattern

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.protocol.shapes import Shape

NOT_NULL = "Member must not be null"
_NUMBERS = ("integer", "long", "float", "double")
# Enumerations that AWS lists in another order than the models do.
_TOLD = {
    frozenset(order): order
    for order in (
        ("HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"),
        ("PRIVATE", "EDGE", "REGIONAL"),
        ("AUTHORIZER", "HEADER"),
    )
}
# A text this much longer than allowed is not matched against the pattern, too.
_PATTERN_SLACK = 4096


@dataclass(frozen=True, slots=True)
class Constraint:
    """`holds` is called with a value that is not None."""

    text: str
    holds: Callable[[Any], object]
    is_pattern: bool = False


def constraints_of(shape: Shape) -> list[Constraint]:
    """Everything that the model demands of the value itself; not of what it holds."""
    facts = shape.traits
    found = []
    if facts.get("enum"):
        # Members that botocore's model repeats are said once.
        allowed = dict.fromkeys(facts["enum"])
        allowed = dict.fromkeys(_TOLD.get(frozenset(allowed), allowed))
        text = f"Member must satisfy enum value set: [{', '.join(allowed)}]"
        found.append(Constraint(text, allowed.__contains__))
    if "pattern" in facts:
        found.append(_pattern(facts["pattern"], facts.get("max")))
    measure, noun = (None, "value") if shape.type_name in _NUMBERS else (len, "length")
    if "max" in facts and not (facts.get("enum") and noun == "length"):
        found.append(_at_most(facts["max"], measure, noun))
    if "min" in facts and not (facts.get("enum") and noun == "length"):
        found.append(_at_least(facts["min"], measure, noun))
    return found


def bracketed(constraints: list[Constraint]) -> list[str]:
    """The texts of the constraints on the items of a list or map, in the order they have there."""
    return [each.text for each in sorted(constraints, key=lambda each: each.is_pattern)]


def _pattern(pattern: str, maximum: int | None) -> Constraint:
    match = ModelPattern(pattern)
    text = f"Member must satisfy regular expression pattern: {pattern}"
    if maximum is None:
        return Constraint(text, match, is_pattern=True)
    limit = maximum + _PATTERN_SLACK
    return Constraint(text, lambda value: len(value) > limit or match(value), is_pattern=True)


def _at_most(limit: float, measure: Callable[[Any], int] | None, noun: str) -> Constraint:
    text = f"Member must have {noun} less than or equal to {limit}"
    if measure is None:
        return Constraint(text, lambda value: value <= limit)
    return Constraint(text, lambda value: measure(value) <= limit)


def _at_least(limit: float, measure: Callable[[Any], int] | None, noun: str) -> Constraint:
    text = f"Member must have {noun} greater than or equal to {limit}"
    if measure is None:
        return Constraint(text, lambda value: value >= limit)
    return Constraint(text, lambda value: measure(value) >= limit)
