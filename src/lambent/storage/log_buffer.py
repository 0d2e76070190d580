"""What waits for the disk, and how much of it each log group may hold.

A group may take as much as is still free after it: one that floods us has half of the buffer, two have a third each,
and there is always room for the lines of the others (the dynamic thresholds of Choudhury and Hahne, 1998, made for
switches that share their memory between ports).
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.storage.log_pending import Batch

    GroupKey = tuple[str, str, str]  # account id, region, log group

# Some seconds of the busiest logging that one core can take in.
BUFFER_BYTES = 32 << 20
# What an event costs in memory besides its text.
_EVENT_OVERHEAD_BYTES = 100
# Why events are lost: what the figures call it, and what the log says.
REASONS = {
    "slow": "the disk does not keep up with this log group",
    "unwritten": "they could not be written",
    "closed": "logs are closed",
}

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Waiting:
    """What goes to the disk together."""

    batches: dict[GroupKey, list[Batch]] = field(default_factory=dict)
    bytes: Counter[GroupKey] = field(default_factory=Counter)

    def __bool__(self) -> bool:
        return bool(self.batches)


class LogBuffer:
    """`dropped` counts the events that were lost, by one of REASONS, `dropped_by` whose they were."""

    def __init__(self) -> None:
        self.dropped = Counter(dict.fromkeys(REASONS, 0))
        self.dropped_by: Counter[GroupKey] = Counter()
        self._held: Counter[GroupKey] = Counter()
        self._total = 0
        self._waiting = Waiting()
        self._untold: Counter[tuple[GroupKey, str]] = Counter()

    def put(self, group: GroupKey, batch: Batch) -> bool:
        """False, and counted, where there is no room."""
        events = batch.events
        # What they take up in memory, about.
        size = len(events) * _EVENT_OVERHEAD_BYTES
        for _, text in events:
            size += len(text)
        if self._held[group] + size > BUFFER_BYTES - self._total:
            self.lose(group, len(events), "slow")
            return False
        self._held[group] += size
        self._total += size
        self._waiting.bytes[group] += size
        self._waiting.batches.setdefault(group, []).append(batch)
        return True

    def take(self) -> Waiting:
        """All that has come together; it counts as held until it is `freed`."""
        waiting, self._waiting = self._waiting, Waiting()
        return waiting

    def free(self, waiting: Waiting) -> None:
        """It is written, or lost."""
        for group, size in waiting.bytes.items():
            self._total -= size
            self._held[group] -= size
            if not self._held[group]:
                del self._held[group]

    def lose(self, group: GroupKey, events: int, reason: str) -> None:
        """Count events that are lost, for `tell`. `reason` is a key of REASONS."""
        self.dropped[reason] += events
        self.dropped_by[group] += events
        self._untold[group, reason] += events

    def tell(self) -> None:
        """Say what was lost since the last time: one line for each group and reason, however many were lost."""
        for (group, reason), events in self._untold.items():
            _log.error(
                "%d log events of %s (account %s) are lost, %d of this group so far: %s",
                *(events, group[2], group[0], self.dropped_by[group], REASONS[reason]),
                extra={"account": group[0], "log_group": group[2], "lost": events},
            )
        self._untold.clear()
