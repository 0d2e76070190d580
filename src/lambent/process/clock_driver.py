"""Drives a TimerHeap on the calendar, in asyncio: calls what is due when it is due, also when the calendar is moved."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from lambent.core.clock import Clock, TimerHeap

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambent.core.clock import Timer

# The machine's calendar may be set while we sleep by the monotonic clock; it is looked at this often at least.
LONGEST_SLEEP_S = 30.0


class MovableClock(Clock, Protocol):
    """A clock whose calendar tests move (core.clock.SystemClock, VirtualClock)."""

    def advance(self, by: timedelta) -> None: ...


class CalendarDriver:
    """Timers by calendar time. Made, used and stopped in one event loop.

    Args:
        settled: awaited by `advance` after each due time, until the work that the calls began has come to rest.
    """

    def __init__(
        self, clock: MovableClock, settled: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        self._clock = clock
        self._settled = settled
        self._heap = TimerHeap()
        self._loop = asyncio.get_running_loop()
        self._alarm: asyncio.TimerHandle | None = None
        self._is_stopped = False

    def at(self, due: datetime, call: Callable[[], None]) -> Timer:
        """Call `call()` in the event loop at `due`, soon if that has passed. `cancel()` on the timer takes it back."""
        timer = self._heap.at(due.timestamp(), call)
        if timer.due == self._heap.next_due():
            self._set_alarm()
        return timer

    async def advance(self, by: timedelta) -> None:
        """Move the calendar, halting at each due time on the way, so that every call reads the time it was set for.

        Raises:
            ValueError: backwards.
        """
        if by < timedelta():
            raise ValueError("the calendar cannot be moved back")
        target = self._clock.calendar() + by
        while (due := self._heap.next_due()) is not None and due <= target.timestamp():
            self._move_to(datetime.fromtimestamp(due, UTC))
            self._run_due()
            await self._settle()
        self._move_to(target)
        self._set_alarm()

    def stop(self) -> None:
        """Call nothing any more."""
        self._is_stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _move_to(self, moment: datetime) -> None:
        distance = moment - self._clock.calendar()
        if distance > timedelta():  # the machine's clock goes on meanwhile
            self._clock.advance(distance)

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        due = self._heap.next_due()
        if due is not None and not self._is_stopped:
            delay = due - self._clock.calendar().timestamp()
            delay = min(max(delay, 0.0), LONGEST_SLEEP_S)
            self._alarm = self._loop.call_later(delay, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._run_due()

    def _run_due(self) -> None:
        try:
            if not self._is_stopped:
                self._heap.run_due(self._clock.calendar().timestamp())
        finally:  # a call that raises is reported by the event loop; the others still have their turn
            self._set_alarm()

    async def _settle(self) -> None:
        if self._settled is not None:
            await self._settled()
