"""Alarms are looked at while others write, and what happened to them is forgotten in time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import Scope
from lambent.services.cloudwatch import alarm_history
from lambent.services.cloudwatch.alarm_watch import AlarmWatch
from lambent.services.cloudwatch.resources import ACTIONS, HISTORY, METRIC_ALARMS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambent.storage.sqlite import SqliteDatabase

    Run = Callable[[Callable[[SqliteDatabase], Awaitable[None]]], None]

SCOPE = Scope("111111111111", "us-east-1")
FIRST, SECOND = (f"arn:aws:lambda:us-east-1:111111111111:function:{name}" for name in "ab")
NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)
ALARM: dict[str, Any] = {
    "AlarmName": "a",
    "AlarmArn": "arn:aws:cloudwatch:us-east-1:111111111111:alarm:a",
    "Namespace": "Shop",
    "MetricName": "Sales",
    "Dimensions": [],
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "TreatMissingData": "breaching",
    "ActionsEnabled": True,
    "OKActions": [],
    "AlarmActions": [],
    "InsufficientDataActions": [],
    "StateValue": "OK",
    "StateReason": "r",
    "StateUpdatedTimestamp": NOW.isoformat(),
}


class Noon:
    """A clock whose calendar stands still."""

    def calendar(self) -> datetime:
        return NOW


def put(database: SqliteDatabase, alarm: dict[str, Any]) -> Awaitable[None]:
    return database.write(lambda tx: METRIC_ALARMS.put(tx, SCOPE, "", alarm["AlarmName"], alarm))


def state(database: SqliteDatabase) -> Awaitable[str]:
    def read(tx: Any) -> str:
        found = METRIC_ALARMS.find(tx, SCOPE, "", "a")
        return "" if found is None else str(found["StateValue"])

    return database.read(read)


async def nothing() -> None:
    pass


def test_a_look_moves_an_alarm(run: Run) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        await put(database, ALARM)
        unused: Any = None
        clock: Any = Noon()
        await AlarmWatch(database, clock, unused, nothing).look()
        assert await state(database) == "ALARM"

    run(scenario)


def test_an_alarm_that_is_put_during_a_look_is_not_put_back(run: Run) -> None:
    """What was found out is of the alarm as it was; the next look is of the new one."""

    class Slow:
        """A database in which the alarm is put between the reading and the writing."""

        def __init__(self, database: SqliteDatabase) -> None:
            self._database = database
            self.write = database.write

        async def read(self, fn: Any) -> Any:
            found = await self._database.read(fn)
            await put(self._database, {**ALARM, "TreatMissingData": "notBreaching"})
            return found

    async def scenario(database: SqliteDatabase) -> None:
        await put(database, ALARM)
        unused: Any = None
        clock: Any = Noon()
        slow: Any = Slow(database)
        await AlarmWatch(slow, clock, unused, nothing).look()
        assert await state(database) == "OK"

    run(scenario)


def test_history_is_forgotten_after_thirty_days(run: Run) -> None:
    async def scenario(database: SqliteDatabase) -> None:
        def write(tx: Any) -> None:
            for ago in (timedelta(days=31), timedelta(days=29), timedelta()):
                alarm_history.note(
                    tx,
                    SCOPE,
                    METRIC_ALARMS,
                    "a",
                    NOW - ago,
                    item="StateUpdate",
                    summary=str(ago.days),
                    data={},
                )
            METRIC_ALARMS.put(tx, SCOPE, "", "0", ALARM)  # an id that comes before all of them
            alarm_history.forget_old(tx, NOW)

        await database.write(write)
        found = await database.read(lambda tx: HISTORY.documents(tx, SCOPE))
        assert [each["HistorySummary"] for each in found] == ["29", "0"]
        assert await database.read(lambda tx: METRIC_ALARMS.find(tx, SCOPE, "", "0")) == ALARM

    run(scenario)


class Functions:
    """Takes events, once it can."""

    def __init__(self) -> None:
        self.is_able = True
        self.events: list[Any] = []

    async def send(self, arn: str, payload: bytes, caller: Any) -> None:
        if not self.is_able:
            raise OSError("no space left")
        self.events.append((arn, json.loads(payload)["alarmData"]["state"]["value"]))


def test_an_action_that_could_not_be_done_is_done_by_the_next_look(run: Run) -> None:
    functions: Any = Functions()
    clock: Any = Noon()

    async def scenario(database: SqliteDatabase) -> None:
        await put(database, {**ALARM, "AlarmActions": [FIRST, SECOND]})
        functions.is_able = False
        watch = AlarmWatch(database, clock, functions, nothing)
        with pytest.raises(OSError, match="no space"):
            await watch.look()
        assert await state(database) == "ALARM"
        functions.is_able = True
        await watch.look()
        await watch.look()
        assert sorted(functions.events) == [(FIRST, "ALARM"), (SECOND, "ALARM")]
        assert await database.read(ACTIONS.everywhere) == []

    run(scenario)
