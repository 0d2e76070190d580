"""Where rows go that a query has let through: into groups, or into the list of those that are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.logs.insights.aggregates import AGGREGATES
from lambent.services.logs.insights.expressions import Scope, compile_expression
from lambent.services.logs.insights.tree import Call, Expression, Field, Stats
from lambent.services.logs.insights.values import sort_key, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.logs.insights.aggregates import Aggregate
    from lambent.services.logs.insights.rows import Row

    Get = Callable[[Any], Any]
    # What rows are ordered by, each with whether it is descending.
    Keys = tuple[tuple[Get, bool], ...]

_PLAIN = frozenset({int, str, float, type(None)})


@dataclass(frozen=True, slots=True)
class Slot:
    """One aggregate within the columns of `stats`, with what reads its value and its second argument."""

    aggregate: Aggregate
    value: Get
    argument: Get


class Grouping:
    """`stats`: a state for each aggregate of each group."""

    def __init__(self, command: Stats, scope: Scope) -> None:
        self._time = scope.time
        self._by = [
            (named.name, compile_expression(named.expression, scope)) for named in command.by
        ]
        self._slots: list[Slot] = []
        inner = Scope(lambda name: lambda row: row.get(name), lambda _: None)
        self._columns = [
            (
                named.name,
                compile_expression(self._without_aggregates(named.expression, scope), inner),
            )
            for named in command.columns
        ]
        names = [*command.by, *command.columns]
        self.names = tuple(dict.fromkeys(named.name for named in names))
        self.moments = {named.name for named in names if scope.is_moment(named.expression)}
        self._state: dict[Any, list[Any]] = {}
        self.add = self._adder()

    def rows(self) -> list[dict[str, Any]]:
        """A row for each group, with its columns by name."""
        found = []
        for key, states in self._state.items():
            values = key if len(self._by) > 1 else (key,)
            row = {name: value for (name, _), value in zip(self._by, values, strict=False)}
            for number, (slot, state) in enumerate(zip(self._slots, states, strict=True)):
                row[_slot_name(number)] = slot.aggregate.result(state, slot.argument(row))
            for name, get in self._columns:  # one may be made of those before it
                row[name] = get(row)
            found.append(row)
        return found

    def _adder(self) -> Callable[[Any], None]:
        """What adds a row; it is called for every event that was let through."""
        groups, key_of, slots, time = self._state, self._key(), self._slots, self._time

        def new(key: Any) -> list[Any]:
            states = groups[key] = [slot.aggregate.start() for slot in slots]
            return states

        if len(slots) == 1 and slots[0].aggregate is AGGREGATES["count"] and slots[0].value is _one:

            def count(row: Any) -> None:
                key = key_of(row)
                (groups.get(key) or new(key))[0] += 1

            return count

        steps = [
            (number, slot.aggregate.step, slot.value, slot.argument)
            for number, slot in enumerate(slots)
        ]

        def add(row: Any) -> None:
            key = key_of(row)
            states = groups.get(key) or new(key)
            moment = time(row)
            for number, step, value_of, argument_of in steps:
                value = value_of(row)
                if value is not None:
                    states[number] = step(states[number], value, argument_of(row), moment)

        return add

    def _key(self) -> Get:
        gets = [get for _, get in self._by]
        if not gets:
            return lambda _: None
        if len(gets) == 1:
            (get,) = gets

            def one(row: Any) -> Any:
                value = get(row)
                return value if type(value) in _PLAIN else to_text(value)

            return one

        def several(row: Any) -> Any:
            return tuple(
                value if type(value) in _PLAIN else to_text(value)
                for value in [get(row) for get in gets]
            )

        return several

    def _without_aggregates(self, expression: Expression, scope: Scope) -> Expression:
        """The expression with a field in the place of each aggregate, which gets a slot."""
        if not isinstance(expression, Call):
            return expression
        aggregate = AGGREGATES.get(expression.name)
        if aggregate is None:
            inner = tuple(self._without_aggregates(each, scope) for each in expression.arguments)
            return Call(expression.name, inner, expression.text)
        gets = [compile_expression(each, scope) for each in expression.arguments]
        value = gets[0] if gets else _one
        self._slots.append(Slot(aggregate, value, gets[1] if len(gets) > 1 else _one))
        name = _slot_name(len(self._slots) - 1)
        return Field(name, name)


class Keeping:
    """The first rows in some order; all of them where `most` is None."""

    def __init__(self, keys: Keys | None, most: int | None) -> None:
        self._state: list[Row] = []
        self._keys = keys
        self._most = most
        self._oldest_ms = -1 << 62  # by the usual order nothing older comes in any more
        self._slack = 2 * most + 1000 if most is not None else 1 << 62

    def add(self, row: Row) -> None:
        if row.timestamp_ms < self._oldest_ms:
            return
        self._state.append(row.copy())
        if len(self._state) > self._slack:
            self._shorten()

    def rows(self) -> list[Row]:
        """In order."""
        self._shorten()
        return self._state

    def _shorten(self) -> None:
        if self._keys is None:
            # Without a sort command the newest come first.
            self._state.sort(key=lambda row: (row.timestamp_ms, row.position), reverse=True)
        else:
            self._state = in_order(self._state, self._keys)
        if self._most is None:
            return
        del self._state[self._most :]
        if self._keys is None and len(self._state) == self._most:
            self._oldest_ms = self._state[-1].timestamp_ms


def in_order(rows: list[Any], keys: Keys) -> list[Any]:
    """Sorted by the keys, the first of which counts most."""
    ordered = list(rows)
    for get, is_descending in reversed(keys):
        ordered.sort(key=lambda row: sort_key(get(row)), reverse=is_descending)
    return ordered


def _one(_: Any) -> Any:
    return 1


def _slot_name(number: int) -> str:
    return f"\0{number}"
