"""The database on SQLite (`core.ports.Database`): one writer thread with group commit, reads beside it."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeVar

from lambent.storage import schema
from lambent.storage.batch import Call
from lambent.storage.connections import make_engine
from lambent.storage.errors import DatabaseClosed, StorageUnusable
from lambent.storage.readers import Readers
from lambent.storage.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lambent.core.ports import Tx

T = TypeVar("T")

_PRIVATE = 0o600


def _open_up(path: Path) -> None:
    """Access keys lie in it: it is its owner's alone, as are the log and the index that SQLite puts beside it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
        os.fchmod(descriptor, _PRIVATE)
        os.close(descriptor)
    except OSError as problem:
        raise StorageUnusable(
            f"{path} cannot be used as a database: {problem.strerror}"
        ) from problem
    schema.upgrade(path)


class SqliteDatabase:
    """The file at `path` and the threads that work on it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: Writer | None = None
        self._readers: Readers | None = None

    async def open(self) -> None:
        """Create the file or bring its schema up to date, then start.

        Raises:
            DataDirNewer: a newer version of Lambent wrote it.
            StorageUnusable: it cannot be opened or is no database.
        """
        await asyncio.to_thread(_open_up, self._path)
        self._writer = Writer(make_engine(self._path))
        self._readers = Readers(make_engine(self._path, read_only=True))

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file. Closing twice does no harm."""
        writer, readers = self._writer, self._readers
        self._writer = self._readers = None
        if readers is not None:
            await readers.close()
        if (
            writer is not None
        ):  # last: SQLite folds the log into the file when the last connection goes
            await writer.close()

    async def read(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on a snapshot that holds every write acknowledged so far. Raises what `fn` raises."""
        if self._readers is None:
            raise DatabaseClosed("the database is not open")
        return await self._readers.run(fn)

    async def write(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` in the writer's transaction; returns once it is durable.

        Cancelled while it waits, the write may still happen.

        Raises:
            CommitFailed: nothing was kept, neither of this call nor of those that shared its transaction.
            Exception: what `fn` raises; its changes are taken back.
        """
        if self._writer is None:
            raise DatabaseClosed("the database is not open")
        call = Call(fn, asyncio.get_running_loop().create_future())
        self._writer.submit(call)
        result: T = await call.future
        return result
