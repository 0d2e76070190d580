"""PutMetricData, GetMetricStatistics and ListMetrics through boto3."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    ErrorOf = Callable[..., tuple[int, str, str]]

MINUTE = timedelta(minutes=1)


def statistics(
    client: Any, metric: dict[str, Any], now: datetime, **more: Any
) -> list[dict[str, Any]]:
    parameters: dict[str, Any] = {
        "StartTime": now - 10 * MINUTE,
        "EndTime": now + MINUTE,
        "Period": 60,
        **metric,
        **more,
    }
    answer = client.get_metric_statistics(**parameters)
    assert answer["Label"] == metric["MetricName"]
    found: list[dict[str, Any]] = answer["Datapoints"]
    return found


def test_only_the_statistics_that_are_asked_for_come(
    cloudwatch: Any, sales: dict[str, Any], now: datetime
) -> None:
    found = statistics(cloudwatch, sales, now, Statistics=["Sum", "SampleCount"])
    assert [sorted(each) for each in found] == [["SampleCount", "Sum", "Timestamp", "Unit"]] * 4
    assert [(each["Timestamp"], each["Sum"]) for each in found] == [
        (now - (4 - value) * MINUTE, value) for value in range(1, 5)
    ]
    assert {each["Unit"] for each in found} == {"Count"}


def test_a_period_puts_values_together(
    cloudwatch: Any, sales: dict[str, Any], now: datetime
) -> None:
    (whole,) = statistics(
        cloudwatch,
        sales,
        now,
        Period=1200,
        Statistics=["Average", "Minimum", "Maximum", "Sum", "SampleCount"],
        ExtendedStatistics=["p50", "tm75", "PR(:2)"],
    )
    assert whole == {
        "Timestamp": now - 10 * MINUTE,
        "SampleCount": 4,
        "Average": 2.5,
        "Sum": 10,
        "Minimum": 1,
        "Maximum": 4,
        "ExtendedStatistics": {"p50": 2, "tm75": 2, "PR(:2)": 50},
        "Unit": "Count",
    }


def test_units_stay_apart(cloudwatch: Any, now: datetime) -> None:
    cloudwatch.put_metric_data(
        Namespace="N",
        MetricData=[
            {"MetricName": "m", "Value": 1, "Unit": "Seconds", "Timestamp": now},
            {"MetricName": "m", "Value": 2, "Timestamp": now},
        ],
    )
    metric = {"Namespace": "N", "MetricName": "m"}
    found = statistics(cloudwatch, metric, now, Statistics=["Sum"])
    assert {each["Unit"]: each["Sum"] for each in found} == {"Seconds": 1, "None": 2}
    (one,) = statistics(cloudwatch, metric, now, Statistics=["Sum"], Unit="Seconds")
    assert one["Sum"] == 1
    assert statistics(cloudwatch, metric, now, Statistics=["Sum"], Unit="Bytes") == []


def test_values_with_counts_and_statistic_sets(cloudwatch: Any, now: datetime) -> None:
    cloudwatch.put_metric_data(
        Namespace="N",
        MetricData=[
            {"MetricName": "v", "Values": [1, 5], "Counts": [3, 1], "Timestamp": now},
            {
                "MetricName": "s",
                "Timestamp": now,
                "StatisticValues": {"SampleCount": 4, "Sum": 10, "Minimum": 1, "Maximum": 4},
            },
        ],
    )
    wanted = {"Statistics": ["Sum", "SampleCount", "Maximum"], "ExtendedStatistics": ["p75"]}
    (values,) = statistics(cloudwatch, {"Namespace": "N", "MetricName": "v"}, now, **wanted)
    assert (values["Sum"], values["SampleCount"], values["Maximum"]) == (8, 4, 5)
    assert values["ExtendedStatistics"] == {"p75": 1}
    (sets,) = statistics(cloudwatch, {"Namespace": "N", "MetricName": "s"}, now, **wanted)
    assert (sets["Sum"], sets["SampleCount"], sets["Maximum"]) == (10, 4, 4)
    assert "ExtendedStatistics" not in sets


def test_high_resolution_is_kept_by_the_second(cloudwatch: Any, now: datetime) -> None:
    start = now - MINUTE
    cloudwatch.put_metric_data(
        Namespace="N",
        MetricData=[
            {
                "MetricName": "m",
                "Value": second,
                "Timestamp": start + timedelta(seconds=second),
                "StorageResolution": 1,
            }
            for second in (0, 1, 12)
        ],
    )
    metric = {"Namespace": "N", "MetricName": "m"}
    fine = statistics(cloudwatch, metric, now, Period=10, Statistics=["Sum"], StartTime=start)
    assert [each["Sum"] for each in fine] == [1, 12]
    (coarse,) = statistics(cloudwatch, metric, now, Statistics=["Sum"], StartTime=start)
    assert coarse["Sum"] == 13


@pytest.mark.parametrize("protocol", ["query", "json", "smithy-rpc-v2-cbor"])
def test_every_protocol_of_the_model(
    aws: Callable[..., Any], protocol: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.model.ServiceModel.resolved_protocol", protocol)
    client = aws("cloudwatch", config=Config(retries={"total_max_attempts": 1}))
    client.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1.5}])
    metric = {"Namespace": "N", "MetricName": "m"}
    found = statistics(client, metric, now, EndTime=now + 2 * MINUTE, Statistics=["Sum"])
    assert [each["Sum"] for each in found] == [1.5]
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.put_metric_data(Namespace="AWS/N", MetricData=[{"MetricName": "m", "Value": 1}])


def test_metrics_are_listed_by_what_they_are(cloudwatch: Any, sales: dict[str, Any]) -> None:
    cloudwatch.put_metric_data(Namespace="Other", MetricData=[{"MetricName": "Sales", "Value": 1}])

    def listed(**filters: Any) -> list[tuple[str, int]]:
        metrics = cloudwatch.list_metrics(**filters)["Metrics"]
        return [(each["Namespace"], len(each["Dimensions"])) for each in metrics]

    assert listed() == [("Other", 0), ("Shop", 1)]
    assert listed(Namespace="Shop") == [("Shop", 1)]
    assert listed(MetricName="Sales", RecentlyActive="PT3H") == [("Other", 0), ("Shop", 1)]
    assert listed(MetricName="None") == []
    assert listed(Dimensions=[{"Name": "Till"}]) == [("Shop", 1)]
    assert listed(Dimensions=[{"Name": "Till", "Value": "1"}]) == [("Shop", 1)]
    assert listed(Dimensions=[{"Name": "Till", "Value": "2"}]) == []
    (metric,) = cloudwatch.list_metrics(Namespace="Shop")["Metrics"]
    assert metric == sales


def test_a_list_of_metrics_has_pages(cloudwatch: Any) -> None:
    for start in (0, 300):
        data = [{"MetricName": f"m{number}", "Value": 1} for number in range(start, start + 300)]
        cloudwatch.put_metric_data(Namespace="N", MetricData=data)
    first = cloudwatch.list_metrics()
    assert len(first["Metrics"]) == 500
    second = cloudwatch.list_metrics(NextToken=first["NextToken"])
    assert len(second["Metrics"]) == 100
    assert "NextToken" not in second


@pytest.mark.parametrize(
    ("datum", "code", "text"),
    [
        ({}, "MissingParameter", "At least one of the parameters"),
        ({"Value": float("nan")}, "InvalidParameterValue", "The value NaN for parameter"),
        ({"Value": float("inf")}, "InvalidParameterValue", "The value ∞ for parameter"),
        ({"Value": 1e300}, "InvalidParameterValue", "The value 1,000,000"),
        ({"Value": 1, "Values": [1]}, "InvalidParameterCombination", "mutually exclusive"),
        ({"Value": 1, "Counts": [1]}, "InvalidParameterCombination", "Counts"),
        ({"Values": [1, 2], "Counts": [1]}, "InvalidParameterValue", "same size"),
        ({"Values": [1] * 151}, "InvalidParameterValue", "150"),
        ({"Values": [1], "Counts": [-1]}, "InvalidParameterValue", "value -1 for"),
        ({"Value": 1, "StorageResolution": 5}, "InvalidParameterValue", "StorageResolution"),
        (
            {"StatisticValues": {"SampleCount": 0, "Sum": 1, "Minimum": 1, "Maximum": 1}},
            "InvalidParameterValue",
            "SampleCount",
        ),
        (
            {"StatisticValues": {"SampleCount": 1, "Sum": 1, "Minimum": 2, "Maximum": 1}},
            "InvalidParameterValue",
            "Maximum",
        ),
        (
            {"Value": 1, "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]},
            "InvalidParameterValue",
            "same dimension name twice",
        ),
    ],
)
def test_a_datum_that_is_refused_changes_nothing(
    cloudwatch: Any, error_of: ErrorOf, datum: dict[str, Any], code: str, text: str
) -> None:
    good = {"MetricName": "good", "Value": 1}
    status, found, message = error_of(
        cloudwatch.put_metric_data, Namespace="N", MetricData=[good, {"MetricName": "m", **datum}]
    )
    assert (status, found) == (400, code)
    assert text in message
    assert "MetricData.member.2" in message or message.startswith("No metric may")
    assert cloudwatch.list_metrics()["Metrics"] == []


def test_a_datum_of_another_time_is_refused(
    cloudwatch: Any, error_of: ErrorOf, now: datetime
) -> None:
    for moment in (now - timedelta(days=15), now + timedelta(hours=3)):
        datum = {"MetricName": "m", "Value": 1, "Timestamp": moment}
        _, code, message = error_of(cloudwatch.put_metric_data, Namespace="N", MetricData=[datum])
        assert code == "InvalidParameterValue"
        assert "MetricData.member.1.Timestamp" in message


def test_a_day_of_minutes_is_not_too_much(
    cloudwatch: Any, error_of: ErrorOf, now: datetime
) -> None:
    """The numbers of points are those that people have been told: of 1,000,000 seconds 16666, of 13 days 18720."""
    question = {"Namespace": "N", "MetricName": "m", "EndTime": now, "Statistics": ["Sum"]}
    question["Period"] = 60
    for extra in range(0, 60, 7):
        end = now + timedelta(seconds=extra)
        day = {"StartTime": end - timedelta(days=1), "EndTime": end}
        assert cloudwatch.get_metric_statistics(**question | day)["Datapoints"] == []
    for seconds, points in ((1_000_000, 16666), (13 * 86_400, 18720)):
        start = now - timedelta(seconds=seconds)
        refused = error_of(cloudwatch.get_metric_statistics, **question, StartTime=start)
        assert refused[:2] == (400, "InvalidParameterCombination")
        assert refused[2] == (
            f"You have requested up to {points} datapoints, which exceeds the limit of 1440. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"Period": 61}, "InvalidParameterValue", "multiple of 60"),
        ({"Period": 7}, "InvalidParameterValue", "multiple of 60"),
        ({"Statistics": None}, "InvalidParameterCombination", "Statistics and ExtendedStatistics"),
        ({"ExtendedStatistics": ["p101"]}, "InvalidParameterValue", "p101"),
        ({"Period": 1}, "InvalidParameterCombination", "exceeds the limit of 1440"),
        ({"EndTime": 0}, "InvalidParameterValue", "StartTime must be less than"),
    ],
)
def test_a_question_that_is_refused(
    cloudwatch: Any, error_of: ErrorOf, now: datetime, change: dict[str, Any], code: str, text: str
) -> None:
    question = {
        "Namespace": "N",
        "MetricName": "m",
        "StartTime": now - timedelta(hours=1),
        "EndTime": now,
        "Period": 60,
        "Statistics": ["Sum"],
        **change,
    }
    question = {name: value for name, value in question.items() if value is not None}
    status, found, message = error_of(cloudwatch.get_metric_statistics, **question)
    assert (status, found) == (400, code)
    assert text in message


def test_accounts_and_regions_are_apart(
    aws: Callable[..., Any], cloudwatch: Any, sales: dict[str, Any]
) -> None:
    assert cloudwatch.list_metrics()["Metrics"] == [sales]
    assert aws("cloudwatch", region_name="eu-west-1").list_metrics()["Metrics"] == []


def test_a_metric_filter_feeds_its_metric(
    aws: Callable[..., Any], cloudwatch: Any, running: Any
) -> None:
    logs = aws("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_metric_filter(
        logGroupName="g",
        filterName="f",
        filterPattern="ERROR",
        metricTransformations=[
            {"metricName": "Errors", "metricNamespace": "Shop", "metricValue": "1"}
        ],
    )
    moment = datetime.now().astimezone()
    message = {"timestamp": int(moment.timestamp() * 1000), "message": "ERROR one"}
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[message])
    metric = {"Namespace": "Shop", "MetricName": "Errors"}
    for _ in range(200):
        found = statistics(cloudwatch, metric, moment, Period=1200, Statistics=["Sum"])
        if found:
            break
        running.run(_a_moment())
    assert [each["Sum"] for each in found] == [1]


async def _a_moment() -> None:
    await asyncio.sleep(0.05)


def test_an_account_has_so_many_metrics_and_no_more(
    cloudwatch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambent.services.cloudwatch.store.MOST_METRICS", 2)
    put = cloudwatch.put_metric_data
    put(Namespace="N", MetricData=[{"MetricName": name, "Value": 1} for name in ("a", "b")])
    with pytest.raises(ClientError) as refused:
        put(Namespace="N", MetricData=[{"MetricName": name, "Value": 1} for name in ("b", "c")])
    assert refused.value.response["Error"]["Code"] == "LimitExceeded"
    put(Namespace="N", MetricData=[{"MetricName": "a", "Value": 1}])
    assert {each["MetricName"] for each in cloudwatch.list_metrics()["Metrics"]} == {"a", "b"}
