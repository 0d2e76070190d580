"""How fast a function may grow."""

from __future__ import annotations

import pytest

from lambent.core.clock import SystemClock
from lambent.execution.scale_out import REASON, ScaleOut
from lambent.execution.spec import Throttled


class HeldClock(SystemClock):
    """Its monotonic reading is what a test says."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


def _started(scale_out: ScaleOut, arn: str, wanted: int) -> int:
    for number in range(wanted):
        try:
            scale_out.admit(arn)
        except Throttled:
            return number
    return wanted


def test_a_thousand_at_once_then_a_hundred_each_second() -> None:
    clock = HeldClock()
    scale_out = ScaleOut(clock)
    assert _started(scale_out, "f", 2000) == 1000
    assert _started(scale_out, "g", 2000) == 1000  # each function on its own
    clock.now += 1
    assert _started(scale_out, "f", 2000) == 100
    clock.now += 0.005
    assert _started(scale_out, "f", 1) == 0
    clock.now += 1000
    assert _started(scale_out, "f", 2000) == 1000


def test_functions_that_have_all_they_may_are_forgotten() -> None:
    clock = HeldClock()
    scale_out = ScaleOut(clock)
    assert _started(scale_out, "busy", 1000) == 1000
    with pytest.raises(Throttled, match=REASON):
        scale_out.admit("busy")
    for number in range(5000):
        clock.now += 0.01
        scale_out.admit(f"f{number}")
    assert len(scale_out._left) <= 1001


def test_what_was_not_started_after_all_may_be_started_again() -> None:
    clock = HeldClock()
    scale_out = ScaleOut(clock)
    assert _started(scale_out, "f", 2000) == 1000
    scale_out.give_back("f")
    assert _started(scale_out, "f", 2000) == 1
    clock.now += 1000
    scale_out.give_back("f")  # there is no more than all
    assert _started(scale_out, "f", 2000) == 1000
