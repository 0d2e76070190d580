"""GetMetricData through boto3."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    ErrorOf = Callable[..., tuple[int, str, str]]

MINUTE = timedelta(minutes=1)


def stat(metric: dict[str, Any], statistic: str = "Sum", period: int = 60) -> dict[str, Any]:
    return {"Metric": metric, "Period": period, "Stat": statistic}


@pytest.fixture
def ask(cloudwatch: Any, now: datetime) -> Callable[..., list[dict[str, Any]]]:
    """Results of queries over the last ten minutes, the oldest value first."""

    def results(*queries: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        parameters = {
            "StartTime": now - 10 * MINUTE,
            "EndTime": now + MINUTE,
            "ScanBy": "TimestampAscending",
            **more,
        }
        answer = cloudwatch.get_metric_data(MetricDataQueries=list(queries), **parameters)
        assert answer["Messages"] == []
        found: list[dict[str, Any]] = answer["MetricDataResults"]
        return found

    return results


def test_a_metric(ask: Any, sales: dict[str, Any], now: datetime) -> None:
    (found,) = ask({"Id": "m1", "MetricStat": stat(sales)})
    assert found == {
        "Id": "m1",
        "Label": "Sales",
        "Timestamps": [now - (4 - value) * MINUTE for value in range(1, 5)],
        "Values": [1, 2, 3, 4],
        "StatusCode": "Complete",
    }


def test_the_newest_comes_first_unless_asked_otherwise(ask: Any, sales: dict[str, Any]) -> None:
    query = {"Id": "m1", "MetricStat": stat(sales)}
    (found,) = ask(query, ScanBy="TimestampDescending")
    assert found["Values"] == [4, 3, 2, 1]


def test_expressions_over_metrics_that_are_not_shown(ask: Any, sales: dict[str, Any]) -> None:
    found = ask(
        {"Id": "m1", "MetricStat": stat(sales), "ReturnData": False},
        {
            "Id": "double",
            "Expression": "m1 * 2",
            "Label": "twice, up to ${MAX}, by ${MIN_MAX_RANGE}",
        },
        {"Id": "sum", "Expression": "RUNNING_SUM(double)"},
        {
            "Id": "p",
            "MetricStat": stat(sales, "p50", 1200),
            "Label": "${LABEL} ${PROP('Dim.Till')} ${PROP('Region')} ${FIRST_LAST_RANGE}",
        },
    )
    assert [(each["Id"], each["Label"], each["Values"]) for each in found] == [
        ("double", "twice, up to 8, by 6", [2, 4, 6, 8]),
        ("sum", "sum", [2, 6, 12, 20]),
        ("p", "Sales 1 us-east-1 0", [2]),
    ]


def test_a_search_has_a_result_for_each_metric(cloudwatch: Any, ask: Any, now: datetime) -> None:
    for till in ("1", "2"):
        cloudwatch.put_metric_data(
            Namespace="Shop",
            MetricData=[
                {
                    "MetricName": "Sales",
                    "Dimensions": [{"Name": "Till", "Value": till}],
                    "Value": int(till),
                    "Timestamp": now,
                }
            ],
        )
    found = ask(
        {"Id": "s", "Expression": "SEARCH('{Shop,Till} Sales', 'Sum', 60)"},
        {"Id": "total", "Expression": "SUM(SEARCH('{Shop,Till} Sales', 'Sum', 60))"},
        {"Id": "none", "Expression": "SEARCH('{Shop,Door}', 'Sum')"},
    )
    assert [(each["Id"], each["Label"], each["Values"]) for each in found] == [
        ("s", "1", [1]),
        ("s", "2", [2]),
        ("total", "total", [3]),
    ]


def test_a_metric_that_is_not_there_has_no_values(ask: Any, sales: dict[str, Any]) -> None:
    (found,) = ask({"Id": "m", "MetricStat": stat({**sales, "MetricName": "None"})})
    assert (found["Values"], found["Timestamps"], found["StatusCode"]) == ([], [], "Complete")


def test_pages_of_data_points(cloudwatch: Any, sales: dict[str, Any], now: datetime) -> None:
    parameters: dict[str, Any] = {
        "MetricDataQueries": [
            {"Id": "m1", "MetricStat": stat(sales)},
            {"Id": "m2", "MetricStat": stat(sales, "Maximum")},
        ],
        "StartTime": now - 10 * MINUTE,
        "EndTime": now + MINUTE,
        "MaxDatapoints": 3,
    }
    seen: dict[str, list[float]] = {"m1": [], "m2": []}
    pages = 0
    while True:
        answer = cloudwatch.get_metric_data(**parameters)
        pages += 1
        for result in answer["MetricDataResults"]:
            seen[result["Id"]] += result["Values"]
        if "NextToken" not in answer:
            break
        parameters["NextToken"] = answer["NextToken"]
    assert pages == 3
    assert seen == {"m1": [4, 3, 2, 1], "m2": [4, 3, 2, 1]}


METRIC = {"Namespace": "N", "MetricName": "m"}


@pytest.mark.parametrize(
    ("queries", "text"),
    [
        ([{"Id": "A", "MetricStat": stat(METRIC)}], "expected pattern"),
        (
            [{"Id": "a", "MetricStat": stat(METRIC)}] * 2,
            # As a public repository quotes AWS's answer.
            "The values for parameter id in MetricDataQueries are not unique.",
        ),
        ([{"Id": "a"}], "Exactly one"),
        ([{"Id": "a", "MetricStat": stat(METRIC), "Expression": "1"}], "mutually exclusive"),
        ([{"Id": "a", "MetricStat": stat(METRIC), "AccountId": "999999999999"}], "AccountId"),
        ([{"Id": "a", "MetricStat": stat(METRIC, "median")}], "median for parameter"),
        ([{"Id": "a", "MetricStat": stat(METRIC, period=61)}], "multiple of 60"),
        ([{"Id": "a", "Expression": "m1 +"}], "Error in expression 'a'"),
        ([{"Id": "a", "Expression": "b"}], "not an id"),
        ([{"Id": "a", "Expression": "a"}], "refers to itself"),
        ([{"Id": "a", "Expression": "1 + 1"}], "must return a time series"),
        ([{"Id": "a", "Expression": "SELECT AVG(x) FROM y"}], "Metrics Insights"),
        ([{"Id": "a", "MetricStat": stat(METRIC), "ReturnData": False}], "ReturnData"),
    ],
)
def test_queries_that_are_refused(
    cloudwatch: Any, error_of: ErrorOf, now: datetime, queries: list[dict[str, Any]], text: str
) -> None:
    status, code, message = error_of(
        cloudwatch.get_metric_data,
        MetricDataQueries=queries,
        StartTime=now - MINUTE,
        EndTime=now + MINUTE,
    )
    assert (status, code) == (400, "ValidationError")
    assert text in message


def test_a_token_of_somebody_else_is_refused(
    cloudwatch: Any, error_of: ErrorOf, sales: dict[str, Any], now: datetime
) -> None:
    for token in ("%%%", "YWJj"):
        _, code, _ = error_of(
            cloudwatch.get_metric_data,
            MetricDataQueries=[{"Id": "a", "MetricStat": stat(sales)}],
            StartTime=now - MINUTE,
            EndTime=now + MINUTE,
            NextToken=token,
        )
        assert code == "InvalidNextToken"


@pytest.mark.parametrize(
    ("ago", "text"),
    [(0, "must not equal parameter EndTime."), (-1, "must be less than the parameter EndTime.")],
)
def test_time_goes_forwards(
    cloudwatch: Any, error_of: ErrorOf, now: datetime, ago: int, text: str
) -> None:
    times = {"StartTime": now - ago * MINUTE, "EndTime": now}
    queries = [{"Id": "a", "MetricStat": stat(METRIC)}]
    found = error_of(cloudwatch.get_metric_data, MetricDataQueries=queries, **times)
    assert found == (400, "ValidationError", f"The parameter StartTime {text}\n")
    found = error_of(
        cloudwatch.get_metric_statistics, **METRIC, **times, Period=60, Statistics=["Sum"]
    )
    assert found == (400, "InvalidParameterValue", f"The parameter StartTime {text}")
