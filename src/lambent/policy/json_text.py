"""JSON that remembers where everything stood, for messages about policies and for `explain`.

The standard library's reader forgets positions, takes duplicate members and NaN, and recurses as deep as the text
says. Policies are a few KB and seven levels deep, so a reader of our own may be plain.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

# The deepest policy has 7 levels: document, statements, statement, condition, operator, key, values.
_MAX_DEPTH = 16

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": "true", "false": "false", "null": None}


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; both count from 1, a tab is one column."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, number or boolean, as text; None is null."""

    text: str | None
    is_string: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Object:
    """Members in the order of the text; where each name stood is in `names`."""

    members: dict[str, Node]
    names: dict[str, int]
    start: int
    end: int


Node = Scalar | Array | Object


class BadJson(ValueError):
    """The text is no JSON, or has a member twice. `offset` says where."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


def read(text: str) -> Node:
    """The one value that `text` holds. Raises BadJson."""
    reader = _Reader(text)
    offset = reader.skip(0)
    node = reader.value(offset, 0)
    end = reader.skip(node.end)
    if end != len(text):
        raise BadJson("something follows the document", end)
    return node


def position(text: str, offset: int) -> Position:
    """Line and column of an offset."""
    before = text[:offset]
    line_start = before.rfind("\n") + 1
    return Position(before.count("\n") + 1, offset - line_start + 1)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text

    def skip(self, offset: int) -> int:
        found = _SPACE.match(self._text, offset)
        return offset if found is None else found.end()

    def value(self, offset: int, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise BadJson("too deep", offset)
        sign = self._text[offset : offset + 1]
        if sign == "{":
            return self._object(offset, depth)
        if sign == "[":
            return self._array(offset, depth)
        if sign == '"':
            return self._string(offset)
        return self._word(offset)

    def _object(self, start: int, depth: int) -> Object:
        members: dict[str, Node] = {}
        names: dict[str, int] = {}
        offset = self.skip(start + 1)
        if self._is_at("}", offset):
            return Object(members, names, start, offset + 1)
        while True:
            name = self._string(offset)
            assert name.text is not None
            if name.text in members:
                raise BadJson(f"{name.text} stands there twice", offset)
            names[name.text] = offset
            offset = self._expect(":", self.skip(name.end))
            node = members[name.text] = self.value(self.skip(offset), depth + 1)
            offset = self.skip(node.end)
            if self._is_at("}", offset):
                return Object(members, names, start, offset + 1)
            offset = self.skip(self._expect(",", offset))

    def _array(self, start: int, depth: int) -> Array:
        items: list[Node] = []
        offset = self.skip(start + 1)
        if self._is_at("]", offset):
            return Array((), start, offset + 1)
        while True:
            node = self.value(offset, depth + 1)
            items.append(node)
            offset = self.skip(node.end)
            if self._is_at("]", offset):
                return Array(tuple(items), start, offset + 1)
            offset = self.skip(self._expect(",", offset))

    def _string(self, offset: int) -> Scalar:
        found = _STRING.match(self._text, offset)
        if found is None:
            raise BadJson("a string was expected", offset)
        try:
            text = json.loads(found[0])
            text.encode()  # half a surrogate pair is no character
        except ValueError:
            raise BadJson("no good string", offset) from None
        return Scalar(text, is_string=True, start=offset, end=found.end())

    def _word(self, offset: int) -> Scalar:
        for word, text in _WORDS.items():
            if self._text.startswith(word, offset):
                return Scalar(text, is_string=False, start=offset, end=offset + len(word))
        found = _NUMBER.match(self._text, offset)
        if found is None:
            raise BadJson("a value was expected", offset)
        return Scalar(found[0], is_string=False, start=offset, end=found.end())

    def _is_at(self, sign: str, offset: int) -> bool:
        return self._text.startswith(sign, offset)

    def _expect(self, sign: str, offset: int) -> int:
        if not self._is_at(sign, offset):
            raise BadJson(f"{sign} was expected", offset)
        return offset + 1
