"""Statistics of a handful of values, and what is left of many."""

from __future__ import annotations

import pytest

from lambent.core.spread import EXACT, rounded
from lambent.services.cloudwatch import statistics
from lambent.services.cloudwatch.points import Point

TEN = Point.of((float(value), 1.0) for value in range(1, 11))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SampleCount", 10),
        ("Average", 5.5),
        ("Sum", 55),
        ("Minimum", 1),
        ("Maximum", 10),
        ("p50", 5),
        ("p90", 9),
        ("p99.9", 10),
        ("p0", 1),
        ("p100", 10),
        ("tm90", 5),
        ("TM(10%:90%)", 5.5),
        ("TM(:90%)", 5),
        ("TM(50%:)", 8),
        ("TM(2:5)", 4),
        ("tc90", 9),
        ("TC(2:5)", 3),
        ("ts90", 45),
        ("TS(80%:)", 19),
        ("wm80", 5.2),
        ("WM(20%:80%)", 5.3),
        ("IQM", 5.5),
        ("iqm", 5.5),
        ("PR(:3)", 30),
        ("PR(3:7)", 40),
    ],
)
def test_a_statistic_of_one_to_ten(name: str, value: float) -> None:
    statistic = statistics.find(name)
    assert statistic is not None
    assert statistic(TEN) == pytest.approx(value)


@pytest.mark.parametrize(
    "name",
    ["", "average", "p", "p101", "tm100.5", "q50", "TM", "TM()", "TM(:)", "TM(5%:90)", "TM(90%:10%)",
     "TM(10%:190%)", "PR(10%:90%)", "p50 ", "p-1", "TM(a:b)"],
)  # fmt: skip
def test_what_is_no_statistic(name: str) -> None:
    assert statistics.find(name) is None


def test_of_a_statistic_set_nothing_is_known_but_the_five() -> None:
    point = Point.of_statistics(4, 10, 1, 4)
    for name in ("p50", "tm90", "IQM"):
        statistic = statistics.find(name)
        assert statistic is not None
        assert statistic(point) is None
    point.add(Point.of([(2, 1)]))
    assert (point.count, point.total, point.minimum, point.maximum) == (5, 12, 1, 4)
    assert point.spread is None


def test_a_statistic_set_of_values_that_are_alike_has_percentiles() -> None:
    median = statistics.find("p50")
    assert median is not None
    assert median(Point.of_statistics(3, 6, 2, 2)) == 2
    assert median(Point.of_statistics(1, 7, 7, 7)) == 7


def test_many_values_are_kept_to_a_hundredth() -> None:
    point = Point.of((value / 7, 1.0) for value in range(1, 5001))
    assert point.spread is not None
    assert len(point.spread) < 1000
    assert (point.count, point.minimum, point.maximum) == (5000, 1 / 7, 5000 / 7)
    for share in (1, 50, 90, 99):
        median = statistics.find(f"p{share}")
        assert median is not None
        assert median(point) == pytest.approx(share * 50 / 7, rel=0.01)


def test_a_value_stands_for_its_neighbours_on_both_sides_of_zero() -> None:
    assert rounded(0.0) == 0.0
    assert rounded(-100.0) == -rounded(100.0)
    assert rounded(100.0) == rounded(100.2) == pytest.approx(100, rel=0.01)
    assert EXACT >= 150  # what one datum of PutMetricData may bring stays as it is


def test_negative_values_have_no_percentiles() -> None:
    """ "Percentile statistics are not available for metrics when any of the metric values are negative numbers"."""
    median = statistics.find("p50")
    assert median is not None
    assert median(Point.of([(-1.0, 1.0), (2.0, 1.0), (3.0, 1.0)])) is None
    assert median(Point.of([(0.0, 1.0), (2.0, 1.0), (3.0, 1.0)])) == 2
