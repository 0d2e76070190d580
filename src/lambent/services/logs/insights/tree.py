"""A query as a tree: commands, and the expressions in them. `text` is how an expression was written."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Period:
    """`5m`: in milliseconds."""

    ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function, or an operator by its sign. `count(*)` has no arguments."""

    name: str
    arguments: tuple[Expression, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Like:
    """`like`, `=~` and, where `is_negative`, `not like`."""

    value: Expression
    pattern: str
    is_regex: bool
    is_negative: bool
    text: str

    @property
    def is_literal(self) -> bool:
        """It asks for a text, and be it as a regular expression."""
        return not self.is_regex or re.escape(self.pattern) == self.pattern


@dataclass(frozen=True, slots=True)
class Among:
    """`in` and, where `is_negative`, `not in`."""

    value: Expression
    choices: tuple[Expression, ...]
    is_negative: bool
    text: str


Expression = Number | Text | Period | Field | Call | Like | Among


@dataclass(frozen=True, slots=True)
class Named:
    """An expression and what it is called: its alias, or how it was written."""

    expression: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Fields:
    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Display:
    columns: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    condition: Expression


@dataclass(frozen=True, slots=True)
class Parse:
    """`names` are those of the groups of `pattern`, a regular expression."""

    source: Expression
    pattern: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unpack:
    """`parse ... logfmt`, `parse ... csv` and `json`: what a value of that form holds, under these names. Of JSON what
    stands at the end of `path`."""

    source: Expression
    form: str
    names: tuple[str, ...]
    path: str = ""


@dataclass(frozen=True, slots=True)
class Stats:
    columns: tuple[Named, ...]
    by: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Sort:
    """Each key with whether it is descending."""

    keys: tuple[tuple[Expression, bool], ...]


@dataclass(frozen=True, slots=True)
class Limit:
    count: int


@dataclass(frozen=True, slots=True)
class Dedup:
    columns: tuple[Expression, ...]


Command = Fields | Display | Filter | Parse | Unpack | Stats | Sort | Limit | Dedup
