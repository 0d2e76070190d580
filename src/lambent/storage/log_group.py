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
    EventRecord,
    StreamRecord,
    encode_event,
    encode_stream,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
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

    def append(self, stream: str, events: Iterable[tuple[int, str]], ingested_ms: int) -> None:
        """Add (timestamp in ms, text) events to a stream. Raises OSError; what of them was written is then unknown."""
        if self._index.end >= SEGMENT_BYTES:
            self._finish()
        data = bytearray()
        base = self._index.end
        number = self._number_of(stream, data)
        extents = []
        for timestamp_ms, text in events:
            start = base + len(data)
            data += encode_event(EventRecord(number, timestamp_ms, ingested_ms, text))
            extents.append((start, base + len(data), timestamp_ms))
        self._write(data)
        if stream not in self._index.streams:
            self._index.add_stream(StreamRecord(number, stream), base)
        for start, end, timestamp_ms in extents:
            self._index.add_event(stream, start, end, timestamp_ms)

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

    def _number_of(self, stream: str, data: bytearray) -> int:
        """The stream's number in this segment; the record that gives it one is put into `data` if it has none."""
        if extent := self._index.streams.get(stream):
            return extent.number
        number = len(self._index.streams)
        data += encode_stream(StreamRecord(number, stream))
        return number

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
