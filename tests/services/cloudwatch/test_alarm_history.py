"""What DescribeAlarmHistory tells, in the form that AWS gives it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")
ALARM: dict[str, Any] = {
    "AlarmName": "throttled",
    "AlarmDescription": "of writes",
    "Namespace": "AWS/DynamoDB",
    "MetricName": "WriteThrottleEvents",
    "Statistic": "Sum",
    "Period": 60,
    "Dimensions": [
        {"Name": "Operation", "Value": "PutItem"},
        {"Name": "TableName", "Value": "t"},
    ],
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    "EvaluationPeriods": 1,
}


def items(cloudwatch: Any, **asked: Any) -> list[tuple[str, dict[str, Any]]]:
    """Summaries and data, the oldest first."""
    found = cloudwatch.describe_alarm_history(ScanBy="TimestampAscending", **asked)
    return [
        (each["HistorySummary"], json.loads(each["HistoryData"]))
        for each in found["AlarmHistoryItems"]
    ]


def test_an_alarm_that_was_made(cloudwatch: Any) -> None:
    """The members of two public samples, one of 2013 and one of 2022, in the order of the newer:
    `{"version":"1.0","type":"Create","createdAlarm":{"alarmName":...,"okactions":[]}}`. Both are quoted in
    public repositories: at the head of a DescribeAlarmHistoryLocalTest.java, and in notes on the CloudWatch API.
    """
    cloudwatch.put_metric_alarm(**ALARM)
    summary, data = items(cloudwatch, HistoryItemType="ConfigurationUpdate")[0]
    assert summary == 'Alarm "throttled" created'
    assert (data["version"], data["type"]) == ("1.0", "Create")
    made = data["createdAlarm"]
    assert list(made) == [
        "alarmName",
        "alarmDescription",
        "alarmArn",
        "alarmConfigurationUpdatedTimestamp",
        "namespace",
        "metricName",
        "statistic",
        "period",
        "dimensions",
        "threshold",
        "comparisonOperator",
        "evaluationPeriods",
        "stateValue",
        "stateUpdatedTimestamp",
        "actionsEnabled",
        "alarmActions",
        "insufficientDataActions",
        "okactions",
    ]
    assert made["dimensions"] == [
        {"value": "PutItem", "name": "Operation"},
        {"value": "t", "name": "TableName"},
    ]
    assert STAMP.fullmatch(made["alarmConfigurationUpdatedTimestamp"])
    assert STAMP.fullmatch(made["stateUpdatedTimestamp"])
    assert (made["stateValue"], made["threshold"]) == ("INSUFFICIENT_DATA", 1.0)


def test_an_alarm_that_was_changed_and_deleted(cloudwatch: Any) -> None:
    """No sample of these is public; they tell of the alarm as that of a creation does."""
    cloudwatch.put_metric_alarm(**ALARM)
    cloudwatch.put_metric_alarm(**ALARM | {"Threshold": 2})
    cloudwatch.delete_alarms(AlarmNames=["throttled"])
    told = items(cloudwatch, HistoryItemType="ConfigurationUpdate")[1:]
    assert [summary for summary, _ in told] == [
        'Alarm "throttled" updated',
        'Alarm "throttled" deleted',
    ]
    (_, update), (_, deletion) = told
    assert (update["type"], update["updatedAlarm"]["threshold"]) == ("Update", 2.0)
    assert (deletion["type"], deletion["deletedAlarm"]["okactions"]) == ("Delete", [])


def test_an_action_tells_the_time_of_the_change(
    cloudwatch: Any, aws: Callable[..., Any], make_zip: Callable[..., bytes]
) -> None:
    """`stateUpdateTimestamp` is StateChangeTime of what was published (github.com/aws/aws-sdk-java/issues/1723)."""
    functions = aws("lambda")
    arn = functions.create_function(
        FunctionName="told",
        Runtime="python3.11",
        Role=execution_role(functions),
        Handler="app.run",
        Code={"ZipFile": make_zip({"app.py": "def run(event, context): pass"})},
    )["FunctionArn"]
    cloudwatch.put_metric_alarm(**ALARM | {"AlarmActions": [arn], "TreatMissingData": "ignore"})
    cloudwatch.set_alarm_state(AlarmName="throttled", StateValue="ALARM", StateReason="a drill")
    moved = cloudwatch.describe_alarms()["MetricAlarms"][0]["StateUpdatedTimestamp"]
    ((_, data),) = items(cloudwatch, HistoryItemType="Action")
    assert data["stateUpdateTimestamp"] == int(moved.timestamp() * 1000)
