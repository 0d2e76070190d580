"""Streams and segments of one log group: what is created, deleted and expired stays so over a restart."""

from __future__ import annotations

import gc
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from lambent.storage import log_group
from lambent.storage.log_group import LogGroup, StreamFacts
from lambent.storage.log_index import index_path
from lambent.storage.log_pending import Batch
from lambent.storage.log_reader import END_OF_TIME_MS, FIRST, LAST, newest_first, oldest_first

if TYPE_CHECKING:
    from pathlib import Path

DAY_MS = 86_400_000


def everything(_: str) -> bool:
    return True


def texts(group: LogGroup, stream: str = "") -> list[str]:
    chosen = stream.__eq__ if stream else everything
    stretches = group.find(chosen, 0, END_OF_TIME_MS)
    found = [event.text for event in oldest_first(stretches, FIRST, LAST)]
    assert [event.text for event in newest_first(stretches, FIRST, LAST)] == found[::-1]
    return found


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of some ten events."""
    monkeypatch.setattr(log_group, "SEGMENT_BYTES", 500)


def fill(group: LogGroup, stream: str, count: int, start_ms: int = 0) -> None:
    for number in range(start_ms, start_ms + count):
        group.append([Batch(stream, [(number, f"{stream} {number}")], number)])


def test_a_stream_is_there_without_events_and_after_a_restart(tmp_path: Path) -> None:
    group = LogGroup(tmp_path)
    assert group.create_stream("s", 7)
    assert not group.create_stream("s", 8)
    for each in (group, LogGroup(tmp_path)):
        assert each.streams(everything) == {"s": StreamFacts(7)}
        assert each.stream("s") == StreamFacts(7)
        assert each.stream("t") is None


def test_facts_of_a_stream_are_joined_over_segments(tmp_path: Path, small: None) -> None:
    group = LogGroup(tmp_path)
    group.create_stream("s", 1)
    fill(group, "s", 50, start_ms=100)
    assert len(list(tmp_path.glob("*.seg"))) > 3
    for each in (group, LogGroup(tmp_path)):
        assert each.stream("s") == StreamFacts(1, 100, 149, 149)
        assert texts(each) == [f"s {number}" for number in range(100, 150)]


@pytest.mark.parametrize("keeps_indexes", [True, False])
def test_a_deleted_stream_stays_deleted(tmp_path: Path, small: None, keeps_indexes: bool) -> None:
    group = LogGroup(tmp_path)
    fill(group, "s", 30)
    fill(group, "t", 5)
    assert group.delete_stream("s")
    assert not group.delete_stream("s")
    fill(group, "t", 30, start_ms=50)
    if not keeps_indexes:
        for path in tmp_path.glob("*.seg"):
            index_path(path).unlink(missing_ok=True)
    for each in (group, LogGroup(tmp_path)):
        assert list(each.streams(everything)) == ["t"]
        assert texts(each, "s") == []
    group.append([Batch("s", [(9, "again")], 9)])
    for each in (group, LogGroup(tmp_path)):
        assert texts(each, "s") == ["again"]
        assert each.stream("s") == StreamFacts(9, 9, 9, 9)


def test_a_deletion_holds_where_its_index_could_not_be_written(tmp_path: Path, small: None) -> None:
    group = LogGroup(tmp_path)
    fill(group, "s", 30)
    fill(group, "t", 60)
    first = index_path(min(tmp_path.glob("*.seg")))
    before = first.read_bytes()
    first.unlink()
    first.mkdir()  # nothing can be written there
    group.delete_stream("s")
    assert texts(group, "s") == []
    fill(group, "s", 1)
    assert texts(group, "s") == ["s 0"]
    first.rmdir()
    first.write_bytes(before)
    assert texts(group, "s") == ["s 0"]


def test_a_deletion_holds_where_an_index_is_damaged_later(tmp_path: Path, small: None) -> None:
    group = LogGroup(tmp_path)
    fill(group, "s", 30)
    fill(group, "t", 60)
    group.delete_stream("s")
    fill(group, "s", 30)
    for path in tmp_path.glob("*.seg"):
        index_path(path).write_bytes(b"")
    assert texts(group, "s") == [f"s {number}" for number in range(30)]
    assert index_path(min(tmp_path.glob("*.seg"))).stat().st_size  # written again
    group.expire(1000)
    assert texts(group) == []


def test_a_finished_segment_takes_little_memory(tmp_path: Path, small: None) -> None:
    """However many streams are in it: those are on disk."""
    group = LogGroup(tmp_path)
    names = [f"2026/11/26/[$LATEST]{number:032x}" for number in range(16)]

    def fill_segments(count: int) -> None:
        before = len(list(tmp_path.glob("*.seg")))
        while len(list(tmp_path.glob("*.seg"))) < before + count:
            group.append([Batch(name, [(1 << 41, "x")], 1 << 41) for name in names])

    fill_segments(10)
    tracemalloc.start(10)
    try:
        fill_segments(100)
        gc.collect()  # what the interpreter keeps for its next tuples
        # Other tests' platforms may live in this process.
        ours = tracemalloc.Filter(True, log_group.__file__, all_frames=True)
        traces = tracemalloc.take_snapshot().filter_traces([ours]).traces
    finally:
        tracemalloc.stop()
    assert 0 < sum(trace.size for trace in traces) / 100 < 500
    assert len(texts(group)) > 110


def test_a_stream_deleted_and_made_again_in_one_segment(tmp_path: Path) -> None:
    group = LogGroup(tmp_path)
    fill(group, "s", 2)
    group.delete_stream("s")
    fill(group, "s", 1, start_ms=7)
    for each in (group, LogGroup(tmp_path)):
        assert texts(each) == ["s 7"]


def test_segments_expire_as_a_whole_and_their_streams_stay(tmp_path: Path, small: None) -> None:
    group = LogGroup(tmp_path)
    group.create_stream("empty", 1)
    fill(group, "s", 40, start_ms=100)
    before = group.stored_bytes
    assert group.expire(0) == 0
    assert group.expire(125) > 0
    assert group.stored_bytes < before
    left = texts(group)
    assert left[-1] == "s 139"
    assert len(left) < 30
    for each in (group, LogGroup(tmp_path)):
        assert set(each.streams(everything)) == {"s", "empty"}
        assert each.stream("empty") == StreamFacts(1)
        assert texts(each) == left
    group.expire(1000)
    for each in (group, LogGroup(tmp_path)):
        assert texts(each) == []
        assert each.stored_bytes == 0
        assert each.stream("s") == StreamFacts(100)


def test_a_quiet_group_gets_a_segment_a_day(tmp_path: Path) -> None:
    group = LogGroup(tmp_path)
    for day in range(4):
        group.append([Batch("s", [(day, "x")], 1 + day * DAY_MS)])
    assert len(list(tmp_path.glob("*.seg"))) == 4


def test_events_come_in_order_of_time_wherever_they_lie(tmp_path: Path, small: None) -> None:
    group = LogGroup(tmp_path)
    times = [(number * 37) % 100 for number in range(100)]
    for number in times:
        group.append([Batch("s", [(number, f"{number:02}")], number)])
    assert texts(group) == [f"{number:02}" for number in range(100)]
    stretches = group.find(everything, 0, END_OF_TIME_MS)
    middle = list(oldest_first(stretches, FIRST, LAST))[50].key
    after = [event.text for event in oldest_first(stretches, middle, LAST)]
    assert after == [f"{number:02}" for number in range(51, 100)]
    before = [event.text for event in newest_first(stretches, FIRST, middle)]
    assert before == [f"{number:02}" for number in range(49, -1, -1)]


def test_what_retention_deletes_while_it_is_read_is_not_missed(tmp_path: Path) -> None:
    group = LogGroup(tmp_path)
    fill(group, "s", 3)
    stretches = group.find(everything, 0, END_OF_TIME_MS)
    group.expire(1000)
    assert list(oldest_first(stretches, FIRST, LAST)) == []


def test_aws_counts_26_bytes_for_an_event(tmp_path: Path) -> None:
    group = LogGroup(tmp_path)
    group.append([Batch("s", [(1, "ä"), (2, "abc")], 0)])
    assert group.stored_bytes == LogGroup(tmp_path).stored_bytes == 2 + 3 + 2 * 26
