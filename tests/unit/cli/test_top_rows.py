"""What `lambent top` makes of two looks at the platform."""

from __future__ import annotations

from typing import Any

import pytest

from lambent.cli.top_rows import WINDOW_S, History, rows, span_s
from lambent.core.steps import step_of


def function(name: str, invocations: int = 0, **members: Any) -> dict[str, Any]:
    return {
        "account": "111111111111",
        "region": "eu-west-1",
        "function": name,
        "invocations": invocations,
        "errors": 0,
        "throttles": 0,
        "durations": [[step_of(10), invocations]] if invocations else [],
        "running": 0,
        "idle": 0,
        "busy": 0,
        "memory_mib": 0,
        "peak_mib": 0,
    } | members


def look(uptime_s: float, *functions: dict[str, Any]) -> dict[str, Any]:
    return {"uptime_s": uptime_s, "functions": list(functions)}


def test_a_row_holds_what_came_between_two_looks() -> None:
    before = look(10, function("f", 100, errors=4))
    slow = [[step_of(10), 100], [step_of(900), 20]]
    after = look(20, function("f", 120, errors=5, throttles=2, durations=slow, running=3))
    (row,) = rows(after, before)
    assert (row.calls, row.rate, row.errors, row.throttles, row.running) == (20, 2, 1, 2, 3)
    assert row.p50 == pytest.approx(900, rel=0.06)
    assert row.p99 == pytest.approx(900, rel=0.06)


def test_without_an_earlier_look_it_is_all_since_the_start() -> None:
    (row,) = rows(look(50, function("f", 100)), None)
    assert (row.calls, row.rate) == (100, 2)
    assert row.p50 == pytest.approx(10, rel=0.06)


def test_a_function_that_did_nothing_has_no_times() -> None:
    (row,) = rows(look(50, function("f", 7)), look(40, function("f", 7)))
    assert (row.calls, row.p50, row.p99) == (0, None, None)


def test_the_busiest_come_first() -> None:
    found = rows(
        look(
            50,
            function("quiet"),
            function("warm", idle=2),
            function("refused", throttles=1),
            function("some", 1),
            function("many", 9),
        ),
        None,
    )
    assert [row.name for row in found] == ["many", "some", "refused", "warm", "quiet"]


def test_a_look_is_held_against_the_oldest_of_the_last_minute() -> None:
    history = History()
    looks = [look(second) for second in range(0, 201, 2)]
    compared = [history.take(each) for each in looks]
    assert compared[0] is None
    assert compared[1] is looks[0]
    before = compared[-1]
    assert before is not None
    assert WINDOW_S - 2 <= span_s(looks[-1], before) <= WINDOW_S


def test_looks_that_are_far_apart_are_compared_all_the_same() -> None:
    history = History()
    first, second, third = look(0), look(500), look(1000)
    assert [history.take(each) for each in (first, second, third)] == [None, first, second]


def test_a_platform_that_was_started_again_has_no_past() -> None:
    history = History()
    history.take(look(100))
    assert history.take(look(3)) is None
