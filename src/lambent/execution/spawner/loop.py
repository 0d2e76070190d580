"""The spawner's one loop: descriptors that became readable, and a few timers."""

from __future__ import annotations

import heapq
import itertools
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.clock import Clock


class Loop:
    """Calls back; runs until `stop`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._poll = select.poll()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._running = True

    def watch(self, descriptor: int, callback: Callable[[], None]) -> None:
        """Call when `descriptor` can be read or its other end is gone."""
        self._callbacks[descriptor] = callback
        self._poll.register(descriptor, select.POLLIN)

    def forget(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        del self._callbacks[descriptor]

    def after(self, seconds: float, callback: Callable[[], None]) -> None:
        due = self._clock.monotonic() + seconds
        heapq.heappush(self._timers, (due, next(self._order), callback))

    def now(self) -> float:
        return self._clock.monotonic()

    def stop(self) -> None:
        self._running = False

    def run(self) -> None:
        while self._running:
            for descriptor, _ in self._poll.poll(self._milliseconds_to_wait()):
                # An earlier callback of this round may have let go of it.
                callback = self._callbacks.get(descriptor)
                if callback is not None and self._running:
                    callback()
            while self._timers and self._timers[0][0] <= self.now():
                heapq.heappop(self._timers)[2]()

    def _milliseconds_to_wait(self) -> int | None:
        if not self._timers:
            return None
        return max(0, int((self._timers[0][0] - self.now()) * 1000) + 1)
