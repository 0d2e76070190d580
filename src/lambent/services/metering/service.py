"""The meter's life: what was noted is added up in the database a second later, and whenever somebody asks.

A piece of a segment is added up in one transaction with how far that is, so that doing it again changes nothing; a
segment is deleted when the database has all of it. Segments of a process that was killed are added up at the start.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from lambent.process.clock_driver import CalendarDriver
from lambent.services.metering import store
from lambent.services.metering.allocations import Allocations
from lambent.services.metering.meter import UsageMeter
from lambent.services.metering.sums import HOUR_MS, add_up, join
from lambent.storage.usage_journal import SLOT_BYTES, Journal, Reader, name_of, whole_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lambent.core.ports import Database, Tx
    from lambent.process.clock_driver import MovableClock
    from lambent.services.metering.allocations import Allocation
    from lambent.services.metering.sums import Place, Totals
    from lambent.storage.usage_journal import Segment

# What a power cut may take from the bill.
_SOON_S = 1.0
# Of one transaction, and of one stretch of work in a thread.
_BITE_BYTES = 2048 * SLOT_BYTES
_LOOK_EVERY = timedelta(minutes=1)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Progress:
    """`end`: the database has everything before it; `sums` are those of what follows, up to `read`."""

    reader: Reader = field(default_factory=Reader)
    end: int = 0
    read: int = 0
    sums: dict[Place, Totals] = field(default_factory=dict)


class Metering:
    """The meter and what it has measured.

    Args:
        database: open, with its migrations run.
        directory: for the journal; made where it is missing.
        clock: months and hours go by its calendar.
        allocated: what is held ready now.

    Attributes:
        meter: what others note usage with.
    """

    def __init__(
        self,
        database: Database,
        directory: Path,
        clock: MovableClock,
        allocated: Callable[[], Iterable[Allocation]],
    ) -> None:
        self._database = database
        self._directory = directory
        self._clock = clock
        self._journal = Journal(directory)
        self._allocations = Allocations(clock, allocated)
        self.meter = UsageMeter(self._journal, clock, self._noted)
        self._progress: dict[Segment, _Progress] = {}
        self._deleted: list[str] = []
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_due = False
        self._soon: asyncio.TimerHandle | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._timers: CalendarDriver | None = None

    async def start(self) -> None:
        """Add up what an earlier process has left, and go on."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._take_over()
        self._loop = asyncio.get_running_loop()
        self._timers = CalendarDriver(self._clock)
        self._look_soon()
        if self._is_due:  # noted before there was a loop
            self._arm()

    async def stop(self) -> None:
        """Add up what is there, and leave the rest for the next start."""
        if self._timers is not None:
            self._timers.stop()
        if self._soon is not None:
            self._soon.cancel()
        self._loop = None
        if self._working:
            await asyncio.wait(self._working)
        try:
            self._journal.seal()
            await self.roll_up()
        except Exception:  # noqa: BLE001 - the boundary of a stop: the journal keeps it
            _log.exception("usage is added up at the next start")
        self._journal.close()

    async def reset(self) -> None:
        """Forget what every account has used (`--test-mode`)."""
        async with self._lock:
            self._journal.forget()
            self._progress.clear()
            self.meter.forget()
            self._allocations.forget()
            await self._database.write(store.remove_all)

    async def advance(self) -> None:
        """Do what is due after the calendar was moved (`--test-mode`)."""
        await self.roll_up()

    async def roll_up(self) -> None:
        """Returns when everything noted until now is in the database."""
        async with self._lock:
            await asyncio.shield(self._roll_up())

    async def usage(self, account_id: str | None, from_s: int, to_s: int) -> list[dict[str, Any]]:
        """What was used between two times (seconds since 1970), by day; `account_id` None: by everybody."""
        await self.roll_up()

        def read(tx: Tx) -> list[dict[str, Any]]:
            return [
                *store.usage(tx, account_id, from_s, to_s),
                *store.allocated(tx, account_id, from_s, to_s),
            ]

        return await self._database.read(read)

    # --- when ---------------------------------------------------------------------------------------------------

    def _noted(self) -> None:
        if not self._is_due:
            self._is_due = True
            if self._loop is not None:
                self._arm()

    def _arm(self) -> None:
        assert self._loop is not None
        self._soon = self._loop.call_later(_SOON_S, self._begin)

    def _look_soon(self) -> None:
        """What is held ready is looked at even where nobody calls."""
        self._begin()
        assert self._timers is not None
        self._timers.at(self._clock.calendar() + _LOOK_EVERY, self._look_soon)

    def _begin(self) -> None:
        if self._loop is not None:
            task = self._loop.create_task(self._try_roll_up())
            self._working.add(task)
            task.add_done_callback(self._working.discard)

    async def _try_roll_up(self) -> None:
        try:
            await self.roll_up()
        except Exception:  # noqa: BLE001 - the boundary of a task: the next one tries again
            _log.exception("usage waits to be added up")
            self._noted()

    # --- how ----------------------------------------------------------------------------------------------------

    async def _roll_up(self) -> None:
        self._is_due = self.meter.has_news = False
        self.meter.take_stock()
        if held := self._allocations.look():
            await self._database.write(lambda tx: store.hold(tx, held))
            self._allocations.kept(held)
        if self._deleted:
            gone, self._deleted = self._deleted, []
            await self._database.write(lambda tx: store.forget_segments(tx, gone))
        for segment in self._journal.segments():
            progress = self._progress.setdefault(segment, _Progress())
            await self._add_up(segment, progress)
            if self._journal.is_full(segment) and progress.end == segment.end:
                del self._progress[segment]
                self._deleted.append(name_of(segment.path))
                self._journal.drop(segment)

    async def _add_up(self, segment: Segment, progress: _Progress) -> None:
        """All that is in a segment now. What was read is not read again, even where the database fails."""
        until = segment.end
        while progress.read < until:
            end = min(until, progress.read + _BITE_BYTES)
            piece = bytes(segment.buffer[progress.read : end])
            found = await asyncio.to_thread(_sums, progress.reader, piece)
            progress.read = end
            join(progress.sums, found)
        if progress.end < progress.read:
            await self._write(name_of(segment.path), progress.end, progress.read, progress.sums)
            progress.end, progress.sums = progress.read, {}

    async def _write(self, name: str, begin: int, end: int, sums: dict[Place, Totals]) -> None:
        await self._database.write(lambda tx: store.add(tx, name, begin, end, sums))

    async def _take_over(self) -> None:
        for path in self._journal.left_over():
            name = name_of(path)
            data = whole_slots(await asyncio.to_thread(path.read_bytes))
            done = await self._database.read(partial(store.offset_of, segment=name))
            reader = Reader()
            for begin in range(0, len(data), _BITE_BYTES):
                end = min(len(data), begin + _BITE_BYTES)
                if end <= done:
                    await asyncio.to_thread(_sums, reader, data[begin:end])  # for the definitions
                    continue
                middle = max(begin, done)
                if middle > begin:
                    await asyncio.to_thread(_sums, reader, data[begin:middle])
                sums = await asyncio.to_thread(_sums, reader, data[middle:end])
                await self._write(name, middle, end, sums)
            path.unlink()
        await self._database.write(store.forget_all_segments)


def _sums(reader: Reader, piece: bytes) -> dict[Place, Totals]:
    return add_up(reader.counted(piece, HOUR_MS))
