"""From new events to what the filters of their log group make of them: metric values, and payloads to deliver.

Pure functions of files and documents: they run in a thread, or in a compute process where a pattern has a regular
expression.
"""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.ports import MetricDatum
from lambent.services.logs.errors import InvalidParameter
from lambent.services.logs.patterns.delimited import Delimited
from lambent.services.logs.patterns.invalid import PatternInvalid
from lambent.services.logs.patterns.json_patterns import parsed, selector_of, text_of
from lambent.services.logs.patterns.language import compile_pattern
from lambent.services.logs.patterns.values import number
from lambent.services.logs.positions import event_id
from lambent.storage.log_reader import read
from lambent.storage.log_records import EventRecord, scan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.patterns.language import Pattern
    from lambent.storage.log_group import Stretch
    from lambent.storage.log_reader import Key

# Of a payload's messages: gzip and base64 may make them a third longer, and an event of Lambda is a megabyte at most.
_PAYLOAD_BYTES = 600_000
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of one log group, as their documents."""

    group: GroupKey
    metrics: tuple[dict[str, Any], ...] = ()
    subscriptions: tuple[dict[str, Any], ...] = ()

    @property
    def has_regex(self) -> bool:
        return any(
            compile_pattern(each["filterPattern"]).has_regex
            for each in (*self.metrics, *self.subscriptions)
        )

    def __bool__(self) -> bool:
        return bool(self.metrics or self.subscriptions)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A payload for the destination of a subscription filter."""

    filter_name: str
    destination_arn: str
    payload: bytes
    events: int


@dataclass(slots=True)
class Fed:
    """What a stretch of a segment came to. `end` is the offset behind the last event that was read."""

    end: int
    data: list[MetricDatum] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)


def feed(stretch: Stretch, filters: Filters) -> Fed:
    """What the filters make of the events in a stretch, which may be cut anywhere behind its beginning."""
    events: list[tuple[Key, str, str]] = []
    fed = Fed(stretch.start)
    segment = int(stretch.segment.stem)
    for offset, end, record in scan(read(stretch), stretch.start):
        fed.end = end
        if isinstance(record, EventRecord) and record.stream in stretch.streams:
            key = (record.timestamp_ms, segment, offset)
            events.append((key, stretch.streams[record.stream], record.text))
    for document in filters.metrics:
        fed.data += _measured(document, events)
    for document in filters.subscriptions:
        fed.deliveries += _subscribed(filters.group, document, events)
    return fed


def checked_value(text: str, pattern: str) -> None:
    """A metric's or dimension's value: a number, or a field that the pattern can name. Raises InvalidParameter."""
    if number(text) is not None and not text.startswith("$"):
        return
    is_json = pattern.strip().startswith("{")
    is_delimited = pattern.strip().startswith("[")
    try:
        if is_json:
            selector_of(text)
            return
    except PatternInvalid:
        pass
    if is_delimited and text.startswith("$") and len(text) > 1:
        return
    raise InvalidParameter(
        f"Invalid metric transformation: the value '{text}' is neither a number nor a field of the "
        "filter pattern."
    )


def _measured(
    document: Mapping[str, Any], events: Sequence[tuple[Key, str, str]]
) -> Iterator[MetricDatum]:
    """A metric filter's values. Its default value once for each minute in which events came and none matched."""
    pattern = compile_pattern(document["filterPattern"])
    for transformation in document["metricTransformations"]:
        name, namespace = transformation["metricName"], transformation["metricNamespace"]
        unit = transformation.get("unit", "None")
        matched: set[int] = set()
        for key, _, text in events:
            found = _value(pattern, transformation, text)
            if found is None:
                continue
            value, dimensions = found
            matched.add(key[0] // _MINUTE_MS)
            yield MetricDatum(namespace, name, value, key[0], unit, dimensions)
        if "defaultValue" in transformation:
            for minute in sorted({key[0] // _MINUTE_MS for key, _, _ in events} - matched):
                default = float(transformation["defaultValue"])
                yield MetricDatum(namespace, name, default, minute * _MINUTE_MS, unit)


def _value(
    pattern: Pattern, transformation: Mapping[str, Any], text: str
) -> tuple[float, dict[str, str]] | None:
    """None for an event that does not match, or whose value is no number, or which lacks a dimension."""
    values = pattern.extract(text)
    if values is None:
        return None
    value = number(_field(transformation["metricValue"], values, text) or "")
    dimensions: dict[str, str] = {}
    for name, source in transformation.get("dimensions", {}).items():
        found = _field(source, values, text)
        if found:
            dimensions[name] = found
    if value is None or len(dimensions) < len(transformation.get("dimensions", {})):
        return None
    return value, dimensions


def _field(source: str, values: Mapping[str, str], text: str) -> str | None:
    if not source.startswith("$"):
        return source
    if source in values:
        return values[source]
    if not source.startswith(("$.", "$[")):
        return None
    found = selector_of(source).values(parsed(text))
    return text_of(found[0]) if found else None


def _subscribed(
    group: GroupKey, document: Mapping[str, Any], events: Sequence[tuple[Key, str, str]]
) -> Iterator[Delivery]:
    """A subscription filter's payloads: of one stream each, and not too long."""
    pattern = compile_pattern(document["filterPattern"])
    by_stream: dict[str, list[dict[str, Any]]] = {}
    for key, stream, text in events:
        values = pattern.extract(text)
        if values is None:
            continue
        event: dict[str, Any] = {"id": event_id(key), "timestamp": key[0], "message": text}
        if isinstance(pattern, Delimited):
            event["extractedFields"] = {name[1:]: value for name, value in values.items()}
        by_stream.setdefault(stream, []).append(event)
    for stream, matched in by_stream.items():
        for part in _parts(matched):
            payload = _payload(group, stream, document["filterName"], part)
            yield Delivery(document["filterName"], document["destinationArn"], payload, len(part))


def _parts(events: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    size = 0
    for event in events:
        length = len(event["message"].encode("utf-8", "replace")) + 200
        if part and size + length > _PAYLOAD_BYTES:
            yield part
            part, size = [], 0
        part.append(event)
        size += length
    if part:
        yield part


def _payload(group: GroupKey, stream: str, name: str, events: list[dict[str, Any]]) -> bytes:
    """The event that a function gets ("Using CloudWatch Logs subscription filters", example 2)."""
    message = {
        "messageType": "DATA_MESSAGE",
        "owner": group[0],
        "logGroup": group[2],
        "logStream": stream,
        "subscriptionFilters": [name],
        "logEvents": events,
    }
    packed = gzip.compress(orjson.dumps(message), 6)
    return orjson.dumps({"awslogs": {"data": base64.b64encode(packed).decode()}})
