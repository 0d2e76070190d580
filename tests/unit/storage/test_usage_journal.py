"""The journal of usage: what was put is there, whole or not at all, whoever is killed."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from lambent.storage import usage_journal
from lambent.storage.usage_journal import SLOT_BYTES, Journal, Reader, Slot, whole_slots

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KIND = 2
LONG = {"resource": "f" * 140, "account": "1" * 12}


def put(journal: Journal, key: str, target: dict[str, Any], amount: int) -> None:
    number = journal.number_of(key)
    if number is None:
        number = journal.define(key, target)
    journal.put(KIND, number, 1_000, amount, 3, 4, 1)


def read(journal: Journal, piece_slots: int = 1000) -> list[Slot]:
    found: list[Slot] = []
    for segment in journal.segments():
        reader = Reader()
        data = bytes(segment.buffer[: segment.end])
        for at in range(0, len(data), piece_slots * SLOT_BYTES):
            found += reader.slots(data[at : at + piece_slots * SLOT_BYTES])
    return found


def test_slots_come_back_with_their_targets(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for amount in range(5):
        put(journal, "a", LONG, amount)
        put(journal, "b", {"resource": "b"}, amount)
    for size in (1, 2, 3, 1000):  # definitions may lie across the pieces
        found = read(journal, size)
        assert [slot.amount for slot in found] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
        assert found[0] == Slot(KIND, LONG, 1_000, 0, 3, 4, 1)
        assert found[1].target == {"resource": "b"}
    journal.close()


def test_slots_that_are_alike_are_counted(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for number in range(60):
        target = f"key {number // 20}"
        if (of := journal.number_of(target)) is None:
            of = journal.define(target, LONG | {"resource": target})
        moment = 90 + number  # the stretches of 100 begin at the tenth
        journal.put(KIND, of, moment, number % 2, number % 3, 0, 1)
    (segment,) = journal.segments()
    data = bytes(segment.buffer[: segment.end])
    expected = Counter(_alike(slot) for slot in Reader().slots(data))
    for size in (1, 2, 3, 7, 1000):
        reader, found = Reader(), Counter[object]()
        told = 0
        for at in range(0, len(data), size * SLOT_BYTES):
            for slot, count in reader.counted(data[at : at + size * SLOT_BYTES], 100):
                found[_alike(slot)] += count
                told += 1
        assert found == expected
        if size == 7:
            assert told < 60
    journal.close()


def _alike(slot: Slot) -> object:
    return slot._replace(time_ms=slot.time_ms // 100, target=slot.target["resource"])


def test_a_full_segment_is_followed_by_one_that_can_be_read_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=16 * SLOT_BYTES)
    for amount in range(40):
        put(journal, f"key {amount % 3}", LONG if amount % 3 else {"resource": "b"}, amount)
    assert len(journal.segments()) > 3
    assert [slot.amount for slot in read(journal)] == list(range(40))
    *full, last = journal.segments()
    assert all(journal.is_full(segment) for segment in full)
    assert not journal.is_full(last)
    for segment in full:
        journal.drop(segment)
    assert list(tmp_path.iterdir()) == [last.path]
    journal.close()


def test_what_a_killed_process_has_put_is_there(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from lambent.storage.usage_journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "number = journal.define('k', {'resource': 'f'})\n"
        "for amount in range(1000):\n"
        "    journal.put(2, number, 0, amount)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert ended.returncode == -9
    journal = Journal(tmp_path)
    [path] = journal.left_over()
    data = whole_slots(path.read_bytes())
    assert [slot.amount for slot in Reader().slots(data)] == list(range(1000))


def test_a_torn_slot_is_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    put(journal, "a", LONG, 1)
    [segment] = journal.segments()
    end = segment.end
    put(journal, "a", LONG, 2)
    segment.buffer[end + SLOT_BYTES - 1] = 0  # its kind, which is written last
    assert len(whole_slots(bytes(segment.buffer))) == end
    journal.close()


def test_a_torn_definition_is_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.define("a", LONG)
    [segment] = journal.segments()
    segment.buffer[SLOT_BYTES - 1] = 0
    assert whole_slots(bytes(segment.buffer)) == b""
    journal.close()


def test_a_full_disk_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*unused: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    journal = Journal(tmp_path)
    put(journal, "a", LONG, 7)
    assert [slot.amount for slot in read(journal)] == [7]
    assert list(tmp_path.iterdir()) == []
    assert "No space left" in caplog.text
    journal.drop(journal.segments()[0])
    journal.close()


def test_a_disk_that_takes_nothing_at_all_stops_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    journal = Journal(tmp_path / "file")  # in which nothing can be made or removed
    put(journal, "a", LONG, 7)
    assert [slot.amount for slot in read(journal)] == [7]
    assert "kept in memory alone" in caplog.text
    journal.drop(journal.segments()[0])
    journal.close()


def test_the_disk_is_bounded_and_what_is_lost_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(usage_journal, "MOST_SEGMENTS", 3)
    journal = Journal(tmp_path, segment_bytes=16 * SLOT_BYTES)
    for amount in range(100):
        put(journal, "a", {"resource": "b"}, amount)
    assert len(list(tmp_path.iterdir())) == 3
    assert "usage is lost" in caplog.text
    journal.close()


def test_what_is_forgotten_is_gone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    put(journal, "a", LONG, 1)
    journal.forget()
    assert list(tmp_path.iterdir()) == []
    put(journal, "a", LONG, 2)
    assert [slot.amount for slot in read(journal)] == [2]
    journal.close()
