"""Events of log segments in order of time, a segment at a time: memory holds the segments whose times overlap.

Pure functions of files: they run in threads and in compute processes.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.storage.log_index import EVENT_OVERHEAD
from lambent.storage.log_records import EventRecord, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lambent.storage.log_group import Stretch

END_OF_TIME_MS = 1 << 62
# Timestamp, segment, offset: the order of events, and the name of one within its group.
Key = tuple[int, int, int]
FIRST: Key = (-1, 0, 0)
LAST: Key = (END_OF_TIME_MS, 0, 0)


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


def oldest_first(stretches: Sequence[Stretch], after: Key, before: Key) -> Iterator[LogEvent]:
    """The events between two keys, neither included."""
    ahead = sorted(stretches, key=lambda stretch: stretch.first_ms)
    ahead = [stretch for stretch in ahead if stretch.last_ms >= after[0]]
    pending: list[LogEvent] = []
    for number, stretch in enumerate(ahead):
        pending += load(stretch, after, before)
        pending.sort(key=lambda event: event.key)
        next_ms = ahead[number + 1].first_ms if number + 1 < len(ahead) else END_OF_TIME_MS
        cut = bisect_left(pending, next_ms, key=_timestamp)
        yield from pending[:cut]
        del pending[:cut]


def newest_first(stretches: Sequence[Stretch], after: Key, before: Key) -> Iterator[LogEvent]:
    """As `oldest_first`, the other way round."""
    ahead = sorted(stretches, key=lambda stretch: stretch.last_ms, reverse=True)
    ahead = [stretch for stretch in ahead if stretch.first_ms <= before[0]]
    pending: list[LogEvent] = []
    for number, stretch in enumerate(ahead):
        pending += load(stretch, after, before)
        pending.sort(key=lambda event: event.key)
        next_ms = ahead[number + 1].last_ms if number + 1 < len(ahead) else -1
        cut = bisect_left(pending, next_ms + 1, key=_timestamp)
        yield from reversed(pending[cut:])
        del pending[cut:]


def load(stretch: Stretch, after: Key, before: Key) -> list[LogEvent]:
    """The events of one stretch, as they lie. None where retention was faster."""
    number = int(stretch.segment.stem)
    events = []
    for offset, record in records(stretch):
        name = stretch.streams.get(record.stream)
        if name is not None and after < (record.timestamp_ms, number, offset) < before:
            position = (number, offset)
            events.append(
                LogEvent(record.timestamp_ms, record.ingested_ms, record.text, position, name)
            )
    return events


def records(stretch: Stretch) -> Iterator[tuple[int, EventRecord]]:
    """Every event in a piece of a segment, with its offset."""
    for offset, _, record in scan(read(stretch), stretch.start):
        if isinstance(record, EventRecord):
            yield offset, record


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


def page(
    events: Iterator[LogEvent],
    limit: int,
    max_bytes: int,
    matches: Callable[[str], bool] | None = None,
    max_looked_at: int = END_OF_TIME_MS,
) -> Page:
    """The first of `events` that match, as many as fit.

    Args:
        max_bytes: of the events, as AWS counts them.
        max_looked_at: characters to look through in search of them.
    """
    taken: list[LogEvent] = []
    size = looked_at = 0
    last: Key = FIRST
    for event in events:
        if matches is None or matches(event.text):
            size += event_bytes(event.text)
            if len(taken) == limit or (taken and size > max_bytes):
                return Page(taken, last)
            taken.append(event)
        last = event.key
        looked_at += len(event.text) + EVENT_OVERHEAD
        if looked_at > max_looked_at:
            return Page(taken, last)
    return Page(taken)


def event_bytes(text: str) -> int:
    """What AWS counts for an event."""
    return len(text.encode("utf-8", "replace")) + EVENT_OVERHEAD


def _timestamp(event: LogEvent) -> int:
    return event.timestamp_ms
