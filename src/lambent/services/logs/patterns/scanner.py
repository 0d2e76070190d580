"""Reads a pattern from left to right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.services.logs.patterns.invalid import PatternInvalid
from lambent.services.logs.patterns.values import OPERATORS, Literal

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

_SPACE = re.compile(r"\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PERCENT = re.compile(r"%((?:[^%\\]|\\.)+)%", re.DOTALL)


class Scanner:
    """`text` from `position` on. Everything skips the white space before it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.regexes = 0

    @property
    def is_at_end(self) -> bool:
        self._skip()
        return self._position == len(self._text)

    def take(self, symbol: str) -> bool:
        """True, and passed, if `symbol` comes next."""
        self._skip()
        if not self._text.startswith(symbol, self._position):
            return False
        self._position += len(symbol)
        return True

    def expect(self, symbol: str) -> None:
        """Raises PatternInvalid."""
        if not self.take(symbol):
            raise PatternInvalid

    def word(self, *words: str) -> bool:
        """True, and passed, if these words come next, in any case."""
        self._skip()
        expression = r"\s+".join(words) + r"(?![A-Za-z0-9_])"
        return self.match(re.compile(expression, re.IGNORECASE)) is not None

    def match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        """What comes next, if it is like that; without skipping white space."""
        match = expression.match(self._text, self._position)
        if match is not None:
            self._position = match.end()
        return match

    def operator(self) -> str | None:
        for each in OPERATORS:
            if self.take(each):
                return each
        return None

    def literal(self, bare: re.Pattern[str]) -> Literal:
        """A value: quoted, a regular expression, or what `bare` takes. Raises PatternInvalid."""
        self._skip()
        if match := self.match(_QUOTED):
            return Literal(unescape(match[1]), is_quoted=True)
        if match := self.match(_PERCENT):
            self.regexes += 1
            return Literal(match[1], is_regex=True)
        if (match := self.match(bare)) and match[0]:
            return Literal(match[0])
        raise PatternInvalid

    def disjunction(self, one: Callable[[], T], join: Callable[[str, list[T]], T]) -> T:
        """`one && one || ( ... )`: `&&` binds more tightly. `join` makes one of several."""
        return self._chain(
            "||", lambda: self._chain("&&", lambda: self._group(one, join), join), join
        )

    def _chain(self, symbol: str, one: Callable[[], T], join: Callable[[str, list[T]], T]) -> T:
        parts = [one()]
        while self.take(symbol):
            parts.append(one())
        return parts[0] if len(parts) == 1 else join(symbol, parts)

    def _group(self, one: Callable[[], T], join: Callable[[str, list[T]], T]) -> T:
        if not self.take("("):
            return one()
        inner = self.disjunction(one, join)
        self.expect(")")
        return inner

    def _skip(self) -> None:
        match = _SPACE.match(self._text, self._position)
        assert match is not None
        self._position = match.end()


def unescape(text: str) -> str:
    """A backslash before a quote or another backslash hides it."""
    return re.sub(r'\\(["\\])', r"\1", text)
