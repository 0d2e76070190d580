"""Counts of usage plans: on a calendar that is moved, and over a restart."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.clock import VirtualClock
from lambent.services.apigateway.usage_counts import UsageCounts, period_start
from lambent.storage.errors import DatabaseClosed
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

WEDNESDAY = datetime(2026, 1, 7, tzinfo=UTC)


def _with_counts(
    path: Path, clock: VirtualClock, use: Callable[[UsageCounts], Awaitable[None]]
) -> None:
    async def run() -> None:
        database = SqliteDatabase(path / "d.sqlite")
        await database.open()
        try:
            counts = UsageCounts(database, clock)
            await counts.load()
            await use(counts)
            await counts.stop()
        finally:
            await database.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("period", "first"),
    [("DAY", date(2026, 1, 7)), ("WEEK", date(2026, 1, 4)), ("MONTH", date(2026, 1, 1))],
)
def test_when_periods_begin(period: str, first: date) -> None:
    assert period_start(period, WEDNESDAY.date()) == first
    assert period_start(period, first) == first


def test_a_quota_begins_anew_with_its_period_and_survives_a_restart(tmp_path: Path) -> None:
    clock = VirtualClock(WEDNESDAY)
    quota = {"limit": 2, "period": "WEEK"}

    async def use_up(counts: UsageCounts) -> None:
        assert [counts.count("p", "k", quota) for _ in range(3)] == [True, True, False]
        assert counts.count("p", "other", quota)

    async def go_on(counts: UsageCounts) -> None:
        assert not counts.count("p", "k", quota)
        counts.set_left("p", "k", quota, 1)
        assert [counts.count("p", "k", quota) for _ in range(2)] == [True, False]
        clock.advance(timedelta(days=4))
        assert counts.left("p", "k", quota) == 2
        assert counts.left("p", "k", quota, WEDNESDAY.date()) == 0
        assert counts.count("p", "k", quota)
        assert counts.days("p", "k") == {date(2026, 1, 7): 3, date(2026, 1, 11): 1}

    async def look(counts: UsageCounts) -> None:
        assert counts.left("p", "k", quota) == 1
        counts.forget("p")
        assert counts.left("p", "k", quota) == 2

    for use in (use_up, go_on, look):
        _with_counts(tmp_path, clock, use)


def test_the_offset_counts_in_the_first_period_alone(tmp_path: Path) -> None:
    clock = VirtualClock(WEDNESDAY)
    quota: dict[str, Any] = {"limit": 5, "offset": 3, "period": "WEEK"}

    async def use(counts: UsageCounts) -> None:
        assert counts.left("p", "k", quota) == 2
        assert counts.count("p", "k", quota)
        assert counts.left("p", "k", quota) == 1
        clock.advance(timedelta(days=7))
        assert counts.left("p", "k", quota) == 5

    _with_counts(tmp_path, clock, use)


def test_counts_without_a_quota_are_counted_without_end(tmp_path: Path) -> None:
    async def use(counts: UsageCounts) -> None:
        assert all(counts.count("p", "k", None) for _ in range(100))
        assert sum(counts.days("p", "k").values()) == 100

    _with_counts(tmp_path, VirtualClock(WEDNESDAY), use)


def test_what_could_not_be_written_is_written_the_next_time(tmp_path: Path) -> None:
    async def use(counts: UsageCounts) -> None:
        counts.count("p", "k", None)
        database, counts._database = counts._database, SqliteDatabase(tmp_path / "closed")
        with pytest.raises(DatabaseClosed):
            await counts.flush()
        counts._database = database

    async def look(counts: UsageCounts) -> None:
        assert sum(counts.days("p", "k").values()) == 1

    for each in (use, look):
        _with_counts(tmp_path, VirtualClock(WEDNESDAY), each)
