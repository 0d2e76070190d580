"""One log group on disk: a directory of numbered segments, the last of which grows.

A group and not a stream has the files, because Lambda makes a stream for each execution environment, and most hold a
few lines. Used from one thread at a time (log_segments.py).
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.storage.log_index import SegmentIndex, build_index, index_path, read_index
from lambent.storage.log_records import (
    MAGIC,
    StreamRecord,
    encode_stream,
    events_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

# A segment is read as a whole when the platform starts after a crash: 40 ms at this size. Retention deletes whole ones.
SEGMENT_BYTES = 4 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a segment to look through for the events of one stream."""

    segment: Path
    start: int
    end: int
    stream: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Events of one stream as (timestamp in ms, text), and when they came in."""

    stream: str
    events: Sequence[tuple[int, str]]
    ingested_ms: int


class _Pending:
    """Records that are about to be written behind what `index` holds, and are entered there once they are."""

    def __init__(self, index: SegmentIndex) -> None:
        self.data = bytearray()
        self._index = index
        self._begin = index.end
        self._streams: dict[str, tuple[int, int]] = {}
        self._events: list[tuple[str, int, int, list[int]]] = []

    @property
    def end(self) -> int:
        """Where the segment will end."""
        return self._begin + len(self.data)

    def add(self, batch: Batch) -> None:
        if not batch.events:
            return
        number = self._number_of(batch.stream)
        start = self.end
        self.data += events_bytes(number, batch.events, batch.ingested_ms)
        times_ms = [timestamp_ms for timestamp_ms, _ in batch.events]
        self._events.append((batch.stream, start, self.end, times_ms))

    def enter(self) -> None:
        """They are written: the index tells of them."""
        for stream, (number, end) in self._streams.items():
            self._index.add_stream(StreamRecord(number, stream), end)
        for stream, start, end, times_ms in self._events:
            self._index.add_events(stream, start, end, times_ms)

    def _number_of(self, stream: str) -> int:
        """The stream's number in this segment; the record that gives it one goes first if it has none."""
        if extent := self._index.streams.get(stream):
            return extent.number
        if stream not in self._streams:
            number = len(self._index.streams) + len(self._streams)
            self.data += encode_stream(StreamRecord(number, stream))
            self._streams[stream] = (number, self.end)
        return self._streams[stream][0]


class LogGroup:
    """The segments under one directory, which must exist."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        paths = sorted(directory.glob("*.seg"))
        self._finished = [(path, read_index(path)) for path in paths[:-1]]
        self._number = int(paths[-1].stem) if paths else 0
        self._index = SegmentIndex()
        if not paths:
            self._begin()
            return
        self._index = build_index(self._path)
        surplus = self._path.stat().st_size - self._index.end
        if surplus or self._index.end < len(MAGIC):
            # It stays as it is: behind the damage may lie more than a torn record.
            _log.warning("%s: %d bytes at its end cannot be read", self._path, surplus)
            self._finish()

    def append(self, batches: Iterable[Batch]) -> None:
        """Add what came together for this group, with one write per segment that it goes to.

        Raises OSError; what was written of it is then unknown.
        """
        pending = _Pending(self._index)
        for batch in batches:
            if pending.end >= SEGMENT_BYTES:
                self._put(pending)
                self._finish()
                pending = _Pending(self._index)
            pending.add(batch)
        self._put(pending)

    def find(self, stream: str, start_ms: int, end_ms: int) -> list[Stretch]:
        """Where events of the stream from `start_ms` to before `end_ms` may lie, oldest segment first."""
        found = []
        for path, index in [*self._finished, (self._path, self._index)]:
            extent = index.streams.get(stream)
            if extent and extent.events and extent.last_ms >= start_ms and extent.first_ms < end_ms:
                found.append(Stretch(path, extent.start, extent.end, extent.number))
        return found

    @property
    def _path(self) -> Path:
        return self._directory / f"{self._number:010}.seg"

    def _put(self, pending: _Pending) -> None:
        self._write(pending.data)
        pending.enter()

    def _write(self, data: bytearray) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(data)
        except OSError:
            # Part of a record may be there; nothing more is put behind it.
            with contextlib.suppress(OSError):
                self._finish()
            raise

    def _finish(self) -> None:
        self._finished.append((self._path, self._index))
        with contextlib.suppress(OSError):  # it is only a shortcut
            index_path(self._path).write_text(self._index.to_json())
        self._begin()

    def _begin(self) -> None:
        self._number += 1
        self._index = SegmentIndex()
        self._path.write_bytes(MAGIC)
