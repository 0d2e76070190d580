"""Reads expressions. From the weakest binding: or, and, not, comparisons, + -, * / %, ^, minus."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from lambent.services.logs.insights.aggregates import AGGREGATES
from lambent.services.logs.insights.functions import FUNCTIONS
from lambent.services.logs.insights.malformed import QueryMalformed
from lambent.services.logs.insights.tree import (
    Among,
    Call,
    Expression,
    Field,
    Like,
    Number,
    Period,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.logs.insights.scanner import Scanner

_COMPARISONS = ("!=", ">=", "<=", "==", "=", ">", "<")
_SECOND = 1000
_UNITS = {
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), _SECOND),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60 * _SECOND),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600 * _SECOND),
    **dict.fromkeys(("d", "day", "days"), 86_400 * _SECOND),
    **dict.fromkeys(("w", "week", "weeks"), 604_800 * _SECOND),
    **dict.fromkeys(("mo", "mon", "month", "months"), 2_592_000 * _SECOND),
    **dict.fromkeys(("q", "qtr", "quarter", "quarters"), 7_776_000 * _SECOND),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 31_536_000 * _SECOND),
}
# "The cap for ms is 1000, the caps for s and m are 60, and the cap for h is 24": `bin(300s)` is `bin(60s)`.
_CAPS = {1: 1000, _SECOND: 60, 60 * _SECOND: 60, 3600 * _SECOND: 24}
# Java's named groups, and Python's.
_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z])")
_MOST_NESTED = 100
# What may be asked of everything: `count(*)`.
_COUNTS = frozenset({"count", "countovertime", "count_over_time"})


def read_regex(scanner: Scanner) -> str | None:
    """A regular expression as Python's `re` has it. Raises QueryMalformed for one that is none."""
    start = scanner.position
    source = scanner.regex()
    if source is None:
        return None
    source = _NAMED_GROUP.sub("(?P<", source)
    try:
        re.compile(source)
    except (re.error, OverflowError) as problem:
        message = f"invalid regular expression: {problem}"
        raise QueryMalformed(message, start, scanner.position) from problem
    return source


class ExpressionParser:
    """Raises QueryMalformed."""

    def __init__(self, scanner: Scanner) -> None:
        self._scanner = scanner
        self._depth = 0

    def expression(self) -> Expression:
        self._depth += 1
        if self._depth > _MOST_NESTED:
            raise self._scanner.unexpected()
        found = self._joined(self._and, "or", "||")
        self._depth -= 1
        return found

    def _and(self) -> Expression:
        return self._joined(self._not, "and", "&&")

    def _joined(self, one: Callable[[], Expression], word: str, symbol: str) -> Expression:
        start = self._scanner.position
        left = one()
        while self._scanner.word(word) or self._scanner.take(symbol):
            left = Call(word, (left, one()), self._scanner.since(start))
        return left

    def _not(self) -> Expression:
        scanner, start = self._scanner, self._scanner.position
        negations = 0
        while scanner.word("not"):
            negations += 1
        found = self._comparison()
        if negations % 2:
            return Call("not", (found,), scanner.since(start))
        return found

    def _comparison(self) -> Expression:
        scanner, start = self._scanner, self._scanner.position
        left = self._sum()
        if scanner.take("=~") or scanner.word("like"):
            return self._like(left, start, is_negative=False)
        if scanner.words("not", "like"):
            return self._like(left, start, is_negative=True)
        if operator := scanner.take(*_COMPARISONS):
            name = "=" if operator == "==" else operator
            return Call(name, (left, self._sum()), scanner.since(start))
        return self._membership(left, start)

    def _membership(self, left: Expression, start: int) -> Expression:
        scanner = self._scanner
        is_negative = scanner.words("not", "in")
        if not is_negative and not scanner.word("in"):
            return left
        scanner.expect("[")
        choices = self.arguments("]")
        return Among(left, choices, is_negative, scanner.since(start))

    def _like(self, left: Expression, start: int, *, is_negative: bool) -> Expression:
        scanner = self._scanner
        if (pattern := read_regex(scanner)) is not None:
            return Like(left, pattern, True, is_negative, scanner.since(start))
        if (text := scanner.quoted()) is not None:
            return Like(left, text, False, is_negative, scanner.since(start))
        raise scanner.unexpected()

    def _sum(self) -> Expression:
        return self._operators(self._product, "+", "-")

    def _product(self) -> Expression:
        return self._operators(self._power, "*", "/", "%")

    def _power(self) -> Expression:
        return self._operators(self._unary, "^")

    def _operators(self, one: Callable[[], Expression], *signs: str) -> Expression:
        start = self._scanner.position
        left = one()
        while sign := self._scanner.take(*signs):
            left = Call(sign, (left, one()), self._scanner.since(start))
        return left

    def _unary(self) -> Expression:
        scanner, start = self._scanner, self._scanner.position
        if scanner.take("-"):
            zero: Expression = Number(0, "0")
            return Call("-", (zero, self._unary()), scanner.since(start))
        return self._primary()

    def _primary(self) -> Expression:
        scanner, start = self._scanner, self._scanner.position
        if scanner.take("("):
            inner = self.expression()
            scanner.expect(")")
            return inner
        if (text := scanner.quoted()) is not None:
            return Text(text, scanner.since(start))
        if (number := scanner.number()) is not None:
            return self._number(number, start)
        if (function := scanner.call()) is not None:
            return self._call(function, start)
        for word, value in (("true", 1), ("false", 0)):
            if scanner.word(word):
                return Number(value, scanner.since(start))
        if (name := scanner.name()) is not None:
            return Field(name, scanner.since(start))
        raise scanner.unexpected()

    def _number(self, number: str, start: int) -> Expression:
        scanner = self._scanner
        # A unit follows its number at once; a word behind a space is something else.
        if start + len(number) == scanner.position and (unit := scanner.unit()) is not None:
            if unit not in _UNITS or float(number) * _UNITS[unit] < 1:
                scanner.position = start
                raise scanner.unexpected()
            most = _CAPS.get(_UNITS[unit], math.inf)
            return Period(int(min(float(number), most) * _UNITS[unit]), scanner.since(start))
        return Number(float(number), scanner.since(start))

    def _call(self, name: str, start: int) -> Expression:
        scanner = self._scanner
        known = FUNCTIONS.get(name.lower()) or AGGREGATES.get(name.lower())
        if known is None:
            raise QueryMalformed(f"unknown function: {name}", start, start + len(name))
        arguments: tuple[Expression, ...]
        if name.lower() in _COUNTS and scanner.take("*"):
            scanner.expect(")")
            arguments = ()
        else:
            arguments = self.arguments(")")
        if not known.least <= len(arguments) <= known.most:
            raise QueryMalformed(
                f"wrong number of arguments for function {name}", start, scanner.position
            )
        return Call(name.lower(), arguments, scanner.since(start))

    def arguments(self, closing: str) -> tuple[Expression, ...]:
        """Expressions between commas, up to and with `closing`."""
        scanner = self._scanner
        found: list[Expression] = []
        if scanner.take(closing):
            return ()
        while True:
            found.append(self.expression())
            if scanner.take(closing):
                return tuple(found)
            scanner.expect(",")
