"""Reads a query: commands between `|` ("CloudWatch Logs Insights query syntax", CloudWatch Logs user guide)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lambent.services.logs.insights.aggregates import NAMES as AGGREGATES
from lambent.services.logs.insights.expression_parser import ExpressionParser, read_regex
from lambent.services.logs.insights.malformed import CommandUnserved, QueryMalformed
from lambent.services.logs.insights.scanner import Scanner
from lambent.services.logs.insights.tree import (
    Among,
    Call,
    Command,
    Dedup,
    Display,
    Expression,
    Field,
    Fields,
    Filter,
    Like,
    Limit,
    Named,
    Parse,
    Sort,
    Stats,
    Unpack,
)

if TYPE_CHECKING:
    from collections.abc import Callable

# "Up to 10,000 log events" and "limit ... maximum 10,000" (limit command).
MOST_ROWS = 10_000
_UNSERVED = (
    *("pattern", "diff", "anomaly", "unmask", "unnest", "source", "filterindex", "lookup", "join"),
    *("addtotals", "eval", "search", "expand", "relevantfields"),
)
_AFTER_DEDUP = ("limit", "head")
_SPACES = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|\s+""", re.DOTALL)
_WORDS = frozenset({"as", "by", "and", "or", "not", "in", "like", "asc", "desc"})


def parse_query(text: str) -> tuple[Command, ...]:
    """The commands of a query, at least one. Raises QueryMalformed, CommandUnserved."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self._scanner = Scanner(text)
        self._expressions = ExpressionParser(self._scanner)
        # Names that the query has given so far. What stats has let go cannot be given anew either.
        self._given: set[str] = set()
        # Fields that `fields` has shown as they are, and those of them that an alias hides.
        self._shown: set[str] = set()
        self._hidden: set[str] = set()
        # The names that the last stats has left.
        self._left: set[str] | None = None
        self._commands: dict[tuple[str, ...], Callable[[], Command]] = {
            ("fields",): self._fields,
            ("display",): lambda: Display(self._columns()),
            ("filter", "where"): lambda: Filter(self._expressions.expression()),
            ("parse",): self._parse,
            ("json",): self._json,
            ("stats",): self._stats,
            ("sort", "order"): self._sort,
            ("limit", "head"): self._limit,
            ("dedup",): self._dedup,
        }

    def query(self) -> tuple[Command, ...]:
        scanner = self._scanner
        found: list[Command] = []
        while True:
            found.append(self._command())
            if scanner.is_at_end:
                return tuple(found)
            scanner.expect("|")
            # "The only query command that you can use in a query after the dedup command is the limit command."
            if isinstance(found[-1], Dedup) and not self._is_next(*_AFTER_DEDUP):
                raise scanner.unexpected()

    def _is_next(self, *words: str) -> bool:
        start = self._scanner.position
        found = self._scanner.word(*words)
        self._scanner.position = start
        return found

    def _command(self) -> Command:
        start = self._scanner.position
        for names, read in self._commands.items():
            if self._scanner.word(*names):
                command = read()
                self._refuse_aggregates(command, start)
                return command
        for name in _UNSERVED:
            if self._scanner.word(name):
                raise CommandUnserved(name)
        raise self._scanner.unexpected()

    def _refuse_aggregates(self, command: Command, start: int) -> None:
        """AWS quotes the command without its spaces."""
        expressions: list[Expression] = []
        if isinstance(command, Fields | Display):
            expressions = [named.expression for named in command.columns]
        elif isinstance(command, Filter):
            expressions = [command.condition]
        if any(has_aggregate(each, AGGREGATES) for each in expressions):
            text = self._scanner.since(start)
            last = start + len(text) - 1
            packed = _SPACES.sub(lambda match: match[1] or "", text)
            raise QueryMalformed(
                f"No aggregation function expression allowed: {packed} ([{start},{last}])",
                start,
                last,
            )

    def _give(self, name: str, start: int) -> None:
        """Raises QueryMalformed for a name that the query has given to something already."""
        if name in self._given:
            last = start + len(self._scanner.since(start)) - 1
            raise QueryMalformed(
                f"Ephemeral field is already defined: {name} ([{start},{last}])", start, last
            )
        self._given.add(name)

    def _fields(self) -> Command:
        """What it names it defines, so no name that was given may be among them: `display` shows those."""
        columns = self._columns(is_defining=True)
        for column in columns:
            if isinstance(column.expression, Field) and column.expression.name == column.name:
                self._shown.add(column.name)
            elif column.name in self._shown:
                self._hidden.add(column.name)
        if self._left is not None:
            self._left |= {column.name for column in columns}
        return Fields(columns)

    def _columns(self, *, is_defining: bool = False) -> tuple[Named, ...]:
        """Expressions with aliases. Between fields the comma may be missing."""
        found = [self._named(is_defining=is_defining)]
        while True:
            if self._scanner.take(","):
                found.append(self._named(is_defining=is_defining))
            else:
                return tuple(found)

    def _named(self, *, is_defining: bool) -> Named:
        start = self._scanner.position
        expression = self._expressions.expression()
        if self._scanner.word("as"):
            name = self._name()
            self._give(name, start)
            return Named(expression, name)
        name = expression.name if isinstance(expression, Field) else expression.text
        if is_defining and name in self._given:
            self._give(name, start)
        return Named(expression, name)

    def _name(self) -> str:
        start = self._scanner.position
        name = self._scanner.name()
        if name is None or name.lower() in _WORDS:
            self._scanner.position = start
            raise self._scanner.unexpected()
        return name

    def _names(self) -> tuple[str, ...]:
        found = [self._name()]
        while self._scanner.take(","):
            found.append(self._name())
        return tuple(found)

    def _parse(self) -> Command:
        scanner, start = self._scanner, self._scanner.position
        source: Expression = Field("@message", "@message")
        pattern, is_glob = self._pattern()
        if pattern is None:
            source = self._expressions._primary()  # noqa: SLF001 - a field, or a function of one
            pattern, is_glob = self._pattern()
        if pattern is None:
            return self._unpack(source)
        compiled = re.compile(pattern)
        names = tuple(compiled.groupindex)
        if scanner.word("as"):
            names = self._names()
            if len(names) != compiled.groups:
                kind = "wildcards" if is_glob else "groups"
                raise QueryMalformed(
                    f"{compiled.groups} {kind} and {len(names)} names in parse",
                    start,
                    scanner.position,
                )
        elif is_glob or not names:
            raise scanner.unexpected()
        if scanner.word("multi"):
            raise CommandUnserved("parse ... multi")
        self._define(names)
        return Parse(source, pattern, names)

    def _unpack(self, source: Expression) -> Command:
        scanner = self._scanner
        for form in ("logfmt", "csv"):
            if scanner.word(form):
                names = self._aliases()
                return Unpack(source, form, names if form == "csv" else names[:1])
        if scanner.word("xml"):
            raise CommandUnserved("parse ... xml")
        raise scanner.unexpected()

    def _json(self) -> Command:
        """`json field=payload "user.name" as username`."""
        scanner = self._scanner
        if not scanner.word("field"):
            raise scanner.unexpected()
        scanner.expect("=")
        name = self._name()
        path = scanner.quoted()
        if path is None:
            raise scanner.unexpected()
        return Unpack(Field(name, name), "json", self._aliases()[:1], path)

    def _aliases(self) -> tuple[str, ...]:
        if not self._scanner.word("as"):
            raise self._scanner.unexpected()
        names = self._names()
        self._define(names)
        return names

    def _define(self, names: tuple[str, ...]) -> None:
        self._given.update(names)
        if self._left is not None:
            self._left |= set(names)

    def _pattern(self) -> tuple[str | None, bool]:
        """A regular expression, and whether it was written as a text with `*`."""
        if (regex := read_regex(self._scanner)) is not None:
            return regex, False
        text = self._scanner.quoted()
        if text is None:
            return None, False
        pieces = [re.escape(piece) for piece in text.split("*")]
        # The last star takes what is left, if nothing stands behind it.
        ending = "(.*)" if not pieces[-1] and len(pieces) > 1 else ""
        body = "(.*?)".join(pieces[:-1] if ending else pieces)
        return f"(?s){body}{ending}", True

    def _stats(self) -> Command:
        columns = self._columns()
        by: tuple[Named, ...] = ()
        if self._scanner.word("by"):
            by = self._columns()
        self._refuse_unknown((*columns, *by))
        self._left = {column.name for column in (*columns, *by)}
        return Stats(columns, by)

    def _refuse_unknown(self, columns: tuple[Named, ...]) -> None:
        """A stats behind another sees what that has left; none sees a field that an alias of its name hides."""
        read: set[str] = set()
        for column in columns:
            if self._left is None or column.expression.text not in self._left:
                read |= _fields_of(column.expression)
        unknown = read & self._hidden
        if self._left is not None:
            known = self._left
            unknown |= {
                name for name in read if name not in known and name.split(".")[0] not in known
            }
        if unknown:
            names = ", ".join(sorted(unknown))
            raise QueryMalformed(
                f"Unknown symbols found in or after stats: {names}", 0, self._scanner.position
            )

    def _sort(self) -> Command:
        """By fields alone: AWS refuses `sort bin(5m)`."""
        self._scanner.word("by")
        keys: list[tuple[Expression, bool]] = []
        while True:
            name = self._name()
            key = Field(name, name)
            is_descending = self._scanner.word("desc")
            if not is_descending:
                self._scanner.word("asc")
            keys.append((key, is_descending))
            if not self._scanner.take(","):
                return Sort(tuple(keys))

    def _limit(self) -> Command:
        """`limit any` ends as soon as so many are found; which, is not said."""
        self._scanner.word("any")
        start = self._scanner.position
        number = self._scanner.number()
        if number is None or not number.isdecimal() or not 0 < int(number) <= 100_000:
            self._scanner.position = start
            raise self._scanner.unexpected()
        return Limit(min(int(number), MOST_ROWS))

    def _dedup(self) -> Command:
        return Dedup(tuple(named.expression for named in self._columns()))


def has_aggregate(expression: Expression, names: frozenset[str]) -> bool:
    """Does a function of `names` occur in it?"""
    return isinstance(expression, Call) and (
        expression.name in names or any(has_aggregate(each, names) for each in expression.arguments)
    )


def _fields_of(expression: Expression) -> set[str]:
    """The fields that it reads; `bin` reads the time."""
    match expression:
        case Field(name):
            return {name}
        case Call(name, parts):
            return set().union({"@timestamp"} if name == "bin" else (), *map(_fields_of, parts))
        case Like(value):
            return _fields_of(value)
        case Among(value, choices):
            return _fields_of(value).union(*map(_fields_of, choices))
    return set()
