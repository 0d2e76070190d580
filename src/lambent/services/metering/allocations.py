"""What is held ready and costs while it is, used or not: provisioned concurrency and the snapshots of SnapStart.

Billed in whole stretches of the calendar: "rounded up to the nearest five minutes" (Lambda pricing). A stretch counts
with the most that was seen in it, so that looking twice, or again after a restart, changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lambent.services.metering.store import Held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lambent.core.clock import Clock

STRETCH_S = 300


class Allocation(NamedTuple):
    """What is held ready of one function version. `variant` is what its price hangs on."""

    account_id: str
    region: str
    function: str
    version: str
    variant: str
    memory_mb: int
    number: int


class Allocations:
    """Args: a clock, and what tells what is held ready now."""

    def __init__(self, clock: Clock, allocated: Callable[[], Iterable[Allocation]]) -> None:
        self._clock = clock
        self._allocated = allocated
        self._kept: dict[
            tuple[str, ...], int
        ] = {}  # by version and variant: how much, in this stretch
        self._before: tuple[int, list[Allocation]] = (0, [])
        self._waiting: list[Held] = []

    def look(self) -> list[Held]:
        """What is to be written down now: of this stretch, and of those since the last look. The same again, until
        `kept` is told of it.
        """
        now_s = self._clock.calendar_ms() // 1000
        start_s = now_s - now_s % STRETCH_S
        last_s, before = self._before
        held = self._waiting
        if before and last_s < start_s:
            # Nothing has been said to change meanwhile.
            for skipped in range(last_s + STRETCH_S, start_s, STRETCH_S):
                held.extend(_held(each, skipped) for each in before)
        present = list(self._allocated())
        if last_s != start_s:
            self._kept.clear()
        self._before = start_s, present
        held.extend(_held(each, start_s) for each in present if self._is_more(each))
        return list(held)

    def kept(self, held: Iterable[Held]) -> None:
        """They are in the database."""
        start_s = self._before[0]
        self._waiting.clear()
        for each in held:
            if each.start_s == start_s:
                self._kept[_key(each)] = each.number * each.memory_mb

    def forget(self) -> None:
        self._kept.clear()
        self._waiting.clear()
        self._before = (0, [])

    def _is_more(self, allocation: Allocation) -> bool:
        known = self._kept.get(allocation[:5], 0)
        return allocation.number * allocation.memory_mb > known


def _key(held: Held) -> tuple[str, ...]:
    return held[:5]


def _held(allocation: Allocation, start_s: int) -> Held:
    return Held(
        allocation.account_id,
        allocation.region,
        allocation.function,
        allocation.version,
        allocation.variant,
        start_s,
        STRETCH_S,
        allocation.memory_mb,
        allocation.number,
    )
