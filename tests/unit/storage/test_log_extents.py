from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from lambent.storage.log_extents import PackedExtents, StreamExtent

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = st.integers(0, 2**53)
EXTENTS = st.builds(StreamExtent, *[NUMBERS] * len(StreamExtent.__slots__))


NAMES = st.text("ab\u00e4[", max_size=2)


@given(st.dictionaries(NAMES, EXTENTS, max_size=4), NAMES, EXTENTS)
def test_packed_they_are_what_they_were(
    extents: dict[str, StreamExtent], name: str, more: StreamExtent
) -> None:
    packed = PackedExtents(extents)
    assert dict(packed) == extents
    assert len(packed) == len(extents)
    assert (name in packed) == (name in extents)
    assert packed.get(name) == extents.get(name)
    packed[name] = more
    assert dict(packed) == {**extents, name: more}
    del packed[name]
    extents.pop(name, None)
    assert dict(packed) == extents
    assert None not in packed


def test_they_take_little_room() -> None:
    names = [f"2026/11/26/[$LATEST]{number:032x}" for number in range(16)]

    def unpacked() -> dict[str, StreamExtent]:
        # Numbers of their own, as those of a segment are.
        first = 1 << 41
        return {
            name: StreamExtent(n, *(first + n + k for k in range(7)))
            for n, name in enumerate(names)
        }

    PackedExtents(unpacked())  # the names are kept once
    assert _room(lambda: PackedExtents(unpacked())) < _room(unpacked) / 2


def _room(make: Callable[[], object]) -> float:
    """Bytes that one of them takes."""
    tracemalloc.start()
    try:
        made = [make() for _ in range(100)]
        gc.collect()  # what the interpreter keeps for its next tuples
        return tracemalloc.get_traced_memory()[0] / len(made)
    finally:
        tracemalloc.stop()
