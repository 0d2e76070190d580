"""Alarms through boto3: what they are, the states that they take, the functions that they invoke."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    ErrorOf = Callable[..., tuple[int, str, str]]

ALARM: dict[str, Any] = {
    "AlarmName": "sales",
    "Namespace": "Shop",
    "MetricName": "Sales",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 10,
    "ComparisonOperator": "GreaterThanThreshold",
}
EMPTY: dict[str, list[str]] = {"AlarmActions": [], "OKActions": [], "InsufficientDataActions": []}


def only(client: Any, **filters: Any) -> dict[str, Any]:
    (found,) = client.describe_alarms(**filters)["MetricAlarms"]
    return dict(found)


def until(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 30
    while not (found := check()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def sell(client: Any, value: float, *, ago: timedelta = timedelta(minutes=1)) -> None:
    moment = datetime.now(UTC) - ago
    datum = {"MetricName": "Sales", "Value": value, "Timestamp": moment}
    client.put_metric_data(Namespace="Shop", MetricData=[datum])


def test_a_new_alarm_is_described_as_it_was_put(cloudwatch: Any) -> None:
    cloudwatch.put_metric_alarm(**ALARM)
    found = only(cloudwatch)
    times = {found.pop(name) for name in list(found) if name.endswith("Timestamp")}
    assert len(times) >= 1
    assert found.pop("AlarmArn").endswith(":alarm:sales")
    state = {
        name: found.pop(name)
        for name in ("StateValue", "StateReason", "StateReasonData")
        if name in found
    }
    assert state["StateValue"] == "INSUFFICIENT_DATA"
    assert found == {**ALARM, **EMPTY, "Dimensions": [], "ActionsEnabled": True}


def test_data_points_decide(cloudwatch: Any) -> None:
    sell(cloudwatch, 50)
    cloudwatch.put_metric_alarm(**ALARM)
    found = until(lambda: cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"])[0]
    assert found["StateReason"].startswith("Threshold Crossed: 1 datapoint [50.0 (")
    data = json.loads(found["StateReasonData"])
    assert data["recentDatapoints"] == [50.0]
    assert (data["statistic"], data["period"], data["threshold"]) == ("Sum", 60, 10.0)
    cloudwatch.put_metric_alarm(**{**ALARM, "Threshold": 100})
    found = until(lambda: cloudwatch.describe_alarms(StateValue="OK")["MetricAlarms"])[0]
    assert "was not greater than the threshold (100.0)" in found["StateReason"]
    items = cloudwatch.describe_alarm_history(AlarmName="sales", ScanBy="TimestampAscending")
    summaries = [item["HistorySummary"] for item in items["AlarmHistoryItems"]]
    assert summaries == [
        'Alarm "sales" created',
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        'Alarm "sales" updated',
        "Alarm updated from ALARM to OK",
    ]


def test_metric_math_decides(cloudwatch: Any) -> None:
    sell(cloudwatch, 6)
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Sales"}, "Period": 60, "Stat": "Sum"}
    alarm = {
        name: value
        for name, value in ALARM.items()
        if name not in {"Namespace", "MetricName", "Statistic", "Period"}
    }
    alarm["Metrics"] = [
        {"Id": "m1", "MetricStat": stat, "ReturnData": False},
        {"Id": "double", "Expression": "m1 * 2"},
    ]
    cloudwatch.put_metric_alarm(**alarm)
    found = until(lambda: cloudwatch.describe_alarms(StateValue="ALARM")["MetricAlarms"])[0]
    assert "[12.0 (" in found["StateReason"]
    assert "Period" not in found
    assert [query["Id"] for query in found["Metrics"]] == ["m1", "double"]


def test_lists_without_members_are_there(cloudwatch: Any, body: Callable[..., Any]) -> None:
    """As in answers of 2026-09 that github.com/philipp-classen/awscr-cloudwatch has kept."""
    assert body(cloudwatch.describe_alarms()) == {
        "LogAlarms": [],
        "CompositeAlarms": [],
        "MetricAlarms": [],
    }
    stat = {"Metric": {"Namespace": "N", "MetricName": "Requests"}, "Period": 60, "Stat": "Sum"}
    cloudwatch.put_metric_alarm(
        AlarmName="math",
        ActionsEnabled=False,
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "requests", "MetricStat": stat, "ReturnData": False},
            {"Id": "rate", "Expression": "requests / 60", "Label": "Rate", "ReturnData": True},
        ],
    )
    found = only(cloudwatch)
    assert {name: found[name] for name in (*EMPTY, "Dimensions")} == {**EMPTY, "Dimensions": []}
    assert found["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"] == []


def test_somebody_may_set_a_state(cloudwatch: Any, error_of: ErrorOf) -> None:
    cloudwatch.put_metric_alarm(**ALARM, TreatMissingData="ignore")
    cloudwatch.set_alarm_state(
        AlarmName="sales", StateValue="ALARM", StateReason="a drill", StateReasonData='{"a": 1}'
    )
    found = only(cloudwatch)
    assert (found["StateValue"], found["StateReason"]) == ("ALARM", "a drill")
    assert found["StateReasonData"] == '{"a": 1}'
    status, code, _ = error_of(
        cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="r"
    )
    assert (status, code) == (404, "ResourceNotFound")
    _, code, _ = error_of(
        cloudwatch.set_alarm_state,
        AlarmName="sales",
        StateValue="OK",
        StateReason="r",
        StateReasonData="{",
    )
    assert code == "InvalidFormat"


def test_a_change_invokes_its_function(
    aws: Callable[..., Any], cloudwatch: Any, make_zip: Callable[..., bytes]
) -> None:
    functions, logs = aws("lambda"), aws("logs")
    source = "import json\ndef run(event, context):\n    print('GOT', json.dumps(event))\n"
    arn = functions.create_function(
        FunctionName="told",
        Runtime="python3.11",
        Role=execution_role(functions),
        Handler="app.run",
        Code={"ZipFile": make_zip({"app.py": source})},
    )["FunctionArn"]
    functions.get_waiter("function_active_v2").wait(FunctionName="told", WaiterConfig={"Delay": 1})
    alarm = {**ALARM, "TreatMissingData": "ignore", "AlarmActions": [arn], "AlarmDescription": "d"}
    cloudwatch.put_metric_alarm(**alarm)

    def history() -> list[str]:
        found = cloudwatch.describe_alarm_history(HistoryItemType="Action")["AlarmHistoryItems"]
        return [item["HistorySummary"] for item in found]

    def ring() -> None:
        cloudwatch.set_alarm_state(AlarmName="sales", StateValue="OK", StateReason="quiet")
        cloudwatch.set_alarm_state(AlarmName="sales", StateValue="ALARM", StateReason="a drill")

    ring()
    assert [text.partition(".")[0] for text in history()] == [f"Failed to execute action {arn}"]
    functions.add_permission(
        FunctionName="told",
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=only(cloudwatch)["AlarmArn"],
    )
    ring()
    assert history()[0] == f"Successfully executed action {arn}"

    def got() -> Any:
        try:
            found = logs.filter_log_events(logGroupName="/aws/lambda/told", filterPattern="GOT")
        except logs.exceptions.ResourceNotFoundException:
            return None
        return found["events"]

    event = json.loads(until(got)[0]["message"].partition(" ")[2])
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmArn"] == only(cloudwatch)["AlarmArn"]
    data = event["alarmData"]
    assert data["alarmName"] == "sales"
    assert data["state"]["value"] == "ALARM"
    assert data["state"]["reason"] == "a drill"
    assert data["previousState"]["value"] == "OK"
    assert data["configuration"]["description"] == "d"
    (metric,) = data["configuration"]["metrics"]
    assert metric["metricStat"] == {
        "metric": {"namespace": "Shop", "name": "Sales", "dimensions": {}},
        "period": 60,
        "stat": "Sum",
    }
    cloudwatch.disable_alarm_actions(AlarmNames=["sales"])
    before = len(history())
    ring()
    assert len(history()) == before
    cloudwatch.enable_alarm_actions(AlarmNames=["sales", "unknown"])
    assert only(cloudwatch)["ActionsEnabled"] is True


def test_a_composite_alarm_follows_its_children(cloudwatch: Any, error_of: ErrorOf) -> None:
    for name in ("a", "b"):
        cloudwatch.put_metric_alarm(**{**ALARM, "AlarmName": name}, TreatMissingData="ignore")
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(a) AND ALARM(b)")
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(both) OR ALARM(a)")

    def states() -> dict[str, str]:
        found = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return {each["AlarmName"]: each["StateValue"] for each in found}

    until(lambda: states() == {"both": "OK", "any": "OK"})
    cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="r")
    assert states() == {"both": "OK", "any": "ALARM"}
    cloudwatch.set_alarm_state(AlarmName="b", StateValue="ALARM", StateReason="r")
    assert states() == {"both": "ALARM", "any": "ALARM"}
    assert cloudwatch.describe_alarms()["CompositeAlarms"] == []
    children = cloudwatch.describe_alarms(ChildrenOfAlarmName="both")["MetricAlarms"]
    assert [each["AlarmName"] for each in children] == ["a", "b"]
    told = {"AlarmName", "AlarmArn", "StateValue", "StateUpdatedTimestamp"}
    assert {frozenset(each) for each in children} == {frozenset(told)}
    parents = cloudwatch.describe_alarms(ParentsOfAlarmName="a", MaxRecords=5)["CompositeAlarms"]
    assert [each["AlarmName"] for each in parents] == ["any", "both"]
    assert {frozenset(each) for each in parents} == {frozenset({"AlarmName", "AlarmArn"})}
    _, code, _ = error_of(
        cloudwatch.describe_alarms, ParentsOfAlarmName="a", AlarmTypes=["CompositeAlarm"]
    )
    assert code == "ValidationError"
    for rule, text in (
        ("ALARM(self)", "itself"),
        (
            "ALARM(nobody)",
            "Could not save the composite alarm as alarms [nobody] in the alarm rule do not exist",
        ),
        ("ALARM(", "Error in AlarmRule ["),
        ("()", "Error in AlarmRule [Unsupported token ')' at char 1]"),
        ("TRUE OK", "Error in AlarmRule [Unsupported token 'OK' at char 5]"),
    ):
        _, code, message = error_of(
            cloudwatch.put_composite_alarm, AlarmName="self", AlarmRule=rule
        )
        assert code == "ValidationError"
        assert text in message
    _, _, message = error_of(cloudwatch.put_composite_alarm, AlarmName="both", AlarmRule="OK(any)")
    assert "itself" in message
    # As tools quote it that had to work round it (grucloud, cdkd).
    for name in ("a", "both"):
        assert error_of(cloudwatch.delete_alarms, AlarmNames=[name]) == (
            400,
            "ValidationError",
            f"Cannot delete {name} as there are composite alarm(s) depending on it.",
        )
    _, code, _ = error_of(cloudwatch.delete_alarms, AlarmNames=["any", "both"])
    assert code == "ValidationError"
    cloudwatch.delete_alarms(AlarmNames=["any"])
    assert states() == {"both": "ALARM"}
    # "You could delete 99 metric alarms and one composite alarms with one operation" (DeleteAlarms).
    cloudwatch.delete_alarms(AlarmNames=["a", "both"])
    assert states() == {}


def test_a_composite_alarm_stays_as_somebody_has_set_it(cloudwatch: Any) -> None:
    """ "It returns to its actual state only once any of its children alarms change state. It is also reevaluated if you
    update its configuration" (SetAlarmState).
    """
    cloudwatch.put_metric_alarm(**ALARM, TreatMissingData="ignore")
    composite = {"AlarmName": "whole", "AlarmRule": "ALARM(sales)"}
    cloudwatch.put_composite_alarm(**composite)

    def state() -> str:
        (found,) = cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        return str(found["StateValue"])

    until(lambda: state() == "OK")
    for is_child in (True, False):
        cloudwatch.set_alarm_state(AlarmName="whole", StateValue="ALARM", StateReason="a drill")
        # A look at all alarms does not change it.
        cloudwatch.put_metric_alarm(**{**ALARM, "AlarmName": "other"}, TreatMissingData="ignore")
        assert state() == "ALARM"
        if is_child:
            cloudwatch.set_alarm_state(AlarmName="sales", StateValue="OK", StateReason="r")
        else:
            cloudwatch.put_composite_alarm(**composite, AlarmDescription="d")
        until(lambda: state() == "OK")


def test_alarms_are_found_by_name_state_and_metric(cloudwatch: Any, error_of: ErrorOf) -> None:
    for name in ("app-one", "app-two", "other"):
        cloudwatch.put_metric_alarm(**{**ALARM, "AlarmName": name}, TreatMissingData="ignore")

    def names(**filters: Any) -> list[str]:
        return [each["AlarmName"] for each in cloudwatch.describe_alarms(**filters)["MetricAlarms"]]

    assert names() == ["app-one", "app-two", "other"]
    assert names(AlarmNamePrefix="app-") == ["app-one", "app-two"]
    assert names(AlarmNames=["other", "unknown"]) == ["other"]
    assert names(StateValue="OK") == []
    first = cloudwatch.describe_alarms(MaxRecords=2)
    assert len(first["MetricAlarms"]) == 2
    second = cloudwatch.describe_alarms(MaxRecords=2, NextToken=first["NextToken"])
    assert [each["AlarmName"] for each in second["MetricAlarms"]] == ["other"]
    assert "NextToken" not in second
    metric = {"Namespace": "Shop", "MetricName": "Sales"}
    assert len(cloudwatch.describe_alarms_for_metric(**metric)["MetricAlarms"]) == 3
    assert not cloudwatch.describe_alarms_for_metric(**metric, Statistic="Average")["MetricAlarms"]
    dimensions = [{"Name": "a", "Value": "b"}]
    assert not cloudwatch.describe_alarms_for_metric(**metric, Dimensions=dimensions)[
        "MetricAlarms"
    ]
    cloudwatch.delete_alarms(AlarmNames=["app-one", "unknown"])
    assert names() == ["app-two", "other"]
    _, code, _ = error_of(cloudwatch.describe_alarms, NextToken="%%")
    assert code == "InvalidNextToken"


def test_tags(cloudwatch: Any, error_of: ErrorOf) -> None:
    cloudwatch.put_metric_alarm(**ALARM, Tags=[{"Key": "team", "Value": "a"}])
    arn = only(cloudwatch)["AlarmArn"]
    cloudwatch.tag_resource(ResourceARN=arn, Tags=[{"Key": "cost", "Value": "1"}])
    cloudwatch.put_metric_alarm(**{**ALARM, "Threshold": 5})
    tags = cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"]
    assert tags == [{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}]
    cloudwatch.untag_resource(ResourceARN=arn, TagKeys=["team"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags[1:]
    _, code, _ = error_of(cloudwatch.list_tags_for_resource, ResourceARN=f"{arn}x")
    assert code == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"Statistic": None}, "Statistic or ExtendedStatistic"),
        ({"ExtendedStatistic": "p99"}, "Statistic or ExtendedStatistic"),
        ({"Statistic": None, "ExtendedStatistic": "x"}, "ExtendedStatistic"),
        ({"Period": 61}, "Period must be"),
        ({"Period": None}, "Period must not be null"),
        ({"Threshold": None}, "valid Threshold parameter"),
        ({"ComparisonOperator": None}, "ComparisonOperator is required"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "require ThresholdMetricId"),
        ({"DatapointsToAlarm": 2}, "DatapointsToAlarm"),
        ({"EvaluationPeriods": 1441}, "more than a day"),
        ({"Period": 86400, "EvaluationPeriods": 8}, "more than a week"),
        ({"TreatMissingData": "maybe"}, "TreatMissingData"),
        ({"AlarmActions": ["nonsense"]}, "Invalid arn syntax: nonsense"),
        ({"AlarmActions": ["arn:aws:sns:us-east-1:111111111111:t"]}, "not supported"),
        ({"ThresholdMetricId": "e1"}, "ThresholdMetricId is not supported"),
        ({"Metrics": [{"Id": "m1", "Expression": "1"}]}, "list of Metrics is set"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "evaluateLowSampleCountPercentile"),
        (
            {
                **dict.fromkeys(("MetricName", "Namespace", "Statistic", "Period")),
                "Metrics": [{"Id": "e", "Expression": "NOSUCH(TIME_SERIES(1))", "Period": 60}],
            },
            "Error in expression 'e': Function 'NOSUCH' not found",
        ),
    ],
)
def test_an_alarm_that_is_refused(
    cloudwatch: Any, error_of: ErrorOf, change: dict[str, Any], text: str
) -> None:
    alarm = {name: value for name, value in {**ALARM, **change}.items() if value is not None}
    status, code, message = error_of(cloudwatch.put_metric_alarm, **alarm)
    assert (status, code) == (400, "ValidationError")
    assert text in message
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def test_dashboards(cloudwatch: Any, aws: Callable[..., Any], error_of: ErrorOf) -> None:
    body = json.dumps({"widgets": [{"type": "text", "properties": {"markdown": "hello"}}]})
    assert (
        cloudwatch.put_dashboard(DashboardName="shop", DashboardBody=body)[
            "DashboardValidationMessages"
        ]
        == []
    )
    found = cloudwatch.get_dashboard(DashboardName="shop")
    assert found["DashboardBody"] == body
    assert found["DashboardArn"].endswith(":dashboard/shop")
    elsewhere = aws("cloudwatch", region_name="eu-west-1")
    (entry,) = elsewhere.list_dashboards(DashboardNamePrefix="sh")["DashboardEntries"]
    assert (entry["DashboardName"], entry["Size"]) == ("shop", len(body))
    assert cloudwatch.list_dashboards(DashboardNamePrefix="x")["DashboardEntries"] == []
    _, code, _ = error_of(cloudwatch.get_dashboard, DashboardName="none")
    assert code == "ResourceNotFound"
    _, code, _ = error_of(cloudwatch.delete_dashboards, DashboardNames=["shop", "none"])
    assert code == "ResourceNotFound"
    assert cloudwatch.get_dashboard(DashboardName="shop")["DashboardName"] == "shop"
    cloudwatch.delete_dashboards(DashboardNames=["shop"])
    assert cloudwatch.list_dashboards()["DashboardEntries"] == []


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a b", '{"widgets": []}'),
        ("a", "{"),
        ("a", "[]"),
        ("a", '{"widgets": {}}'),
        ("a", '{"widgets": [1]}'),
        ("a", '{"widgets": [{"properties": {}}]}'),
        ("a", '{"widgets": [{"type": "film", "properties": 1}]}'),
        ("a", '{"widgets": [{"type": "text"}]}'),
        ("a", '{"widgets": [{"type": "text", "properties": {}, "width": 25}]}'),
        ("a", '{"widgets": [{"type": "film", "properties": {}, "y": 1.5}]}'),
    ],
)
def test_a_dashboard_that_is_refused(
    cloudwatch: Any, error_of: ErrorOf, name: str, body: str
) -> None:
    status, code, _ = error_of(cloudwatch.put_dashboard, DashboardName=name, DashboardBody=body)
    assert (status, code) == (400, "InvalidParameterInput")
