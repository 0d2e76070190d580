"""Reads a query from left to right. A regular expression is only read where one may stand: `/` also divides."""

from __future__ import annotations

import re

from lambent.services.logs.insights.malformed import QueryMalformed

_SPACE = re.compile(r"(?:\s|#[^\n]*)*")
_WORD = re.compile(r"[A-Za-z_@$][A-Za-z0-9_@$]*")
_FIELD = re.compile(r"[A-Za-z_@$][A-Za-z0-9_@$]*(?:\.(?:[A-Za-z0-9_@$]+|`[^`]+`)|\[\d+\])*")
_BACKTICKS = re.compile(r"`([^`]+)`")
_NUMBER = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TEXT = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", re.DOTALL)
_REGEX = re.compile(r"/((?:[^/\\\n]|\\.)+)/")


class Scanner:
    """`text` from `position` on. What takes something skips the white space and the comments before it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.skip()

    @property
    def is_at_end(self) -> bool:
        return self.position == len(self.text)

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.position)
        assert match is not None
        self.position = match.end()

    def take(self, *symbols: str) -> str | None:
        """The first of `symbols` that comes next, passed."""
        for symbol in symbols:
            if self.text.startswith(symbol, self.position):
                self._pass(self.position + len(symbol))
                return symbol
        return None

    def expect(self, symbol: str) -> None:
        """Raises QueryMalformed."""
        if not self.take(symbol):
            raise self.unexpected()

    def word(self, *words: str) -> bool:
        """True, and passed, if one of these words comes next, in any case."""
        match = _WORD.match(self.text, self.position)
        if match is None or match[0].lower() not in words:
            return False
        self._pass(match.end())
        return True

    def words(self, first: str, second: str) -> bool:
        """The same for two words, one after the other."""
        start = self.position
        if self.word(first) and self.word(second):
            return True
        self.position = start
        return False

    def name(self) -> str | None:
        """A field: a dotted name, or one between backticks, which parts of a dotted one may have, too."""
        if match := _BACKTICKS.match(self.text, self.position):
            self._pass(match.end())
            return match[1]
        found = self._matched(_FIELD)
        return None if found is None else found.replace("`", "")

    def call(self) -> str | None:
        """The name of a function, with the bracket behind it passed."""
        match = _WORD.match(self.text, self.position)
        if match is None or not self.text.startswith("(", match.end()):
            return None
        self._pass(match.end() + 1)
        return match[0]

    def number(self) -> str | None:
        return self._matched(_NUMBER)

    def unit(self) -> str | None:
        """Letters that follow a number at once."""
        match = re.compile(r"[A-Za-z]+").match(self.text, self.position)
        if match is None:
            return None
        self._pass(match.end())
        return match[0]

    def quoted(self) -> str | None:
        match = _TEXT.match(self.text, self.position)
        if match is None:
            return None
        self._pass(match.end())
        raw = match[1] if match[1] is not None else match[2]
        return re.sub(r"\\(['\"\\])", r"\1", raw)

    def regex(self) -> str | None:
        match = _REGEX.match(self.text, self.position)
        if match is None:
            return None
        self._pass(match.end())
        return match[1].replace("\\/", "/")

    def since(self, start: int) -> str:
        """What was passed since `start`, as it was written."""
        return self.text[start : self.position].strip()

    def unexpected(self) -> QueryMalformed:
        """Says what comes next, and where: the line from 1, the position from 0."""
        position = self.position
        if position == len(self.text):
            symbol = "<EOF>"
        else:
            match = _WORD.match(self.text, position)
            symbol = match[0] if match else self.text[position]
        line = self.text.count("\n", 0, position) + 1
        column = position - (self.text.rfind("\n", 0, position) + 1)
        return QueryMalformed(
            f"unexpected symbol found {symbol} at line {line} and position {column}",
            position,
            min(position + len(symbol), len(self.text)),
        )

    def _matched(self, expression: re.Pattern[str]) -> str | None:
        match = expression.match(self.text, self.position)
        if match is None:
            return None
        self._pass(match.end())
        return match[0]

    def _pass(self, position: int) -> None:
        self.position = position
        self.skip()
