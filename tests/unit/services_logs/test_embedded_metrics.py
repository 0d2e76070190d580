"""Metrics in log events: what the format means, and what is not of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import Scope
from lambent.services.logs import embedded_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambent.core.ports import MetricDatum

NOW_MS = 1_700_000_001_000
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
SCOPE = Scope("111111111111", "eu-west-1")


class Sink:
    def __init__(self) -> None:
        self.data: list[MetricDatum] = []

    def record(self, scope: Scope, data: Sequence[MetricDatum]) -> None:
        assert scope == SCOPE
        self.data += data


def fed(*texts: str) -> list[tuple[str, float, str, dict[str, str]]]:
    sink = Sink()
    embedded_metrics.feed(SCOPE, [(5, text) for text in texts], sink, lambda: NOW_MS)
    assert all(each.timestamp_ms == 1_700_000_000_123 for each in sink.data)
    return [(each.name, each.value, each.unit, dict(each.dimensions)) for each in sink.data]


def event(directive: dict[str, Any] | None = None, **members: Any) -> str:
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["till"], ["till", "city"]],
        "Metrics": [{"Name": "sales", "Unit": "Count"}],
        **(directive or {}),
    }
    head = {"Timestamp": 1_700_000_000_123, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": head, "till": "1", "city": "Bern", "sales": 3, **members})


def test_a_metric_comes_once_for_each_set_of_dimensions() -> None:
    assert fed(event()) == [
        ("sales", 3, "Count", {"till": "1"}),
        ("sales", 3, "Count", {"till": "1", "city": "Bern"}),
    ]


@pytest.mark.parametrize(
    "head",
    [
        "2023-10-25T17:38:05.273Z\t274cced9-0439-4a76-befe-eeef0ec34460\tINFO\t\n",
        "2023-10-25T17:38:05.273Z\t274cced9-0439-4a76-befe-eeef0ec34460\tINFO\t",
        "2023-10-25T17:38:05.273Z\tundefined\tWARN\t",
    ],
)
def test_what_node_puts_before_it(head: str) -> None:
    """The first head is of an event of AWS (powertools-lambda-typescript, issue 1766), the last that of INIT."""
    assert fed(head + event()) == fed(event())


def test_several_values_and_no_dimensions() -> None:
    text = event({"Dimensions": [[]], "Metrics": [{"Name": "sales"}]}, sales=[1, 2.5])
    assert fed(text) == [("sales", 1, "None", {}), ("sales", 2.5, "None", {})]


@pytest.mark.parametrize(
    "text",
    [
        "CloudWatchMetrics",
        "INFO\t" + event(),
        "2023-10-25T17:38:05.273Z\tan-id\tINFO\tsaid: " + event(),
        '{"CloudWatchMetrics": [}',
        '["CloudWatchMetrics"]',
        '{"_aws": {"CloudWatchMetrics": []}}',
        '{"_aws": {"Timestamp": "now", "CloudWatchMetrics": []}}',
        '{"_aws": {"Timestamp": 1700000000123, "CloudWatchMetrics": {"a": 1}}}',
        '{"_aws": {"Timestamp": 1700000000123, "CloudWatchMetrics": [1]}}',
        event({"Namespace": ""}),
        event({"Namespace": 7}),
        event({"Metrics": [1, {"Unit": "Count"}, {"Name": ""}]}),
        event(sales="three"),
        event(sales=True),
        event(sales=2.0**361),
        event(sales=10**400),
        event({"Dimensions": [["nowhere"]]}),
        event({"Dimensions": [["till"]]}, till=1),
        event({"Dimensions": [[f"d{number}" for number in range(31)]]}),
    ],
)
def test_what_breaks_the_rules_carries_nothing(text: str) -> None:
    assert fed(text) == []


@pytest.mark.parametrize(
    ("moment_ms", "is_taken"),
    [
        (NOW_MS - 14 * DAY_MS, True),
        (NOW_MS - 14 * DAY_MS - 1, False),
        (NOW_MS + 2 * HOUR_MS, True),
        (NOW_MS + 2 * HOUR_MS + 1, False),
        (-1, False),
        (10**30, False),
        (True, False),
    ],
)
def test_times_have_the_bounds_of_put_metric_data(moment_ms: int, is_taken: bool) -> None:
    sink = Sink()
    text = event().replace("1700000000123", json.dumps(moment_ms))
    embedded_metrics.feed(SCOPE, [(5, text)], sink, lambda: NOW_MS)
    assert {each.timestamp_ms for each in sink.data} == ({moment_ms} if is_taken else set())


def test_a_unit_that_is_none_is_none() -> None:
    for unit, expected in (("Bytes/Second", "Bytes/Second"), ("Franks", "None"), (7, "None")):
        ((_, _, found, _),) = fed(
            event({"Dimensions": [[]], "Metrics": [{"Name": "sales", "Unit": unit}]})
        )
        assert found == expected
