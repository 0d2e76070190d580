"""What a durable write costs: `db.write(fn)` at concurrency 1 and 64, beside an idle and a busy event loop.

    python -m benchmarks.storage_writes [--directory DIR] [--seconds S] [--rounds N]

Each write inserts one row of 200 bytes. The busy loop does 200 us of pure Python at a time, over and over, as a loop
full of requests would; a thread that comes back from an fsync then has to wait for the interpreter lock, at most
`sys.setswitchinterval` long, which is varied. Rounds alternate between all settings. The last lines are the floor: one
`fdatasync` of a growing file, and the same rows through `sqlite3` alone, each in its own transaction.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.ports import Tx

INSERT = text("INSERT INTO rows (id, body) VALUES (:id, :body)")
BODY = "x" * 200
INTERVALS_MS = (5.0, 1.0, 0.1)


@dataclass(frozen=True)
class Setting:
    """One row of the table."""

    concurrency: int
    is_busy: bool
    interval_ms: float


@dataclass
class Figures:
    """Latencies in milliseconds, writes per second and turns of the busy loop per second, over all rounds."""

    latencies: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    turns: list[float] = field(default_factory=list)

    def line(self) -> str:
        ordered = sorted(self.latencies)
        p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
        rate, turns = statistics.median(self.rates), statistics.median(self.turns)
        return f"{p50:9.2f} {p99:9.2f} {rate:9.0f} {turns:9.0f}"


def insert(tx: Tx, row: dict[str, object]) -> None:
    tx.execute(INSERT, row)


async def writer(
    database: SqliteDatabase, ids: count[int], until: float, into: list[float]
) -> None:
    while (start := time.perf_counter()) < until:
        row = {"id": next(ids), "body": BODY}
        await database.write(partial(insert, row=row))
        into.append((time.perf_counter() - start) * 1000)


async def keep_busy(until: float) -> int:
    """Turns of 200 us until the time is over."""
    turns = 0
    while time.perf_counter() < until:
        end = time.perf_counter() + 0.0002
        while time.perf_counter() < end:
            pass
        turns += 1
        await asyncio.sleep(0)
    return turns


async def one_round(
    database: SqliteDatabase, ids: count[int], setting: Setting, seconds: float, figures: Figures
) -> None:
    sys.setswitchinterval(setting.interval_ms / 1000)
    start = time.perf_counter()
    until = start + seconds
    latencies: list[float] = []
    busy = asyncio.create_task(keep_busy(until)) if setting.is_busy else None
    await asyncio.gather(
        *(writer(database, ids, until, latencies) for _ in range(setting.concurrency))
    )
    took = time.perf_counter() - start
    figures.latencies += latencies
    figures.rates.append(len(latencies) / took)
    figures.turns.append((await busy) / took if busy else 0.0)


async def measure(directory: Path, seconds: float, rounds: int) -> None:
    settings = [
        Setting(concurrency, is_busy, interval)
        for concurrency in (1, 64)
        for is_busy in (False, True)
        for interval in INTERVALS_MS
    ]
    figures = {setting: Figures() for setting in settings}
    database = SqliteDatabase(directory / "bench.db")
    await database.open()
    await database.write(
        lambda tx: tx.execute(text("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)"))
    )
    ids = count()
    for _ in range(rounds):
        for setting in settings:
            await one_round(database, ids, setting, seconds, figures[setting])
    await database.close()
    print("concurrency  loop  interval ms    p50 ms    p99 ms  writes/s   turns/s")
    for setting in settings:
        loop = "busy" if setting.is_busy else "idle"
        head = f"{setting.concurrency:11} {loop:>5} {setting.interval_ms:12.1f}"
        print(head, figures[setting].line())


def floor(directory: Path, seconds: float) -> None:
    """The disk alone, and SQLite alone."""
    for name, write in (("fdatasync", appends(directory)), ("sqlite3", inserts(directory))):
        latencies = []
        until = time.perf_counter() + seconds
        while (start := time.perf_counter()) < until:
            write()
            latencies.append((time.perf_counter() - start) * 1000)
        latencies.sort()
        p50, p99 = (latencies[int(len(latencies) * part)] for part in (0.5, 0.99))
        print(f"{name:>30} {p50:9.2f} {p99:9.2f} {len(latencies) / seconds:9.0f}")


def appends(directory: Path) -> Callable[[], object]:
    descriptor = os.open(directory / "floor", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write() -> None:
        os.write(descriptor, b"x" * 4096)
        os.fdatasync(descriptor)

    return write


def inserts(directory: Path) -> Callable[[], object]:
    connection = sqlite3.connect(directory / "floor.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body TEXT)")
    return lambda: connection.execute("INSERT INTO rows (body) VALUES (?)", (BODY,))


def main() -> None:
    parser = argparse.ArgumentParser("storage_writes")
    parser.add_argument("--directory", help="on the disk to measure; a temporary one by default")
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        asyncio.run(measure(Path(name), arguments.seconds, arguments.rounds))
        floor(Path(name), arguments.seconds * arguments.rounds)


if __name__ == "__main__":
    main()
