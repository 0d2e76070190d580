"""How long an environment lives: as its credentials do, and as its calls leave room in its memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.clock import SystemClock, VirtualClock
from lambent.core.ports import RoleCredentials
from lambent.execution import environment
from lambent.execution.frames import FrameType
from lambent.execution.leases import NO_ROLE, Leases

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    RunPlane = Callable[..., None]
    Make = Callable[..., Any]

ROLE = "arn:aws:iam::123456789012:role/r"


class Sessions:
    """Credentials that end after so many seconds; each has another number."""

    def __init__(self, clock: Any, duration_s: float) -> None:
        self._clock = clock
        self._duration_s = duration_s
        self.asked: list[tuple[str, str, str]] = []

    def is_assumable(self, role_arn: str, function_arn: str) -> bool:
        return role_arn == ROLE

    def open(self, role_arn: str, function_arn: str, session_name: str) -> RoleCredentials | None:
        self.asked.append((role_arn, function_arn, session_name))
        if role_arn != ROLE:
            return None
        now_s = self._clock.wall().timestamp()
        # Whole seconds are the port's; tests that wait for the end need parts of them.
        expires_s: Any = now_s + self._duration_s
        return RoleCredentials(f"ASIA{len(self.asked)}", "secret", "token", expires_s)


def test_a_lease_lasts_until_no_invocation_could_end_in_time(make_spec: Make) -> None:
    clock = VirtualClock()
    sessions = Sessions(clock, 3600)
    lease = Leases(sessions, clock).take(make_spec(role=ROLE, timeout_s=900))
    assert lease.lasts_s == 3600 - 900 - 60
    assert lease.variables["AWS_ACCESS_KEY_ID"] == "ASIA1"
    assert sessions.asked == [(ROLE, make_spec().function_arn, "f")]


def test_without_a_role_there_is_nothing_that_an_endpoint_takes(make_spec: Make) -> None:
    clock = VirtualClock()
    assert Leases(Sessions(clock, 3600), clock).take(make_spec(role="gone")) is NO_ROLE
    assert Leases(None, clock).take(make_spec(role=ROLE)) is NO_ROLE


def _harness(
    run_plane: RunPlane, scenario: Callable[[Any], Awaitable[None]], lasts_s: float
) -> Sessions:
    sessions = Sessions(SystemClock(), 3 + 60 + lasts_s)
    run_plane(scenario, role_sessions=sessions)
    return sessions


def test_an_idle_environment_is_replaced_before_its_credentials_end(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        await h.plane.invoke(make_spec(role=ROLE), make_invocation())
        (first,) = h.busy()
        assert first.assigned["environment"]["AWS_ACCESS_KEY_ID"] == "ASIA1"
        await h.until(lambda: first.id in h.spawner.killed)
        await h.plane.invoke(make_spec(role=ROLE), make_invocation())
        second = next(each for each in h.busy() if each is not first)
        assert second.assigned["environment"]["AWS_ACCESS_KEY_ID"] == "ASIA2"

    _harness(run_plane, scenario, 0.2)


def test_a_busy_environment_finishes_what_it_does(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        h.spawner.on_invoke = lambda *_: None
        call = asyncio.create_task(h.plane.invoke(make_spec(role=ROLE), make_invocation()))
        await h.until(h.busy)
        (busy,) = h.busy()
        (environment,) = h.plane._scheduler._group_of
        await h.until(lambda: environment.is_outdated)
        assert busy.id not in h.spawner.killed
        busy.frame(FrameType.RESULT, b"1", busy.invokes[0][0])
        assert (await call).payload == b"1"
        await h.until(lambda: busy.id in h.spawner.killed)

    _harness(run_plane, scenario, 0.1)


@pytest.mark.parametrize(("runtime", "made"), [("nodejs18.x", 2), ("python3.11", 1)])
def test_an_environment_whose_calls_add_up_in_memory_is_replaced_in_time(
    run_plane: RunPlane,
    make_spec: Make,
    make_invocation: Make,
    monkeypatch: pytest.MonkeyPatch,
    runtime: str,
    made: int,
) -> None:
    monkeypatch.setattr(environment, "MOST_CALLS", 3)

    async def scenario(h: Any) -> None:
        spec = make_spec(runtime=runtime)
        for _ in range(4):
            outcome = await h.plane.invoke(spec, make_invocation())
            assert not outcome.is_error
        assert len({stream for stream, text in h.logged if text.startswith("START")}) == made

    run_plane(scenario)
