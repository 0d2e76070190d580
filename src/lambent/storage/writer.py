"""The writer thread: the only place that changes the database.

It takes what has queued up while the last batch was on its way to the disk, so that batches grow with the load and a
lone call waits for nobody. Results go back to the event loop once per batch.
"""

from __future__ import annotations

import asyncio
import queue
import sys
import threading
from typing import TYPE_CHECKING

from lambent.storage.batch import commit, settle
from lambent.storage.errors import DatabaseClosed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

    from lambent.storage.batch import Call

# The first call of a batch waits for the last: 256 calls take 15-25 ms of SQL.
MAX_BATCH = 256
# How long a thread that comes back from SQLite may wait for a busy event loop to let go of the interpreter lock; it
# comes back several times per call. With Python's own 5 ms the slowest of 64 concurrent writes took several times as
# long (benchmarks/storage_writes.py; figures in docs/design.md, section 5).
SWITCH_INTERVAL_S = 0.0001


class Writer:
    """Runs calls in a thread of its own, in the order in which they are submitted.

    Sets the interpreter's switch interval: it is the writer that suffers from a long one.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._is_closed = False
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        # A daemon: a loop that dies without closing us must not keep the process alive. Nothing acknowledged is lost.
        self._thread = threading.Thread(target=self._run, name="storage-writer", daemon=True)
        self._thread.start()

    def submit(self, call: Call) -> None:
        """Queue a call. Raises DatabaseClosed."""
        if self._is_closed:
            raise DatabaseClosed("the database is closed")
        self._queue.put(call)

    async def close(self) -> None:
        """Let everything submitted so far finish, then end the thread."""
        if not self._is_closed:
            self._is_closed = True
            self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        with self._engine.connect() as connection:
            while calls := self._next_batch():
                commit(connection, calls)
                self._hand_back(calls)

    def _next_batch(self) -> list[Call]:
        """At least one call; none when it is time to end."""
        calls: list[Call] = []
        following = self._queue.get()
        while following is not None:
            calls.append(following)
            if len(calls) == MAX_BATCH:
                return calls
            try:
                following = self._queue.get_nowait()
            except queue.Empty:
                return calls
        if calls:
            self._queue.put(None)  # the end is for the next round; nothing is submitted behind it
        return calls

    def _hand_back(self, calls: Sequence[Call]) -> None:
        # The loop that waited may be gone already (the process is crashing); the writes are durable all the same.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(settle, calls)
