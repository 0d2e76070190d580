"""Reads a metric math expression into a tree. Nothing is computed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

# What makes one of several time series.
_FOLDING = frozenset(
    {
        "AVG",
        "DATAPOINT_COUNT",
        "FIRST",
        "LAST",
        "MAX",
        "METRIC_COUNT",
        "MIN",
        "STDDEV",
        "SUM",
        "TIME_SERIES",
    }
)
# Of operators and parentheses: deeper is nobody's formula.
_DEEPEST = 50
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z][A-Za-z0-9_]*)
    |(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/^<>(),\[\]])
    )""",
    re.VERBOSE,
)
# From the loosest to the tightest.
_LEVELS = (("||", "OR"), ("&&", "AND"), ("==", "!=", "<=", ">=", "<", ">"), ("+", "-"), ("*", "/"))


class Malformed(Exception):
    """It cannot be read. The text says why."""


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Text:
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """An id of another query, or a word (`REPEAT`, `DESC`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    function: str  # in capitals
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Array:
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Negative:
    operand: Node


Node: TypeAlias = Number | Text | Name | Call | Array | Binary | Negative


def parse(text: str) -> Node:
    """The tree of an expression.

    Raises:
        Malformed: it is none.
    """
    parser = _Parser(_tokens(text))
    node = parser.level(0)
    parser.end()
    return node


def names(node: Node) -> set[str]:
    """Every id that it may mean, and the words among them."""
    match node:
        case Name(name):
            return {name}
        case Call(_, parts) | Array(parts):
            return set().union(*(names(each) for each in parts))
        case Binary(_, left, right):
            return names(left) | names(right)
        case Negative(operand):
            return names(operand)
    return set()


def called(node: Node) -> set[str]:
    """The names of every function that it calls."""
    match node:
        case Call(name, parts):
            return {name}.union(*(called(each) for each in parts))
        case Array(parts):
            return set().union(*(called(each) for each in parts))
        case Binary(_, left, right):
            return called(left) | called(right)
        case Negative(operand):
            return called(operand)
    return set()


def gives_several(node: Node, of: Callable[[str], bool]) -> bool:
    """Whether it stands for an array of time series. `of` tells it of an id."""
    parts: tuple[Node, ...] = ()
    match node:
        case Array():
            return True
        case Name(name):
            return of(name)
        case Call(name, arguments):
            if name in {"METRICS", "SEARCH"}:
                return True
            parts = () if name in _FOLDING else arguments
        case Binary(_, left, right):
            parts = (left, right)
        case Negative(operand):
            parts = (operand,)
    return any(gives_several(each, of) for each in parts)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Malformed(f"unexpected character '{text[position:].lstrip()[:1]}'")
        kind = match.lastgroup
        assert kind is not None
        found.append((kind, match[kind]))
        position = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise Malformed(f"unexpected '{self._tokens[self._at][1]}'")

    def level(self, number: int) -> Node:
        if number == len(_LEVELS):
            return self._unary()
        left = self.level(number + 1)
        while (operator := self._take(_LEVELS[number])) is not None:
            left = Binary(
                {"OR": "||", "AND": "&&"}.get(operator, operator), left, self.level(number + 1)
            )
        return left

    def _unary(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Malformed("it is nested too deeply")
        try:
            if self._take(("-",)):
                return Negative(self._unary())
            if self._take(("+",)):
                return self._unary()
            base = self._element()
            # The exponent binds to the right, and tighter than a sign before it.
            return Binary("^", base, self._unary()) if self._take(("^",)) else base
        finally:
            self._depth -= 1

    def _element(self) -> Node:
        if self._at == len(self._tokens):
            raise Malformed("it ends too early")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return Number(float(text))
        if kind == "text":
            return Text(re.sub(r"\\(.)", r"\1", text[1:-1]))
        if kind == "name":
            if self._take(("(",)):
                return Call(text.upper(), self._list(")"))
            return Name(text)
        if text == "(":
            node = self.level(0)
            self._expect(")")
            return node
        if text == "[":
            return Array(self._list("]"))
        raise Malformed(f"unexpected '{text}'")

    def _list(self, closing: str) -> tuple[Node, ...]:
        if self._take((closing,)):
            return ()
        items = [self.level(0)]
        while self._take((",",)):
            items.append(self.level(0))
        self._expect(closing)
        return tuple(items)

    def _take(self, wanted: tuple[str, ...]) -> str | None:
        if self._at < len(self._tokens):
            kind, text = self._tokens[self._at]
            if kind in {"sign", "name"} and text in wanted:
                self._at += 1
                return text
        return None

    def _expect(self, sign: str) -> None:
        if not self._take((sign,)):
            raise Malformed(f"'{sign}' is missing")
