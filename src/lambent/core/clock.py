"""Time, as everything above reads it.

Three readings, because tests move only one of them:

* *calendar*: what schedules, retries, retention, quotas and bills go by. Movable in tests.
* *monotonic*: timeouts, pools, sockets. Never moved.
* *wall*: freshness of signatures, presigned URLs, sessions. Never moved.

This module defines them and a timer heap that does no waiting itself; the asyncio driver that waits lives in
`lambent.process.clock_driver`.
"""

from __future__ import annotations

import heapq
import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock(Protocol):
    """The three readings. Datetimes are aware and in UTC; monotonic is in seconds."""

    def calendar(self) -> datetime: ...
    def calendar_ms(self) -> int:
        """The calendar in whole milliseconds since 1970: what logs and deadlines want, at a third of the cost."""
        ...

    def monotonic(self) -> float: ...
    def wall(self) -> datetime: ...


class SystemClock:
    """The machine's clock; the calendar may be shifted forward by a test platform."""

    def __init__(self) -> None:
        self._shift: timedelta | None = None
        self._shift_ms = 0

    def calendar(self) -> datetime:
        now = datetime.now(UTC)
        return now if self._shift is None else now + self._shift

    def calendar_ms(self) -> int:
        return int(time.time() * 1000) + self._shift_ms

    # Read several times for each invocation, so without a function of our own around it.
    monotonic = staticmethod(time.monotonic)

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def advance(self, by: timedelta) -> None:
        """Move the calendar forward; it never goes back, because due work has already run."""
        if by < timedelta():
            raise ValueError("the calendar cannot be moved back")
        self._shift = (self._shift or timedelta()) + by
        self._shift_ms = self._shift // timedelta(milliseconds=1)


class VirtualClock:
    """A clock that stands still until it is moved: for unit tests."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._monotonic = 0.0

    def calendar(self) -> datetime:
        return self._now

    def calendar_ms(self) -> int:
        return int(self._now.timestamp() * 1000)

    def monotonic(self) -> float:
        return self._monotonic

    def wall(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        """Move all three readings forward together."""
        if by < timedelta():
            raise ValueError("the clock cannot be moved back")
        self._now += by
        self._monotonic += by.total_seconds()


@dataclass(order=True, slots=True)
class Timer:
    """One entry of a TimerHeap; `cancelled` entries are dropped when they surface."""

    due: float
    order: int
    call: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class TimerHeap:
    """Timers by due time, in one unit of the caller's choice. It never waits: the driver asks `next_due`."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._order = itertools.count()

    def at(self, due: float, call: Callable[[], None]) -> Timer:
        timer = Timer(due, next(self._order), call)
        heapq.heappush(self._heap, timer)
        return timer

    def next_due(self) -> float | None:
        while self._heap and self._heap[0].cancelled:
            heapq.heappop(self._heap)
        return self._heap[0].due if self._heap else None

    def run_due(self, now: float) -> int:
        """Call everything due at `now`, in order; returns how many were called."""
        called = 0
        while (due := self.next_due()) is not None and due <= now:
            heapq.heappop(self._heap).call()
            called += 1
        return called
