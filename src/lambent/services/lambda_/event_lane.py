"""What the queue keeps in memory of one function's events, and how many of them may run at once.

Of quick handlers a few at once are enough: more would only fight for the cores. Those whose handler takes its time,
waiting for something as a rule, do not count: for each of them one more may begin, so that a lane of slow handlers is
twice as wide every `QUICK_S`, until there are as many as there is work, or the function or its account is throttled.
Only a host that has nothing left to give stops that, at `STEADY`.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from lambent.core.clock import Timer
    from lambent.services.lambda_.events import Event

# Events of one lane in memory, beside those that run.
WINDOW = 1000
NARROW = 4
STEADY = 16
QUICK_S = 0.02


@dataclass(slots=True)
class LaneState:
    waiting: deque[Event] = field(default_factory=deque)
    held: set[str] = field(default_factory=set)  # ids in memory: waiting or running
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    has_more: bool = False  # rows may be due that are not in memory
    is_reading: bool = False
    settled: set[str] = field(
        default_factory=set
    )  # while rows are read: these may be among them, as they were
    unwritten: int = 0  # tries whose consequences are on their way to the disk
    slow: int = 0  # tries that have run for longer than QUICK_S
    looks_again: bool = False  # whether the host can give more now is asked later
    has_later: bool = False  # rows may be due later that `timer` does not know of
    read_ms: int = 0  # up to when rows were due at the last look
    timer: Timer | None = None
    timer_ms: int = 0

    @property
    def has_work(self) -> bool:
        """Whether a further task would find something to do."""
        return bool(self.waiting) or (self.has_more and not self.is_reading)

    @property
    def is_full(self) -> bool:
        """Whether enough tasks are at it."""
        return len(self.tasks) - self.slow >= max(NARROW, self.slow)

    @property
    def is_steady(self) -> bool:
        """Whether more tasks than these are only for a host that has room for them."""
        return len(self.tasks) >= STEADY
