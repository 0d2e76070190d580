"""The log of an environment whose function logs in JSON (LoggingConfig of the Lambda API).

What the platform says is written as records, what the function says stays as it is; both are filtered by their levels.
The choice is made once, when the environment is: the log of a function that logs text knows nothing of this.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from lambent.execution import failures
from lambent.execution.log_stream import LogStream
from lambent.execution.system_log import SystemLog

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.execution.log_stream import OpenSink
    from lambent.execution.spec import FunctionSpec

# What AWS lets a function choose for its application log, and how runtimes name the same.
_LEVELS = {
    "TRACE": 0,
    "DEBUG": 1,
    "INFO": 2,
    "WARN": 3,
    "WARNING": 3,
    "ERROR": 4,
    "FATAL": 5,
    "CRITICAL": 5,
}
_UNKNOWN = _LEVELS["INFO"]
_NOT_FILTERED = len(_LEVELS)


def open_log(spec: FunctionSpec, name: str, open_sink: OpenSink, clock: Clock) -> LogStream:
    """The log of a new environment, in the format that its function has chosen."""
    kind = JsonLogStream if spec.log_format == "JSON" else LogStream
    return kind(spec, name, open_sink, clock)


class JsonLogStream(LogStream):
    """As its base; takes the platform's lines as text and writes them as records."""

    __slots__ = ("_least", "_system")

    def __init__(self, spec: FunctionSpec, name: str, open_sink: OpenSink, clock: Clock) -> None:
        super().__init__(spec, name, open_sink, clock)
        self._system = SystemLog(spec)
        self._least = _LEVELS[spec.application_log_level]

    def begin(self, now_ms: int, start_line: str, *, keeps_tail: bool = True) -> None:
        if keeps_tail:
            self._tail = deque()
            self._tail_size = 0
        self.platform(now_ms, start_line)

    def platform(self, now_ms: int, text: str) -> None:
        self._say(now_ms, text)

    def init_done(self, now_ms: int, phase: str, duration_ms: float) -> None:
        super().init_done(now_ms, phase, duration_ms)
        for record in self._system.init_done(now_ms, phase, duration_ms):
            self._write(now_ms, record)

    def end(self, now_ms: int, *closing_lines: str, failure: bytes | None = None) -> bytes:
        self.finish_line()
        error_type = "" if failure is None else failures.error_type_of(failure)
        for line in closing_lines:
            self._say(now_ms, line, error_type)
        tail = "".join(self._tail or ())
        self._tail = None
        self.flush()
        return tail.encode()

    def _event(self, now_ms: int, line: bytes, ending: str, kind: str = "function") -> None:
        if self._least and line.startswith(b"{") and _level_of(line) < self._least:
            return
        super()._event(now_ms, line, ending, kind)

    def _say(self, now_ms: int, text: str, error_type: str = "") -> None:
        if self.tap is not None:
            self.tap.line("platform", now_ms, text)
        for record in self._system.records(now_ms, text, error_type):
            self._write(now_ms, record)

    def _write(self, now_ms: int, record: str) -> None:
        self._pending.append((now_ms, record))
        self._keep(record)


def _level_of(line: bytes) -> int:
    """The level of a line that looks like JSON: INFO where it has no level, or no time (RFC 3339)."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _NOT_FILTERED
    try:
        datetime.fromisoformat(record["timestamp"])
        return _LEVELS.get(record["level"].upper(), _UNKNOWN)
    except (ValueError, KeyError, TypeError, AttributeError):
        return _UNKNOWN
