"""Feeds metric and subscription filters from what is written to their log groups.

The log itself is the queue: a watcher reads behind its cursor, a bite at a time, so that a flood waits on the disk and
not in memory, and what a crash has interrupted is read again (deliveries are at least once, as on AWS). A group without
filters costs a look-up for each flush of its lines.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from lambent.core.context import Scope
from lambent.core.errors import ServiceError
from lambent.process.compute import ComputeFailed
from lambent.services.logs.feeding import Filters, feed
from lambent.services.logs.resources import CURSORS, METRIC_FILTERS, SUBSCRIPTION_FILTERS
from lambent.services.logs.subscription_filters import caller_for

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.clock import Clock
    from lambent.core.ports import Database, Functions, MetricSink, Tx
    from lambent.services.logs.feeding import Delivery, Fed
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.ports import Compute
    from lambent.storage.log_group import Stretch
    from lambent.storage.log_segments import LogSegments

    Cursor = tuple[int, int]  # segment, offset

# Of a segment at a time: more than the largest event, which is a megabyte.
_BITE_BYTES = 2 << 20
_PATIENCE_S = 30.0
# How much a crash may deliver twice.
_CURSOR_EVERY_S = 2.0

_log = logging.getLogger(__name__)


class Watchers:
    """One task for each group with filters. Args: `metrics` is None where nothing takes metrics."""

    def __init__(
        self,
        *,
        database: Database,
        segments: LogSegments,
        compute: Compute,
        clock: Clock,
        functions: Functions,
        metrics: MetricSink | None,
    ) -> None:
        self.database = database
        self.segments = segments
        self.compute = compute
        self.clock = clock
        self.functions = functions
        self.metrics = metrics
        self._watchers: dict[GroupKey, _Watcher] = {}
        self._changing: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Go on where the last run has stopped."""

        def look(tx: Tx) -> set[GroupKey]:
            return {
                (row.scope.account_id, row.scope.region, row.owner)
                for kind in (METRIC_FILTERS, SUBSCRIPTION_FILTERS)
                for row in kind.everywhere(tx)
            }

        for key in await self.database.read(look):
            await self._change(key)

    def flushed(self, groups: Iterable[GroupKey]) -> None:
        """Events of these groups were written."""
        if self._watchers:
            for key in groups:
                if watcher := self._watchers.get(key):
                    watcher.wake()

    def changed(self, key: GroupKey) -> None:
        """The filters of a group were changed."""
        task = asyncio.get_running_loop().create_task(self._change(key))
        self._changing.add(task)
        task.add_done_callback(self._changing.discard)

    def forget(self, key: GroupKey) -> None:
        """The group is gone."""
        if watcher := self._watchers.pop(key, None):
            watcher.cancel()

    def forget_all(self) -> None:
        for key in list(self._watchers):
            self.forget(key)

    async def settled(self) -> None:
        """Wait until changed filters are in force."""
        while self._changing:
            await asyncio.wait(set(self._changing))

    async def stop(self) -> None:
        """End the tasks, and write down where they are."""
        await self.settled()
        for watcher in self._watchers.values():
            await watcher.stop()
        self._watchers.clear()

    async def _change(self, key: GroupKey) -> None:
        filters = await self.database.read(lambda tx: _filters(tx, key))
        watcher = self._watchers.get(key)
        if not filters:
            self.forget(key)
        elif watcher is None:
            cursor = await self._cursor(key)
            self._watchers[key] = _Watcher(self, filters, cursor)
        else:
            watcher.filters = filters

    async def _cursor(self, key: GroupKey) -> Cursor:
        """Where it was, or the end: a new filter sees only what comes after it."""
        account_id, region, name = key
        found = await self.database.read(
            lambda tx: CURSORS.find(tx, Scope(account_id, region), name, "")
        )
        if found is not None:
            return found["segment"], found["offset"]
        return await self.segments.end(key)


class _Watcher:
    """Reads one group. Runs from its making."""

    def __init__(self, owner: Watchers, filters: Filters, cursor: Cursor) -> None:
        self.filters = filters
        self._owner = owner
        self._key = filters.group
        self._cursor = self._written = cursor
        self._written_at = owner.clock.monotonic()
        self._news = asyncio.Event()
        self._news.set()
        self._task = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        self._news.set()

    def cancel(self) -> None:
        self._task.cancel()

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._write_cursor()

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._catch_up()
            except Exception:  # noqa: BLE001 - the boundary of a task: the next events try again
                _log.exception("the filters of log group %s wait", self._key[-1])

    async def _catch_up(self) -> None:
        """Read until nothing is left. Raises what the ports raise."""
        while (stretch := await self._next()) is not None:
            fed = await self._feed(stretch)
            self._record(fed)
            for delivery in fed.deliveries:
                await self._deliver(delivery)
            # Without progress the rest of the segment cannot be read: the next one is.
            segment = int(stretch.segment.stem)
            self._cursor = (segment, fed.end) if fed.end > stretch.start else (segment + 1, 0)
            if self._owner.clock.monotonic() - self._written_at > _CURSOR_EVERY_S:
                await self._write_cursor()
        await self._write_cursor()

    async def _next(self) -> Stretch | None:
        segment, offset = self._cursor
        stretches = await self._owner.segments.find(self._key, _everything, since=segment)
        for stretch in stretches:
            start = stretch.start
            if int(stretch.segment.stem) == segment:
                start = max(start, offset)
            if start < stretch.end:
                end = min(stretch.end, start + _BITE_BYTES)
                return replace(stretch, start=start, end=end)
        return None

    async def _feed(self, stretch: Stretch) -> Fed:
        filters = self.filters
        if not filters.has_regex:
            return await asyncio.to_thread(feed, stretch, filters)
        try:
            return await self._owner.compute.run(feed, stretch, filters, timeout_s=_PATIENCE_S)
        except (ComputeFailed, MemoryError) as problem:
            # The same would happen again: these events are passed over, so that later ones are not.
            fed = await asyncio.to_thread(feed, stretch, Filters(self._key))
            _log.error(
                "the filters of log group %s pass over %d bytes of events: %s",
                *(self._key[-1], fed.end - stretch.start, problem),
            )
            return fed

    def _record(self, fed: Fed) -> None:
        if fed.data and self._owner.metrics is not None:
            self._owner.metrics.record(Scope(self._key[0], self._key[1]), fed.data)

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            await self._owner.functions.send(
                delivery.destination_arn, delivery.payload, caller_for(self._key)
            )
        except ServiceError as problem:
            _log.error(
                "%d events of log group %s are not delivered by the subscription filter %s: %s",
                *(delivery.events, self._key[-1], delivery.filter_name, problem),
            )

    async def _write_cursor(self) -> None:
        self._written_at = self._owner.clock.monotonic()
        if self._cursor == self._written:
            return
        account_id, region, name = self._key
        segment, offset = self._cursor
        document = {"segment": segment, "offset": offset}
        scope = Scope(account_id, region)

        def write(tx: Tx) -> None:
            if _filters(tx, self._key):  # not where the group went meanwhile
                CURSORS.put(tx, scope, name, "", document)

        await self._owner.database.write(write)
        self._written = (segment, offset)


def _filters(tx: Tx, key: GroupKey) -> Filters:
    account_id, region, name = key
    scope = Scope(account_id, region)
    return Filters(
        key,
        tuple(METRIC_FILTERS.of(tx, scope, name)),
        tuple(SUBSCRIPTION_FILTERS.of(tx, scope, name)),
    )


def _everything(_: str) -> bool:
    return True
