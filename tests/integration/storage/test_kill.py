"""`kill -9` in the midst of writes: what was acknowledged is there, and no write is there by half."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

ROUNDS = 30
# The kill comes after this many acknowledgements, another number each time, so that it meets every stage of a batch.
STEP = 7


def one_life(process: subprocess.Popen[str], first: int, acknowledgements: int) -> list[int]:
    """Let a writer run until it has acknowledged so many writes, kill it, and return all that it acknowledged."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{first}\n")
    process.stdin.flush()
    pid = 0
    acknowledged: list[int] = []
    for line in process.stdout:
        if line.startswith("pid"):
            pid = int(line.split()[1])
        elif line == "dead\n":
            return acknowledged
        else:
            acknowledged.append(int(line))
        if pid and len(acknowledged) >= acknowledgements:
            os.kill(pid, signal.SIGKILL)
            acknowledgements = sys.maxsize
    raise AssertionError("the writer's parent ended")


def pairs(path: Path) -> dict[int, int]:
    """How many rows there are of each number, after whatever recovery SQLite does."""
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = connection.execute("SELECT number, count(*) FROM pairs GROUP BY number").fetchall()
    connection.close()
    return dict(rows)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_no_acknowledged_write_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "lambent.db"
    script = Path(__file__).with_name("killed_writer.py")
    acknowledged: set[int] = set()
    first = 0
    with subprocess.Popen(
        [sys.executable, script, path, json.dumps(sys.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        for number in range(ROUNDS):
            said = one_life(process, first, 1 + number * STEP)
            assert len(said) == len(set(said)) > number * STEP
            acknowledged.update(said)
            found = pairs(path)
            assert acknowledged - found.keys() == set()
            assert set(found.values()) == {2}
            first = max(found) + 1
        process.stdin.close()
    # Writers were killed with writes under way, or this would have shown nothing.
    assert len(found) > len(acknowledged)
