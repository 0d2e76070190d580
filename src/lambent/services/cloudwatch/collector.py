"""Gathers what the platform itself measures in memory, and writes it once a minute and before anybody reads.

What PutMetricData has acknowledged does not come this way: it is in the database by then.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING

from lambent.services.cloudwatch import store
from lambent.services.cloudwatch.points import Point, thinned
from lambent.services.cloudwatch.store import MINUTE_S, Slot, dimensions_of, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lambent.core.context import Scope
    from lambent.core.ports import Database, MetricDatum, MetricSummary, Tx

# Of one transaction: others write, too.
_BITE = 1000
# What cannot be written is kept, up to here; then it is said what is lost.
_MOST = 100_000

_log = logging.getLogger(__name__)


class Collector:
    """A `MetricSink`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._points: dict[Slot, Point] = {}
        self._lock = asyncio.Lock()  # who comes second finds everything written
        self._sources: list[Callable[[], Iterable[MetricSummary]]] = []
        self._lost = 0  # while the database could not be written to
        self._full: set[str] = set()  # accounts with as many metrics as may be

    def watch(self, source: Callable[[], Iterable[MetricSummary]]) -> None:
        """Ask `source` for what it has counted since it was asked last, before anybody reads, and every minute."""
        self._sources.append(source)

    def record(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        for datum in data:
            if not math.isfinite(datum.value):
                continue
            second = datum.timestamp_ms // 1000
            key = key_of(
                scope, datum.namespace, datum.name, dimensions_of(datum.dimensions.items())
            )
            slot = Slot(key, second - second % MINUTE_S, MINUTE_S, datum.unit)
            self._add(slot, Point.of([(datum.value, 1.0)]))

    async def flush(self) -> None:
        """Returns when everything recorded until now can be read."""
        async with self._lock:
            await asyncio.shield(self._flush())

    def forget(self) -> None:
        self._gather()
        self._points.clear()

    async def _flush(self) -> None:
        self._gather()
        while self._points:
            taken = dict(list(self._points.items())[:_BITE])
            for slot in taken:
                del self._points[slot]
            try:
                surplus = await self._database.write(_writer(taken))
            except Exception:
                for slot, point in taken.items():
                    self._add(slot, point)
                raise
            self._tell(surplus)
        if self._lost:
            _log.warning("%d values of metrics are lost: they could not be written", self._lost)
            self._lost = 0

    def _tell(self, surplus: Mapping[str, int]) -> None:
        """Once for each account that has too many metrics: whoever fills them goes on filling them."""
        for account_id in surplus.keys() - self._full:
            _log.warning(
                "account %s has %d metrics: new ones are not kept", account_id, store.MOST_METRICS
            )
        self._full |= surplus.keys()

    def _gather(self) -> None:
        for source in self._sources:
            for found in source():
                dimensions = dimensions_of(found.dimensions)
                key = key_of(found.scope, found.namespace, found.name, dimensions)
                slot = Slot(key, found.minute * MINUTE_S, MINUTE_S, found.unit)
                spread = found.spread
                values = thinned(dict(spread.values))
                self._add(
                    slot, Point(spread.count, spread.total, spread.minimum, spread.maximum, values)
                )

    def _add(self, slot: Slot, point: Point) -> None:
        present = self._points.get(slot)
        if present is not None:
            present.add(point)
        elif len(self._points) < _MOST:
            self._points[slot] = point
        else:
            if not self._lost:
                _log.warning("values of metrics are lost: %d wait to be written", _MOST)
            self._lost += 1


def _writer(points: Mapping[Slot, Point]) -> Callable[[Tx], dict[str, int]]:
    def write(tx: Tx) -> dict[str, int]:
        return store.add(tx, points)

    return write
