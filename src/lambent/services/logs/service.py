"""CloudWatch Logs: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.service import Operation, waits
from lambent.process.clock_driver import CalendarDriver
from lambent.services.logs import repository
from lambent.services.logs.groups import Groups
from lambent.services.logs.putting import Putting
from lambent.services.logs.reading import Reading
from lambent.services.logs.registry import Registry
from lambent.services.logs.retention import Retention
from lambent.services.logs.searching import Searching
from lambent.services.logs.streams import Streams
from lambent.services.logs.tags import TagOperations

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import Any

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database
    from lambent.core.service import Document
    from lambent.process.clock_driver import MovableClock
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.ports import Compute
    from lambent.storage.log_segments import LogSegments

# "It can take up to 72 hours before log events are deleted": here an hour, and a day for those in the newest segment.
_SWEEP_EVERY = timedelta(hours=1)

_log = logging.getLogger(__name__)


class LogsService:
    """CloudWatch Logs.

    Args:
        database: open, with its migrations run.
        segments: where events are kept.
        clock: retention goes by its calendar.
    """

    name = "logs"

    def __init__(
        self,
        *,
        database: Database,
        segments: LogSegments,
        compute: Compute,
        clock: MovableClock,
    ) -> None:
        self._database = database
        self._segments = segments
        self._clock = clock
        self._registry = Registry(database, clock)
        self._timers: CalendarDriver | None = None
        self._sweeping: asyncio.Task[None] | None = None
        registry = self._registry
        groups = Groups(database, registry, segments, self._forgotten)
        streams = Streams(registry, segments)
        tags, retention = TagOperations(registry), Retention(registry)
        read, write = partial(_reads, registry, database), partial(_writes, registry, database)
        operation = partial(_waits, registry)
        self.operations: Mapping[str, Operation] = {
            "CreateLogGroup": write(groups.create_log_group),
            "CreateLogStream": operation(streams.create_log_stream),
            "DeleteLogGroup": operation(groups.delete_log_group),
            "DeleteLogStream": operation(streams.delete_log_stream),
            "DeleteRetentionPolicy": write(retention.delete_retention_policy),
            "DescribeLogGroups": operation(groups.describe_log_groups),
            "DescribeLogStreams": operation(streams.describe_log_streams),
            "FilterLogEvents": operation(Searching(registry, segments, compute).filter_log_events),
            "GetLogEvents": operation(Reading(registry, segments).get_log_events),
            "ListLogGroups": read(groups.list_log_groups),
            "ListTagsForResource": read(tags.list_tags_for_resource),
            "ListTagsLogGroup": read(tags.list_tags_log_group),
            "PutLogEvents": operation(Putting(registry, segments).put_log_events),
            "PutLogGroupDeletionProtection": write(groups.put_deletion_protection),
            "PutRetentionPolicy": write(retention.put_retention_policy),
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
        """Events (milliseconds, text) that a function has logged; its group and stream are there with the first."""
        self._registry.ensure((account_id, region, group))
        self._segments.append((account_id, region, group, stream), events)

    async def start(self) -> None:
        """Know what there is, and go on deleting what has expired."""
        await self._registry.load()
        # A function's first lines may have been on the disk before the row of their group.
        for key in await self._segments.known():
            if key not in self._registry.keys:
                await self._registry.add(key)
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
        await self._registry.settled()

    def _sweep_soon(self) -> None:
        assert self._timers is not None
        self._sweeping = asyncio.get_running_loop().create_task(self.sweep())
        self._timers.at(self._clock.calendar() + _SWEEP_EVERY, self._sweep_soon)

    def _forgotten(self, key: GroupKey) -> None:
        """A group was deleted."""


def _reads(registry: Registry, database: Database, run: Callable[..., Any]) -> Operation:
    """Register `def op(tx, context, request)`, which finds the groups that functions have just made."""

    async def operation(context: RequestContext, request: Document) -> Any:
        await registry.settled()
        return await database.read(lambda tx: run(tx, context, request))

    return waits(operation)


def _writes(registry: Registry, database: Database, run: Callable[..., Any]) -> Operation:
    """The same for one that changes state."""

    async def operation(context: RequestContext, request: Document) -> Any:
        await registry.settled()
        return await database.write(lambda tx: run(tx, context, request))

    return waits(operation)


def _waits(registry: Registry, run: Callable[..., Awaitable[Any]]) -> Operation:
    """The same for `async def op(context, request)`."""

    async def operation(context: RequestContext, request: Document) -> Any:
        await registry.settled()
        return await run(context, request)

    return waits(operation)
