"""Where a log segment holds the events of its streams: as it is written, and packed once it is finished.

A log group has a segment for every 4 MB, and a segment a stream for each execution environment, so what is kept of
finished ones is what a platform's memory grows by: 85 bytes for each stream of a segment with 16, of 377 unpacked.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import MutableMapping
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from sys import intern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


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


_VALUES = attrgetter(*StreamExtent.__slots__)


class PackedExtents(MutableMapping[str, StreamExtent]):
    """The same as a dictionary by name, in little room. What it gives out are copies.

    Entries are replaced and deleted by making all of it anew: it is for what is finished.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, extents: Mapping[str, StreamExtent]) -> None:
        self._pack(extents)

    def __getitem__(self, name: str) -> StreamExtent:
        at = bisect_left(self._names, name)
        if at == len(self._names) or self._names[at] != name:
            raise KeyError(name)
        return self._at(at)

    def __setitem__(self, name: str, extent: StreamExtent) -> None:
        self._pack({**self, name: extent})

    def __delitem__(self, name: str) -> None:
        rest = dict(self)
        del rest[name]
        self._pack(rest)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        # Asked for every line of a new stream in every segment, so without a copy.
        if not isinstance(name, str):
            return False
        at = bisect_left(self._names, name)
        return at < len(self._names) and self._names[at] == name

    def _pack(self, extents: Mapping[str, StreamExtent]) -> None:
        # In order, to be found by bisection; a name is kept once for all segments.
        self._names = tuple(sorted(map(intern, extents)))
        self._values = array(
            "q", chain.from_iterable(map(_VALUES, map(extents.__getitem__, self._names)))
        )

    def _at(self, at: int) -> StreamExtent:
        width = len(StreamExtent.__slots__)
        return StreamExtent(*self._values[at * width : (at + 1) * width])
