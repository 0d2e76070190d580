from __future__ import annotations

import gc
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from lambent.storage.log_extents import PackedExtents, StreamExtent

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
    PackedExtents(dict.fromkeys(names, StreamExtent(0)))  # the names are kept once
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        segments = [
            PackedExtents({name: StreamExtent(n, *[1 << 41] * 7) for n, name in enumerate(names)})
            for _ in range(100)
        ]
        gc.collect()  # what the interpreter keeps for its next tuples
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (after - before) / len(segments) / len(names) < 100
