"""What a log segment holds, stream by stream, so that a read opens only the segments, and the stretch, it needs.

Beside a finished segment lies its index as JSON. The index of the one that is written to is in memory, and is made
again from the segment when the platform starts; one that is missing or damaged likewise.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from lambent.storage.log_records import MAGIC, EventRecord, StreamRecord, scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(slots=True)
class StreamExtent:
    """Where a segment holds events of one stream, and of what times (milliseconds, both ends included)."""

    number: int
    start: int
    end: int
    first_ms: int
    last_ms: int
    events: int

    def extend(self, start: int, end: int, first_ms: int, last_ms: int, events: int) -> None:
        if not self.events:
            self.start, self.first_ms, self.last_ms = start, first_ms, last_ms
        self.end = end
        self.first_ms = min(self.first_ms, first_ms)
        self.last_ms = max(self.last_ms, last_ms)
        self.events += events


@dataclass(slots=True)
class SegmentIndex:
    """The streams of one segment by name. `end` is where its last whole record ends."""

    end: int = len(MAGIC)
    streams: dict[str, StreamExtent] = field(default_factory=dict)

    def add_stream(self, record: StreamRecord, end: int) -> None:
        self.streams[record.name] = StreamExtent(record.number, 0, 0, 0, 0, 0)
        self.end = end

    def add_events(self, name: str, start: int, end: int, times_ms: Sequence[int]) -> None:
        """Enter the events between `start` and `end`; their times, at least one, in any order."""
        extent = self.streams[name]
        extent.extend(start, end, min(times_ms), max(times_ms), len(times_ms))
        self.end = end

    def to_json(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> SegmentIndex:
        """Raises ValueError, TypeError, KeyError or AttributeError for what is no index."""
        document = json.loads(text)
        streams = {name: StreamExtent(**extent) for name, extent in document["streams"].items()}
        return cls(int(document["end"]), streams)


def read_index(segment: Path) -> SegmentIndex:
    """The index of a segment, from the file beside it if that is good, else from the segment itself."""
    try:
        return SegmentIndex.from_json(index_path(segment).read_text())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return build_index(segment)


def build_index(segment: Path) -> SegmentIndex:
    """The index of what can be read of a segment; an empty one where it does not even begin as it should."""
    index = SegmentIndex()
    data = segment.read_bytes()
    if not data.startswith(MAGIC):
        index.end = 0
        return index
    names: dict[int, str] = {}
    for start, end, record in scan(data[len(MAGIC) :], len(MAGIC)):
        if isinstance(record, StreamRecord):
            names[record.number] = record.name
            index.add_stream(record, end)
        elif isinstance(record, EventRecord):
            index.add_events(names[record.stream], start, end, (record.timestamp_ms,))
    return index


def index_path(segment: Path) -> Path:
    """Where the index of a finished segment lies."""
    return segment.with_suffix(".idx")
