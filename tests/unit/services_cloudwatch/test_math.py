"""Metric math: what is computed, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambent.services.cloudwatch.math import syntax
from lambent.services.cloudwatch.math.evaluation import Scene, evaluate
from lambent.services.cloudwatch.math.syntax import Malformed
from lambent.services.cloudwatch.math.values import Series

if TYPE_CHECKING:
    from lambent.services.cloudwatch.math.values import Value

TIMES = (0, 60, 120, 180)
METRICS = {
    "m1": Series({0: 1.0, 60: 2.0, 180: 4.0}, "one", 60),
    "m2": Series({0: 10.0, 60: 0.0, 120: 30.0}, "two", 60),
    "gone": Series({}, "gone", 60),
}


def computed(text: str) -> Value:
    def look_up(name: str) -> Value:
        if name not in METRICS:
            raise Malformed(f"there is no '{name}'")
        return METRICS[name]

    def search(expression: str, stat: str, period: int | None) -> list[Series]:
        return [Series({0: 1.0}, f"{expression} {stat} {period}", 60)]

    return evaluate(syntax.parse(text), Scene(look_up, lambda: METRICS, TIMES, search))


def values(text: str) -> object:
    found = computed(text)
    if isinstance(found, Series):
        return found.values
    if isinstance(found, list):
        return [each.values for each in found]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("10 - 4 - 3", 3),
        ("1.5e2", 150),
        ("m1 * 2", {0: 2, 60: 4, 180: 8}),
        ("2 - m1", {0: 1, 60: 0, 180: -2}),
        ("m1 + m2", {0: 11, 60: 2, 120: 30, 180: 4}),
        ("m1 / m2", {0: 0.1, 120: 0}),
        ("m1 > 1", {0: 0, 60: 1, 180: 1}),
        ("m1 >= 2 AND m1 < 4", {0: 0, 60: 1, 180: 0}),
        ("m1 == 1 || m1 == 4", {0: 1, 60: 0, 180: 1}),
        ("SUM(m1)", 7),
        ("AVG(m1)", 7 / 4),
        ("AVG(gone)", 0),
        ("MIN(m2)", 0),
        ("SUM(gone)", 0),
        ("SUM([m1, m2])", {0: 11, 60: 2, 120: 30, 180: 4}),
        ("AVG([m1, m2])", {0: 5.5, 60: 1, 120: 15, 180: 2}),
        ("SUM(METRICS('m'))", {0: 11, 60: 2, 120: 30, 180: 4}),
        ("METRIC_COUNT(METRICS())", 3),
        ("DATAPOINT_COUNT(m1)", 3),
        ("STDDEV([m1, m2])", {0: 4.5, 60: 1, 120: 0, 180: 0}),
        ("FILL(m1, 0)", {0: 1, 60: 2, 120: 0, 180: 4}),
        ("FILL(m1, REPEAT)", {0: 1, 60: 2, 120: 2, 180: 4}),
        ("FILL(m1, LINEAR)", {0: 1, 60: 2, 120: 3, 180: 4}),
        ("FILL(m1, m2)", {0: 1, 60: 2, 120: 30, 180: 4}),
        ("FILL([m1, gone], 5)", [{0: 1, 60: 2, 120: 5, 180: 4}, dict.fromkeys(TIMES, 5)]),
        ("RATE(m1)", {60: 1 / 60, 180: 2 / 120}),
        ("DIFF(m1)", {60: 1, 180: 2}),
        ("DIFF_TIME(m1)", {60: 60, 180: 120}),
        ("RUNNING_SUM(m1)", {0: 1, 60: 3, 180: 7}),
        ("ABS(-3)", 3),
        ("CEIL(m1 / 2)", {0: 1, 60: 1, 180: 2}),
        ("FLOOR([m1 / 2])", [{0: 0, 60: 1, 180: 2}]),
        ("LOG10(m2)", {0: 1, 120: pytest.approx(1.4771212)}),
        ("IF(m1 > 1, m1, 0)", {0: 0, 60: 2, 180: 4}),
        ("IF(m1 > 1, m1)", {60: 2, 180: 4}),
        ("IF(1, m1, m2)", {0: 1, 60: 2, 180: 4}),
        ("IF(0, m1, 7)", 7),
        ("TIME_SERIES(3)", dict.fromkeys(TIMES, 3)),
        ("PERIOD(m1)", 60),
        ("MINUTE(m1)", {0: 0, 60: 1, 120: 2, 180: 3}),
        ("YEAR(m1)", dict.fromkeys(TIMES, 1970)),
        ("EPOCH(m1)", {0: 0, 60: 60, 120: 120, 180: 180}),
        ("DAY(m1)", dict.fromkeys(TIMES, 4)),
        ("FIRST([m1, m2])", {0: 1, 60: 2, 180: 4}),
        ("LAST([m1, m2])", {0: 10, 60: 0, 120: 30}),
        ("SLICE([m1, m2], 1)", [{0: 10, 60: 0, 120: 30}]),
        ("SLICE([m1, m2], 0, 1)", [{0: 1, 60: 2, 180: 4}]),
        ("SORT([m1, m2, gone], SUM, DESC, 1)", [{0: 10, 60: 0, 120: 30}]),
        ("SORT([m2, m1], AVG, ASC)", [{0: 1, 60: 2, 180: 4}, {0: 10, 60: 0, 120: 30}]),
        ("REMOVE_EMPTY([gone, m1])", [{0: 1, 60: 2, 180: 4}]),
        ("[m1, m2] + 1", [{0: 2, 60: 3, 180: 5}, {0: 11, 60: 1, 120: 31}]),
        ("SEARCH('{A,B} x', 'Sum', 60)", [{0: 1}]),
    ],
)
def test_an_expression(text: str, expected: object) -> None:
    assert values(text) == expected


def _of(*values: float | None) -> Series:
    known = {60 * at: float(value) for at, value in enumerate(values) if value is not None}
    return Series(known, "", 60)


@pytest.mark.parametrize(
    ("text", "metrics", "expected"),
    [
        ("a < b", (_of(30, 20, 0, 0), _of(20, None, 20, None)), _of(0, 0, 1, 0)),
        ("a >= 30", (_of(30, 20, 0, 0), _of()), _of(1, 0, 0, 0)),
        ("a > 15 AND b > 15", (_of(30, 20, 0, 0), _of(20, None, 20, None)), _of(1, 0, 0, 0)),
        (
            "IF(a, b, c)",
            (_of(1, 1, 0, 0, None), _of(30, None, 0, 0, 30), _of(0, 0, 20, None, 20)),
            _of(30, 0, 20, None, None),
        ),
        (
            "IF(a, 5, c)",
            (_of(1, 1, 0, 0, None), _of(), _of(0, 0, 20, None, 20)),
            _of(5, 5, 20, None, None),
        ),
        (
            "IF(a, b, 5)",
            (_of(1, 1, 0, 0, None), _of(30, None, 0, 0, 30)),
            _of(30, 0, 5, 5, None),
        ),
    ],
)
def test_the_tables_of_the_user_guide(
    text: str, metrics: tuple[Series, ...], expected: Series
) -> None:
    """ "Using math expressions with CloudWatch metrics": its examples of operators and of IF."""
    named = dict(zip("abc", metrics, strict=False))
    scene = Scene(named.__getitem__, lambda: named, range(0, 300, 60), lambda *_: [])
    found = evaluate(syntax.parse(text), scene)
    assert isinstance(found, Series)
    assert found.values == expected.values


@pytest.mark.parametrize(
    "text",
    [
        "", "m1 +", "m1 m2", "(m1", "[m1", "m1)", "@", "NOSUCH(m1)", "SUM()", "SUM(m1, m2)", "SUM(1)", "FILL(m1)",
        "FILL(m1, ASC)", "RATE(1)", "1 / 0", "(0-1) ^ 0.5", "[1]", "[m1] + [m2]", "m3", "IF(m1)", "IF([m1], 1, 2)",
        "IF(1, [m1], 2)", "METRICS(m1)", "SEARCH(m1, 'Sum')", "'text' + 1", "LOG(0)", "SORT([m1], FIRST, ASC)",
        "MINUTE([m1])", "SLICE([m1])", "(" * 60 + "1" + ")" * 60, "-" * 60 + "1",
    ],
)  # fmt: skip
def test_what_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        computed(text)


def test_a_formula_names_the_functions_that_it_calls() -> None:
    tree = syntax.parse("-SUM([m1, FILL(m2, 0)]) + IF(a > ABS(b), 1)")
    assert syntax.called(tree) == {"SUM", "FILL", "IF", "ABS"}


def test_a_formula_names_the_queries_that_it_is_about() -> None:
    assert syntax.names(syntax.parse("IF(a > 1, SUM([b, -c]), d ^ 2) + FILL(e, REPEAT)")) == {
        "a", "b", "c", "d", "e", "REPEAT",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("[a, b]", True),
        ("METRICS() / 2", True),
        ("FILL(several, 0)", True),
        ("IF(a, -several)", True),
        ("SLICE(SORT(METRICS(), SUM, DESC), 0, 1)", True),
        ("SUM([a, b]) / AVG(METRICS())", False),
        ("RATE(a) + 1", False),
    ],
)
def test_whether_a_formula_gives_several_series(text: str, several: bool) -> None:
    assert syntax.gives_several(syntax.parse(text), "several".__eq__) is several
