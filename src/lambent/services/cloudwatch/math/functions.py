"""The functions of metric math, by name. Arguments come computed; IF, METRICS and SEARCH are in evaluation.py."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from lambent.services.cloudwatch.math.syntax import Malformed
from lambent.services.cloudwatch.math.values import Series

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.services.cloudwatch.math.values import Value


def _deviation(values: Sequence[float]) -> float:
    return statistics.pstdev(values)


_FOLDS: dict[str, Callable[[Sequence[float]], float]] = {
    "SUM": math.fsum,
    "MIN": min,
    "MAX": max,
    "STDDEV": _deviation,
    "DATAPOINT_COUNT": lambda values: float(len(values)),
}


# What SORT goes by. Averages over the same times are in the order of the sums.
_MEASURES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": math.fsum,
    "SUM": math.fsum,
    "MIN": min,
    "MAX": max,
}


def _log(value: float) -> float | None:
    return math.log(value) if value > 0 else None


def _log10(value: float) -> float | None:
    return math.log10(value) if value > 0 else None


_EACH: dict[str, Callable[[float], float | None]] = {
    "ABS": abs,
    "CEIL": lambda value: float(math.ceil(value)),
    "FLOOR": lambda value: float(math.floor(value)),
    "LOG": _log,
    "LOG10": _log10,
}
_CALENDAR: dict[str, Callable[[datetime], int]] = {
    "MINUTE": lambda moment: moment.minute,
    "HOUR": lambda moment: moment.hour,
    "DAY": lambda moment: moment.isoweekday(),
    "DATE": lambda moment: moment.day,
    "MONTH": lambda moment: moment.month,
    "YEAR": lambda moment: moment.year,
    "EPOCH": lambda moment: int(moment.timestamp()),
}


def _diff(series: Series) -> dict[int, float]:
    items = list(series.values.items())
    return {at: value - before for (_, before), (at, value) in pairwise(items)}


def _diff_time(series: Series) -> dict[int, float]:
    times = list(series.values)
    return {at: float(at - before) for before, at in pairwise(times)}


def _rate(series: Series) -> dict[int, float]:
    items = list(series.values.items())
    return {at: (value - before) / (at - then) for (then, before), (at, value) in pairwise(items)}


def _running_sum(series: Series) -> dict[int, float]:
    found, total = {}, 0.0
    for at, value in series.values.items():
        total += value
        found[at] = total
    return found


_SERIES: dict[str, Callable[[Series], dict[int, float]]] = {
    "DIFF": _diff,
    "DIFF_TIME": _diff_time,
    "RATE": _rate,
    "RUNNING_SUM": _running_sum,
}


def call(name: str, arguments: list[Value], times: Sequence[int]) -> Value:
    """The result of a function. `times`: every piece that was asked for.

    Raises:
        Malformed: there is no such function, or it does not take these arguments.
    """
    if name == "AVG":
        return _average(_only(name, arguments), times)
    if name in _FOLDS:
        return _fold(name, _only(name, arguments))
    if name in _EACH:
        return _each(name, _only(name, arguments))
    if name in _SERIES:
        change = _SERIES[name]
        return _on_series(name, _only(name, arguments), lambda each: each.with_values(change(each)))
    if name in _CALENDAR:
        series = _series(name, _only(name, arguments))
        read = _CALENDAR[name]
        # "A new non-sparse time series where each value is based on its timestamp."
        return series.with_values(
            {at: float(read(datetime.fromtimestamp(at, UTC))) for at in times}
        )
    special = _SPECIAL.get(name)
    if special is None:
        raise Malformed(f"there is no function {name}")
    return special(arguments, times)


def _only(name: str, arguments: list[Value]) -> Value:
    if len(arguments) != 1:
        raise Malformed(f"{name} takes one argument")
    return arguments[0]


def _series(name: str, value: Value) -> Series:
    if not isinstance(value, Series):
        raise Malformed(f"{name} takes a time series")
    return value


def _list(name: str, value: Value) -> list[Series]:
    if not isinstance(value, list):
        raise Malformed(f"{name} takes an array of time series")
    return value


def _number(name: str, value: Value) -> float:
    if not isinstance(value, float):
        raise Malformed(f"{name} takes a number there")
    return value


def _on_series(name: str, value: Value, change: Callable[[Series], Series]) -> Value:
    if isinstance(value, list):
        return [change(each) for each in value]
    return change(_series(name, value))


def _average(value: Value, times: Sequence[int]) -> Value:
    """ "Missing values are treated as 0": of one series over all times, of several over all of them."""
    if isinstance(value, Series):
        return math.fsum(value.values.values()) / len(times) if times else 0.0
    several = _list("AVG", value)
    found = _fold("SUM", value)
    assert isinstance(found, Series), "it is of several"
    return replace(found.mapped(lambda total: total / len(several)), label="AVG")


def _fold(name: str, value: Value) -> Value:
    """Of one series a number; of several a series, of the values that there are at each time."""
    fold = _FOLDS[name]
    if isinstance(value, Series):
        return fold(list(value.values.values())) if value.values else 0.0
    found: dict[int, list[float]] = {}
    several = _list(name, value)
    for series in several:
        for at, each in series.values.items():
            found.setdefault(at, []).append(each)
    values = {at: fold(found[at]) for at in sorted(found)}
    period = several[0].period if several else 60
    return Series({}, name, period).with_values(values)


def _each(name: str, value: Value) -> Value:
    change = _EACH[name]
    if isinstance(value, float):
        found = change(value)
        if found is None:
            raise Malformed(f"{name} of {value} has no value")
        return float(found)
    return _on_series(name, value, lambda series: series.mapped(change))


def _fill(arguments: list[Value], times: Sequence[int]) -> Value:
    if len(arguments) != 2:
        raise Malformed("FILL takes two arguments")
    by = arguments[1]
    return _on_series(
        "FILL", arguments[0], lambda series: series.with_values(_filled(series, by, times))
    )


def _filled(series: Series, by: Value, times: Sequence[int]) -> dict[int, float]:
    if isinstance(by, float):
        return {at: series.values.get(at, by) for at in times}
    if isinstance(by, Series):
        whole = {**by.values, **series.values}
        return {at: whole[at] for at in times if at in whole}
    if by == "REPEAT":
        found: dict[int, float] = {}
        last: float | None = None
        for at in times:
            last = series.values.get(at, last)
            if last is not None:
                found[at] = last
        return found
    if by == "LINEAR":
        return _interpolated(series, times)
    raise Malformed("FILL takes a number, a time series, REPEAT or LINEAR")


def _interpolated(series: Series, times: Sequence[int]) -> dict[int, float]:
    known = list(series.values.items())
    found = dict(known)
    for (first, low), (last, high) in pairwise(known):
        for at in times:
            if first < at < last:
                found[at] = low + (high - low) * (at - first) / (last - first)
    return dict(sorted(found.items()))


def _time_series(arguments: list[Value], times: Sequence[int]) -> Value:
    number = _number("TIME_SERIES", _only("TIME_SERIES", arguments))
    period = times[1] - times[0] if len(times) > 1 else 60
    return Series(dict.fromkeys(times, number), "TIME_SERIES", period)


def _metric_count(arguments: list[Value], times: Sequence[int]) -> Value:
    del times
    value = _only("METRIC_COUNT", arguments)
    return float(len(value)) if isinstance(value, list) else 1.0


def _period(arguments: list[Value], times: Sequence[int]) -> Value:
    del times
    return float(_series("PERIOD", _only("PERIOD", arguments)).period)


def _first(arguments: list[Value], times: Sequence[int]) -> Value:
    del times
    several = _list("FIRST", _only("FIRST", arguments))
    return several[0] if several else []


def _last(arguments: list[Value], times: Sequence[int]) -> Value:
    del times
    several = _list("LAST", _only("LAST", arguments))
    return several[-1] if several else []


def _remove_empty(arguments: list[Value], times: Sequence[int]) -> Value:
    del times
    return [each for each in _list("REMOVE_EMPTY", _only("REMOVE_EMPTY", arguments)) if each.values]


def _slice(arguments: list[Value], times: Sequence[int]) -> Value:
    del times
    if len(arguments) not in {2, 3}:
        raise Malformed("SLICE takes two or three arguments")
    several = _list("SLICE", arguments[0])
    bounds = [int(_number("SLICE", each)) for each in arguments[1:]]
    # With one number all from there: "returns all time series starting with that value" (user guide).
    return several[bounds[0] : bounds[1] if len(bounds) == 2 else None]


def _sort(arguments: list[Value], times: Sequence[int]) -> Value:
    del times
    if len(arguments) not in {3, 4}:
        raise Malformed("SORT takes three or four arguments")
    several, by, order = arguments[:3]
    if not isinstance(by, str) or by not in _MEASURES or order not in {"ASC", "DESC"}:
        raise Malformed("SORT takes AVG, MIN, MAX or SUM, then ASC or DESC")
    fold = _MEASURES[by]
    filled = [each for each in _list("SORT", several) if each.values]
    filled.sort(key=lambda each: fold(list(each.values.values())), reverse=order == "DESC")
    count = int(_number("SORT", arguments[3])) if len(arguments) == 4 else len(filled)
    return filled[:count]


_SPECIAL: dict[str, Callable[[list[Value], Sequence[int]], Value]] = {
    "FILL": _fill,
    "FIRST": _first,
    "LAST": _last,
    "METRIC_COUNT": _metric_count,
    "PERIOD": _period,
    "REMOVE_EMPTY": _remove_empty,
    "SLICE": _slice,
    "SORT": _sort,
    "TIME_SERIES": _time_series,
}
NAMES = frozenset(
    {"AVG", *_FOLDS, *_EACH, *_SERIES, *_CALENDAR, *_SPECIAL, "IF", "METRICS", "SEARCH"}
)
# Words that stand where an id could.
WORDS = frozenset({"REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM", "STDDEV"})
