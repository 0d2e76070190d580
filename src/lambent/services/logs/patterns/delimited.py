"""Space-delimited patterns: `[ip, user, ..., status=4* && status!=404, bytes>1000]`, one field for each word of a line.

What stands in quotes or brackets in a line is one word. `...` stands for any number of words; without it the line must
have as many as the pattern has fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.logs.patterns.invalid import PatternInvalid
from lambent.services.logs.patterns.json_patterns import MAX_REGEXES
from lambent.services.logs.patterns.scanner import Scanner
from lambent.services.logs.patterns.values import comparison

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Test = Callable[[str], bool]

_WORD = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
_NAME = re.compile(r"[A-Za-z0-9_\-$]*")
_BARE = re.compile(r'[^\s(),&|"%=<>!]+')


@dataclass(frozen=True, slots=True)
class Field:
    """One word of a line. Without a test it may be anything."""

    name: str
    test: Test | None = None


@dataclass(frozen=True, slots=True)
class Delimited:
    """`before` and `after` stand on the two sides of `...`; `after` is None where there is none."""

    before: tuple[Field, ...]
    after: tuple[Field, ...] | None
    has_regex: bool

    def matches(self, message: str) -> bool:
        return self._aligned(words(message)) is not None

    def extract(self, message: str) -> Mapping[str, str] | None:
        found = words(message)
        names = self._aligned(found)
        if names is None:
            return None
        return {
            f"${name or position}": word
            for position, (name, word) in enumerate(zip(names, found, strict=True), 1)
        }

    def _aligned(self, found: list[str]) -> list[str] | None:
        """The names of the words, "" for those that `...` stands for; None where the line does not match."""
        after = self.after or ()
        surplus = len(found) - len(self.before) - len(after)
        if surplus < 0 or (surplus and self.after is None):
            return None
        fields = [*self.before, *(Field(""),) * surplus, *after]
        for field, word in zip(fields, found, strict=True):
            if field.test is not None and not field.test(word):
                return None
        return [field.name for field in fields]


def words(message: str) -> list[str]:
    """The words of a line."""
    return [a or b or c for a, b, c in _WORD.findall(message)]


def compile_delimited(text: str) -> Delimited:
    """What stands between the brackets. Raises PatternInvalid."""
    scanner = Scanner(text)
    before: list[Field] = []
    after: list[Field] | None = None
    while True:
        if scanner.take("..."):
            if after is not None:
                raise PatternInvalid
            after = []
        else:
            (before if after is None else after).append(_field(scanner))
        if scanner.is_at_end:
            break
        scanner.expect(",")
    if scanner.regexes > MAX_REGEXES:
        raise PatternInvalid
    fixed = None if after is None else tuple(after)
    return Delimited(tuple(before), fixed, bool(scanner.regexes))


def _field(scanner: Scanner) -> Field:
    names: set[str] = set()

    def one() -> Test | None:
        if not scanner.is_at_end:  # skips the white space before a name
            match = scanner.match(_NAME)
            names.add(match[0] if match else "")
        operator = scanner.operator()
        if operator is None:
            return None
        return comparison(operator, scanner.literal(_BARE)).holds_text

    def join(symbol: str, tests: list[Test | None]) -> Test | None:
        known = [test for test in tests if test is not None]
        if len(known) < len(tests):
            raise PatternInvalid
        every = all if symbol == "&&" else any
        return lambda word: every(test(word) for test in known)

    test = scanner.disjunction(one, join)
    if len(names) > 1:
        raise PatternInvalid  # a condition speaks of its own field
    return Field(names.pop().lstrip("$") if names else "", test)
