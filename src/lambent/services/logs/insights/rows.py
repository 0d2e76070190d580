"""One log event as a query sees it: the fields that every event has, and those that are discovered in its message.

In any message that is JSON every member is a field (`user.name`, `items.0.id`). Of the lines of Lambda functions AWS
knows more, and there the first JSON within a line counts, too ("Supported logs and discovered fields").
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.logs.positions import record_pointer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.services.logs.names import GroupKey

_DECODER = json.JSONDecoder()
_REQUEST_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_REQUEST = re.compile(rf"(?:RequestId: |\t)({_REQUEST_ID})")
_REPORTED = {
    "@duration": re.compile(r"\tDuration: ([\d.]+) ms"),
    "@billedDuration": re.compile(r"\tBilled Duration: ([\d.]+) ms"),
    "@initDuration": re.compile(r"\tInit Duration: ([\d.]+) ms"),
    "@memorySize": re.compile(r"\tMemory Size: (\d+) MB"),
    "@maxMemoryUsed": re.compile(r"\tMax Memory Used: (\d+) MB"),
    "@xrayTraceId": re.compile(r"XRAY TraceId: (\S+)"),
    "@xraySegmentId": re.compile(r"SegmentId: (\S+)"),
}
# Sample queries divide by 1000 twice to get MB: these two are bytes.
_IN_BYTES = frozenset({"@memorySize", "@maxMemoryUsed"})
_TEXTS = frozenset({"@xrayTraceId", "@xraySegmentId"})
_TYPES = ("START", "END", "REPORT")
# The record of a function that logs in JSON has the same under other names.
_METRICS = {
    "@duration": "durationMs",
    "@billedDuration": "billedDurationMs",
    "@initDuration": "initDurationMs",
    "@memorySize": "memorySizeMB",
    "@maxMemoryUsed": "maxMemoryUsedMB",
}
_ALWAYS = ("@timestamp", "@message", "@logStream", "@ingestionTime", "@log")
# "A maximum of 200 log event fields are discovered from a JSON log" (limits of discovery).
_MOST_DISCOVERED = 200


class Row:
    """One event. `extra` holds what commands have made of it."""

    __slots__ = (
        *("_document", "extra", "group", "ingested_ms", "position", "stream", "text"),
        "timestamp_ms",
    )

    def __init__(self) -> None:
        self.timestamp_ms = 0
        self.ingested_ms = 0
        self.text = ""
        self.stream = ""
        self.group: GroupKey = ("", "", "")
        self.position = (0, 0)
        self.extra: dict[str, Any] | None = None
        self._document: Any = _UNREAD

    def reset(self) -> None:
        """It is about to be another event."""
        self.extra = None
        self._document = _UNREAD

    def copy(self) -> Row:
        other = Row.__new__(Row)
        for name in Row.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def __getstate__(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in Row.__slots__ if name != "_document")

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        names = [name for name in Row.__slots__ if name != "_document"]
        for name, value in zip(names, state, strict=True):
            setattr(self, name, value)
        self._document = _UNREAD

    @property
    def document(self) -> Any:
        """The object or array in the message; None where there is none."""
        if self._document is _UNREAD:
            self._document = _parsed(self.text, self.is_of_lambda)
        return self._document

    @property
    def is_of_lambda(self) -> bool:
        return self.group[2].startswith("/aws/lambda/") or "[" in self.stream

    @property
    def pointer(self) -> str:
        return record_pointer(self.group, self.stream, (self.timestamp_ms, *self.position))

    def put(self, name: str, value: Any) -> None:
        if self.extra is None:
            self.extra = {}
        self.extra[name] = value


_UNREAD: Any = object()


def getter(name: str) -> Callable[[Row], Any]:
    """What reads a field of the event itself."""
    simple = _SIMPLE.get(name)
    if simple is not None:
        return simple
    if name == "@requestId":
        return _request_id
    if name == "@type":
        return _type
    if name in _REPORTED:
        return _reported(name)
    return _discovered(name)


def flat(document: Any, prefix: str = "") -> dict[str, Any]:
    """The leaves of a document by their dotted names; a name that begins with @ gets another."""
    found: dict[str, Any] = {}
    _flatten(document, prefix, found)
    return found


def fields_of(row: Row) -> dict[str, Any]:
    """Every field of an event that has a value, by name."""
    found = {name: getter(name)(row) for name in _ALWAYS}
    if row.is_of_lambda:
        for name in ("@requestId", "@type", *_REPORTED):
            value = getter(name)(row)
            if value is not None:
                found[name] = value
    if row.document is not None:
        found.update(flat(row.document))
    return found


def _parsed(text: str, is_of_lambda: bool) -> Any:
    start = text.lstrip()[:1]
    if start in {"{", "["}:
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            pass
    if not is_of_lambda or (position := text.find("{")) < 0:
        return None
    try:
        return _DECODER.raw_decode(text, position)[0]
    except (ValueError, RecursionError):
        return None


def _discovered(name: str) -> Callable[[Row], Any]:
    name = name[1:] if name.startswith("@@") else name
    steps = steps_of(name)

    def get(row: Row) -> Any:
        value = row.document
        if value is None:
            return None
        if isinstance(value, dict) and name in value:
            return value[name]
        return walked(value, steps)

    return get


def steps_of(name: str) -> list[str]:
    """`a.b[0].c`: the names and numbers on the way."""
    return name.replace("[", ".").replace("]", "").split(".")


def walked(value: Any, steps: Sequence[str]) -> Any:
    """What stands at the end of names and numbers; None where the way ends. A name may have points in it."""
    if not steps:
        return value
    if isinstance(value, list) and steps[0].isdecimal() and int(steps[0]) < len(value):
        return walked(value[int(steps[0])], steps[1:])
    if isinstance(value, dict):
        for many in range(1, len(steps) + 1):
            name = ".".join(steps[:many])
            if name in value:
                return walked(value[name], steps[many:])
    return None


def _request_id(row: Row) -> str | None:
    if not row.is_of_lambda:
        return None
    match = _REQUEST.search(row.text)
    if match is not None:
        return match[1]
    found = _discovered("requestId")(row) or _discovered("record.requestId")(row)
    return found if isinstance(found, str) else None


def _type(row: Row) -> str | None:
    if not row.is_of_lambda:
        return None
    word = row.text.split(" ", 1)[0]
    if word in _TYPES:
        return word
    if isinstance(row.document, dict):
        kind = row.document.get("type")
        if isinstance(kind, str) and kind.startswith("platform."):
            return kind.removeprefix("platform.").upper()
    return None


def _reported(name: str) -> Callable[[Row], Any]:
    expression = _REPORTED[name]
    factor = 1_000_000 if name in _IN_BYTES else 1

    def get(row: Row) -> Any:
        if not row.is_of_lambda:
            return None
        if row.text.startswith("REPORT "):
            match = expression.search(row.text)
            if match is None:
                return None
            return match[1] if name in _TEXTS else float(match[1]) * factor
        metric = _METRICS.get(name)
        if metric is None or '"platform.report"' not in row.text:
            return None
        value = _discovered(f"record.metrics.{metric}")(row)
        return value * factor if isinstance(value, int | float) else None

    return get


_SIMPLE: dict[str, Callable[[Row], Any]] = {
    "@timestamp": lambda row: row.timestamp_ms,
    "@message": lambda row: row.text,
    "@logStream": lambda row: row.stream,
    "@ingestionTime": lambda row: row.ingested_ms,
    "@log": lambda row: f"{row.group[0]}:{row.group[2]}",
    "@ptr": lambda row: row.pointer,
}


def _flatten(value: Any, name: str, found: dict[str, Any]) -> None:
    if len(found) >= _MOST_DISCOVERED:
        return
    members: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = list(enumerate(value))
    elif name:
        found[name] = value
    for key, inner in members:
        step = f"@{key}" if not name and str(key).startswith("@") else str(key)
        _flatten(inner, f"{name}.{step}" if name else step, found)
