"""Usage as it happens: fixed-size slots in memory-mapped segment files, until the database has their sums.

A slot is in the file when `put` returns, as far as processes are concerned: whatever kills this one, the kernel keeps
the page. Nothing is synced: what a power cut takes is what the database has not been given yet. Slots name their target
by a number that an earlier slot of the same segment has defined, so that each segment can be read by itself.

The kind is a slot's last byte and written last; 0 means that there is no slot, or a torn one. Segments are never
written to by a second process, so a torn one is the last.
"""

from __future__ import annotations

import contextlib
import logging
import mmap
import os
import struct
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import orjson

from lambent.core import ids

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping
    from pathlib import Path
    from typing import Any

# Time in ms, amount, target, first, second, nothing, flags, kind.
SLOT = struct.Struct("<QQIIIHBB")
SLOT_BYTES = SLOT.size
# A slot's moment, and what it says beside it.
_MOMENT = struct.Struct("<Q24x")
_REST = struct.Struct("<8x24s")
_SAID = struct.Struct("<QIIIHBB")
SEGMENT_BYTES = 1 << 20  # some 30,000 invocations
# What the database may be behind, at most: two million invocations.
MOST_SEGMENTS = 64
DEFINITION = 1
_SUFFIX = ".usage"

_log = logging.getLogger(__name__)


class Slot(NamedTuple):
    """What was put, but for the definitions. `time_ms` is in calendar milliseconds."""

    kind: int
    target: Mapping[str, Any]
    time_ms: int
    amount: int
    first: int
    second: int
    flags: int


class Reader:
    """Makes sense of a segment's bytes, a piece at a time; each piece goes on where the last one ended."""

    def __init__(self) -> None:
        self._targets: dict[int, Mapping[str, Any]] = {}
        self._definition = (0, 0)  # its number and how many bytes are missing
        self._text = b""

    def slots(self, piece: bytes) -> Iterator[Slot]:
        """Of whole slots, the last one of which may lie in the middle of a definition."""
        for at in range(0, len(piece), SLOT_BYTES):
            number, missing = self._definition
            if missing:
                self._text += piece[at : at + min(missing, SLOT_BYTES)]
                self._define(number, missing - SLOT_BYTES)
                continue
            time_ms, amount, target, first, second, _, flags, kind = SLOT.unpack_from(piece, at)
            if kind == DEFINITION:
                self._text = b""
                self._define(target, first)
            else:
                yield Slot(kind, self._targets[target], time_ms, amount, first, second, flags)

    def counted(self, piece: bytes, span_ms: int) -> Iterator[tuple[Slot, int]]:
        """The same, with how many there are of each: those that differ in their moments alone, and not in which stretch
        of `span_ms` these lie, are told of once, with a moment of that stretch.

        An invocation is a slot, and many of them are alike: they are counted without being looked at one by one.
        """
        if not self._definition[1]:
            moments = [moment for (moment,) in _MOMENT.iter_unpack(piece)]
            if moments and min(moments) // span_ms == max(moments) // span_ms:
                alike = Counter(_REST.iter_unpack(piece))
                said = [(*_SAID.unpack(rest), count) for (rest,), count in alike.items()]
                if all(kind != DEFINITION for *_, kind, _ in said):
                    for amount, target, first, second, _, flags, kind, count in said:
                        values = (moments[0], amount, first, second, flags)
                        yield Slot(kind, self._targets[target], *values), count
                    return
        for slot in self.slots(piece):
            yield slot, 1

    def _define(self, number: int, missing: int) -> None:
        self._definition = (number, max(missing, 0))
        if missing <= 0:
            self._targets[number] = orjson.loads(self._text)


class Segment:
    """A segment that this process writes. On a full disk it is memory alone, and goes with the process."""

    def __init__(self, directory: Path, size: int = SEGMENT_BYTES) -> None:
        self.path = directory / f"{ids.hex_id(32)}{_SUFFIX}"
        self.end = 0
        self.size = size
        self.known: dict[Hashable, int] = {}
        self.buffer: mmap.mmap | bytearray
        try:
            self.buffer = _mapped(self.path, size)
        except OSError as problem:
            _log.error("usage is kept in memory alone: %s", problem)
            with contextlib.suppress(OSError):  # a disk that takes nothing lets nothing be removed
                self.path.unlink(missing_ok=True)
            self.buffer = bytearray(size)

    def remove(self) -> None:
        """Its file, if it has one."""
        if isinstance(self.buffer, mmap.mmap):
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        if isinstance(self.buffer, mmap.mmap):
            self.buffer.close()


class Journal:
    """Args: a directory of ours alone, and how large a segment is."""

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._size = segment_bytes
        self._segments: list[Segment] = []
        self._current: Segment | None = None
        self._lost = 0

    def number_of(self, key: Hashable) -> int | None:
        """What stands for a target in the segment at hand; None where that has to be defined."""
        current = self._current
        # Room is looked for here: what is defined in a segment must be put into the same.
        if current is None or current.end >= current.size:
            current = self._next()
        return current.known.get(key)

    def define(self, key: Hashable, target: Mapping[str, Any]) -> int:
        """Say what is measured; after `number_of` has said None."""
        text = orjson.dumps(target)
        slots = -(-len(text) // SLOT_BYTES)
        current = self._current
        if current is None or current.end + (slots + 2) * SLOT_BYTES > current.size:
            current = self._next()
        number = current.known[key] = len(current.known) + 1
        body = current.end + SLOT_BYTES
        current.buffer[body : body + len(text)] = text
        SLOT.pack_into(current.buffer, current.end, 0, 0, number, len(text), 0, 0, 0, DEFINITION)
        current.end = body + slots * SLOT_BYTES
        return number

    def put_known(
        self,
        key: Hashable,
        kind: int,
        time_ms: int,
        amount: int = 0,
        first: int = 0,
        second: int = 0,
        flags: int = 0,
    ) -> bool:
        """One slot for a target that is defined in the segment at hand; False, and nothing is written, for another."""
        current = self._current
        if current is None or current.end >= current.size:
            return False
        number = current.known.get(key)
        if number is None:
            return False
        self.put(kind, number, time_ms, amount, first, second, flags)
        return True

    def put(
        self,
        kind: int,
        number: int,
        time_ms: int,
        amount: int = 0,
        first: int = 0,
        second: int = 0,
        flags: int = 0,
    ) -> None:
        """One slot, for a number of `number_of` or `define` that was asked for just now."""
        current = self._current
        assert current is not None
        SLOT.pack_into(
            current.buffer, current.end, time_ms, amount, number, first, second, 0, flags, kind
        )
        current.end += SLOT_BYTES

    def segments(self) -> list[Segment]:
        """Those of this process, oldest first; all but the last are full."""
        return list(self._segments)

    def is_full(self, segment: Segment) -> bool:
        return segment is not self._current

    def seal(self) -> None:
        """What is put from now on goes into another segment."""
        self._current = None

    def drop(self, segment: Segment) -> None:
        """The database has all of it."""
        self._segments.remove(segment)
        segment.remove()
        segment.close()

    def left_over(self) -> list[Path]:
        """What earlier processes have left."""
        own = {segment.path for segment in self._segments}
        found = self._directory.glob(f"*{_SUFFIX}")
        return sorted(path for path in found if path not in own)

    def forget(self) -> None:
        """Everything put until now counts for nothing."""
        self._current = None
        for segment in self.segments():
            self.drop(segment)

    def close(self) -> None:
        """What the database has not got is there at the next start."""
        self._current = None
        for segment in self._segments:
            segment.close()
        self._segments.clear()

    def _next(self) -> Segment:
        if len(self._segments) >= MOST_SEGMENTS:
            oldest = self._segments[0]
            self._lost += 1
            _log.error("usage is lost: %d segments wait for the database", MOST_SEGMENTS)
            self.drop(oldest)
        self._current = Segment(self._directory, self._size)
        self._segments.append(self._current)
        return self._current


def name_of(path: Path) -> str:
    return path.name.removesuffix(_SUFFIX)


def whole_slots(data: bytes) -> bytes:
    """What was put into a segment, of all its bytes: up to the first slot that is not there."""
    at = 0
    while at + SLOT_BYTES <= len(data):
        kind, length = data[at + SLOT_BYTES - 1], SLOT.unpack_from(data, at)[3]
        if kind == 0:
            break
        at += SLOT_BYTES
        if kind == DEFINITION:
            at += -(-length // SLOT_BYTES) * SLOT_BYTES
    return data[: min(at, len(data))]


def _mapped(path: Path, size: int) -> mmap.mmap:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)  # a full disk must not be found out by SIGBUS
        return mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)
