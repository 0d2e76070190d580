"""From data points to states: the tables of "How alarms evaluate metric data" (CloudWatch user guide)."""

from __future__ import annotations

from typing import Any

import pytest

from lambent.services.cloudwatch.alarm_states import SPARE, judge

ALARM = {
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 3,
    "Threshold": 1.0,
}
BREACHING, FINE = 5.0, 0.0


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


def test_reasons_are_worded_as_on_aws() -> None:
    one = {**ALARM, "EvaluationPeriods": 1}
    breached = judge(one, points("0 0 X"))
    assert breached is not None
    assert breached.reason == (
        "Threshold Crossed: 1 datapoint [5.0 (01/01/70 00:02:00)] was greater than the threshold (1.0)."
    )
    fine = judge(one, points("0 0 0"))
    assert fine is not None
    assert fine.reason == (
        "Threshold Crossed: 1 datapoint [0.0 (01/01/70 00:02:00)] was not greater than the threshold (1.0)."
    )
    unknown = judge(one, points("- - -"))
    assert unknown is not None
    assert unknown.reason == "Insufficient Data: 1 datapoint was unknown."
    several = judge({**ALARM, "DatapointsToAlarm": 2}, points("0 0 X 0 X"))
    assert several is not None
    assert several.reason == (
        "Threshold Crossed: 2 out of the last 3 datapoints [5.0 (01/01/70 00:04:00), 5.0 (01/01/70 00:02:00)] "
        "were greater than the threshold (1.0) (minimum 2 datapoints for OK -> ALARM transition)."
    )
    treated = judge({**one, "TreatMissingData": "breaching"}, points("- - -"))
    assert treated is not None
    assert treated.reason == (
        "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
        "[Breaching]."
    )
