"""Metrics that log events carry themselves ("Embedded metric format specification", CloudWatch user guide)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.ports import MetricDatum

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lambent.core.context import Scope
    from lambent.core.ports import MetricSink

# What every such event has in it.
MARK = '"CloudWatchMetrics"'
# "MetricDefinition ... up to 100", "DimensionSet ... up to 30", "an array ... up to 100" values.
_MOST_METRICS, _MOST_DIMENSIONS, _MOST_VALUES = 100, 30, 100
_MOST_TEXT, _MOST_NAME = 1024, 255


def feed(scope: Scope, events: Sequence[tuple[int, str]], sink: MetricSink) -> None:
    """Give what events (milliseconds, text) carry to CloudWatch. What breaks the rules carries nothing, as on AWS."""
    for _, text in events:
        if MARK in text:
            data = list(_read(text))
            if data:
                sink.record(scope, data)


def _read(text: str) -> Iterator[MetricDatum]:
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError:
        return
    head = event.get("_aws") if isinstance(event, dict) else None
    if not isinstance(head, dict) or not isinstance(head.get("Timestamp"), int):
        return
    for directive in _list(head.get("CloudWatchMetrics")):
        if isinstance(directive, dict):
            yield from _directive(event, directive, head["Timestamp"])


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
        unit = metric.get("Unit", "None")
        for value in _values(event.get(name)):
            for dimensions in sets:
                yield MetricDatum(
                    namespace=namespace,
                    name=name,
                    value=value,
                    timestamp_ms=moment_ms,
                    unit=unit if isinstance(unit, str) else "None",
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
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]


def _list(given: object) -> list[Any]:
    return given if isinstance(given, list) else []
