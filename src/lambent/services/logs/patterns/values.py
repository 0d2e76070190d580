"""What fields are compared with: numbers, texts with `*` for anything, regular expressions between `%`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.logs.patterns.invalid import PatternInvalid, bad_term

if TYPE_CHECKING:
    from collections.abc import Callable

# "Filter patterns with regex can only include the following": letters, digits, these symbols and operators, spaces.
_REGEX = re.compile(r"[A-Za-z0-9:_#=@/;,\-\^$?\[\]{}|\\*+. ]+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
OPERATORS = ("!=", ">=", "<=", "=", ">", "<")
_EQUALITIES = frozenset({"=", "!="})
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}


def regex(source: str) -> re.Pattern[str]:
    """Compile what stands between two `%`. Raises PatternInvalid."""
    if not _REGEX.fullmatch(source):
        raise bad_term(source)
    try:
        return re.compile(source, re.ASCII)
    except (re.error, OverflowError) as problem:
        raise PatternInvalid(f"Invalid regular expression in term '{source}'") from problem


def wildcard(text: str) -> re.Pattern[str] | None:
    """A text with `*` in it as a regular expression; None for one without."""
    if "*" not in text:
        return None
    pieces = [re.escape(piece) for piece in re.split(r"\*+", text)]
    # Possessive steps: each piece is found where it first occurs, so that a long text costs no more than its length.
    middle = "".join(f"(?>.*?{piece})" for piece in pieces[1:-1])
    return re.compile(f"{pieces[0]}{middle}.*{pieces[-1]}", re.DOTALL)


def number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as it stands in a pattern."""

    text: str
    is_quoted: bool = False
    is_regex: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` and what stands to its right. Made by `comparison`."""

    operator: str
    literal: Literal
    number: float | None
    expression: re.Pattern[str] | None

    def holds(self, value: Any) -> bool:
        """`value` is of JSON: lists and objects are like nothing."""
        if isinstance(value, bool):
            # Booleans have tests of their own, but tools write `= true` as well.
            return self._same(str(value).lower())
        if isinstance(value, int | float):
            return self._holds_number(value)
        if not isinstance(value, str):
            return False
        if self.operator in _EQUALITIES:
            return self._same(value)
        given = number(value)
        return given is not None and self._ordered(given)

    def holds_text(self, value: str) -> bool:
        """For a word of a line, which may be meant as a number."""
        given = number(value)
        if given is not None and self.number is not None:
            return self._ordered(given)
        return self.operator in _EQUALITIES and self._same(value)

    def _holds_number(self, value: float) -> bool:
        """What is quoted is compared with the number as it is written: 12.0 is not "12"."""
        return self._same(str(value)) if self.number is None else self._ordered(value)

    def _ordered(self, value: float) -> bool:
        if self.number is None:
            return False
        return _ORDERS[self.operator](value, self.number)

    def _same(self, value: str) -> bool:
        if self.operator not in _EQUALITIES:
            return False
        if self.expression is None:
            is_same = value == self.literal.text
        elif self.literal.is_regex:
            is_same = self.expression.search(value) is not None
        else:
            is_same = self.expression.fullmatch(value) is not None
        return is_same == (self.operator == "=")


def comparison(operator: str, literal: Literal) -> Comparison:
    """Raises PatternInvalid: an order needs a number."""
    if literal.is_regex:
        expression: re.Pattern[str] | None = regex(literal.text)
    else:
        expression = wildcard(literal.text)
    value = None if literal.is_quoted or literal.is_regex else number(literal.text)
    if operator not in _EQUALITIES and value is None:
        raise bad_term(f'"{literal.text}"') if literal.is_quoted else PatternInvalid
    return Comparison(operator, literal, value, expression)
