from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lambent.core.clock import SystemClock, TimerHeap, VirtualClock


def test_the_calendar_alone_moves_on_a_system_clock() -> None:
    clock = SystemClock()
    wall, monotonic = clock.wall(), clock.monotonic()
    clock.advance(timedelta(days=3))
    assert clock.calendar() - wall >= timedelta(days=3)
    assert abs(clock.calendar_ms() - clock.calendar().timestamp() * 1000) < 1000
    assert clock.wall() - wall < timedelta(days=1)
    assert 0 <= clock.monotonic() - monotonic < 3600
    assert clock.calendar().tzinfo is UTC


def test_all_readings_move_together_on_a_virtual_clock() -> None:
    clock = VirtualClock(datetime(2026, 5, 1, tzinfo=UTC))
    clock.advance(timedelta(seconds=90))
    assert clock.calendar() == clock.wall() == datetime(2026, 5, 1, 0, 1, 30, tzinfo=UTC)
    assert clock.calendar_ms() == clock.calendar().timestamp() * 1000
    assert clock.monotonic() == 90


@pytest.mark.parametrize("clock", [SystemClock(), VirtualClock()])
def test_no_clock_goes_back(clock: SystemClock | VirtualClock) -> None:
    with pytest.raises(ValueError, match="cannot be moved back"):
        clock.advance(timedelta(seconds=-1))


def test_due_timers_run_in_order_of_time_and_then_of_arrival() -> None:
    heap, called = TimerHeap(), list[str]()
    heap.at(2.0, lambda: called.append("late"))
    heap.at(1.0, lambda: called.append("first"))
    heap.at(1.0, lambda: called.append("second"))
    heap.at(3.0, lambda: called.append("not yet"))
    assert heap.next_due() == 1.0
    assert heap.run_due(2.5) == 3
    assert called == ["first", "second", "late"]
    assert heap.next_due() == 3.0


def test_a_cancelled_timer_is_never_called() -> None:
    heap, called = TimerHeap(), list[str]()
    heap.at(1.0, lambda: called.append("gone")).cancel()
    assert heap.next_due() is None
    assert heap.run_due(9.0) == 0
    assert not called
