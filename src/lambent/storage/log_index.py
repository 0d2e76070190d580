"""What a log segment holds, stream by stream, so that a read opens only the segments, and the stretch, it needs.

Beside a finished segment lies its index as JSON (log_finished.py). The index of the one that is written to is in
memory, and is made again from the segment when the platform starts; one that is missing or damaged likewise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson

from lambent.storage.log_records import (
    MAGIC,
    CreatedRecord,
    DeletedRecord,
    EventRecord,
    StreamRecord,
    scan,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lambent.storage.log_records import Record

# "Calculated as the sum of all event messages in UTF-8, plus 26 bytes for each log event" (PutLogEvents).
EVENT_OVERHEAD = 26


@dataclass(slots=True)
class StreamExtent:
    """Where a segment holds events of one stream, and of what times (milliseconds, both ends included).

    `created_ms` is 0 unless the stream was created in this segment. `ingested_ms` is the last ingestion.
    """

    number: int
    start: int = 0
    end: int = 0
    first_ms: int = 0
    last_ms: int = 0
    events: int = 0
    ingested_ms: int = 0
    created_ms: int = 0

    def extend(self, start: int, end: int, times_ms: Sequence[int], ingested_ms: int) -> None:
        first_ms, last_ms = min(times_ms), max(times_ms)
        if not self.events:
            self.start, self.first_ms, self.last_ms = start, first_ms, last_ms
        self.end = end
        self.first_ms = min(self.first_ms, first_ms)
        self.last_ms = max(self.last_ms, last_ms)
        self.ingested_ms = max(self.ingested_ms, ingested_ms)
        self.events += len(times_ms)


@dataclass(slots=True)
class SegmentIndex:
    """The streams of one segment by name. `end` is where its last whole record ends.

    `stored_bytes` is what AWS counts of its events, `began_ms` when the first of them came in (0: none has);
    `deleted` names the streams of which earlier segments hold nothing any more.
    """

    end: int = len(MAGIC)
    streams: dict[str, StreamExtent] = field(default_factory=dict)
    stored_bytes: int = 0
    began_ms: int = 0
    deleted: list[str] = field(default_factory=list)
    # How many numbers were given away: those of deleted streams are not used again.
    numbers: int = 0

    @property
    def first_ms(self) -> int:
        """The oldest event; 0 without any."""
        return min((each.first_ms for each in self.streams.values() if each.events), default=0)

    @property
    def last_ms(self) -> int:
        """The newest event; 0 without any."""
        return max((each.last_ms for each in self.streams.values() if each.events), default=0)

    def add_stream(self, record: StreamRecord, end: int) -> None:
        self.streams[record.name] = StreamExtent(record.number)
        self.numbers = max(self.numbers, record.number + 1)
        self.end = end

    def add_created(self, name: str, created_ms: int, end: int) -> None:
        self.streams[name].created_ms = created_ms
        self.end = end

    def delete_stream(self, name: str, end: int) -> None:
        self.streams.pop(name, None)
        self.deleted.append(name)
        self.end = end

    def add_events(
        self, name: str, start: int, end: int, times_ms: Sequence[int], ingested_ms: int
    ) -> None:
        """Enter the events between `start` and `end`, all that is there; their times, at least one, in any order."""
        self.streams[name].extend(start, end, times_ms, ingested_ms)
        # A record's frame and fixed part are 29 bytes, 26 of which AWS counts, too.
        self.stored_bytes += end - start - len(times_ms) * (29 - EVENT_OVERHEAD)
        self.began_ms = self.began_ms or ingested_ms
        self.end = end

    def to_json(self) -> bytes:
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, text: bytes) -> SegmentIndex:
        """Raises ValueError, TypeError, KeyError or AttributeError for what is no index."""
        document = orjson.loads(text)
        streams = {name: StreamExtent(**extent) for name, extent in document.pop("streams").items()}
        if not isinstance(document["stored_bytes"], int):
            raise TypeError(document["stored_bytes"])
        return cls(streams=streams, **document)


def read_index(segment: Path) -> SegmentIndex | None:
    """The index of a segment from the file beside it; None where that is missing or damaged."""
    try:
        return SegmentIndex.from_json(index_path(segment).read_bytes())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def build_index(segment: Path) -> SegmentIndex:
    """The index of what can be read of a segment; an empty one where it does not even begin as it should."""
    index = SegmentIndex()
    data = segment.read_bytes()
    if not data.startswith(MAGIC):
        index.end = 0
        return index
    names: dict[int, str] = {}
    for start, end, record in scan(data[len(MAGIC) :], len(MAGIC)):
        _enter(index, names, record, start, end)
    return index


def _enter(
    index: SegmentIndex, names: dict[int, str], record: Record, start: int, end: int
) -> None:
    if isinstance(record, StreamRecord):
        names[record.number] = record.name
        index.add_stream(record, end)
    elif isinstance(record, EventRecord):
        times_ms = (record.timestamp_ms,)
        index.add_events(names[record.stream], start, end, times_ms, record.ingested_ms)
    elif isinstance(record, CreatedRecord):
        index.add_created(names[record.stream], record.created_ms, end)
    elif isinstance(record, DeletedRecord):
        index.delete_stream(names[record.stream], end)


def index_path(segment: Path) -> Path:
    """Where the index of a finished segment lies."""
    return segment.with_suffix(".idx")
