"""Timers on the calendar: they ring when it gets there by itself, and when it is moved."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from lambent.core.clock import SystemClock, VirtualClock
from lambent.process import clock_driver
from lambent.process.clock_driver import CalendarDriver

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_timer_rings_when_its_time_has_come() -> None:
    async def run() -> None:
        clock = SystemClock()
        driver = CalendarDriver(clock)
        rang: asyncio.Future[datetime] = asyncio.get_running_loop().create_future()
        due = clock.calendar() + timedelta(milliseconds=20)
        driver.at(due + HOUR, lambda: rang.set_exception(LookupError()))
        driver.at(due, lambda: rang.set_result(clock.calendar()))
        assert await rang >= due
        driver.stop()

    asyncio.run(run())


def test_a_timer_in_the_past_rings_at_once_and_not_before_the_loop_goes_on() -> None:
    async def run() -> None:
        driver = CalendarDriver(VirtualClock(START))
        rang = asyncio.Event()
        driver.at(START - HOUR, rang.set)
        assert not rang.is_set()
        await rang.wait()

    asyncio.run(run())


def test_moving_the_calendar_halts_at_each_due_time() -> None:
    clock = VirtualClock(START)
    heard: list[tuple[str, datetime]] = []

    async def run() -> None:
        driver = CalendarDriver(clock)

        def every_hour() -> None:
            heard.append(("hourly", clock.calendar()))
            driver.at(clock.calendar() + HOUR, every_hour)

        driver.at(START + HOUR, every_hour)
        driver.at(START + HOUR * 1.5, lambda: heard.append(("once", clock.calendar())))
        driver.at(START + HOUR * 9, lambda: heard.append(("never", clock.calendar())))
        await driver.advance(HOUR * 3.5)
        driver.stop()

    asyncio.run(run())
    assert [(name, (at - START) / HOUR) for name, at in heard] == [
        ("hourly", 1),
        ("once", 1.5),
        ("hourly", 2),
        ("hourly", 3),
    ]
    assert clock.calendar() == START + HOUR * 3.5


def test_moving_waits_for_the_work_that_was_due() -> None:
    clock = VirtualClock(START)
    order: list[str] = []

    async def run() -> None:
        tasks: set[asyncio.Task[None]] = set()

        async def work() -> None:
            await asyncio.get_running_loop().run_in_executor(None, order.append, "worked")

        async def settled() -> None:
            while tasks:
                await asyncio.wait([tasks.pop()])

        driver = CalendarDriver(clock, settled)
        driver.at(START + HOUR, lambda: tasks.add(asyncio.create_task(work())))
        driver.at(START + HOUR * 2, lambda: order.append("later"))
        await driver.advance(HOUR * 2)
        driver.stop()

    asyncio.run(run())
    assert order == ["worked", "later"]


def test_the_machines_calendar_can_be_moved_too() -> None:
    async def run() -> None:
        clock = SystemClock()
        driver = CalendarDriver(clock)
        heard: list[datetime] = []
        due = clock.calendar() + HOUR
        driver.at(due, lambda: heard.append(clock.calendar()))
        await driver.advance(HOUR)
        assert len(heard) == 1
        assert heard[0] >= due
        await driver.advance(timedelta())
        driver.stop()

    asyncio.run(run())


def test_the_calendar_is_never_moved_back() -> None:
    async def run() -> None:
        driver = CalendarDriver(VirtualClock(START))
        with pytest.raises(ValueError, match="back"):
            await driver.advance(-HOUR)

    asyncio.run(run())


def test_cancelled_and_stopped_timers_do_not_ring() -> None:
    clock = VirtualClock(START)
    heard: list[str] = []

    async def run() -> None:
        driver = CalendarDriver(clock)
        driver.at(START + HOUR, lambda: heard.append("cancelled")).cancel()
        driver.at(START + HOUR * 3, lambda: heard.append("stopped"))
        await driver.advance(HOUR * 2)
        driver.stop()
        await driver.advance(timedelta())
        driver.at(START, lambda: heard.append("too late"))
        await asyncio.get_running_loop().run_in_executor(None, int)
        clock.advance(HOUR)

    asyncio.run(run())
    assert heard == []


def test_a_call_that_raises_is_reported_and_the_next_has_its_turn() -> None:
    problems: list[object] = []

    def breaks() -> None:
        raise LookupError("on purpose")

    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context["exception"]))
        driver = CalendarDriver(VirtualClock(START))
        rang = asyncio.Event()
        driver.at(START, breaks)
        driver.at(START, rang.set)
        await rang.wait()

    asyncio.run(run())
    assert [str(problem) for problem in problems] == ["on purpose"]


def test_a_set_machine_clock_is_noticed_before_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """The alarm runs on the monotonic clock, which does not see that somebody sets the calendar."""
    monkeypatch.setattr(clock_driver, "LONGEST_SLEEP_S", 0.01)
    clock = VirtualClock(START)

    async def run() -> None:
        driver = CalendarDriver(clock)
        rang = asyncio.Event()
        driver.at(START + HOUR, rang.set)
        clock.advance(HOUR)  # behind the driver's back
        await rang.wait()

    asyncio.run(run())
