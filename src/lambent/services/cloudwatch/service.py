"""CloudWatch: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from lambent.core.service import waits, write
from lambent.process.clock_driver import CalendarDriver
from lambent.services.cloudwatch import store
from lambent.services.cloudwatch.collector import Collector
from lambent.services.cloudwatch.metric_data import get_metric_data
from lambent.services.cloudwatch.putting import put_metric_data
from lambent.services.cloudwatch.reading import get_metric_statistics, list_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database
    from lambent.core.service import Document, Operation
    from lambent.process.clock_driver import MovableClock

_FLUSH_EVERY = timedelta(minutes=1)
_ROLL_UP_EVERY = timedelta(hours=1)

_log = logging.getLogger(__name__)


class CloudWatchService:
    """CloudWatch.

    Args:
        database: open, with its migrations run.
        clock: ages and alarms go by its calendar.
    """

    name = "cloudwatch"

    def __init__(self, database: Database, clock: MovableClock) -> None:
        self._database = database
        self._clock = clock
        self._timers: CalendarDriver | None = None
        self._working: set[asyncio.Task[None]] = set()
        self.collector = Collector(database)
        self.operations: Mapping[str, Operation] = {
            "GetMetricData": self._reads(get_metric_data),
            "GetMetricStatistics": self._reads(get_metric_statistics),
            "ListMetrics": self._reads(list_metrics),
            "PutMetricData": write(put_metric_data),
        }

    async def start(self) -> None:
        """Go on writing what is gathered, and putting together what is old."""
        self._timers = CalendarDriver(self._clock)
        self._flush_soon()
        self._roll_up_soon()

    async def advance(self) -> None:
        """Do what is due after the calendar was moved (`--test-mode`)."""
        await self._flush()
        await self._roll_up()

    async def reset(self) -> None:
        """Forget every metric of every account (`--test-mode`)."""
        self.collector.forget()
        await self._database.write(store.remove_all)

    async def stop(self) -> None:
        """Write what is gathered, and end the background tasks."""
        if self._timers is not None:
            self._timers.stop()
            self._timers = None
        if self._working:
            await asyncio.wait(self._working)
        await self._flush()

    def _reads(self, run: Callable[..., Any]) -> Operation:
        """What reads metrics reads also what was measured a moment ago."""

        async def operation(context: RequestContext, request: Document) -> Any:
            await self.collector.flush()
            return await self._database.read(lambda tx: run(tx, context, request))

        return waits(operation)

    def _flush_soon(self) -> None:
        self._begin(self._flush(), _FLUSH_EVERY, self._flush_soon)

    def _roll_up_soon(self) -> None:
        self._begin(self._roll_up(), _ROLL_UP_EVERY, self._roll_up_soon)

    def _begin(self, work: Any, every: timedelta, again: Callable[[], None]) -> None:
        assert self._timers is not None
        task = asyncio.get_running_loop().create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        self._timers.at(self._clock.calendar() + every, again)

    async def _flush(self) -> None:
        try:
            await self.collector.flush()
        except Exception:  # noqa: BLE001 - the boundary of a task: the next one tries again
            _log.exception("what was measured waits to be written")

    async def _roll_up(self) -> None:
        try:
            while await self._database.write(
                lambda tx: store.roll_up(tx, int(self._clock.calendar().timestamp()))
            ):
                pass
        except Exception:  # noqa: BLE001 - the boundary of a task: the next one tries again
            _log.exception("old values of metrics wait to be put together")
