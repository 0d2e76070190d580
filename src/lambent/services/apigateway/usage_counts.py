"""What has been called with each key of each usage plan, by day: counted in memory, kept in the database.

The data plane counts on every request, so that counting must not wait for the disk: what has changed is written once a
second and when the platform stops. After a crash the last second is missing. Days are those of the platform's calendar,
in UTC.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from lambent.apis.tables import USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.ports import Database, Tx

    Key = tuple[str, str]  # a usage plan and an API key

# What a crash may forget; what the writer is asked to do at the most.
FLUSH_S = 1.0
_C = USAGE.c


@dataclass(slots=True)
class _Day:
    used: int = 0
    granted: int = 0  # by UpdateUsage, on top of the period's limit


def period_start(period: str, day: date) -> date:
    """The first day of the period that a day is in. Weeks begin on Sunday."""
    if period == "MONTH":
        return day.replace(day=1)
    if period == "WEEK":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    return day


class UsageCounts:
    """Used on the event loop alone."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._days: dict[Key, dict[date, _Day]] = {}
        self._changed: set[tuple[str, str, date]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read what was counted before."""
        rows = await self._database.read(lambda tx: tx.all(select(USAGE)))
        self._days.clear()
        for row in rows:
            days = self._days.setdefault((row.plan_id, row.key_id), {})
            days[date.fromisoformat(row.day)] = _Day(row.used, row.granted)

    async def stop(self) -> None:
        """Write what is not written yet."""
        if self._writing is not None:
            await self._writing
        await self.flush()

    def count(self, plan_id: str, key_id: str, quota: Mapping[str, Any] | None) -> bool:
        """Count one request; False, and nothing counted, where the quota is used up."""
        if quota and self.left(plan_id, key_id, quota) <= 0:
            return False
        self._today(plan_id, key_id).used += 1
        self._soon()
        return True

    def left(
        self, plan_id: str, key_id: str, quota: Mapping[str, Any], on: date | None = None
    ) -> int:
        """Requests that remain in the present period, or at the end of a day in its own. A quota's offset counts as
        used in the period in which a key is first called ("QuotaSettings", API reference).
        """
        on = on or self._clock.calendar().date()
        start = period_start(quota["period"], on)
        days = self._days.get((plan_id, key_id), {})
        inside = [each for day, each in days.items() if start <= day <= on]
        left = int(quota["limit"]) + sum(each.granted - each.used for each in inside)
        called = (day for day, each in days.items() if each.used)
        first = min(called, default=self._clock.calendar().date())
        is_first = period_start(quota["period"], first) == start
        return left - (int(quota.get("offset") or 0) if is_first else 0)

    def set_left(self, plan_id: str, key_id: str, quota: Mapping[str, Any], left: int) -> None:
        """Grant a key so many requests for the rest of the present period."""
        more = left - self.left(plan_id, key_id, quota)
        self._today(plan_id, key_id).granted += more
        self._soon()

    def days(self, plan_id: str, key_id: str) -> Mapping[date, int]:
        """Requests per day."""
        return {day: each.used for day, each in self._days.get((plan_id, key_id), {}).items()}

    def forget(self, plan_id: str) -> None:
        """A plan that is gone; its rows go with it in the transaction that deletes it (`remove_plan`)."""
        for key in [key for key in self._days if key[0] == plan_id]:
            del self._days[key]
        self._changed = {each for each in self._changed if each[0] != plan_id}

    def clear(self) -> None:
        """Forget everything (`--test-mode`)."""
        self._days.clear()
        self._changed.clear()

    async def flush(self) -> None:
        """Write what has changed; returns once it is durable."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changed, self._changed = self._changed, set()
        rows = [
            {
                "plan_id": plan_id,
                "key_id": key_id,
                "day": day.isoformat(),
                "used": self._days[plan_id, key_id][day].used,
                "granted": self._days[plan_id, key_id][day].granted,
            }
            for plan_id, key_id, day in changed
        ]
        if not rows:
            return
        try:
            await self._database.write(lambda tx: _write(tx, rows))
        except BaseException:
            self._changed |= changed  # for the next time
            raise

    def _today(self, plan_id: str, key_id: str) -> _Day:
        today = self._clock.calendar().date()
        self._changed.add((plan_id, key_id, today))
        return self._days.setdefault((plan_id, key_id), {}).setdefault(today, _Day())

    def _soon(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(FLUSH_S, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._writing = asyncio.get_running_loop().create_task(self.flush())


def remove_plan(tx: Tx, plan_id: str) -> None:
    """Everything that was counted under a plan."""
    tx.execute(delete(USAGE).where(_C.plan_id == plan_id))


def _write(tx: Tx, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        where = (
            (_C.plan_id == row["plan_id"]) & (_C.key_id == row["key_id"]) & (_C.day == row["day"])
        )
        tx.execute(delete(USAGE).where(where))
        tx.execute(insert(USAGE).values(row))
