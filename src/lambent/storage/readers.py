"""Reads, each a snapshot of its own, on a few threads beside the writer."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from lambent.storage.connections import driver_connection
from lambent.storage.transaction import ReadTransaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection, Engine

    from lambent.core.ports import Tx

T = TypeVar("T")

# Reads take turns at the interpreter lock; more threads only keep a slow one from holding up the others.
THREADS = 4


class Readers:
    """A pool of threads and as many connections, opened when they are first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage-reader")
        self._idle: deque[Connection] = deque()  # appending and popping are atomic

    async def run(self, fn: Callable[[Tx], T]) -> T:
        """Run `fn` on a snapshot that holds every write acknowledged so far."""
        return await self._loop.run_in_executor(self._threads, self._read, fn)

    async def close(self) -> None:
        """Let running reads finish, then close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        while self._idle:
            self._idle.pop().close()

    def _read(self, fn: Callable[[Tx], T]) -> T:
        connection = self._idle.pop() if self._idle else self._engine.connect()
        driver = driver_connection(connection)
        try:
            driver.execute("BEGIN")
            return fn(ReadTransaction(connection))
        finally:
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            self._idle.append(connection)
