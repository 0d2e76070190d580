"""Labels of series, and what they say of the series itself ("Using dynamic labels", user guide): `${MAX}`."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.services.cloudwatch.math.values import Series

_PLACEHOLDER = re.compile(r"\$\{\s*([A-Z_]+)\s*(?:\(\s*'([^']*)'\s*\))?\s*\}")
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")
_VALUES: dict[str, Callable[[Sequence[float]], float]] = {
    "AVG": lambda values: math.fsum(values) / len(values),
    "FIRST": lambda values: values[0],
    "LAST": lambda values: values[-1],
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
    "FIRST_LAST_RANGE": lambda values: abs(values[-1] - values[0]),
    "MIN_MAX_RANGE": lambda values: max(values) - min(values),
}
_MOMENTS: dict[str, Callable[[dict[int, float]], int]] = {
    "FIRST": min,
    "LAST": max,
    "MAX": lambda values: max(values, key=lambda at: values[at]),
    "MIN": lambda values: min(values, key=lambda at: values[at]),
}


def filled(label: str, series: Series, offset: str = "+0000") -> str:
    """The label with its placeholders replaced; those that nobody knows stay as they are.

    Args:
        offset: of the time zone that times are shown in.
    """

    def replaced(match: re.Match[str]) -> str:
        text = _placeholder(match[1], match[2], series, offset)
        return match[0] if text is None else text

    return _PLACEHOLDER.sub(replaced, label)


def _placeholder(word: str, argument: str | None, series: Series, offset: str) -> str | None:
    values = list(series.values.values())
    if word == "LABEL":
        return series.label
    if word == "DATAPOINT_COUNT":
        return str(len(values))
    if word == "PROP" and argument is not None:
        return series.facts.get(argument, "")
    if word in _VALUES:
        return _number(_VALUES[word](values)) if values else "--"
    kind, _, what = word.partition("_")
    if kind in _MOMENTS and what in {"TIME", "TIME_RELATIVE"}:
        return _moment(_MOMENTS[kind](series.values), offset) if values else "--"
    return None


def _number(value: float) -> str:
    return f"{value:.10g}"


def _moment(at: int, offset: str) -> str:
    zone = UTC
    if found := _OFFSET.fullmatch(offset):
        distance = timedelta(hours=int(found[2]), minutes=int(found[3]))
        zone = timezone(-distance if found[1] == "-" else distance)
    return datetime.fromtimestamp(at, zone).strftime("%Y-%m-%dT%H:%M:%S%z")
