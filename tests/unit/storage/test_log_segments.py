"""Logs: nothing waits for them, what was written is read again, what is lost is counted."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.clock import VirtualClock
from lambent.storage import log_buffer, log_group, log_groups
from lambent.storage.log_pending import Batch
from lambent.storage.log_segments import LogSegments

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from lambent.storage.log_segments import LogEvent, LogKey

KEY: LogKey = ("123456789012", "eu-west-1", "/aws/lambda/f", "2026/01/01/[$LATEST]abc")
OTHER: LogKey = (*KEY[:3], "other")


@asynccontextmanager
async def logs(directory: Path) -> AsyncIterator[LogSegments]:
    segments = LogSegments(directory, VirtualClock(datetime(2026, 1, 1, tzinfo=UTC)))
    try:
        yield segments
    finally:
        await segments.close()


def texts(events: list[LogEvent]) -> list[str]:
    return [event.text for event in events]


def segment_files(directory: Path) -> list[Path]:
    return sorted(directory.rglob("*.seg"))


def test_what_was_appended_is_read_in_order_of_time(tmp_path: Path) -> None:
    async def run() -> None:
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(30, "third"), (10, "first")])
            segments.append(OTHER, [(15, "elsewhere")])
            segments.append(KEY, [(20, "second"), (10, "first again")])
            events = await segments.read(KEY)
            assert texts(events) == ["first", "first again", "second", "third"]
            assert {event.ingested_ms for event in events} == {1_767_225_600_000}
            assert [event.timestamp_ms for event in events] == [10, 10, 20, 30]
            assert len({event.position for event in events}) == 4
            assert texts(await segments.read(OTHER)) == ["elsewhere"]
            assert await segments.read((*KEY[:3], "no such stream")) == []
            assert await segments.read((*KEY[:2], "no such group", "x")) == []
            assert segments.dropped == 0

    asyncio.run(run())
    assert len(list(tmp_path.rglob("group.json"))) == 1


def test_a_range_of_time_begins_with_and_ends_before(tmp_path: Path) -> None:
    async def run() -> None:
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(n, str(n)) for n in range(10)])
            assert texts(await segments.read(KEY, start_ms=3, end_ms=6)) == ["3", "4", "5"]
            assert texts(await segments.read(KEY, start_ms=3, limit=2)) == ["3", "4"]
            assert await segments.read(KEY, start_ms=10) == []

    asyncio.run(run())


def test_the_ingestion_time_is_the_calendars(tmp_path: Path) -> None:
    async def run() -> None:
        clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
        segments = LogSegments(tmp_path, clock)
        segments.append(KEY, [(0, "a")])
        clock.advance(timedelta(seconds=1))
        segments.append(KEY, [(1, "b")])
        events = await segments.read(KEY)
        assert events[1].ingested_ms - events[0].ingested_ms == 1000
        await segments.close()

    asyncio.run(run())


def test_logs_are_there_after_a_restart_and_go_on(tmp_path: Path) -> None:
    async def run() -> None:
        for n in range(3):
            async with logs(tmp_path) as segments:
                segments.append(KEY, [(n, str(n))])
        async with logs(tmp_path) as segments:
            assert texts(await segments.read(KEY)) == ["0", "1", "2"]

    asyncio.run(run())
    assert len(segment_files(tmp_path)) == 1


def test_they_are_written_without_anyone_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with logs(tmp_path) as segments:
            written = asyncio.Event()
            done = segments._written

            def tell(*args: Any) -> None:
                done(*args)
                written.set()

            monkeypatch.setattr(segments, "_written", tell)
            segments.append(KEY, [(1, "soon")])
            await written.wait()
            assert b"soon" in segment_files(tmp_path)[0].read_bytes()

    asyncio.run(run())


def test_segments_are_bounded_and_only_those_needed_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_group, "SEGMENT_BYTES", 500)

    async def run() -> None:
        async with logs(tmp_path) as segments:
            for n in range(40):
                segments.append(KEY, [(n, f"line {n:02}")])
            expected = [f"line {n:02}" for n in range(40)]
            assert texts(await segments.read(KEY)) == expected
        files = segment_files(tmp_path)
        assert len(files) > 3
        assert all(path.stat().st_size < 600 for path in files)
        async with logs(tmp_path) as segments:
            assert texts(await segments.read(KEY)) == expected
            for path in files[1:]:
                path.unlink()  # reading the first ten opens the first only
            assert texts(await segments.read(KEY, end_ms=5)) == expected[:5]

    asyncio.run(run())


@pytest.mark.parametrize("damage", [b"", b"not json", b'{"end": 8}', b'{"end":1,"streams":[]}'])
def test_an_index_that_is_lost_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    monkeypatch.setattr(log_group, "SEGMENT_BYTES", 200)

    async def run() -> None:
        async with logs(tmp_path) as segments:
            for n in range(20):
                segments.append(KEY, [(n, str(n))])
        for segment in segment_files(tmp_path)[:-1]:
            index = segment.with_suffix(".idx")
            index.write_bytes(damage) if damage else index.unlink()
        async with logs(tmp_path) as segments:
            assert texts(await segments.read(KEY)) == [str(n) for n in range(20)]

    asyncio.run(run())


def test_a_torn_end_costs_the_torn_record_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(1, "whole"), (2, "torn")])
        (path,) = segment_files(tmp_path)
        path.write_bytes(path.read_bytes()[:-2])
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(3, "later")])
            assert texts(await segments.read(KEY)) == ["whole", "later"]
        async with logs(tmp_path) as segments:
            assert texts(await segments.read(KEY)) == ["whole", "later"]

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert "cannot be read" in caplog.text


def test_a_segment_that_is_none_is_left_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(1, "before")])
        (path,) = segment_files(tmp_path)
        path.write_bytes(b"")  # made, and the power went
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(2, "after")])
            assert texts(await segments.read(KEY)) == ["after"]
        assert path.read_bytes() == b""

    asyncio.run(run())


def test_names_are_no_paths(tmp_path: Path) -> None:
    evil: LogKey = ("..", "../..", "/etc/" + "x" * 500, "../s")

    async def run() -> None:
        async with logs(tmp_path / "logs") as segments:
            segments.append(evil, [(1, "tame")])
            assert texts(await segments.read(evil)) == ["tame"]

    (tmp_path / "logs").mkdir()
    asyncio.run(run())
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]
    (name,) = tmp_path.rglob("group.json")
    assert json.loads(name.read_text())["group"] == evil[2]


def test_what_the_disk_cannot_take_in_time_is_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_buffer, "BUFFER_BYTES", 2000)
    slow, go_on = threading.Event(), threading.Event()

    async def run() -> None:
        async with logs(tmp_path) as segments:
            write = segments._groups.write

            def stalls(waiting: Any) -> dict[Any, int]:
                slow.set()
                assert go_on.wait(10)
                return write(waiting)

            monkeypatch.setattr(segments._groups, "write", stalls)
            segments.append(KEY, [(1, "x" * 600)])
            flushing = asyncio.create_task(segments.flush())
            assert await asyncio.to_thread(slow.wait, 10)
            segments.append(KEY, [(2, "fits")])
            segments.append(KEY, [(3, "y" * 600), (4, "z")])
            assert segments.dropped == 2
            # The flood of one group leaves room for the others.
            assert segments.append((*KEY[:2], "another group", "s"), [(9, "z" * 600)])
            go_on.set()
            await flushing
            await segments.flush()
            segments.append(KEY, [(5, "fits again")])
            assert [event.timestamp_ms for event in await segments.read(KEY)] == [1, 2, 5]
            assert segments.dropped == 2

    asyncio.run(run())
    assert (
        "2 log events of /aws/lambda/f (account 123456789012) are lost, 2 of this group"
        in caplog.text
    )


def test_what_comes_together_is_written_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write per invocation cost as much as the rest of a warm invocation."""
    written: list[int] = []
    group_write = log_group.LogGroup._write

    def counts(self: log_group.LogGroup, data: bytearray, **options: Any) -> None:
        written.append(len(data))
        group_write(self, data, **options)

    monkeypatch.setattr(log_group.LogGroup, "_write", counts)

    async def run() -> None:
        async with logs(tmp_path) as segments:
            for n in range(100):
                segments.append((*KEY[:3], f"stream {n % 7}"), [(n, f"line {n}")])
            await segments.flush()
            assert len(written) == 1
            found = await segments.read((*KEY[:3], "stream 3"))
            assert texts(found) == [f"line {n}" for n in range(3, 100, 7)]
        async with logs(tmp_path) as segments:
            found = await segments.read((*KEY[:3], "stream 6"))
            assert texts(found) == [f"line {n}" for n in range(6, 100, 7)]

    asyncio.run(run())


def test_what_the_disk_refuses_is_counted_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A write that fails half way: nothing is put behind the half record, and later events are kept."""
    group_write = log_group.LogGroup._write

    def half(self: log_group.LogGroup, data: bytearray, **options: Any) -> None:
        with self._path.open("ab") as file:
            file.write(data[: len(data) // 2])
        self._finish()
        raise OSError(28, "No space left on device")

    async def run() -> None:
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(1, "before")])
            await segments.flush()
            monkeypatch.setattr(log_group.LogGroup, "_write", half)
            segments.append(KEY, [(2, "lost"), (3, "lost")])
            await segments.flush()
            assert segments.dropped == 2
            monkeypatch.setattr(log_group.LogGroup, "_write", group_write)
            segments.append(KEY, [(4, "after")])
            assert texts(await segments.read(KEY)) == ["before", "after"]
        async with logs(tmp_path) as segments:
            assert texts(await segments.read(KEY)) == ["before", "after"]

    asyncio.run(run())
    assert "No space left" in caplog.text


def test_a_short_write_is_a_failed_write(tmp_path: Path) -> None:
    """On a real full disk: /dev/full stands for it."""
    group = log_group.LogGroup(tmp_path)
    group.append([Batch("s", [(1, "before")], 0)])
    path = group._path
    path.rename(tmp_path / "aside")
    path.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space"):
        group.append([Batch("s", [(2, "lost")], 0)])
    group.append([Batch("s", [(3, "after")], 0)])
    assert group._path != path


def test_after_close_events_are_dropped_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(1, "in time")])
            await segments.close()
            segments.append(KEY, [(2, "late")])
            assert segments.dropped == 1
        async with logs(tmp_path) as segments:
            assert texts(await segments.read(KEY)) == ["in time"]

    before = set(threading.enumerate())
    asyncio.run(run())
    gc.collect()
    assert set(threading.enumerate()) == before
    assert "logs are closed" in caplog.text


def test_one_flood_leaves_room_for_every_other_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One group printed as fast as it could, and the lines of all others were lost."""
    monkeypatch.setattr(log_buffer, "BUFFER_BYTES", 1_000_000)

    async def run() -> None:
        async with logs(tmp_path) as segments:
            # Nothing is written meanwhile: the loop has no turn.
            flood = [segments.append(KEY, [(n, "x" * 900)]) for n in range(2000)]
            kept = flood.count(True)
            assert 400 < kept < 600
            quiet = [
                segments.append((*KEY[:2], f"group {n}", "s"), [(n, "a line")]) for n in range(100)
            ]
            assert all(quiet)
            assert segments.dropped_by == {KEY[:3]: 2000 - kept}
            (figure,) = segments.families()
            assert (figure.name, figure.kind) == ("lambent_log_events_dropped", "counter")
            assert figure.samples == {
                (("reason", "slow"),): 2000 - kept,
                (("reason", "unwritten"),): 0,
                (("reason", "closed"),): 0,
            }
            await segments.flush()
            assert segments.append(KEY, [(1, "room again")])

    asyncio.run(run())
    # One line for all of them.
    assert caplog.text.count("are lost") == 1


def test_when_the_logs_take_too_much_room_the_oldest_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(log_group, "SEGMENT_BYTES", 1000)
    monkeypatch.setattr(log_groups, "SEGMENT_BYTES", 1000)

    async def run() -> None:
        segments = LogSegments(tmp_path, VirtualClock(), max_bytes=20_000)
        for n in range(300):
            segments.append(KEY, [(n, "x" * 300)])
            await segments.flush()
        left = [event.timestamp_ms for event in await segments.read(KEY)]
        assert left == list(range(left[0], 300))
        assert 20 < len(left) < 100
        await segments.close()

    asyncio.run(run())
    size = sum(path.stat().st_size for path in segment_files(tmp_path))
    assert size < 30_000
    assert "oldest events of /aws/lambda/f are deleted" in caplog.text


def test_a_deleted_group_leaves_no_file(tmp_path: Path) -> None:
    async def run() -> None:
        async with logs(tmp_path) as segments:
            segments.append(KEY, [(1, "a")])
            segments.append((*KEY[:2], "other", "s"), [(1, "b")])
            assert len(await segments.known()) == 2
            await segments.delete_group(KEY[:3])
            assert await segments.known() == [(*KEY[:2], "other")]
            assert await segments.read(KEY) == []
            assert len(segment_files(tmp_path)) == 1
            await segments.forget()
            assert segment_files(tmp_path) == []

    asyncio.run(run())
