"""What becomes of environments that nobody calls: frozen soon, ended after the keep-alive time or when memory runs out.

One timer for all of them, which looks when something may be due. A busy function never pays: an environment that is
taken again before the timer looks has only been idle for less than the time.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambent.execution.states import IDLE_TOO_LONG, State

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator, Mapping

    from lambent.core.clock import Clock
    from lambent.execution.environment import Environment
    from lambent.execution.pressure import Reading
    from lambent.execution.scheduler import Group

logger = logging.getLogger(__name__)

# AWS freezes at once; we let a function that is called often run through, because a thaw costs 0.1 ms.
FREEZE_AFTER_S = 0.1
# How often memory is looked at while there is something that could be ended.
PRESSURE_EVERY_S = 1.0
# Of the idle ones, at a time: what is freed shows in the next reading.
_PART_ENDED = 4


class IdleCare:
    """Args: the groups of the scheduler, clock, loop, keep-alive seconds, and how memory is read."""

    def __init__(
        self,
        groups: Mapping[str, Group],
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        keep_alive_s: float,
        read_pressure: Callable[[], Reading],
    ) -> None:
        self._groups = groups
        self._clock = clock
        self._loop = loop
        self._keep_alive_s = keep_alive_s
        self._read_pressure = read_pressure
        self._look_at_memory = 0.0  # monotonic; not before
        self._timer: asyncio.TimerHandle | None = None
        # Whether what becomes idle now will be looked at in time to be frozen. For callers to ask before `start`.
        self.looks_soon = False

    def start(self) -> None:
        """There is something idle that is not frozen."""
        self.looks_soon = True
        self._look_in(min(FREEZE_AFTER_S, self._keep_alive_s))

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        self._reap(now)
        if now >= self._look_at_memory:
            self._look_at_memory = now + PRESSURE_EVERY_S
            self._relieve()
        self._freeze(now)
        if (next_s := self._next_look(now)) is not None:
            self._look_in(next_s)
        self.looks_soon = any(each.state is State.READY for each in self._idle())

    def _look_in(self, delay_s: float) -> None:
        self.close()
        self._timer = self._loop.call_later(delay_s, self._look)

    def _reap(self, now: float) -> None:
        for group in list(self._groups.values()):
            # LIFO: the one that has been idle longest stands first.
            for environment in [each for each in group.idle if not each.is_provisioned]:
                if environment.idle_since + self._keep_alive_s > now:
                    break
                environment.end(IDLE_TOO_LONG)

    def _relieve(self) -> None:
        # Provisioned ones would only be replaced.
        unasked = (each for each in self._idle() if not each.is_provisioned)
        idle = sorted(unasked, key=lambda environment: environment.idle_since)
        if not idle or not (reading := self._read_pressure()).is_high:
            return
        ended = idle[: -(-len(idle) // _PART_ENDED)]
        logger.warning(
            "memory is short (%.1f %% available, %.1f %% stalled): %d idle environments end",
            reading.available * 100,
            reading.stalled,
            len(ended),
        )
        for environment in ended:
            environment.end("the host is short of memory")

    def _freeze(self, now: float) -> None:
        for environment in self._idle():
            is_due = environment.idle_since + FREEZE_AFTER_S <= now
            if not is_due or environment.state is not State.READY:
                continue
            if environment.is_at_rest:
                environment.freeze()
            else:
                environment.idle_since = now

    def _next_look(self, now: float) -> float | None:
        """Seconds, None while nothing is idle."""
        due = [
            environment.idle_since
            + (self._keep_alive_s if environment.state is State.FROZEN else FREEZE_AFTER_S)
            for environment in self._idle()
            if not (environment.is_provisioned and environment.state is State.FROZEN)
        ]
        if not due:
            return None
        return max(0.0, min(*due, self._look_at_memory) - now)

    def _idle(self) -> Iterator[Environment]:
        for group in self._groups.values():
            yield from group.idle
