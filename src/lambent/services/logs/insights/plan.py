"""A query made ready to run: what is done with each event as it is read, and what with the rows that are left.

The first `stats`, `sort`, `limit` or `dedup` parts the two: what stands before it needs no other row than its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.logs.insights import conversions
from lambent.services.logs.insights.collectors import Grouping, Keeping, in_order
from lambent.services.logs.insights.expressions import (
    Scope,
    compile_condition,
    compile_expression,
)
from lambent.services.logs.insights.parser import parse_query
from lambent.services.logs.insights.rows import getter, steps_of, walked
from lambent.services.logs.insights.tree import (
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
from lambent.services.logs.insights.values import to_moment, to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.services.logs.insights.rows import Row

    # Changes a row; False where it is let through no further.
    Step = Callable[[Any], bool]
    Stage = Callable[[list[Any]], list[Any]]

_DEFAULT = ("@timestamp", "@message")
_PARTING = (Stats, Sort, Limit, Dedup)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    get: Callable[[Any], Any]
    is_moment: bool


class Plan:
    """Raises QueryMalformed, CommandUnserved.

    Args:
        text: the query.
        most: how many rows it may have where it does not say so.
        now_s: when it was started, in seconds since 1970.
        window_ms: from when until when it looks.
    """

    def __init__(
        self, text: str, most: int, now_s: int = 0, window_ms: tuple[int, int] = (0, 0)
    ) -> None:
        self.steps: list[Step] = []
        # What occurs in the message of every event that is let through: the others need not even be decoded.
        self.needle = b""
        self.is_newest_first = True
        self._most = most
        self._now_s = now_s
        self._window_ms = window_ms
        self._known: set[str] = set()
        self._scope = Scope(
            self._field,
            lambda row: row.timestamp_ms,
            now_s,
            window_ms,
            {"@timestamp", "@ingestionTime"},
        )
        self._is_grouped = False
        self._shown: dict[str, Named] = {}
        self._parsed: list[str] = []
        self._displayed: tuple[Named, ...] | None = None
        self._stages: list[Stage] = []
        self._compile(list(parse_query(text)))
        self._columns = self._last_columns()

    def accepts(self, row: Row) -> bool:
        """Do what is done with each event. True: it goes to the collector."""
        return all(step(row) for step in self.steps)

    def results(self) -> list[list[dict[str, str]]]:
        """What the collector has gathered, as GetQueryResults shows it."""
        rows: list[Any] = self.collector.rows()
        for stage in self._stages:
            rows = stage(rows)
        return [self._shown_row(row) for row in rows[: self._most]]

    def _compile(self, commands: list[Command]) -> None:
        first = commands[0]
        if isinstance(first, Fields) and "@message" not in _defined(first):
            self.needle = b"".join(map(_needle, commands[1:2]))
        self.needle = self.needle or _needle(first)
        while commands and not isinstance(commands[0], _PARTING):
            self.steps += self._row_steps(commands.pop(0))
        self.collector = self._collector(commands)
        for command in commands:
            self._stages.append(self._stage(command))

    def _collector(self, commands: list[Command]) -> Grouping | Keeping:
        """Takes the commands that it stands for away."""
        first = commands[0] if commands else None
        second = commands[1] if len(commands) > 1 else None
        if isinstance(first, Stats):
            commands.pop(0)
            return self._grouping(first)
        if isinstance(first, Limit):
            commands.pop(0)
            return Keeping(None, min(first.count, self._most))
        if isinstance(first, Sort):
            self.is_newest_first = False
            commands.pop(0)
            keys = self._keys(first)
            if isinstance(second, Limit):
                commands.pop(0)
                return Keeping(keys, second.count)
            return Keeping(keys, None if commands else self._most)
        return Keeping(None, None if commands else self._most)

    def _grouping(self, command: Stats) -> Grouping:
        """Rows are dictionaries from here on."""
        grouping = Grouping(command, self._scope)
        self._is_grouped = True
        self._known = set(grouping.names)
        self._scope = Scope(
            self._field, lambda _: None, self._now_s, self._window_ms, grouping.moments
        )
        self._shown = {name: Named(Field(name, name), name) for name in grouping.names}
        self._parsed = []
        self._displayed = None
        return grouping

    def _field(self, name: str) -> Callable[[Any], Any]:
        if self._is_grouped:
            return lambda row: row.get(name)
        if name in self._known:
            return lambda row: row.extra.get(name) if row.extra is not None else None
        first, *rest = steps_of(name)
        if rest and first in self._known:
            return _member(first, rest)
        return getter(name)

    def _expression(self, expression: Expression) -> Callable[[Any], Any]:
        """Behind `stats` its columns may be called as they were written there."""
        if self._is_grouped and expression.text in self._known:
            return self._field(expression.text)
        return compile_expression(expression, self._scope)

    def _row_steps(self, command: Command) -> list[Step]:
        if isinstance(command, Filter):
            return [compile_condition(command.condition, self._scope)]
        if isinstance(command, Parse):
            return [self._parse(command)]
        if isinstance(command, Unpack):
            return [self._unpack(command)]
        if isinstance(command, Fields):
            for named in command.columns:
                self._shown[named.name] = named
            return [step for named in command.columns if (step := self._defining(named))]
        assert isinstance(command, Display)
        self._displayed = command.columns
        return [step for named in command.columns if (step := self._defining(named))]

    def _defining(self, named: Named) -> Step | None:
        """Works out a column, unless it is just a field."""
        expression, name = named.expression, named.name
        if isinstance(expression, Field) and expression.name == name:
            return None
        get = self._expression(expression)
        put = self._define(name, is_moment=self._scope.is_moment(expression))

        def step(row: Any) -> bool:
            put(row, get(row))
            return True

        return step

    def _define(self, name: str, *, is_moment: bool) -> Callable[[Any, Any], None]:
        self._known.add(name)
        self._scope.moments.discard(name)
        if is_moment:
            self._scope.moments.add(name)
        if self._is_grouped:
            return lambda row, value: row.__setitem__(name, value)
        return lambda row, value: row.put(name, value)

    def _parse(self, command: Parse) -> Step:
        get = self._expression(command.source)
        search = re.compile(command.pattern).search
        puts = [self._define(name, is_moment=False) for name in command.names]
        self._parsed += command.names
        groups = re.compile(command.pattern).groupindex
        pairs = [
            (put, groups.get(name, number))
            for number, (put, name) in enumerate(zip(puts, command.names, strict=True), 1)
        ]

        def step(row: Any) -> bool:
            value = get(row)
            match = search(value if type(value) is str else to_text(value))
            if match is not None:
                for put, number in pairs:
                    put(row, match[number])
            return True

        return step

    def _unpack(self, command: Unpack) -> Step:
        get, unpacked = self._expression(command.source), _unpacker(command)
        puts = [self._define(name, is_moment=False) for name in command.names]
        self._parsed += command.names

        def step(row: Any) -> bool:
            value = get(row)
            if value is not None:
                for put, part in zip(puts, unpacked(value), strict=False):
                    put(row, part)
            return True

        return step

    def _stage(self, command: Command) -> Stage:
        if isinstance(command, Sort):
            keys = self._keys(command)
            return lambda rows: in_order(rows, keys)
        if isinstance(command, Limit):
            count = command.count
            return lambda rows: rows[:count]
        if isinstance(command, Dedup):
            return _deduplicating([self._expression(each) for each in command.columns])
        if isinstance(command, Stats):
            grouping = self._grouping(command)

            def group(rows: list[Any]) -> list[Any]:
                for row in rows:
                    grouping.add(row)
                return list(grouping.rows())

            return group
        steps = self._row_steps(command)
        return lambda rows: [row for row in rows if all(step(row) for step in steps)]

    def _keys(self, command: Sort) -> tuple[tuple[Callable[[Any], Any], bool], ...]:
        return tuple((self._expression(key), is_descending) for key, is_descending in command.keys)

    def _last_columns(self) -> list[Column]:
        shown = self._displayed
        if shown is None:
            shown = tuple(self._shown.values())
            if not shown:
                names = (*_DEFAULT, *self._parsed)
                shown = tuple(Named(Field(name, name), name) for name in names)
        columns = [
            Column(named.name, self._field(named.name), named.name in self._scope.moments)
            for named in shown
        ]
        if not self._is_grouped:
            columns.append(Column("@ptr", getter("@ptr"), False))
        return columns

    def _shown_row(self, row: Any) -> list[dict[str, str]]:
        return [
            {"field": column.name, "value": _shown(value, is_moment=column.is_moment)}
            for column in self._columns
            if (value := column.get(row)) is not None
        ]


def check(text: str) -> None:
    """Raises QueryMalformed, CommandUnserved."""
    Plan(text, 1)


def _unpacker(command: Unpack) -> Callable[[Any], Sequence[Any]]:
    """From a value to what the names of the command stand for."""
    if command.form == "logfmt":
        return lambda value: [conversions.logfmt(to_text(value))]
    if command.form == "csv":
        return lambda value: conversions.cells(to_text(value))
    steps = steps_of(command.path)
    return lambda value: [
        walked(conversions.parsed(value) if isinstance(value, str) else value, steps)
    ]


def _member(name: str, steps: Sequence[str]) -> Callable[[Any], Any]:
    """What reads a member of a value that the query has made (`jsonParse`)."""

    def get(row: Any) -> Any:
        value = row.extra.get(name) if row.extra is not None else None
        return walked(value, steps)

    return get


def _needle(command: Command) -> bytes:
    """A text that the command demands of every message, in UTF-8."""
    return _demanded(command.condition) if isinstance(command, Filter) else b""


def _defined(command: Fields) -> set[str]:
    """The columns that are not just fields of the same name."""
    return {
        named.name
        for named in command.columns
        if not isinstance(named.expression, Field) or named.expression.name != named.name
    }


def _demanded(condition: Expression) -> bytes:
    if isinstance(condition, Call) and condition.name == "and":
        return max(map(_demanded, condition.arguments), key=len)
    if (
        isinstance(condition, Like)
        and not condition.is_negative
        and isinstance(condition.value, Field)
        and condition.value.name == "@message"
        and condition.is_literal
    ):
        return condition.pattern.encode("utf-8", "replace")
    return b""


def _deduplicating(gets: Sequence[Callable[[Any], Any]]) -> Stage:
    def stage(rows: list[Any]) -> list[Any]:
        seen: set[tuple[str, ...]] = set()
        kept = []
        for row in rows:
            values = [get(row) for get in gets]
            # "Records with null values in the specified fields are not considered duplicates."
            if None not in values:
                key = tuple(map(to_text, values))
                if key in seen:
                    continue
                seen.add(key)
            kept.append(row)
        return kept

    return stage


def _shown(value: Any, *, is_moment: bool) -> str:
    if is_moment and isinstance(value, int | float) and not isinstance(value, bool):
        return to_moment(value)
    return to_text(value)
