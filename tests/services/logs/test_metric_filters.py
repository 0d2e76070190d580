"""Metric filters: what they feed, how they are described, what is refused."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.logs.conftest import now_ms, until

from lambent.services.logs import watchers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from types_boto3_logs.client import CloudWatchLogsClient

    from lambent.app import Platform
    from lambent.core.context import Scope
    from lambent.core.ports import MetricDatum

    Error = Callable[..., tuple[int, str, Any]]
    Stream = Callable[..., Any]
    Put = Callable[..., dict[str, Any]]


class Sink:
    """Stands for CloudWatch."""

    def __init__(self) -> None:
        self.data: list[tuple[str, MetricDatum]] = []
        self._news = threading.Condition()

    def record(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        with self._news:
            self.data += [(scope.account_id, datum) for datum in data]
            self._news.notify_all()

    def values(self, name: str, count: int) -> list[float]:
        """The values of a metric, once there are so many."""

        def found() -> list[float]:
            return [datum.value for _, datum in self.data if datum.name == name]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= count, 10), self.data
            return found()


@pytest.fixture
def sink(platform: Platform) -> Iterator[Sink]:
    watchers = platform.logs._watchers
    before, watchers.metrics = watchers.metrics, Sink()
    yield watchers.metrics
    watchers.metrics = before


def filter_of(name: str, pattern: str, value: str = "1", **more: Any) -> dict[str, Any]:
    return {
        "filterName": name,
        "filterPattern": pattern,
        "metricTransformations": [
            {"metricName": name, "metricNamespace": "app", "metricValue": value, **more}
        ],
    }


def test_what_matches_is_counted_and_measured(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, sink: Sink, account: str
) -> None:
    where = stream()
    put(where, "ERROR before there was a filter")
    logs.put_metric_filter(logGroupName="g", **filter_of("errors", "ERROR"))
    logs.put_metric_filter(
        logGroupName="g",
        **filter_of(
            "latency",
            '{ $.path = "/a*" }',
            "$.ms",
            unit="Milliseconds",
            dimensions={"method": "$.method"},
        ),
    )
    logs.put_metric_filter(logGroupName="g", **filter_of("bytes", "[verb, size]", "$size"))
    logs.put_metric_filter(logGroupName="g", **filter_of("codes", "%E[0-9]{3}%"))
    start = now_ms() - 1000
    put(
        where,
        "ERROR E404",
        "fine",
        "ERROR again E500",
        '{"path": "/ab", "ms": 12.5, "method": "GET"}',
        '{"path": "/ab", "ms": "slow", "method": "GET"}',
        '{"path": "/ab", "ms": 12.5}',
        '{"path": "/b", "ms": 1, "method": "GET"}',
        "sent 1534",
        start_ms=start,
    )
    assert sink.values("bytes", 1) == [1534.0]
    assert sink.values("errors", 2) == [1.0, 1.0]
    assert sink.values("latency", 1) == [12.5]
    assert sink.values("codes", 2) == [1.0, 1.0]
    (found,) = [datum for _, datum in sink.data if datum.name == "latency"]
    assert found.dimensions == {"method": "GET"}
    assert (found.unit, found.namespace, found.timestamp_ms) == ("Milliseconds", "app", start + 3)
    assert {owner for owner, _ in sink.data} == {account}


def test_the_default_value_stands_for_minutes_without_a_match(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, sink: Sink
) -> None:
    where = stream()
    logs.put_metric_filter(logGroupName="g", **filter_of("n", "ERROR", defaultValue=0))
    minute = now_ms() // 60_000 * 60_000 - 600_000
    put(where, "ERROR", "fine", start_ms=minute)
    assert sink.values("n", 1) == [1.0]
    put(where, "fine", "fine", start_ms=minute + 60_000)
    assert sink.values("n", 2) == [1.0, 0.0]
    assert sink.data[-1][1].timestamp_ms == minute + 60_000


def test_a_deleted_filter_feeds_no_more(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, sink: Sink
) -> None:
    where = stream()
    for name in ("a", "b"):
        logs.put_metric_filter(logGroupName="g", **filter_of(name, ""))
    logs.delete_metric_filter(logGroupName="g", filterName="a")
    put(where, "line")
    assert sink.values("b", 1) == [1.0]
    assert sink.values("a", 0) == []


def test_filters_are_described(logs: CloudWatchLogsClient, stream: Stream, error_of: Error) -> None:
    stream()
    logs.create_log_group(logGroupName="h")
    logs.put_metric_filter(logGroupName="g", **filter_of("b", "ERROR"))
    logs.put_metric_filter(logGroupName="g", **filter_of("a", "ERROR", defaultValue=0))
    logs.put_metric_filter(logGroupName="h", **filter_of("c", "x"))
    (first, second) = logs.describe_metric_filters(logGroupName="g")["metricFilters"]
    assert abs(first.pop("creationTime") - now_ms()) < 60_000
    assert first == {
        "filterName": "a",
        "filterPattern": "ERROR",
        "metricTransformations": [
            {"metricName": "a", "metricNamespace": "app", "metricValue": "1", "defaultValue": 0}
        ],
        "logGroupName": "g",
        "applyOnTransformedLogs": False,
    }
    assert second["filterName"] == "b"
    found = logs.describe_metric_filters(metricName="c", metricNamespace="app")["metricFilters"]
    assert [each["logGroupName"] for each in found] == ["h"]
    prefixed = logs.describe_metric_filters(logGroupName="g", filterNamePrefix="b")
    assert [each["filterName"] for each in prefixed["metricFilters"]] == ["b"]
    page = logs.describe_metric_filters(limit=2)
    rest = logs.describe_metric_filters(nextToken=page["nextToken"])
    assert [each["filterName"] for each in rest["metricFilters"]] == ["c"]
    groups = logs.describe_log_groups()["logGroups"]
    assert [group["metricFilterCount"] for group in groups] == [2, 1]
    gone = error_of(logs.delete_metric_filter, logGroupName="g", filterName="x")
    assert gone == (
        400,
        "ResourceNotFoundException",
        "The specified metric filter does not exist.",
    )


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        (filter_of("f", "a(b"), "Invalid character(s) in term"),
        (filter_of("f", "ERROR", "$.ms"), "metric"),
        (filter_of("f", "ERROR", "abc"), "metric"),
        (filter_of("f", "{ $.a = 1 }", "$a"), "metric"),
        (
            filter_of("f", "{ $.a = 1 }", "1", dimensions={"d": "literal"}),
            "Invalid metric transformation: dimension value must be valid selector",
        ),
        (filter_of("f", "{ $.status = }"), "Invalid metric filter pattern"),
        (
            filter_of("f", "ERROR", "1", metricNamespace="AWS/Custom"),
            "Metric namespaces starting with AWS/ are reserved for AWS.",
        ),
        (
            filter_of("f", "ERROR", "1", dimensions={"d": "$.x"}),
            "The specified filter pattern does not support dimensions",
        ),
        (
            filter_of("f", "{ $.a = 1 }", "1", defaultValue=0, dimensions={"d": "$.x"}),
            "dimensions and default value are mutually exclusive properties",
        ),
    ],
)
def test_a_filter_that_is_refused(
    logs: CloudWatchLogsClient,
    stream: Stream,
    error_of: Error,
    request_: dict[str, Any],
    part: str,
) -> None:
    stream()
    status, code, message = error_of(logs.put_metric_filter, logGroupName="g", **request_)
    assert (status, code) == (400, "InvalidParameterException")
    assert part in message


def test_the_infrequent_access_class_has_no_filters(
    logs: CloudWatchLogsClient, error_of: Error
) -> None:
    """Measured by github.com/badmintoncryer/cdk-preflight in 2026-09; the code: github.com/go-to-k/cdkd."""
    logs.create_log_group(logGroupName="rare", logGroupClass="INFREQUENT_ACCESS")
    told = (
        400,
        "ValidationException",
        "This operation is only supported on the Standard log class.",
    )
    assert error_of(logs.put_metric_filter, logGroupName="rare", **filter_of("f", "ERROR")) == told
    assert error_of(logs.describe_metric_filters, logGroupName="rare") == told
    assert error_of(logs.filter_log_events, logGroupName="rare") == told
    subscription = {
        "filterName": "f",
        "filterPattern": "",
        "destinationArn": "arn:aws:lambda:r:1:function:f",
    }
    assert error_of(logs.put_subscription_filter, logGroupName="rare", **subscription) == told


def test_a_pattern_is_tried(logs: CloudWatchLogsClient) -> None:
    answer = logs.test_metric_filter(
        filterPattern="[verb, size > 1000]", logEventMessages=["get 5", "put 2000", "a b c"]
    )
    assert answer["matches"] == [
        {
            "eventNumber": 2,
            "eventMessage": "put 2000",
            "extractedValues": {"$verb": "put", "$size": "2000"},
        }
    ]
    tried = logs.test_metric_filter(filterPattern="%^p%", logEventMessages=["get", "put"])
    assert [each["eventNumber"] for each in tried["matches"]] == [2]


def test_events_that_an_expression_never_ends_with_are_passed_over(
    logs: CloudWatchLogsClient,
    stream: Stream,
    put: Put,
    sink: Sink,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(watchers, "_PATIENCE_S", 2)
    where = stream()
    logs.put_metric_filter(logGroupName="g", **filter_of("n", "%a*a*a*a*a*a*b%"))
    put(where, "a" * 3000)
    until(lambda: "pass over" in caplog.text)
    put(where, "ab")
    assert sink.values("n", 1) == [1.0]
