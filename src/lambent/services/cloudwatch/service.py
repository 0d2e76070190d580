"""CloudWatch: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.service import read, waits, write
from lambent.process.clock_driver import CalendarDriver
from lambent.services.cloudwatch import dashboards, resources, store, tags
from lambent.services.cloudwatch.alarm_history import describe_alarm_history
from lambent.services.cloudwatch.alarm_watch import AlarmWatch
from lambent.services.cloudwatch.alarms import (
    Alarms,
    checked_state,
    describe_alarms,
    describe_alarms_for_metric,
)
from lambent.services.cloudwatch.collector import Collector
from lambent.services.cloudwatch.errors import ResourceNotFound
from lambent.services.cloudwatch.metric_data import get_metric_data
from lambent.services.cloudwatch.putting import put_metric_data
from lambent.services.cloudwatch.reading import get_metric_statistics, list_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from types_boto3_cloudwatch.type_defs import SetAlarmStateInputTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database, Functions
    from lambent.core.service import Document, Operation
    from lambent.process.clock_driver import MovableClock
    from lambent.services.cloudwatch.ports import Topics

_FLUSH_EVERY = timedelta(minutes=1)
_ROLL_UP_EVERY = timedelta(hours=1)
# Metrics whose oldest points are deleted in one transaction.
_TRIMMED = 100

_log = logging.getLogger(__name__)


class CloudWatchService:
    """CloudWatch.

    Args:
        database: open, with its migrations run.
        clock: ages and alarms go by its calendar.
        functions: Lambda, which alarms invoke.
        topics: SNS, which alarms publish to; None while it is not there.
    """

    name = "cloudwatch"

    def __init__(
        self,
        database: Database,
        clock: MovableClock,
        functions: Functions,
        topics: Topics | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._timers: CalendarDriver | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self.collector = Collector(database)
        self._watch = AlarmWatch(database, clock, functions, self.collector.flush, topics)
        alarms = Alarms(self._look_now, has_topics=topics is not None)
        self.operations: Mapping[str, Operation] = {
            "DeleteAlarms": write(alarms.delete_alarms),
            "DeleteDashboards": write(dashboards.delete_dashboards),
            "DescribeAlarmHistory": self._sees_alarms(describe_alarm_history),
            "DescribeAlarms": self._sees_alarms(describe_alarms),
            "DescribeAlarmsForMetric": self._sees_alarms(describe_alarms_for_metric),
            "DisableAlarmActions": write(alarms.disable_alarm_actions),
            "EnableAlarmActions": write(alarms.enable_alarm_actions),
            "GetDashboard": read(dashboards.get_dashboard),
            "GetMetricData": self._reads(get_metric_data),
            "GetMetricStatistics": self._reads(get_metric_statistics),
            "ListDashboards": read(dashboards.list_dashboards),
            "ListMetrics": self._reads(list_metrics),
            "ListTagsForResource": read(tags.list_tags_for_resource),
            "PutCompositeAlarm": write(alarms.put_composite_alarm),
            "PutDashboard": write(dashboards.put_dashboard),
            "PutMetricAlarm": write(alarms.put_metric_alarm),
            "PutMetricData": write(put_metric_data),
            "SetAlarmState": waits(self._set_alarm_state),
            "TagResource": write(tags.tag_resource),
            "UntagResource": write(tags.untag_resource),
        }

    async def start(self) -> None:
        """Go on writing what is gathered, and putting together what is old."""
        self._timers = CalendarDriver(self._clock)
        self._flush_soon()
        self._roll_up_soon()

    def watch_alarms(self) -> None:
        """Go on looking at alarms. The functions that they invoke can be called by now."""
        self._look_soon()

    async def advance(self) -> None:
        """Do what is due after the calendar was moved (`--test-mode`)."""
        await self._flush()
        await self._look()
        await self._roll_up()

    async def reset(self) -> None:
        """Forget every metric of every account (`--test-mode`)."""
        self.collector.forget()
        await self._database.write(store.remove_all)
        await self._database.write(resources.remove_all)

    async def stop(self) -> None:
        """Write what is gathered, and end the background tasks."""
        if self._timers is not None:
            self._timers.stop()
            self._timers = None
        working = self._working | ({self._looking} if self._looking is not None else set())
        if working:
            await asyncio.wait(working)
        await self._flush()

    def _reads(self, run: Callable[..., Any]) -> Operation:
        """What reads metrics reads also what was measured a moment ago."""

        async def operation(context: RequestContext, request: Document) -> Any:
            await self.collector.flush()
            return await self._database.read(lambda tx: run(tx, context, request))

        return waits(operation)

    def _sees_alarms(self, run: Callable[..., Any]) -> Operation:
        """What tells of alarms tells their states of now, where a change is under way."""

        async def operation(context: RequestContext, request: Document) -> Any:
            if self._looking is not None:
                await asyncio.shield(self._looking)
            return await self._database.read(lambda tx: run(tx, context, request))

        return waits(operation)

    async def _set_alarm_state(
        self, context: RequestContext, request: SetAlarmStateInputTypeDef
    ) -> Document:
        checked_state(request)
        scope, name = context.scope, request["AlarmName"]
        found = await self._database.read(lambda tx: resources.find_alarm(tx, scope, name))
        if found is None:
            raise ResourceNotFound  # AWS sends no message
        state, reason = request["StateValue"], request["StateReason"]
        data = request.get("StateReasonData")
        await self._watch.set_state(scope, found[0], name, state, reason, data)
        return {}

    def _look_now(self) -> None:
        """An alarm has changed: its state need not wait for the next minute."""
        if self._timers is not None:
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def _look_soon(self) -> None:
        self._begin(self._look(), self._watch.every, self._look_soon)

    async def _look(self) -> None:
        try:
            await self._watch.look()
        except Exception:  # noqa: BLE001 - the boundary of a task: the next one tries again
            _log.exception("alarms wait to be looked at")

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
            await self._trim()
        except Exception:  # noqa: BLE001 - the boundary of a task: the next one tries again
            _log.exception("old values of metrics wait to be put together")

    async def _trim(self) -> None:
        """Metrics take no more than so much of the disk: of an account with more the oldest points go."""
        for found in await self._database.read(store.surplus):
            _log.warning(
                "the metrics of account %s have %d points too many: the oldest are deleted",
                found.account_id,
                found.points,
            )
            for at in range(0, len(found.metric_ids), _TRIMMED):
                ids = found.metric_ids[at : at + _TRIMMED]
                await self._database.write(partial(store.trim, metric_ids=ids, cut_s=found.cut_s))
