"""Logs: append-only, never in SQL, and never waited for.

`append` puts events into a buffer and returns; ten times a second what has come together is written by a thread of our
own, without fsync (AWS calls log delivery best-effort too): a crash of the platform may cost the last tenth of a
second. That a stream was created or deleted is durable.
When the disk does not keep up, or refuses, events are dropped, and `families` says how many, and why. When the logs
take more room than they may, the oldest are deleted, whatever retention says; that, too, is said.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.clock import SystemClock
from lambent.core.figures import Family
from lambent.storage import log_reader
from lambent.storage.log_buffer import LogBuffer
from lambent.storage.log_groups import GROUP_LIMIT_BYTES, LogGroups
from lambent.storage.log_pending import Batch
from lambent.storage.log_reader import END_OF_TIME_MS, LogEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from typing import TypeVar

    from lambent.core.clock import Clock
    from lambent.storage.log_buffer import GroupKey, Waiting
    from lambent.storage.log_group import StreamFacts, Stretch

    LogKey = tuple[str, str, str, str]  # account id, region, log group, log stream
    T = TypeVar("T")

__all__ = ["END_OF_TIME_MS", "LogEvent", "LogSegments"]

# Waking the thread for each invocation would cost the event loop more than the write itself.
FLUSH_S = 0.1

_log = logging.getLogger(__name__)


class LogSegments:
    """The logs under one directory, made when the first come. Used from one event loop.

    `flushed` is called in the event loop, with the groups concerned, when events have been written.

    Args:
        max_bytes: how much room all logs together may take; at least four segments' worth.
    """

    def __init__(
        self, directory: Path, clock: Clock | None = None, max_bytes: int = GROUP_LIMIT_BYTES
    ) -> None:
        self.flushed: Callable[[set[GroupKey]], None] | None = None
        self._clock = clock or SystemClock()
        self._buffer = LogBuffer()
        self._writing: set[asyncio.Future[dict[GroupKey, int]]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        # One thread: it alone touches the groups, so that they need no locks.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storage-logs")
        self._groups = LogGroups(directory, max_bytes)

    @property
    def dropped(self) -> int:
        """Events that were lost because the disk was too slow, full or broken."""
        return self._buffer.dropped.total()

    @property
    def dropped_by(self) -> Mapping[GroupKey, int]:
        """The same, by log group."""
        return self._buffer.dropped_by

    def families(self) -> list[Family]:
        """How many, and why, for those who look at figures."""
        dropped = Family(
            "lambent_log_events_dropped", "Log events that were lost, by why.", "counter"
        )
        for reason, events in self._buffer.dropped.items():
            dropped.samples[(("reason", reason),)] = events
        return [dropped]

    def append(self, key: LogKey, events: Sequence[tuple[int, str]]) -> bool:
        """Add (timestamp in ms, text) events to the stream `key`; written soon. Never waits, never raises.

        False where they are lost.
        """
        group: GroupKey = key[:3]
        if self._is_closed:
            self._buffer.lose(group, len(events), "closed")
            self._buffer.tell()
            return False
        is_kept = self._buffer.put(group, Batch(key[3], events, self._clock.calendar_ms()))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._hand_over)
        return is_kept

    async def read(
        self, key: LogKey, *, start_ms: int = 0, end_ms: int = END_OF_TIME_MS, limit: int = 10_000
    ) -> list[LogEvent]:
        """Events of one stream from `start_ms` to before `end_ms`, oldest first, at most `limit`.

        Everything appended so far is among them.
        """
        stretches = await self.find(key[:3], key[3].__eq__, start_ms, end_ms)
        return await asyncio.to_thread(_read, stretches, start_ms, end_ms, limit)

    async def find(
        self,
        group: GroupKey,
        chosen: Callable[[str], bool],
        start_ms: int = 0,
        end_ms: int = END_OF_TIME_MS,
        since: int = 0,
    ) -> list[Stretch]:
        """Where the events of the chosen streams lie (`LogGroup.find`), those just appended included."""
        return await self._do(
            self._groups.look,
            group,
            lambda found: found.find(chosen, start_ms, end_ms, since),
            [],
        )

    async def streams(
        self, group: GroupKey, chosen: Callable[[str], bool]
    ) -> dict[str, StreamFacts]:
        """The streams of a group whose names are chosen."""
        return await self._do(self._groups.look, group, lambda found: found.streams(chosen), {})

    async def stream(self, key: LogKey) -> StreamFacts | None:
        """One stream; None if it is not there."""
        return await self._do(self._groups.look, key[:3], lambda found: found.stream(key[3]), None)

    async def end(self, group: GroupKey) -> tuple[int, int]:
        """The position behind everything that was appended."""
        return await self._do(self._groups.look, group, lambda found: found.end(), (1, 0))

    async def stored_bytes(self, groups: Sequence[GroupKey]) -> list[int]:
        return await self._do(self._groups.stored_bytes, groups)

    async def create_stream(self, key: LogKey) -> bool:
        """Durable. False if it is there already. Raises OSError."""
        return await self._do(self._groups.create_stream, key, self._clock.calendar_ms())

    async def delete_stream(self, key: LogKey) -> bool:
        """Durable. False if it is not there. Raises OSError."""
        return await self._do(self._groups.look, key[:3], lambda g: g.delete_stream(key[3]), False)

    async def delete_group(self, group: GroupKey) -> None:
        """Raises OSError."""
        await self._do(self._groups.delete, group)

    async def expire(self, cutoffs: Mapping[GroupKey, int]) -> int:
        """Delete what is older than these times, by whole segments; returns how many bytes."""
        return await self._do(self._groups.expire, cutoffs)

    async def known(self) -> list[GroupKey]:
        """Every group that has a directory."""
        return await self._do(self._groups.known)

    async def forget(self) -> None:
        """Delete everything (`--test-mode`). Raises OSError."""
        await self._do(self._groups.delete_all)

    async def flush(self) -> None:
        """Wait until everything appended so far is written, or dropped."""
        self._hand_over()
        if self._writing:
            await asyncio.wait(self._writing)

    async def close(self) -> None:
        """Write what is left, then end the thread. Closing twice does no harm."""
        self._is_closed = True
        await self.flush()
        await asyncio.to_thread(self._thread.shutdown)

    async def _do(self, call: Callable[..., T], *args: object) -> T:
        """In the thread, behind everything that was appended."""
        self._hand_over()
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *args)

    def _hand_over(self) -> None:
        """Give what has come together to the thread."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._buffer.tell()
        if not (waiting := self._buffer.take()):
            return
        loop = asyncio.get_running_loop()
        written = loop.run_in_executor(self._thread, self._groups.write, waiting.batches)
        self._writing.add(written)
        written.add_done_callback(partial(self._written, waiting))

    def _written(self, waiting: Waiting, written: asyncio.Future[dict[GroupKey, int]]) -> None:
        self._writing.discard(written)
        self._buffer.free(waiting)
        if written.cancelled():
            return
        for group, lost in written.result().items():
            self._buffer.lose(group, lost, "unwritten")
        self._buffer.tell()
        if self.flushed is not None:
            self.flushed(set(waiting.batches))


def _read(stretches: list[Stretch], start_ms: int, end_ms: int, limit: int) -> list[LogEvent]:
    events = log_reader.oldest_first(stretches, (start_ms, -1, -1), (end_ms, -1, -1))
    return log_reader.page(events, limit, END_OF_TIME_MS).events
