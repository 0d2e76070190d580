"""The process that test_kill.py kills: `python killed_writer.py DATABASE PYTHONPATH-AS-JSON`.

Imports once; then, for every line on stdin, forks a child that writes as fast as it can and prints the number of each
write once it is acknowledged. Says the child's process id first, and "dead" when it has ended.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys

sys.path[:] = json.loads(sys.argv[2])

from functools import partial  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

from sqlalchemy import text  # noqa: E402

from lambent.storage.sqlite import SqliteDatabase  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambent.core.ports import Tx

WRITERS = 16
INSERT = text("INSERT INTO pairs (number, half) VALUES (:number, :half)")


def add_pair(tx: Tx, number: int) -> None:
    """Two rows that belong together."""
    for half in (1, 2):
        tx.execute(INSERT, {"number": number, "half": half})


async def write_for_ever(database: SqliteDatabase, numbers: Iterator[int]) -> None:
    for number in numbers:
        await database.write(partial(add_pair, number=number))
        os.write(1, b"%d\n" % number)  # one system call: it is in the pipe, or was never said


async def main(path: Path, first: int) -> None:
    database = SqliteDatabase(path)
    await database.open()
    await database.write(
        lambda tx: tx.execute(text("CREATE TABLE IF NOT EXISTS pairs (number, half)"))
    )
    numbers = itertools.count(first)
    await asyncio.gather(*(write_for_ever(database, numbers) for _ in range(WRITERS)))


for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        asyncio.run(main(Path(sys.argv[1]), int(line)))
    os.write(1, b"pid %d\n" % pid)
    os.waitpid(pid, 0)
    os.write(1, b"dead\n")
