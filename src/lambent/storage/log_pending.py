"""Records on their way to a segment: they are written first, and entered into its index once they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambent.storage.log_records import (
    CreatedRecord,
    DeletedRecord,
    StreamRecord,
    encode_created,
    encode_deleted,
    encode_stream,
    events_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambent.storage.log_index import SegmentIndex


# Not frozen: one is made per invocation, and frozen ones cost three times as much.
@dataclass(slots=True)
class Batch:
    """Events of one stream as (timestamp in ms, text), and when they came in."""

    stream: str
    events: Sequence[tuple[int, str]]
    ingested_ms: int


class Pending:
    """What is about to be written behind what `index` holds. `is_new` knows whether the group has no such stream."""

    def __init__(self, index: SegmentIndex, is_new: Callable[[str], bool]) -> None:
        self.data = bytearray()
        self._index = index
        self._is_new = is_new
        self._begin = index.end
        self._numbers: dict[str, int] = {}
        self._given = index.numbers
        self._entries: list[Callable[[], None]] = []

    @property
    def end(self) -> int:
        """Where the segment will end."""
        return self._begin + len(self.data)

    def add(self, stream: str, batches: Sequence[Batch], full: int) -> int:
        """Events of one stream, the first of which create it: batch after batch, until the segment ends at `full` or
        behind it. Returns how many batches were taken, at least one.
        """
        if stream not in self._numbers and self._is_new(stream):
            self.create(stream, batches[0].ingested_ms)
        number = self._number_of(stream)
        start = self.end
        data, room = self.data, full - self._begin
        times_ms: list[int] = []
        taken = 0
        for batch in batches:
            data += events_bytes(number, batch.events, batch.ingested_ms)
            times_ms += [timestamp_ms for timestamp_ms, _ in batch.events]
            taken += 1
            if len(data) >= room:
                break
        ingested_ms = batches[taken - 1].ingested_ms
        self._entries.append(
            partial(self._index.add_events, stream, start, self.end, times_ms, ingested_ms)
        )
        return taken

    def create(self, name: str, created_ms: int) -> None:
        number = self._number_of(name)
        self.data += encode_created(CreatedRecord(number, created_ms))
        self._entries.append(partial(self._index.add_created, name, created_ms, self.end))

    def delete(self, name: str) -> None:
        number = self._number_of(name)
        self.data += encode_deleted(DeletedRecord(number))
        self._entries.append(partial(self._index.delete_stream, name, self.end))

    def enter(self) -> None:
        """They are written: the index tells of them."""
        for entry in self._entries:
            entry()

    def _number_of(self, stream: str) -> int:
        """The stream's number in this segment; the record that gives it one goes first if it has none."""
        if extent := self._index.streams.get(stream):
            return extent.number
        if stream not in self._numbers:
            number = self._numbers[stream] = self._given
            self._given += 1
            record = StreamRecord(number, stream)
            self.data += encode_stream(record)
            self._entries.append(partial(self._index.add_stream, record, self.end))
        return self._numbers[stream]
