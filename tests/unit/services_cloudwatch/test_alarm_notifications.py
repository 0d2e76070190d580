"""What alarms publish through the port to SNS."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import Scope
from lambent.core.errors import AccessDenied
from lambent.services.cloudwatch.alarm_checks import check_actions
from lambent.services.cloudwatch.alarm_notifications import message_of, subject_of
from lambent.services.cloudwatch.alarm_watch import AlarmWatch
from lambent.services.cloudwatch.errors import ValidationError
from lambent.services.cloudwatch.resources import ACTIONS, HISTORY, METRIC_ALARMS
from lambent.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from pathlib import Path

    from lambent.core.ports import ServiceCaller

SCOPE = Scope("123456789012", "ap-northeast-1")
ARN = "arn:aws:cloudwatch:ap-northeast-1:123456789012:alarm"
TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:t"
PUT = datetime(2021, 2, 15, 14, 50, tzinfo=UTC)
NOW = datetime(2021, 2, 15, 14, 57, 14, 419000, tzinfo=UTC)
BEFORE: dict[str, Any] = {
    "AlarmName": "compile error",
    "AlarmDescription": "what it is",
    "AlarmArn": f"{ARN}:compile error",
    "AlarmConfigurationUpdatedTimestamp": PUT.isoformat(),
    "Namespace": "AWS/Lambda",
    "MetricName": "Errors",
    "Dimensions": [{"Name": "FunctionName", "Value": "f"}],
    "Statistic": "Maximum",
    "Period": 300,
    "EvaluationPeriods": 1,
    "DatapointsToAlarm": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "TreatMissingData": "breaching",
    "ActionsEnabled": True,
    "OKActions": [],
    "AlarmActions": [TOPIC],
    "InsufficientDataActions": [],
    "StateValue": "INSUFFICIENT_DATA",
    "StateReason": "Unchecked: Initial alarm creation",
    "StateUpdatedTimestamp": PUT.isoformat(),
    "StateTransitionedTimestamp": PUT.isoformat(),
}


def change(**more: Any) -> Any:
    before = BEFORE | more
    after = before | {
        "StateValue": "ALARM",
        "StateReason": "because",
        "StateUpdatedTimestamp": NOW.isoformat(),
    }
    return SimpleNamespace(scope=SCOPE, before=before, after=after)


def test_the_message_of_a_metrics_alarm() -> None:
    told = change()
    assert subject_of(told) == 'ALARM: "compile error" in Asia Pacific (Tokyo)'
    message = json.loads(message_of(told))
    assert message == {
        "AlarmName": "compile error",
        "AlarmDescription": "what it is",
        "AWSAccountId": "123456789012",
        "AlarmConfigurationUpdatedTimestamp": "2021-02-15T14:50:00.000+0000",
        "NewStateValue": "ALARM",
        "NewStateReason": "because",
        "StateChangeTime": "2021-02-15T14:57:14.419+0000",
        "Region": "Asia Pacific (Tokyo)",
        "AlarmArn": f"{ARN}:compile error",
        "OldStateValue": "INSUFFICIENT_DATA",
        "OKActions": [],
        "AlarmActions": [TOPIC],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "StatisticType": "Statistic",
            "Statistic": "MAXIMUM",
            "Unit": None,
            "Dimensions": [{"value": "f", "name": "FunctionName"}],
            "Period": 300,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1.0,
            "TreatMissingData": "breaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def test_the_message_of_an_alarm_of_metric_math() -> None:
    metric = {
        "Namespace": "AWS/EC2",
        "MetricName": "NetworkOut",
        "Dimensions": [{"Name": "InstanceId", "Value": "TestInstance"}],
    }
    told = change(
        Metrics=[
            {"Id": "e1", "Expression": "m1*1", "Label": "Expression1"},
            {
                "Id": "m1",
                "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"},
                "ReturnData": False,
            },
        ]
    )
    trigger = json.loads(message_of(told))["Trigger"]
    assert "MetricName" not in trigger
    assert trigger["Metrics"] == [
        {"Expression": "m1*1", "Id": "e1", "Label": "Expression1", "ReturnData": True},
        {
            "Id": "m1",
            "MetricStat": {
                "Metric": {
                    "Dimensions": [{"value": "TestInstance", "name": "InstanceId"}],
                    "MetricName": "NetworkOut",
                    "Namespace": "AWS/EC2",
                },
                "Period": 60,
                "Stat": "Average",
            },
            "ReturnData": False,
        },
    ]


@pytest.mark.parametrize("is_set", [False, True])
def test_the_message_of_a_composite_alarm(*, is_set: bool) -> None:
    told = change(AlarmRule="ALARM(a) OR ALARM(b)")
    child = {
        "arn": f"{ARN}:a",
        "state": {"value": "ALARM", "timestamp": "2021-02-15T14:57:14.419+0000"},
    }
    if not is_set:
        told.after["StateReasonData"] = json.dumps({"triggeringAlarms": [child]})
    message = json.loads(message_of(told))
    assert "Trigger" not in message
    assert "AlarmConfigurationUpdatedTimestamp" not in message
    assert message["AlarmRule"] == "ALARM(a) OR ALARM(b)"
    state = {"Value": "ALARM", "Timestamp": "2021-02-15T14:57:14.419+0000"}
    assert message["TriggeringChildren"] == (
        [] if is_set else [{"Arn": f"{ARN}:a", "State": state}]
    )


@pytest.mark.parametrize(
    ("region", "name"),
    [("us-east-1", "US East (N. Virginia)"), ("eu-west-1", "EU (Ireland)"), ("xx-1", "xx-1")],
)
def test_regions_are_called_as_in_messages_that_were_kept(region: str, name: str) -> None:
    told = change()
    told.scope = Scope(SCOPE.account_id, region)
    assert subject_of(told) == f'ALARM: "compile error" in {name}'
    assert json.loads(message_of(told))["Region"] == name


class StubTopics:
    def __init__(self) -> None:
        self.published: list[tuple[str, str, str, ServiceCaller]] = []
        self.is_closed = False

    async def publish(self, arn: str, subject: str, message: str, caller: ServiceCaller) -> None:
        if self.is_closed:
            raise AccessDenied("not allowed to publish")
        self.published.append((arn, subject, message, caller))


@pytest.mark.parametrize("is_closed", [False, True])
def test_a_change_of_state_is_published_once(tmp_path: Path, *, is_closed: bool) -> None:
    async def scenario() -> None:
        database = SqliteDatabase(tmp_path / "d.sqlite")
        await database.open()
        topics = StubTopics()
        topics.is_closed = is_closed
        clock: Any = SimpleNamespace(calendar=lambda: NOW + timedelta(hours=1))
        unused: Any = None

        async def nothing() -> None:
            pass

        watch = AlarmWatch(database, clock, unused, nothing, topics)
        await database.write(
            lambda tx: METRIC_ALARMS.put(tx, SCOPE, "", BEFORE["AlarmName"], BEFORE)
        )
        await watch.look()
        await watch.look()
        assert await database.read(ACTIONS.everywhere) == []
        history = [row.document for row in await database.read(HISTORY.everywhere)]
        told = [each for each in history if each["HistoryItemType"] == "Action"]
        await database.close()
        if is_closed:
            assert topics.published == []
            assert "not allowed to publish" in told[0]["HistorySummary"]
            return
        ((arn, subject, message, caller),) = topics.published
        assert (arn, subject) == (TOPIC, 'ALARM: "compile error" in Asia Pacific (Tokyo)')
        assert json.loads(message)["NewStateValue"] == "ALARM"
        assert caller.principal == "cloudwatch.amazonaws.com"
        assert told[0]["HistorySummary"] == f"Successfully executed action {TOPIC}"

    asyncio.run(scenario())


def test_topics_are_actions_where_there_is_sns() -> None:
    request = {"AlarmActions": [TOPIC]}
    check_actions(request, SCOPE.region, has_topics=True)
    with pytest.raises(ValidationError, match="not supported"):
        check_actions(request, SCOPE.region, has_topics=False)
