"""Metrics in the database: values are added, old ones are put together, none is counted twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import Scope
from lambent.core.ports import MetricSummary
from lambent.core.spread import Spread
from lambent.services.cloudwatch import collector as collecting
from lambent.services.cloudwatch import store
from lambent.services.cloudwatch.collector import Collector
from lambent.services.cloudwatch.points import Point
from lambent.services.cloudwatch.store import DAY_S, HOUR_S, MetricKey, Slot

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambent.storage.sqlite import SqliteDatabase

    Run = Callable[[Callable[[SqliteDatabase], Awaitable[None]]], None]

KEY = MetricKey("111111111111", "us-east-1", "Shop", "Sales", (("Till", "1"),))
SCOPE = Scope(KEY.account_id, KEY.region)
NOW_S = 1_800_000_000


def add(database: SqliteDatabase, *points: tuple[int, int, float]) -> Awaitable[Any]:
    """(start, period, value)."""
    found = {
        Slot(KEY, start, period, "Count"): Point.of([(value, 1)]) for start, period, value in points
    }
    return database.write(lambda tx: store.add(tx, found))


async def rows(database: SqliteDatabase) -> list[tuple[int, int, float, float]]:
    found = await database.read(lambda tx: store.read(tx, KEY, 0, NOW_S * 2))
    return [(row.start_s, row.period, row.point.count, row.point.total) for row in found]


def test_values_of_one_minute_are_one_row(run: Run) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        await add(database, (60, 60, 1.0))
        await add(database, (60, 60, 2.0), (120, 60, 5.0))
        assert await rows(database) == [(60, 60, 2, 3), (120, 60, 1, 5)]

    run(scenario)


def test_old_values_are_put_together_and_very_old_ones_go(run: Run) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        recent = NOW_S - HOUR_S
        old = NOW_S - 16 * DAY_S
        old -= old % 300
        older = NOW_S - 64 * DAY_S
        older -= older % HOUR_S
        await add(
            database,
            (NOW_S - 456 * DAY_S, HOUR_S, 9.0),
            (older, 300, 1.0),
            (older + 300, 300, 2.0),
            (old, 60, 3.0),
            (old + 60, 60, 4.0),
            (NOW_S - 4 * HOUR_S, 1, 5.0),
            (NOW_S - 4 * HOUR_S + 1, 1, 6.0),
            (recent, 1, 7.0),
        )
        while await database.write(lambda tx: store.roll_up(tx, NOW_S)):
            pass
        minute = NOW_S - 4 * HOUR_S
        assert await rows(database) == [
            (older, HOUR_S, 2, 3),
            (old, 300, 2, 7),
            (minute - minute % 60, 60, 2, 11),
            (recent, 1, 1, 7),
        ]

    run(scenario)


def test_more_than_a_bite_is_put_together_in_several(run: Run) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        start = NOW_S - 20 * DAY_S
        await add(database, *((start + 60 * number, 60, 1.0) for number in range(1200)))
        times = 1
        while await database.write(lambda tx: store.roll_up(tx, NOW_S)):
            times += 1
        assert times == 3
        found = await rows(database)
        assert sum(count for _, _, count, _ in found) == 1200
        assert {period for _, period, _, _ in found} == {300}

    run(scenario)


def test_a_metric_that_nothing_is_left_of_is_forgotten(run: Run) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        await add(database, (NOW_S - 456 * DAY_S, HOUR_S, 1.0))
        await database.write(lambda tx: store.roll_up(tx, NOW_S))
        assert await database.read(lambda tx: store.metrics(tx, SCOPE, None, None, 0)) == []
        await add(database, (NOW_S, 60, 1.0))
        assert await rows(database) == [(NOW_S, 60, 1, 1)]

    run(scenario)


def test_what_cannot_be_written_is_kept_and_counted_once(run: Run) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        class Failing:
            fails = True

            async def write(self, fn: Any) -> Any:
                if self.fails:
                    raise OSError("no space left")
                return await database.write(fn)

        failing: Any = Failing()
        collector = Collector(failing)
        collector.watch(
            lambda: [
                MetricSummary(
                    SCOPE, KEY.namespace, KEY.name, 1, "Count", KEY.dimensions, Spread.of(1)
                )
            ]
        )
        with pytest.raises(OSError, match="no space"):
            await collector.flush()
        failing.fails = False
        await collector.flush()
        assert await rows(database) == [(60, 60, 2, 2)]

    run(scenario)


def summaries(*names: str, namespace: str = "Shop") -> list[MetricSummary]:
    return [MetricSummary(SCOPE, namespace, name, 1, "Count", (), Spread.of(1)) for name in names]


def test_a_long_outage_is_told_in_two_lines(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(collecting, "_MOST", 2)

    async def scenario(database: SqliteDatabase) -> None:
        class Failing:
            fails = True

            async def write(self, fn: Any) -> Any:
                if self.fails:
                    raise OSError("no space left")
                return await database.write(fn)

        failing: Any = Failing()
        collector = Collector(failing)
        collector.watch(lambda: summaries(*"abcdefg"))
        for _ in range(3):
            with pytest.raises(OSError, match="no space"):
                await collector.flush()
        failing.fails = False
        await collector.flush()

    run(scenario)
    assert [record.getMessage() for record in caplog.records] == [
        "values of metrics are lost: 2 wait to be written",
        "20 values of metrics are lost: they could not be written",
    ]


def test_an_account_has_so_many_metrics_and_no_more(
    run: Run, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "MOST_METRICS", 2)

    async def scenario(database: SqliteDatabase) -> None:
        collector = Collector(database)
        wanted = [
            summaries("a", "b", "c"),
            summaries("d", "a"),
            summaries("x", namespace="AWS/Lambda"),
        ]
        collector.watch(lambda: wanted.pop(0) if wanted else [])
        for _ in range(3):
            await collector.flush()
        found = await database.read(lambda tx: store.metrics(tx, SCOPE, None, None, 0))
        # What the platform measures is not kept out by what somebody sends.
        assert [key.name for key in found] == ["x", "a", "b"]

    run(scenario)
    assert [record.getMessage() for record in caplog.records] == [
        f"account {SCOPE.account_id} has 2 metrics: new ones are not kept"
    ]


def test_of_too_many_points_the_oldest_go(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST_POINTS", 3)

    async def scenario(database: SqliteDatabase) -> None:
        await add(database, *((NOW_S + 60 * number, 60, 1) for number in range(3)))
        assert await database.read(store.surplus) == []
        await add(database, (NOW_S + 180, 60, 1), (NOW_S + 240, 60, 1))
        (found,) = await database.read(store.surplus)
        assert (found.account_id, found.points) == (KEY.account_id, 2)
        await database.write(lambda tx: store.trim(tx, found.metric_ids, found.cut_s))
        assert [start for start, *_ in await rows(database)] == [
            NOW_S + 60 * number for number in (2, 3, 4)
        ]
        assert await database.read(store.surplus) == []

    run(scenario)
