"""One log group on disk: a directory of numbered segments, the last of which grows.

A group and not a stream has the files, because Lambda makes a stream for each execution environment, and most hold a
few lines. Streams live in the segments, too: one is there from the record that creates it to the one that deletes it.
Used from one thread at a time (log_segments.py).
"""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.storage.log_finished import FinishedSegments, segment_path
from lambent.storage.log_index import SegmentIndex, build_index, index_path
from lambent.storage.log_pending import Pending
from lambent.storage.log_records import MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from lambent.storage.log_index import StreamExtent
    from lambent.storage.log_pending import Batch

# A segment is read as a whole when the platform starts after a crash: 40 ms at this size. Retention deletes whole ones.
SEGMENT_BYTES = 4 << 20
# Retention is in days: a quiet group must not keep one segment open for years.
SEGMENT_AGE_MS = 86_400_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a segment to look through for the events of some streams (by their numbers there), and the times
    between which these are.
    """

    segment: Path
    start: int
    end: int
    streams: dict[int, str]
    first_ms: int
    last_ms: int


@dataclass(slots=True)
class StreamFacts:
    """What is known of a stream. Times in calendar milliseconds; those of events are None where it has none."""

    created_ms: int
    first_ms: int | None = None
    last_ms: int | None = None
    ingested_ms: int | None = None


class LogGroup:
    """The segments under one directory, which must exist."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        numbers = sorted(int(path.stem) for path in directory.glob("*.seg"))
        self._finished = FinishedSegments(directory)
        for number in numbers[:-1]:
            self._finished.load(number)
        self._number = numbers[-1] if numbers else 0
        self._index = SegmentIndex()
        if not numbers:
            self._begin()
            return
        self._index = build_index(self._path)
        self._finished.forget(self._index.deleted)
        surplus = self._path.stat().st_size - self._index.end
        if surplus or self._index.end < len(MAGIC):
            # It stays as it is: behind the damage may lie more than a torn record.
            _log.warning("%s: %d bytes at its end cannot be read", self._path, surplus)
            self._finish()

    def append(self, batches: Iterable[Batch]) -> int:
        """Add what came together for this group, stream by stream, with one write per segment that it goes to. Returns
        how many bytes were written.

        Raises OSError; what was written of it is then unknown.
        """
        streams: dict[str, list[Batch]] = {}
        for batch in batches:
            if batch.events:
                streams.setdefault(batch.stream, []).append(batch)
        written = 0
        pending = Pending(self._index, self._is_new)
        for stream, rest in streams.items():
            while rest:
                if pending.end >= SEGMENT_BYTES or self._is_old(rest[0].ingested_ms):
                    written += self._put(pending)
                    self._finish()
                    pending = Pending(self._index, self._is_new)
                del rest[: pending.add(stream, rest, SEGMENT_BYTES)]
        return written + self._put(pending)

    def create_stream(self, name: str, now_ms: int) -> bool:
        """Durable when it returns. False if it is there already. Raises OSError."""
        if not self._is_new(name):
            return False
        pending = Pending(self._index, self._is_new)
        pending.create(name, now_ms)
        self._put(pending, is_durable=True)
        return True

    def delete_stream(self, name: str) -> bool:
        """Durable when it returns. False if it is not there. Raises OSError."""
        if self._is_new(name):
            return False
        pending = Pending(self._index, self._is_new)
        pending.delete(name)
        self._put(pending, is_durable=True)
        self._finished.forget({name})
        return True

    def streams(self, chosen: Callable[[str], bool]) -> dict[str, StreamFacts]:
        """The streams whose names are chosen."""
        found: dict[str, StreamFacts] = {}
        for index in self._indexes():
            for name, extent in index.streams.items():
                if name in found or chosen(name):
                    _add_to(found, name, extent)
        return found

    def stream(self, name: str) -> StreamFacts | None:
        found: dict[str, StreamFacts] = {}
        if self._is_new(name):
            return None
        for index in self._indexes():
            if extent := index.streams.get(name):
                _add_to(found, name, extent)
        return found.get(name)

    def find(
        self, chosen: Callable[[str], bool], start_ms: int, end_ms: int, since: int = 0
    ) -> list[Stretch]:
        """Where events of the chosen streams from `start_ms` to before `end_ms` may lie, oldest segment first.

        Args:
            since: no segment with a lower number.
        """
        found = []
        for number, index in self._with_events(start_ms, end_ms, since):
            extents = {
                name: extent
                for name, extent in index.streams.items()
                if chosen(name)
                and extent.events
                and extent.last_ms >= start_ms
                and extent.first_ms < end_ms
            }
            if extents:
                found.append(_stretch(segment_path(self._directory, number), extents))
        return found

    def end(self) -> tuple[int, int]:
        """The position (segment, offset) behind everything that is there."""
        return self._number, self._index.end

    @property
    def stored_bytes(self) -> int:
        """What AWS counts: the messages, and 26 bytes for each."""
        return self._finished.stored_bytes + self._index.stored_bytes

    def expire(self, before_ms: int) -> int:
        """Delete the segments that hold nothing as young as `before_ms`; returns how many bytes. Raises OSError."""
        if self._index.stored_bytes and self._index.last_ms < before_ms:
            self._finish()
        freed = 0
        for number in self._finished:
            if self._finished.last_ms(number) < before_ms:
                freed += self._remove(number).end
        return freed

    def drop_oldest(self) -> int:
        """Delete the oldest finished segment, whatever it holds; returns how many events.

        Raises OSError, and LookupError where there is none.
        """
        index = self._remove(self._finished.oldest())
        return sum(extent.events for extent in index.streams.values())

    @property
    def _path(self) -> Path:
        return segment_path(self._directory, self._number)

    def _indexes(self) -> Iterator[SegmentIndex]:
        for number in self._finished:
            yield self._finished.index(number)
        yield self._index

    def _with_events(
        self, start_ms: int, end_ms: int, since: int
    ) -> Iterator[tuple[int, SegmentIndex]]:
        yield from self._finished.with_events(start_ms, end_ms, since)
        if self._number >= since:
            yield self._number, self._index

    def _is_new(self, stream: str) -> bool:
        return stream not in self._index.streams and not self._finished.hold(stream)

    def _is_old(self, now_ms: int) -> bool:
        return bool(self._index.began_ms) and now_ms - self._index.began_ms >= SEGMENT_AGE_MS

    def _remove(self, number: int) -> SegmentIndex:
        """Delete a finished segment. Its streams stay, empty where it held all that they had."""
        path = segment_path(self._directory, number)
        index = self._finished.remove(number)
        pending = Pending(self._index, self._is_new)
        for name, extent in index.streams.items():
            if extent.created_ms or self._is_new(name):
                pending.create(name, extent.created_ms or extent.ingested_ms)
        self._put(pending, is_durable=True)
        path.unlink()
        index_path(path).unlink(missing_ok=True)
        return index

    def _put(self, pending: Pending, *, is_durable: bool = False) -> int:
        """Returns how many bytes were written. Raises OSError."""
        if pending.data:
            self._write(pending.data, is_durable=is_durable)
            pending.enter()
        return len(pending.data)

    def _write(self, data: bytearray, *, is_durable: bool) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(data)
                if is_durable:
                    file.flush()
                    os.fdatasync(file.fileno())
        except OSError:
            # Part of a record may be there; nothing more is put behind it.
            with contextlib.suppress(OSError):
                self._finish()
            raise

    def _finish(self) -> None:
        self._finished.add(self._number, self._index)
        self._begin()

    def _begin(self) -> None:
        self._number += 1
        self._index = SegmentIndex()
        self._path.write_bytes(MAGIC)


def _add_to(found: dict[str, StreamFacts], name: str, extent: StreamExtent) -> None:
    """Join what one segment knows of a stream to what earlier ones know."""
    facts = found.get(name)
    if facts is None:
        facts = found[name] = StreamFacts(extent.created_ms or extent.ingested_ms)
    elif extent.created_ms:
        facts.created_ms = min(facts.created_ms, extent.created_ms)
    if not extent.events:
        return
    if facts.first_ms is None or facts.last_ms is None or facts.ingested_ms is None:
        facts.first_ms, facts.last_ms = extent.first_ms, extent.last_ms
        facts.ingested_ms = extent.ingested_ms
        return
    facts.first_ms = min(facts.first_ms, extent.first_ms)
    facts.last_ms = max(facts.last_ms, extent.last_ms)
    facts.ingested_ms = max(facts.ingested_ms, extent.ingested_ms)


def _stretch(path: Path, extents: dict[str, StreamExtent]) -> Stretch:
    values = extents.values()
    return Stretch(
        path,
        min(extent.start for extent in values),
        max(extent.end for extent in values),
        {extent.number: name for name, extent in extents.items()},
        min(extent.first_ms for extent in values),
        max(extent.last_ms for extent in values),
    )
