"""Whether a host has anything left to give."""

from __future__ import annotations

import pytest

from lambent.core.clock import SystemClock
from lambent.execution.pressure import Reading
from lambent.execution.strain import Strain

CALM = Reading()


class HeldClock(SystemClock):
    now = 0.0

    def monotonic(self) -> float:
        return self.now


def _stat(busy: int, idle: int) -> str:
    return f"cpu  {busy} 0 0 {idle} 0 0 0 0 7 7\ncpu0 1 2 3\n"


@pytest.mark.parametrize(("busy", "idle", "is_high"), [(95, 5, True), (80, 20, False)])
def test_a_host_without_idle_time_is_strained(busy: int, idle: int, is_high: bool) -> None:
    clock = HeldClock()
    stat = [_stat(0, 1000)]
    strain = Strain(clock, lambda: CALM, lambda: stat[0])
    assert not strain.is_high()
    stat[0] = _stat(busy, 1000 + idle)
    assert not strain.is_high()  # looked at a moment ago
    clock.now = 0.3
    assert strain.is_high() is is_high


def test_so_is_one_without_memory() -> None:
    strain = Strain(HeldClock(), lambda: Reading(available=0.01), lambda: _stat(0, 1))
    assert strain.is_high()


def test_this_host_tells() -> None:
    assert Strain(SystemClock(), lambda: CALM).is_high() in (True, False)
