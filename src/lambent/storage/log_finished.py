"""The finished segments of a log group: what is asked of all of them at once is in memory, the rest lies on disk.

A busy function finishes one in seconds, so that what is kept of each is what the platform's memory grows by: some 300
bytes. The streams of a segment are in its index, the file beside it, which is read when somebody asks for them.
Used from one thread at a time (log_segments.py).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.storage.log_index import SegmentIndex, build_index, index_path, read_index

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

# Indexes that are kept after they have been read: who reads a log goes on where it was.
_CACHED = 4


@dataclass(frozen=True, slots=True)
class _Summary:
    """Times of the events in calendar milliseconds, both included; 0 where there are none."""

    stored_bytes: int
    first_ms: int
    last_ms: int

    @classmethod
    def of(cls, index: SegmentIndex) -> _Summary:
        return cls(index.stored_bytes, index.first_ms, index.last_ms)


class FinishedSegments:
    """By their numbers, the oldest first. Args: the group's directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._summaries: dict[int, _Summary] = {}
        # In how many segments a stream is: asked for every stream that is not in the one that is written to.
        self._streams: Counter[str] = Counter()
        self._cache: dict[int, SegmentIndex] = {}
        # Streams that were deleted, and the newest segment there was by then.
        self._deleted: dict[str, int] = {}
        # Those that could not be written: what was deleted would come back out of the old file, or the segment.
        self._unwritten: dict[int, SegmentIndex] = {}

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._summaries))

    def oldest(self) -> int:
        """Raises LookupError where there is none."""
        for number in self._summaries:
            return number
        raise LookupError("no segment is finished")

    def hold(self, stream: str) -> bool:
        """Whether the stream is in one of them."""
        return stream in self._streams

    @property
    def stored_bytes(self) -> int:
        """What AWS counts of their events."""
        return sum(summary.stored_bytes for summary in self._summaries.values())

    def last_ms(self, number: int) -> int:
        """The newest event of one; 0 without any."""
        return self._summaries[number].last_ms

    def index(self, number: int) -> SegmentIndex:
        """What one holds. To be looked at only."""
        if (index := self._unwritten.get(number)) is not None:
            return index
        index = self._cache.pop(number, None) or self._read(number)
        self._cache[number] = index
        if len(self._cache) > _CACHED:
            del self._cache[next(iter(self._cache))]
        return index

    def with_events(
        self, start_ms: int, end_ms: int, since: int
    ) -> Iterator[tuple[int, SegmentIndex]]:
        """Those that hold events from `start_ms` to before `end_ms`. Args: `since`: none with a lower number."""
        for number, summary in tuple(self._summaries.items()):
            if number >= since and summary.last_ms >= start_ms and summary.first_ms < end_ms:
                yield number, self.index(number)

    def load(self, number: int) -> None:
        """Enter one that an earlier run has finished. Called in the order of their numbers."""
        index = self._read(number)
        if index.deleted:
            self.forget(index.deleted)
        self._enter(number, index)

    def add(self, number: int, index: SegmentIndex) -> None:
        """This one is finished now."""
        self._enter(number, index)
        self._write(number, index)

    def remove(self, number: int) -> SegmentIndex:
        """It is not one of them any more; returns what it held. Its files are the caller's."""
        index = self.index(number)
        self._leave(index)
        del self._summaries[number]
        oldest = next(iter(self._summaries), number + 1)
        self._deleted = {name: at for name, at in self._deleted.items() if at >= oldest}
        self._cache.pop(number, None)
        self._unwritten.pop(number, None)
        return index

    def forget(self, names: Collection[str]) -> None:
        """These streams were deleted: they are in none of them any more."""
        if not any(name in self._streams for name in names):
            return
        self._deleted.update(dict.fromkeys(names, max(self._summaries)))
        for number in self:
            index = self.index(number)
            if index.streams.keys().isdisjoint(names):
                continue
            self._leave(index)
            for name in names:
                index.streams.pop(name, None)
            self._enter(number, index)
            # The record of the deletion may go before this segment does.
            self._write(number, index)

    def _enter(self, number: int, index: SegmentIndex) -> None:
        self._summaries[number] = _Summary.of(index)
        self._streams.update(index.streams.keys())

    def _leave(self, index: SegmentIndex) -> None:
        self._streams.subtract(index.streams.keys())
        for name in index.streams:
            if not self._streams[name]:
                del self._streams[name]

    def _read(self, number: int) -> SegmentIndex:
        """From its file, which may have been damaged meanwhile: a segment knows nothing of what was deleted later."""
        if (index := read_index(self._path(number))) is not None:
            return index
        index = build_index(self._path(number))
        for name, at in self._deleted.items():
            if number <= at:
                index.streams.pop(name, None)
        self._write(number, index)
        return index

    def _write(self, number: int, index: SegmentIndex) -> None:
        try:
            index_path(self._path(number)).write_bytes(index.to_json())
        except OSError:
            self._unwritten[number] = index
        else:
            self._unwritten.pop(number, None)

    def _path(self, number: int) -> Path:
        return segment_path(self._directory, number)


def segment_path(directory: Path, number: int) -> Path:
    return directory / f"{number:010}.seg"
