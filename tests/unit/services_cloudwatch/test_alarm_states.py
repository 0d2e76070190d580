"""From data points to states: the tables of "How alarms evaluate metric data" (CloudWatch user guide)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from lambent.services.cloudwatch.alarm_states import SPARE, judge, reason_data

ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 3,
    "Threshold": 1.0,
}
BREACHING, FINE = 5.0, 0.0
COUNTED = {1: "1 datapoint", 2: "2 datapoints"}
UP = {many: f"(minimum {told} for OK -> ALARM transition)" for many, told in COUNTED.items()}
DOWN = {many: f"(minimum {told} for ALARM -> OK transition)" for many, told in COUNTED.items()}


def points(text: str) -> list[tuple[int, float | None]]:
    """`0 - X`: fine, missing, breaching; the oldest first."""
    values = {"X": BREACHING, "0": FINE, "-": None}
    return [(60 * number, values[each]) for number, each in enumerate(text.split())]


def state(text: str, treatment: str, **more: Any) -> str:
    verdict = judge({**ALARM, "TreatMissingData": treatment, **more}, points(text))
    return "stays" if verdict is None else verdict.state


@pytest.mark.parametrize(
    ("text", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "OK", "OK", "OK", "OK"),
        ("- - - - 0", "OK", "OK", "OK", "OK"),
        ("- - - - -", "INSUFFICIENT_DATA", "stays", "ALARM", "OK"),
        ("0 X X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("- - X - -", "ALARM", "stays", "ALARM", "OK"),
    ],
)
def test_three_of_three(
    text: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    assert state(text, "missing") == missing
    assert state(text, "ignore") == ignore
    assert state(text, "breaching") == breaching
    assert state(text, "notBreaching") == not_breaching


@pytest.mark.parametrize(
    ("text", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("0 - X - X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 0 X 0 X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0 - X - -", "OK", "OK", "ALARM", "OK"),
        ("- - - - 0", "OK", "OK", "ALARM", "OK"),
        ("- - - X -", "ALARM", "stays", "ALARM", "OK"),
    ],
)
def test_two_of_three(
    text: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    more = {"DatapointsToAlarm": 2}
    assert state(text, "missing", **more) == missing
    assert state(text, "ignore", **more) == ignore
    assert state(text, "breaching", **more) == breaching
    assert state(text, "notBreaching", **more) == not_breaching


@pytest.mark.parametrize(
    ("operator", "value", "found"),
    [
        ("GreaterThanThreshold", 1.0, "OK"),
        ("GreaterThanOrEqualToThreshold", 1.0, "ALARM"),
        ("LessThanThreshold", 1.0, "OK"),
        ("LessThanOrEqualToThreshold", 1.0, "ALARM"),
        ("LessThanThreshold", 0.5, "ALARM"),
    ],
)
def test_each_comparison(operator: str, value: float, found: str) -> None:
    alarm = {**ALARM, "EvaluationPeriods": 1, "ComparisonOperator": operator}
    verdict = judge(alarm, [*[(0, None)] * SPARE, (120, value)])
    assert verdict is not None
    assert verdict.state == found


def reason(alarm: dict[str, Any], text: str) -> str:
    verdict = judge({**ALARM, **alarm}, points(text))
    assert verdict is not None
    return verdict.reason


@pytest.mark.parametrize(
    ("alarm", "text", "told"),
    [
        # As describe-alarms shows them of alarms that do not say how many data points they take.
        (
            {"EvaluationPeriods": 1},
            "0 0 X",
            "1 datapoint [X4] was greater than the threshold (1.0).",
        ),
        (
            {"EvaluationPeriods": 1},
            "0 0 0",
            "1 datapoint [04] was not greater than the threshold (1.0).",
        ),
        (
            {"EvaluationPeriods": 2},
            "0 0 0 0",
            "2 datapoints [04, 03] were not greater than the threshold (1.0).",
        ),
        # And of those that do, as the console makes them: events of EventBridge and mails that people have published.
        (
            {"EvaluationPeriods": 1, "DatapointsToAlarm": 1},
            "0 0 X",
            f"1 out of the last 1 datapoints [X4] was greater than the threshold (1.0) {UP[1]}.",
        ),
        (
            {"EvaluationPeriods": 1, "DatapointsToAlarm": 1},
            "0 0 0",
            f"1 out of the last 1 datapoints [04] was not greater than the threshold (1.0) {DOWN[1]}.",
        ),
        (
            {"EvaluationPeriods": 2, "DatapointsToAlarm": 2},
            "0 0 X 0",
            f"1 out of the last 2 datapoints [04] was not greater than the threshold (1.0) {DOWN[1]}.",
        ),
        (
            {"EvaluationPeriods": 2, "DatapointsToAlarm": 2},
            "0 0 0 0",
            f"2 out of the last 2 datapoints [04, 03] were not greater than the threshold (1.0) {DOWN[1]}.",
        ),
        (
            {"EvaluationPeriods": 3, "DatapointsToAlarm": 2},
            "0 0 X 0 X",
            f"2 out of the last 3 datapoints [X4, X2] were greater than the threshold (1.0) {UP[2]}.",
        ),
        # Terraform configurations and notes that quote what was seen, 2023 to 2026.
        (
            {"TreatMissingData": "breaching"},
            "- - - - -",
            "no datapoints were received for 3 periods and 3 missing datapoints were treated as [Breaching].",
        ),
        (
            {"TreatMissingData": "notBreaching"},
            "- - - - -",
            "no datapoints were received for 3 periods and 3 missing datapoints were treated as [NonBreaching].",
        ),
        (
            {"TreatMissingData": "breaching", "DatapointsToAlarm": 2},
            "- - - - 0",
            "1 datapoint was received for 3 periods and 2 missing datapoints were treated as [Breaching].",
        ),
    ],
)
def test_reasons_are_worded_as_on_aws(alarm: dict[str, Any], text: str, told: str) -> None:
    last = len(text.split()) - 1
    for value, mark in ((BREACHING, "X"), (FINE, "0")):
        for back in range(3):
            shown = f"{value} (01/01/70 00:{last - back:02}:00)"
            told = told.replace(f"[{mark}{4 - back}", f"[{shown}").replace(
                f" {mark}{4 - back}]", f" {shown}]"
            )
    assert reason(alarm, text) == f"Threshold Crossed: {told}"


def test_what_is_unknown() -> None:
    assert (
        reason({"EvaluationPeriods": 1}, "- - -") == "Insufficient Data: 1 datapoint was unknown."
    )
    assert reason({}, "- - - - -") == "Insufficient Data: 3 datapoints were unknown."


def data(alarm: dict[str, Any], text: str, sizes: dict[int, float]) -> Any:
    alarm = {**ALARM, "Statistic": "Average", "Period": 60, **alarm}
    verdict = judge(alarm, points(text))
    assert verdict is not None
    return reason_data(alarm, replace(verdict, sizes=sizes), datetime(2026, 1, 1, tzinfo=UTC))


def test_the_data_of_a_reason_have_the_points_that_the_state_takes() -> None:
    """As an alarm's event of 2021 has them: two in the text, both recent, and the newest, for one is enough."""
    two = {"EvaluationPeriods": 2, "DatapointsToAlarm": 2}
    assert data(two, "0 0 0 0", {180: 1.0, 120: 1.0}) == {
        "version": "1.0",
        "queryDate": "2026-01-01T00:00:00.000+0000",
        "startDate": "1970-01-01T00:02:00.000+0000",
        "statistic": "Average",
        "period": 60,
        "recentDatapoints": [0.0, 0.0],
        "threshold": 1.0,
        "evaluatedDatapoints": [
            {"timestamp": "1970-01-01T00:03:00.000+0000", "sampleCount": 1.0, "value": 0.0}
        ],
    }
    found = data(two, "0 0 X X", {})["evaluatedDatapoints"]
    assert found == [
        {"timestamp": "1970-01-01T00:03:00.000+0000", "value": 5.0},
        {"timestamp": "1970-01-01T00:02:00.000+0000", "value": 5.0},
    ]


def test_the_data_of_a_reason_name_the_periods_in_which_nothing_came() -> None:
    """As an alarm's event of 2023 has them: five periods, no values, and no startDate."""
    found = data({}, "- - - - -", {})
    assert "startDate" not in found
    assert found["recentDatapoints"] == []
    assert found["evaluatedDatapoints"] == [
        {"timestamp": f"1970-01-01T00:{minute:02}:00.000+0000"} for minute in (4, 3, 2)
    ]


@pytest.mark.parametrize(
    ("value", "threshold", "told"),
    [
        (
            860604416.0,
            1e9,
            "[8.60604416E8 (01/01/70 00:00:00)] was not greater than the threshold (1.0E9)",
        ),
        (
            1e20,
            9999999.0,
            "[1.0E20 (01/01/70 00:00:00)] was greater than the threshold (9999999.0)",
        ),
        (0.001, 0.0005, "[0.001 (01/01/70 00:00:00)] was greater than the threshold (5.0E-4)"),
        (
            0.0,
            -12345678.5,
            "[0.0 (01/01/70 00:00:00)] was greater than the threshold (-1.23456785E7)",
        ),
    ],
)
def test_numbers_as_java_writes_them(value: float, threshold: float, told: str) -> None:
    """ "1 datapoint (8.60604416E8) was less than or equal to the threshold (1.0E9)": a notification that a public
    repository keeps as a sample; the others after Double.toString.
    """
    alarm = {**ALARM, "EvaluationPeriods": 1, "Threshold": threshold}
    verdict = judge(alarm, [(-120, None), (-60, None), (0, value)])
    assert verdict is not None
    assert verdict.reason == f"Threshold Crossed: 1 datapoint {told}."
