"""What `stats` counts and measures."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.logs.insights.values import sort_key, to_number, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    # What a step is given: the state so far, the value, the second argument, the event's time.
    Step = Callable[[Any, Any, Any, int], Any]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`step` gives the state after one more value, which is not None.

    Args:
        least: how many arguments it takes at least, and `most`.
        start: makes the state before any value.
        result: what is shown of a state.
    """

    least: int
    most: int
    start: Callable[[], Any]
    step: Step
    result: Callable[[Any, Any], Any]


def _none() -> Any:
    return None


def _same(state: Any, _: Any) -> Any:
    return state


def _count() -> Aggregate:
    return Aggregate(0, 1, int, lambda state, _v, _a, _t: state + 1, _same)


def _sum_step(state: Any, value: Any, _argument: Any, _time: int) -> Any:
    number = to_number(value)
    if number is None:
        return state
    return number if state is None else state + number


def _either(pick: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`pick` of two states, either of which may be None."""

    def join(a: Any, b: Any) -> Any:
        if a is None or b is None:
            return b if a is None else a
        return pick(a, b)

    return join


def _moments_step(state: Any, value: Any, _argument: Any, _time: int) -> Any:
    """(count, sum, sum of squares)"""
    number = to_number(value)
    if number is None:
        return state
    count, total, squares = state
    return count + 1, total + number, squares + number * number


def _mean(state: Any, _: Any) -> Any:
    count, total, _squares = state
    return total / count if count else None


def _deviation(state: Any, _: Any) -> Any:
    count, total, squares = state
    if not count:
        return None
    mean = total / count
    return math.sqrt(max(squares / count - mean * mean, 0.0))


def _list_step(state: Any, value: Any, _argument: Any, _time: int) -> Any:
    number = to_number(value)
    if number is not None:
        state.append(number)
    return state


def _percentile(state: Any, percent: Any) -> Any:
    """Between the two values that lie next to it."""
    wanted = to_number(percent)
    if not state or wanted is None:
        return None
    ordered = sorted(state)
    rank = (len(ordered) - 1) * min(max(wanted, 0.0), 100.0) / 100
    low, part = int(rank), rank - int(rank)
    if low + 1 == len(ordered):
        return ordered[low]
    return ordered[low] + (ordered[low + 1] - ordered[low]) * part


def _set_step(state: Any, value: Any, _argument: Any, _time: int) -> Any:
    state.add(to_text(value))
    return state


def _extreme(is_better: Callable[[Any, Any], bool]) -> Aggregate:
    def pick(a: Any, b: Any) -> Any:
        return b if is_better(sort_key(b), sort_key(a)) else a

    join = _either(pick)
    return Aggregate(1, 1, _none, lambda state, value, _a, _t: join(state, value), _same)


def _numeric_extreme(pick: Callable[[Any, Any], Any]) -> Aggregate:
    join = _either(pick)

    def step(state: Any, value: Any, _argument: Any, _time: int) -> Any:
        return join(state, to_number(value))

    return Aggregate(1, 1, _none, step, _same)


def _by_time(pick: Callable[[Any, Any], Any]) -> Aggregate:
    """The value of the event that is the first, or the last."""
    join = _either(pick)

    def step(state: Any, value: Any, _argument: Any, time: int) -> Any:
        return join(state, (time, value))

    return Aggregate(1, 1, _none, step, lambda state, _: None if state is None else state[1])


_MEAN = Aggregate(1, 1, lambda: (0, 0, 0), _moments_step, _mean)

AGGREGATES: dict[str, Aggregate] = {
    "avg": _MEAN,
    "count": _count(),
    "count_distinct": Aggregate(1, 1, set, _set_step, lambda state, _: len(state)),
    "max": _numeric_extreme(max),
    "min": _numeric_extreme(min),
    "median": Aggregate(1, 1, list, _list_step, lambda state, _: _percentile(state, 50)),
    "pct": Aggregate(2, 2, list, _list_step, _percentile),
    "percentile": Aggregate(2, 2, list, _list_step, _percentile),
    "stddev": Aggregate(1, 1, lambda: (0, 0, 0), _moments_step, _deviation),
    "sum": Aggregate(1, 1, _none, _sum_step, _same),
    # Of a bin of time, which `by bin(...)` makes of them anyway; the reference and people spell them differently.
    **dict.fromkeys(("countovertime", "count_over_time"), _count()),
    **dict.fromkeys(("sumovertime", "sum_over_time"), Aggregate(1, 1, _none, _sum_step, _same)),
    "earliest": _by_time(lambda a, b: b if b[0] < a[0] else a),
    "latest": _by_time(lambda a, b: b if b[0] >= a[0] else a),
    "sortsfirst": _extreme(lambda a, b: a < b),
    "sortslast": _extreme(lambda a, b: a > b),
}
NAMES = frozenset(AGGREGATES)
