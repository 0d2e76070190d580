"""The log of one execution environment: its output and the platform's own lines, in order.

Every event goes to the sink; a copy of the last `TAIL_LIMIT` of an invocation is kept for its Outcome. An event is one
line. Our bootstraps write an event of several lines with carriage returns inside, as AWS's own runtime clients do on a
plain pipe, and here they become line feeds again.
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Protocol

from lambent.core import ids

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from lambent.core.clock import Clock
    from lambent.execution.spec import FunctionSpec

    LogSink = Callable[[list[tuple[int, str]]], None]  # (milliseconds since 1970, text)
    OpenSink = Callable[[FunctionSpec, str], LogSink]  # of the stream of this name

logger = logging.getLogger(__name__)

# Characters of an invocation's log that its Outcome keeps: AWS's tail is 4 KB, tests and the console want more.
TAIL_LIMIT = 262_144
# The longest event CloudWatch Logs takes; a longer line is cut there.
EVENT_LIMIT = 262_144


def stream_name(spec: FunctionSpec, now: datetime) -> str:
    """`YYYY/MM/DD/[version]<32 hex>`: a fresh name for the log stream of an environment.

    In a log group that is not the function's own, which several may share, the function's name goes before the version
    ("Configuring CloudWatch log groups", Lambda developer guide).
    """
    is_own = spec.log_group == f"/aws/lambda/{spec.function_name}"
    who = "" if is_own else spec.function_name
    return f"{now:%Y/%m/%d}/{who}[{spec.function_version}]{ids.hex_id(32)}"


class Tap(Protocol):
    """Who hears of every event of an environment."""

    def line(self, kind: str, now_ms: int, text: str) -> None:
        """`platform`, `function` or `extension` said this."""
        ...

    def init_done(self, now_ms: int, phase: str, duration_ms: float) -> None:
        """INIT went well."""
        ...


class LogStream:
    """Collects events and hands them to its sink.

    Args: the function, the stream's name, what opens the sink, the clock.
    """

    __slots__ = (
        *("_clock", "_pending", "_rest", "_sink", "_tail", "_tail_size", "name", "spec", "tap"),
    )

    def __init__(self, spec: FunctionSpec, name: str, open_sink: OpenSink, clock: Clock) -> None:
        self.name = name
        self.tap: Tap | None = None  # where somebody may subscribe to events
        self.spec = spec
        self._sink = open_sink(spec, name)
        self._clock = clock
        self._pending: list[tuple[int, str]] = []
        self._rest = b""  # output without its line feed yet
        self._tail: deque[str] | None = None  # None between invocations
        self._tail_size = 0

    def begin(self, now_ms: int, start_line: str, *, keeps_tail: bool = True) -> None:
        """An invocation begins; what follows goes into its tail, too. Output so far stays before it."""
        self._pending.append((now_ms, start_line))
        if self.tap is not None:
            self.tap.line("platform", now_ms, start_line)
        if keeps_tail:
            self._tail = deque((start_line,))
            self._tail_size = len(start_line)

    def platform(self, now_ms: int, text: str) -> None:
        """Add an event of the platform."""
        self._pending.append((now_ms, text))
        if self.tap is not None:
            self.tap.line("platform", now_ms, text)
        self._keep(text)

    def now_ms(self) -> int:
        """The time that an event of now has."""
        return self._now_ms()

    def note(self, text: str) -> None:
        """Add an event of the platform that happens now."""
        self.platform(self._now_ms(), text)

    def output(self, data: bytes) -> None:
        """Add what the sandbox wrote, cut anywhere."""
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        now_ms = self._now_ms()
        for line in lines:
            fits = line if len(line) <= EVENT_LIMIT else self._cut(now_ms, line)
            self._event(now_ms, fits, "\n")
        if len(self._rest) > EVENT_LIMIT:
            self._rest = self._cut(now_ms, self._rest)

    def init_done(self, now_ms: int, phase: str, duration_ms: float) -> None:
        """INIT went well. A text log says so in the REPORT of the invocation that waited for it."""
        if self.tap is not None:
            self.tap.init_done(now_ms, phase, duration_ms)

    def end(self, now_ms: int, *closing_lines: str, failure: bytes | None = None) -> bytes:
        """The invocation ends: returns its tail, if it keeps one, and hands everything to the sink.

        Args:
            now_ms: when.
            closing_lines: what the platform says at the end.
            failure: the error object, where it ended with one; text does not name it.
        """
        if self._rest:
            self.finish_line()
        for line in closing_lines:
            self._pending.append((now_ms, line))
            if self.tap is not None:
                self.tap.line("platform", now_ms, line)
        tail, self._tail = self._tail, None
        self.flush()
        return b"" if tail is None else "".join((*tail, *closing_lines)).encode()

    def extension_line(self, line: bytes) -> None:
        """Add a line that an extension wrote."""
        self._event(self._now_ms(), line, "\n", "extension")

    def finish_line(self) -> None:
        """End the line that the sandbox has left open, if any."""
        if self._rest:
            rest, self._rest = self._rest, b""
            self._event(self._now_ms(), rest, "\n")

    def flush(self) -> None:
        """Hand what has gathered to the sink."""
        if self._pending:
            pending, self._pending = self._pending, []
            try:
                self._sink(pending)
            except (
                Exception
            ):  # the boundary to whoever keeps logs: an answer does not depend on its log
                logger.exception("%d log events of %s are lost", len(pending), self.name)

    def _cut(self, now_ms: int, line: bytes) -> bytes:
        """Make events of all but the end of a line that is too long for one."""
        while len(line) > EVENT_LIMIT:
            self._event(now_ms, line[:EVENT_LIMIT], "")
            line = line[EVENT_LIMIT:]
        return line

    def _event(self, now_ms: int, line: bytes, ending: str, kind: str = "function") -> None:
        text = line.decode("utf-8", "replace")
        if "\r" in text:
            # The last one may be half of a Windows line end, unless the line is cut there.
            inner = text[:-1] if ending else text
            text = inner.replace("\r", "\n") + text[len(inner) :]
        text += ending
        self._pending.append((now_ms, text))
        if self.tap is not None:
            self.tap.line(kind, now_ms, text)
        self._keep(text)

    def _keep(self, text: str) -> None:
        tail = self._tail
        if tail is None:
            return
        tail.append(text)
        self._tail_size += len(text)
        while self._tail_size > TAIL_LIMIT and len(tail) > 1:
            self._tail_size -= len(tail.popleft())

    def _now_ms(self) -> int:
        return self._clock.calendar_ms()
