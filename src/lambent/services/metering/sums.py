"""From single invocations to the sums of an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from lambent.services.metering.tables import SUMS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.storage.usage_journal import Slot

# Kinds of slots.
INVOCATION, REQUESTS, STORED = 2, 3, 4
FAILED = 1  # the flag of an invocation
HOUR_MS = 3_600_000
SNAP_START = "snap-start"
# "The first 6MB per request are streamed at no cost" (Lambda pricing), "512 MB of ephemeral storage at no cost".
FREE_STREAM_BYTES = 6 << 20


class Place(NamedTuple):
    """The key of a row."""

    account_id: str
    region: str
    service: str
    resource: str
    version: str
    alias: str
    variant: str
    hour: int


class Totals:
    """A row's sums."""

    __slots__ = SUMS

    requests: int
    errors: int
    mb_ms: int
    mb_ms_all: int
    mb_100ms: int
    mb_100ms_all: int
    disk_mb_ms: int
    streamed_bytes: int
    restored_mb: int
    byte_seconds: int

    def __init__(self) -> None:
        for name in SUMS:
            setattr(self, name, 0)

    def values(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in SUMS}

    def join(self, more: Totals) -> None:
        for name in SUMS:
            setattr(self, name, getattr(self, name) + getattr(more, name))

    def add(self, slot: Slot, count: int) -> None:
        """So many of these."""
        if slot.kind == REQUESTS:
            self.requests += slot.amount * count
        elif slot.kind == STORED:
            self.byte_seconds += slot.amount * count
        else:
            self._add_invocations(slot, count)

    def _add_invocations(self, slot: Slot, count: int) -> None:
        """`first` is what the handler took, `second` what INIT or a restore did, both in whole milliseconds."""
        target = slot.target
        memory, took, whole = target["memory"] * count, slot.first, slot.first + slot.second
        self.requests += count
        self.errors += (slot.flags & FAILED) * count
        self.mb_ms += memory * took
        self.mb_ms_all += memory * whole
        self.mb_100ms += memory * hundreds(took)
        self.mb_100ms_all += memory * hundreds(whole)
        self.disk_mb_ms += target["disk"] * whole * count
        self.streamed_bytes += max(0, slot.amount - FREE_STREAM_BYTES) * count
        if slot.second and target["variant"].endswith(SNAP_START):
            self.restored_mb += memory


def hundreds(milliseconds: int) -> int:
    """Rounded up to the next 100 ms, as Lambda billed until December 2020: 120 -> 200."""
    return -(-milliseconds // 100) * 100


def add_up(slots: Iterable[tuple[Slot, int]]) -> dict[Place, Totals]:
    """Slots, and how many there are of each."""
    sums: dict[Place, Totals] = {}
    for slot, count in slots:
        place = _place(slot.target, slot.time_ms // HOUR_MS)
        totals = sums.get(place)
        if totals is None:
            totals = sums[place] = Totals()
        totals.add(slot, count)
    return sums


def join(sums: dict[Place, Totals], more: Mapping[Place, Totals]) -> None:
    """Add `more` to `sums`."""
    for place, totals in more.items():
        if place in sums:
            sums[place].join(totals)
        else:
            sums[place] = totals


def _place(target: Mapping[str, Any], hour: int) -> Place:
    return Place(
        target["account"],
        target["region"],
        target["service"],
        target["resource"],
        target.get("version", ""),
        target.get("alias", ""),
        target["variant"],
        hour,
    )
