"""Events of log segments in order of time, a segment at a time: memory holds the segments whose times overlap.

Pure functions of files: they run in threads and in compute processes.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.storage.log_index import EVENT_OVERHEAD
from lambent.storage.log_records import heads, text_at

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from lambent.storage.log_group import Stretch

    # Ends with the key to go on behind, where it has stopped before the end.
    Events = Generator["LogEvent", None, "Key | None"]

END_OF_TIME_MS = 1 << 62
# Timestamp, segment, offset: the order of events, and the name of one within its group.
Key = tuple[int, int, int]
FIRST: Key = (-1, 0, 0)
LAST: Key = (END_OF_TIME_MS, 0, 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What events must match, and how many bytes of segments may be looked through for them."""

    matches: Callable[[str], bool] | None = None
    max_bytes: int = END_OF_TIME_MS


_EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A stored event; times are calendar milliseconds since 1970. `position` (segment, offset) orders and names it."""

    timestamp_ms: int
    ingested_ms: int
    text: str
    position: tuple[int, int]
    stream: str = ""

    @property
    def key(self) -> Key:
        return (self.timestamp_ms, *self.position)


def oldest_first(
    stretches: Sequence[Stretch], after: Key, before: Key, wanted: Wanted = _EVERYTHING
) -> Events:
    """The events between two keys, neither included."""
    ahead = sorted(stretches, key=lambda stretch: stretch.first_ms)
    ahead = [stretch for stretch in ahead if stretch.last_ms >= after[0]]
    pending: list[LogEvent] = []
    looked_at = 0
    for number, stretch in enumerate(ahead):
        pending += load(stretch, after, before, wanted.matches)
        pending.sort(key=lambda event: event.key)
        next_ms = ahead[number + 1].first_ms if number + 1 < len(ahead) else END_OF_TIME_MS
        cut = bisect_left(pending, next_ms, key=_timestamp)
        yield from pending[:cut]
        del pending[:cut]
        looked_at += stretch.end - stretch.start
        if looked_at >= wanted.max_bytes and after[0] < next_ms < END_OF_TIME_MS:
            return (next_ms, 0, 0)
    return None


def newest_first(
    stretches: Sequence[Stretch], after: Key, before: Key, wanted: Wanted = _EVERYTHING
) -> Events:
    """As `oldest_first`, the other way round."""
    ahead = sorted(stretches, key=lambda stretch: stretch.last_ms, reverse=True)
    ahead = [stretch for stretch in ahead if stretch.first_ms <= before[0]]
    pending: list[LogEvent] = []
    looked_at = 0
    for number, stretch in enumerate(ahead):
        pending += load(stretch, after, before, wanted.matches)
        pending.sort(key=lambda event: event.key)
        next_ms = ahead[number + 1].last_ms if number + 1 < len(ahead) else -1
        cut = bisect_left(pending, next_ms + 1, key=_timestamp)
        yield from reversed(pending[cut:])
        del pending[cut:]
        looked_at += stretch.end - stretch.start
        if looked_at >= wanted.max_bytes and 0 <= next_ms < before[0] - 1:
            return (next_ms + 1, 0, 0)
    return None


def load(
    stretch: Stretch, after: Key, before: Key, matches: Callable[[str], bool] | None = None
) -> list[LogEvent]:
    """The events of one stretch that match, as they lie. None where retention was faster."""
    number, base, streams = int(stretch.segment.stem), stretch.start, stretch.streams
    start_ms, end_ms = after[0], before[0]
    data = read(stretch)
    found = []
    for start, end, stream, timestamp_ms, ingested_ms in heads(data):
        if not start_ms <= timestamp_ms <= end_ms or stream not in streams:
            continue
        if not after < (timestamp_ms, number, base + start) < before:
            continue
        text = text_at(data, start, end)
        if matches is None or matches(text):
            position = (number, base + start)
            found.append(LogEvent(timestamp_ms, ingested_ms, text, position, streams[stream]))
    return found


def read(stretch: Stretch) -> bytes:
    """The bytes of a stretch; none where its segment is gone."""
    try:
        with stretch.segment.open("rb") as file:
            file.seek(stretch.start)
            return file.read(stretch.end - stretch.start)
    except FileNotFoundError:
        return b""


@dataclass(slots=True)
class Page:
    """Some events. `resume` is the key that the next page goes on behind; None where there is no more."""

    events: list[LogEvent]
    resume: Key | None = None


def page(events: Events, limit: int, max_bytes: int) -> Page:
    """The first of `events`, as many as fit. Args: `max_bytes` are counted as AWS does."""
    taken: list[LogEvent] = []
    size = 0
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return Page(taken, end.value)
        size += event_bytes(event.text)
        if taken and (len(taken) == limit or size > max_bytes):
            return Page(taken, taken[-1].key)
        taken.append(event)


def event_bytes(text: str) -> int:
    """What AWS counts for an event."""
    return len(text.encode("utf-8", "replace")) + EVENT_OVERHEAD


def _timestamp(event: LogEvent) -> int:
    return event.timestamp_ms
