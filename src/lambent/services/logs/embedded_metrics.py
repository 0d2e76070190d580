"""Metrics that log events carry themselves ("Embedded metric format specification", CloudWatch user guide)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.ports import MetricDatum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lambent.core.context import Scope
    from lambent.core.ports import MetricSink

# What every such event has in it.
MARK = '"CloudWatchMetrics"'
# What console.log of Lambda's Node runtime puts before a text, and CloudWatch passes over
# (powertools-lambda-typescript, issue 1766 and pull request 1786: "is going to continue to be parsed as usual").
_NODE_HEAD = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z\t[^\t\n]*\t[A-Z]+\t\s*(?=\{)")
# "MetricDefinition ... up to 100", "DimensionSet ... up to 30", "an array ... up to 100" values.
_MOST_METRICS, _MOST_DIMENSIONS, _MOST_VALUES = 100, 30, 100
_MOST_TEXT, _MOST_NAME = 1024, 255
# What PutMetricData takes: "up to two weeks before the current date, and as much as 2 hours after", "-2^360 to 2^360".
_PAST_MS, _FUTURE_MS = 14 * 86_400_000, 2 * 3_600_000
_LARGEST = 2.0**360
_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
_BITS = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
_UNITS = frozenset(
    {"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"}
    | {*_SIZES, *_BITS}
    | {f"{size}/Second" for size in (*_SIZES, *_BITS)}
)


def feed(
    scope: Scope, events: Sequence[tuple[int, str]], sink: MetricSink, now_ms: Callable[[], int]
) -> None:
    """Give what events (milliseconds, text) carry to CloudWatch. What breaks the rules carries nothing, as on AWS.

    `now_ms` is the calendar; it is asked where there is something to give.
    """
    for _, text in events:
        if MARK in text:
            data = list(_read(text, now_ms()))
            if data:
                sink.record(scope, data)


def _read(text: str, now_ms: int) -> Iterator[MetricDatum]:
    head_of_node = _NODE_HEAD.match(text)
    try:
        event = orjson.loads(text[head_of_node.end() :] if head_of_node else text)
    except orjson.JSONDecodeError:
        return
    head = event.get("_aws") if isinstance(event, dict) else None
    if not isinstance(head, dict):
        return
    moment_ms = head.get("Timestamp")
    if type(moment_ms) is not int or not now_ms - _PAST_MS <= moment_ms <= now_ms + _FUTURE_MS:
        return
    for directive in _list(head.get("CloudWatchMetrics")):
        if isinstance(directive, dict):
            yield from _directive(event, directive, moment_ms)


def _directive(
    event: dict[str, Any], directive: dict[str, Any], moment_ms: int
) -> Iterator[MetricDatum]:
    namespace = directive.get("Namespace")
    if not isinstance(namespace, str) or not 0 < len(namespace) <= _MOST_NAME:
        return
    sets = [
        found
        for names in _list(directive.get("Dimensions", [[]]))
        if (found := _dimensions(event, names)) is not None
    ]
    for metric in _list(directive.get("Metrics"))[:_MOST_METRICS]:
        name = metric.get("Name") if isinstance(metric, dict) else None
        if not isinstance(name, str) or not 0 < len(name) <= _MOST_NAME:
            continue
        unit = metric.get("Unit")
        for value in _values(event.get(name)):
            for dimensions in sets:
                yield MetricDatum(
                    namespace=namespace,
                    name=name,
                    value=value,
                    timestamp_ms=moment_ms,
                    unit=unit if isinstance(unit, str) and unit in _UNITS else "None",
                    dimensions=dimensions,
                )


def _dimensions(event: dict[str, Any], names: object) -> dict[str, str] | None:
    """None where one of them is not there, or is no text."""
    found = {}
    wanted = _list(names)
    if len(wanted) > _MOST_DIMENSIONS:
        return None
    for name in wanted:
        value = event.get(name) if isinstance(name, str) else None
        if not isinstance(value, str) or not 0 < len(value) <= _MOST_TEXT:
            return None
        found[name] = value
    return found


def _values(given: object) -> list[float]:
    values = given[:_MOST_VALUES] if isinstance(given, list) else [given]
    return [
        float(value)
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST
    ]


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []
