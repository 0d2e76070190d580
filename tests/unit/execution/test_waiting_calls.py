"""Calls that wait for a sandbox take an environment that falls idle before one is made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambent.execution.frames import FrameType
from lambent.execution.spec import SandboxFailed

RunPlane = Any  # the fixtures of conftest.py, which cannot be imported from here
Make = Any


def silent(*_: object) -> None:
    """A sandbox that does not answer."""


class Counted:
    """Stands for the scaling rule: how many environments are begun, and how many of them were not needed."""

    def __init__(self) -> None:
        self.begun = 0
        self.given_back = 0

    def admit(self, function_arn: str) -> None:
        self.begun += 1

    def give_back(self, function_arn: str) -> None:
        self.given_back += 1


async def _first_busy(h: Any, spec: Any, invocation: Any) -> tuple[Any, asyncio.Task[Any]]:
    """An environment whose call goes on, and no sandbox that lies ready or will."""
    h.spawner.on_invoke = silent
    call = asyncio.create_task(h.plane.invoke(spec, invocation))
    await h.until(h.busy)
    (sandbox,) = h.busy()
    pool = h.plane._pools["python3.11"]
    await h.until(lambda: pool.describe()["ready"] == 2)
    h.spawner.holds_ready = True
    while (taken := pool.take_ready()) is not None:
        taken.end("taken away")
    return sandbox, call


def test_a_waiting_call_takes_an_environment_that_falls_idle(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        spec = make_spec()
        counted = h.plane._scale_out = Counted()
        sandbox, first = await _first_busy(h, spec, make_invocation())
        calls = [
            asyncio.create_task(h.plane.invoke(spec, make_invocation(b"%d" % number)))
            for number in range(3)
        ]
        pool = h.plane._pools["python3.11"]
        await h.until(lambda: pool.describe()["waiting"] == 3)
        h.spawner.on_invoke = lambda each, request, event: each.frame(4, event, request)
        sandbox.frame(FrameType.RESULT, b'"first"', sandbox.invokes[0][0])
        outcomes = await asyncio.gather(first, *calls)
        assert [outcome.payload for outcome in outcomes] == [b'"first"', b"0", b"1", b"2"]
        assert [outcome.init_ms is None for outcome in outcomes] == [False, True, True, True]
        assert len(sandbox.invokes) == 4
        assert sum(text.startswith("INIT_START") for text in h.texts()) == 1
        assert pool.describe()["waiting"] == 0
        assert h.plane._concurrency.running == 0
        # One environment has been started in the end.
        assert (counted.begun, counted.given_back) == (4, 3)
        assert h.plane._scheduler.describe() == {"f:1": {"idle": 1, "busy": 0}}

    run_plane(scenario)


def test_another_versions_environment_is_of_no_use(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambent.execution.cold_start.SANDBOX_LIMIT_S", 0.2)

    async def scenario(h: Any) -> None:
        sandbox, first = await _first_busy(h, make_spec(), make_invocation())
        other = asyncio.create_task(h.plane.invoke(make_spec(key="g:1"), make_invocation()))
        await h.until(lambda: h.plane._pools["python3.11"].describe()["waiting"] == 1)
        sandbox.frame(FrameType.RESULT, b"1", sandbox.invokes[0][0])
        await first
        with pytest.raises(SandboxFailed, match="no sandbox within"):
            await other
        assert h.plane._concurrency.running == 0

    run_plane(scenario)


def test_an_idle_environment_that_dies_on_the_way_is_not_the_calls_end(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        spec = make_spec()
        sandbox, first = await _first_busy(h, spec, make_invocation())
        second = asyncio.create_task(h.plane.invoke(spec, make_invocation()))
        pool = h.plane._pools["python3.11"]
        await h.until(lambda: pool.describe()["waiting"] == 1)
        h.spawner.on_invoke = lambda each, request, event: each.frame(4, event, request)
        h.spawner.holds_ready = False
        scheduler = h.plane._scheduler
        hand_over = scheduler._lay_idle

        def hand_over_and_end(environment: Any, group: Any) -> None:
            hand_over(environment, group)
            environment.end("gone")

        scheduler._lay_idle = hand_over_and_end
        sandbox.frame(FrameType.RESULT, b"1", sandbox.invokes[0][0])
        await first
        assert (await second).payload == b'{"a":1}'
        assert (await second).init_ms is not None
        assert h.plane._concurrency.running == 0

    run_plane(scenario)
