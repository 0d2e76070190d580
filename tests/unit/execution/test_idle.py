"""Environments that nobody calls: frozen, and ended when memory runs out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambent.execution import pressure
from lambent.execution.pressure import Reading

RunPlane = Any  # the fixtures of conftest.py, which cannot be imported from here
Make = Any
_GOOD = Reading(available=0.5, stalled=0.0)
_SHORT = Reading(available=0.01, stalled=0.0)


def _requests(h: Any, sandbox: Any) -> list[str]:
    """What the spawner was asked about the sandbox since it was assigned."""
    ops = [each["op"] for each in h.spawner.requests if each.get("sandbox") == sandbox.id]
    return [op for op in ops if op not in ("create", "assign", "throttle")]


def test_an_idle_environment_is_frozen_and_thawed_before_it_is_called(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        (sandbox,) = h.busy()
        await h.until(lambda: _requests(h, sandbox) == ["freeze"])
        outcome = await h.plane.invoke(make_spec(), make_invocation())
        assert outcome.init_ms is None
        await h.until(lambda: _requests(h, sandbox)[:2] == ["freeze", "thaw"])
        await h.until(lambda: _requests(h, sandbox)[:3] == ["freeze", "thaw", "freeze"])

    run_plane(scenario)


def test_a_function_that_is_called_all_the_time_is_not_frozen(
    run_plane: RunPlane,
    make_spec: Make,
    make_invocation: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = 0
    monkeypatch.setattr("lambent.execution.idle.PRESSURE_EVERY_S", 0.0)

    def count() -> Reading:
        nonlocal looks
        looks += 1
        return _GOOD

    async def scenario(h: Any) -> None:
        while looks < 2:  # the timer has looked twice
            await h.plane.invoke(make_spec(), make_invocation())
        (sandbox,) = h.busy()
        assert _requests(h, sandbox) == []

    run_plane(scenario, read_pressure=count)


@pytest.mark.parametrize("how", ["closes", "exits"])
def test_a_frozen_sandbox_that_dies_is_not_given_to_a_call(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make, how: str
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(), make_invocation())
        (sandbox,) = h.busy()
        await h.until(lambda: _requests(h, sandbox) == ["freeze"])
        if how == "exits":
            sandbox.exit(-9, oom=True)
        else:
            sandbox.close()
        await h.until(lambda: h.plane._scheduler.describe() == {})
        assert (await h.plane.invoke(make_spec(), make_invocation())).init_ms is not None

    run_plane(scenario)


@pytest.mark.parametrize("short", [_SHORT, Reading(available=0.5, stalled=30.0)])
def test_when_memory_is_short_the_longest_idle_end_first(
    run_plane: RunPlane,
    make_spec: Make,
    make_invocation: Make,
    monkeypatch: pytest.MonkeyPatch,
    short: Reading,
) -> None:
    monkeypatch.setattr("lambent.execution.idle.PRESSURE_EVERY_S", 0.0)
    readings: list[Reading] = []

    async def scenario(h: Any) -> None:
        for name in ("old", "busy", "new"):
            await h.plane.invoke(make_spec(key=name), make_invocation())
        old, busy, new = h.busy()
        h.spawner.on_invoke = lambda *_: None
        call = asyncio.create_task(h.plane.invoke(make_spec(key="busy"), make_invocation()))
        await h.until(lambda: len(busy.invokes) == 2)
        readings.append(short)
        await h.until(lambda: old.id in h.spawner.killed)
        assert new.id not in h.spawner.killed
        readings.append(short)
        await h.until(lambda: new.id in h.spawner.killed)
        assert busy.id not in h.spawner.killed  # never one that works
        busy.exit(0)
        await call

    run_plane(scenario, read_pressure=lambda: readings.pop() if readings else _GOOD)


def test_the_readings_of_the_host() -> None:
    meminfo = "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:   40 kB\n"
    psi = (
        "some avg10=90.00 avg60=0.16 avg300=0.12 total=695255\n"
        "full avg10=10.50 avg60=0.15 avg300=0.12 total=603353\n"
    )
    assert pressure.parse(meminfo, psi) == Reading(0.04, 10.5)
    assert pressure.parse("", "") == Reading(1.0, 0.0)
    assert 0 < pressure.read().available <= 1


@pytest.mark.parametrize(
    ("reading", "is_high"),
    [
        (Reading(0.049, 0.0), True),
        (Reading(0.051, 0.0), False),
        (Reading(1.0, 10.1), True),
        (Reading(1.0, 9.9), False),
    ],
)
def test_when_memory_counts_as_short(reading: Reading, is_high: bool) -> None:
    assert reading.is_high is is_high
