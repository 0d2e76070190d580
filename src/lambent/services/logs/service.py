"""CloudWatch Logs: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from lambent.core.context import Scope
from lambent.process.clock_driver import CalendarDriver
from lambent.services.logs import embedded_metrics, repository
from lambent.services.logs.exports import ExportTasks
from lambent.services.logs.groups import Groups
from lambent.services.logs.live_tail import LiveTail
from lambent.services.logs.metric_filters import MetricFilters
from lambent.services.logs.operations import (
    Kinds,
    export_operations,
    metric_operations,
    query_operations,
    record_operations,
    subscription_operations,
)
from lambent.services.logs.putting import Putting
from lambent.services.logs.queries import Queries
from lambent.services.logs.reading import Reading
from lambent.services.logs.records import Records
from lambent.services.logs.registry import Registry
from lambent.services.logs.retention import Retention
from lambent.services.logs.searching import Searching
from lambent.services.logs.streams import Streams
from lambent.services.logs.subscription_filters import SubscriptionFilters
from lambent.services.logs.tags import TagOperations
from lambent.services.logs.watchers import Watchers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lambent.core.ports import Database, Functions, MetricSink
    from lambent.core.service import Operation
    from lambent.process.clock_driver import MovableClock
    from lambent.services.logs.ports import Buckets, Compute
    from lambent.storage.log_segments import LogSegments

# "It can take up to 72 hours before log events are deleted": here an hour, and a day for those in the newest segment.
_SWEEP_EVERY = timedelta(hours=1)

_log = logging.getLogger(__name__)


class LogsService:
    """CloudWatch Logs.

    Args:
        database: open, with its migrations run.
        segments: where events are kept.
        compute: for searches and queries, which may be long: not the one that others wait for.
        clock: retention goes by its calendar.
        functions: Lambda, where subscription filters deliver.
        metrics: CloudWatch, where metric filters put what they find; None while it is not there.
        buckets: S3, where export tasks write; None while it is not there.
    """

    name = "logs"

    def __init__(
        self,
        *,
        database: Database,
        segments: LogSegments,
        compute: Compute,
        clock: MovableClock,
        functions: Functions,
        metrics: MetricSink | None = None,
        buckets: Buckets | None = None,
    ) -> None:
        self._database = database
        self._segments = segments
        self._clock = clock
        self._metrics = metrics
        self._registry = Registry(database, clock)
        self._timers: CalendarDriver | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._watchers = Watchers(
            database=database,
            segments=segments,
            compute=compute,
            clock=clock,
            functions=functions,
            metrics=metrics,
        )
        self._queries = Queries(self._registry, segments, compute)
        self._exports = ExportTasks(
            database=database,
            registry=self._registry,
            segments=segments,
            compute=compute,
            clock=clock,
            buckets=buckets,
        )
        self._live_tail = LiveTail(self._registry, segments, compute, clock)
        segments.flushed = self._watchers.flushed
        registry, changed = self._registry, self._watchers.changed
        groups = Groups(database, registry, segments, self._watchers.forget)
        streams = Streams(registry, segments)
        tags, retention = TagOperations(registry), Retention(registry)
        kinds = Kinds(database, registry.settled, self._watchers.settled)
        read, write, operation = kinds.read, kinds.write, kinds.waits
        self.operations: Mapping[str, Operation] = {
            **record_operations(kinds),
            **metric_operations(MetricFilters(changed, compute), kinds),
            **subscription_operations(SubscriptionFilters(database, functions, changed), kinds),
            **query_operations(self._queries, kinds),
            **export_operations(self._exports, kinds),
            "CreateLogGroup": write(groups.create_log_group),
            "CreateLogStream": operation(streams.create_log_stream),
            "DeleteLogGroup": operation(groups.delete_log_group),
            "DeleteLogStream": operation(streams.delete_log_stream),
            "DeleteRetentionPolicy": write(retention.delete_retention_policy),
            "DescribeLogGroups": operation(groups.describe_log_groups),
            "DescribeLogStreams": operation(streams.describe_log_streams),
            "FilterLogEvents": operation(Searching(registry, segments, compute).filter_log_events),
            "GetLogEvents": operation(Reading(registry, segments).get_log_events),
            "GetLogRecord": operation(Records(registry, segments).get_log_record),
            "ListLogGroups": read(groups.list_log_groups),
            "ListTagsForResource": read(tags.list_tags_for_resource),
            "ListTagsLogGroup": read(tags.list_tags_log_group),
            "PutLogEvents": operation(Putting(registry, segments, metrics).put_log_events),
            "PutLogGroupDeletionProtection": write(groups.put_deletion_protection),
            "PutRetentionPolicy": write(retention.put_retention_policy),
            "StartLiveTail": operation(self._live_tail.start_live_tail),
            "TagLogGroup": write(tags.tag_log_group),
            "TagResource": write(tags.tag_resource),
            "UntagLogGroup": write(tags.untag_log_group),
            "UntagResource": write(tags.untag_resource),
        }

    def keep(
        self,
        account_id: str,
        region: str,
        group: str,
        stream: str,
        events: Sequence[tuple[int, str]],
    ) -> None:
        """Events (milliseconds, text) that a function or an API has logged; its group and stream are there with the
        first.
        """
        self.sink(account_id, region, group, stream)(events)

    def sink(
        self, account_id: str, region: str, group: str, stream: str
    ) -> Callable[[Sequence[tuple[int, str]]], None]:
        """What keeps the events of one stream: for those who have many, most of them the platform's own lines."""
        scope, key = Scope(account_id, region), (account_id, region, group)
        feed, append, registry = embedded_metrics.feed, self._segments.append, self._registry
        metrics, now_ms = self._metrics, self._clock.calendar_ms

        def keep(events: Sequence[tuple[int, str]]) -> None:
            if metrics is not None:
                feed(scope, events, metrics, now_ms)
            if key not in registry.known:
                registry.ensure(key)
            append((*key, stream), events)

        return keep

    async def start(self) -> None:
        """Know what there is, and go on deleting what has expired."""
        await self._registry.load()
        # A function's first lines may have been on the disk before the row of their group.
        for key in await self._segments.known():
            if key not in self._registry.keys:
                await self._registry.add(key)
        await self._watchers.start()
        await self._exports.start()
        self._timers = CalendarDriver(self._clock)
        self._sweep_soon()

    async def sweep(self) -> None:
        """Delete what has expired; also after the calendar was moved (`--test-mode`)."""
        freed = await self._segments.expire(self._registry.cutoffs())
        if freed:
            _log.info("%d bytes of expired log events are deleted", freed)

    async def reset(self) -> None:
        """Forget every group and event of every account (`--test-mode`)."""
        await self._registry.settled()
        self._watchers.forget_all()
        self._queries.forget()
        self._exports.forget()
        await self._database.write(repository.remove_all)
        self._registry.forget()
        await self._segments.forget()

    async def stop(self) -> None:
        """End the background tasks."""
        if self._timers is not None:
            self._timers.stop()
            self._timers = None
        if self._sweeping is not None:
            await self._sweeping
        self._live_tail.stop()
        await self._queries.stop()
        await self._exports.stop()
        await self._watchers.stop()
        await self._registry.settled()

    def _sweep_soon(self) -> None:
        assert self._timers is not None
        self._sweeping = asyncio.get_running_loop().create_task(self.sweep())
        self._timers.at(self._clock.calendar() + _SWEEP_EVERY, self._sweep_soon)
