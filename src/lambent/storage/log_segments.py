"""Logs: append-only, never in SQL, and never waited for.

`append` puts events into a buffer and returns; ten times a second what has come together is written by a thread of our
own, without fsync (AWS calls log delivery best-effort too): a crash of the platform may cost the last tenth of a
second.
When the disk does not keep up, or refuses, events are dropped, and `dropped` says how many.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.clock import SystemClock
from lambent.storage.log_group import Batch, LogGroup
from lambent.storage.log_records import EventRecord, scan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lambent.core.clock import Clock
    from lambent.storage.log_group import Stretch

    LogKey = tuple[str, str, str, str]  # account id, region, log group, log stream
    Waiting = tuple[LogKey, Sequence[tuple[int, str]], int]

# Waking the thread for each invocation would cost the event loop more than the write itself.
FLUSH_S = 0.1
# What may wait for the disk: some seconds of the busiest logging that one core can take in.
BUFFER_BYTES = 32 << 20
# What an event costs in memory besides its text.
_EVENT_OVERHEAD_BYTES = 100
END_OF_TIME_MS = 1 << 62

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A stored event; times are calendar milliseconds since 1970. `position` (segment, offset) orders and names it."""

    timestamp_ms: int
    ingested_ms: int
    text: str
    position: tuple[int, int]


class LogSegments:
    """The logs under one directory, made when the first come. Used from one event loop.

    `dropped` counts events that were lost because the disk was too slow, full or broken.
    """

    def __init__(self, directory: Path, clock: Clock | None = None) -> None:
        self.dropped = 0
        self._directory = directory
        self._clock = clock or SystemClock()
        self._waiting: list[Waiting] = []
        self._waiting_bytes = 0
        self._writing_bytes = 0
        self._writing: set[asyncio.Future[int]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        # One thread: it alone touches the groups, so that they need no locks.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storage-logs")
        self._groups: dict[tuple[str, str, str], LogGroup] = {}

    def append(self, key: LogKey, events: Sequence[tuple[int, str]]) -> None:
        """Add (timestamp in ms, text) events to the stream `key`; written soon. Never waits, never raises."""
        size = len(events) * _EVENT_OVERHEAD_BYTES
        for _, text in events:
            size += len(text)
        has_room = self._waiting_bytes + self._writing_bytes + size <= BUFFER_BYTES
        if self._is_closed or not has_room:
            self._drop(len(events), "logs are closed" if has_room else "the disk does not keep up")
            return
        self._waiting_bytes += size
        self._waiting.append((key, events, self._clock.calendar_ms()))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._hand_over)

    async def read(
        self, key: LogKey, *, start_ms: int = 0, end_ms: int = END_OF_TIME_MS, limit: int = 10_000
    ) -> list[LogEvent]:
        """Events of one stream from `start_ms` to before `end_ms`, oldest first, at most `limit`.

        Everything appended so far is among them.
        """
        self._hand_over()
        loop = asyncio.get_running_loop()
        stretches = await loop.run_in_executor(self._thread, self._find, key, start_ms, end_ms)
        events = await asyncio.to_thread(_read, stretches, start_ms, end_ms)
        return events[:limit]

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

    def _hand_over(self) -> None:
        """Give what has come together to the thread."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        size, self._waiting_bytes = self._waiting_bytes, 0
        self._writing_bytes += size
        loop = asyncio.get_running_loop()
        written = loop.run_in_executor(self._thread, self._write, waiting)
        self._writing.add(written)
        written.add_done_callback(partial(self._written, size))

    def _written(self, size: int, written: asyncio.Future[int]) -> None:
        self._writing.discard(written)
        self._writing_bytes -= size
        lost = 0 if written.cancelled() else written.result()
        if lost:
            self._drop(lost, "they could not be written")

    def _drop(self, events: int, reason: str) -> None:
        self.dropped += events
        _log.error("%d log events are lost (%d so far): %s", events, self.dropped, reason)

    # In the thread from here on.

    def _write(self, waiting: list[Waiting]) -> int:
        """Returns how many events could not be written."""
        by_group: dict[tuple[str, str, str], list[Batch]] = {}
        for (account_id, region, name, stream), events, ingested_ms in waiting:
            batches = by_group.setdefault((account_id, region, name), [])
            batches.append(Batch(stream, events, ingested_ms))
        lost = 0
        for group, batches in by_group.items():
            try:
                self._group(*group).append(batches)
            except OSError as problem:
                _log.error("log group %s: %s", group[-1], problem)
                lost += sum(len(batch.events) for batch in batches)
        return lost

    def _find(self, key: LogKey, start_ms: int, end_ms: int) -> list[Stretch]:
        *group, stream = key
        if not self._group_dir(*group).is_dir():
            return []
        return self._group(*group).find(stream, start_ms, end_ms)

    def _group(self, account_id: str, region: str, name: str) -> LogGroup:
        key = (account_id, region, name)
        if (group := self._groups.get(key)) is None:
            directory = self._group_dir(*key)
            if not directory.is_dir():
                directory.mkdir(mode=0o700, parents=True)
                who = {"account_id": account_id, "region": region, "group": name}
                (directory / "group.json").write_text(json.dumps(who))
            group = self._groups[key] = LogGroup(directory)
        return group

    def _group_dir(self, account_id: str, region: str, name: str) -> Path:
        """A name that is safe whatever the three hold; group.json says what it stands for."""
        digest = hashlib.sha256("\0".join((account_id, region, name)).encode()).hexdigest()
        return self._directory / digest[:2] / digest[2:32]


def _read(stretches: list[Stretch], start_ms: int, end_ms: int) -> list[LogEvent]:
    events = []
    for stretch in stretches:
        with stretch.segment.open("rb") as file:
            file.seek(stretch.start)
            data = file.read(stretch.end - stretch.start)
        number = int(stretch.segment.stem)
        for offset, _, record in scan(data, stretch.start):
            if not isinstance(record, EventRecord) or record.stream != stretch.stream:
                continue
            if start_ms <= record.timestamp_ms < end_ms:
                position = (number, offset)
                events.append(
                    LogEvent(record.timestamp_ms, record.ingested_ms, record.text, position)
                )
    return sorted(events, key=lambda event: (event.timestamp_ms, event.position))
