"""Why a composite alarm moved, as AWS says it ("Alarm events and EventBridge", CloudWatch user guide)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lambent.core.context import Scope
from lambent.services.cloudwatch.alarm_watch import AlarmWatch
from lambent.services.cloudwatch.resources import COMPOSITE_ALARMS, METRIC_ALARMS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lambent.storage.sqlite import SqliteDatabase

    Run = Callable[[Callable[[SqliteDatabase], Awaitable[None]]], None]

SCOPE = Scope("111122223333", "us-east-1")
ARN = "arn:aws:cloudwatch:us-east-1:111122223333:alarm"
PUT = datetime(2023, 6, 22, 14, 20, tzinfo=UTC)
FIRST = datetime(2023, 6, 22, 14, 25, 30, 174000, tzinfo=UTC)
SECOND = datetime(2023, 6, 22, 14, 26, 1, 928000, tzinfo=UTC)


class Calendar:
    def __init__(self) -> None:
        self.now = PUT

    def calendar(self) -> datetime:
        return self.now


def alarm(name: str, state: str, **more: Any) -> dict[str, Any]:
    found = {
        "AlarmName": name,
        "AlarmArn": f"{ARN}:{name}",
        "Period": 60,
        "ActionsEnabled": False,
        "StateValue": state,
        "StateReason": "r",
    }
    times = ("AlarmConfigurationUpdated", "StateUpdated", "StateTransitioned")
    return found | {f"{each}Timestamp": PUT.isoformat() for each in times} | more


def test_it_names_the_alarm_that_moved(run: Run) -> None:
    """The values of a public sample: two alarms go to OK one after the other, the composite one with the second."""
    clock: Any = Calendar()
    unused: Any = None

    async def nothing() -> None:
        pass

    async def scenario(database: SqliteDatabase) -> None:
        watch = AlarmWatch(database, clock, unused, nothing)

        def put(tx: Any) -> None:
            for name in ("test1", "test2"):
                METRIC_ALARMS.put(tx, SCOPE, "", name, alarm(name, "ALARM"))
            rule = f'(ALARM("{ARN}:test1") OR ALARM("{ARN}:test2"))'
            made = alarm("whole", "INSUFFICIENT_DATA", AlarmRule=rule)
            COMPOSITE_ALARMS.put(tx, SCOPE, "", "whole", made)

        async def after(name: str, state: str, at: datetime) -> tuple[str, str, list[Any]]:
            clock.now = at
            await watch.set_state(SCOPE, METRIC_ALARMS, name, state, "r", None)
            found: Any = await database.read(
                lambda tx: COMPOSITE_ALARMS.find(tx, SCOPE, "", "whole")
            )
            data = json.loads(found["StateReasonData"])
            return found["StateValue"], found["StateReason"], data["triggeringAlarms"]

        await database.write(put)
        state, reason, triggers = await after("test1", "OK", FIRST)
        assert state == "ALARM"
        assert reason == f"{ARN}:whole was created and its alarm rule evaluates to ALARM"
        assert triggers == [
            {
                "arn": f"{ARN}:test2",
                "state": {"value": "ALARM", "timestamp": "2023-06-22T14:20:00.000+0000"},
            }
        ]
        state, reason, triggers = await after("test2", "OK", SECOND)
        assert state == "OK"
        assert reason == f"{ARN}:test2 transitioned to OK at Thursday 22 June, 2023 14:26:01 UTC"
        assert triggers == [
            {
                "arn": f"{ARN}:test2",
                "state": {"value": "OK", "timestamp": "2023-06-22T14:26:01.928+0000"},
            },
            {
                "arn": f"{ARN}:test1",
                "state": {"value": "OK", "timestamp": "2023-06-22T14:25:30.174+0000"},
            },
        ]

        def change(tx: Any) -> None:
            found: Any = COMPOSITE_ALARMS.find(tx, SCOPE, "", "whole")
            changed = {
                "AlarmRule": "OK(test1)",
                "AlarmConfigurationUpdatedTimestamp": clock.now.replace(minute=30).isoformat(),
            }
            COMPOSITE_ALARMS.put(tx, SCOPE, "", "whole", found | changed)

        await database.write(change)
        state, reason, _ = await after("test2", "ALARM", SECOND.replace(minute=31))
        assert (state, reason) == (
            "ALARM",
            f"{ARN}:whole was updated and its alarm rule evaluates to ALARM",
        )

    run(scenario)
