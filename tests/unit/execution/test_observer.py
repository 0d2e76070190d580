"""Who is told of invocations, and of which."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lambent.execution.spec import Observers, Throttled

if TYPE_CHECKING:
    from lambent.execution.spec import FunctionSpec, Invocation, Outcome

RunPlane = Any  # the fixtures of conftest.py, which cannot be imported from here
Make = Any


class Seen:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.ends: list[tuple[str, str, bytes]] = []
        self.throttles: list[str] = []
        self.answered: list[str] = []

    def answers(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        assert now_ms > 0
        self.answered.append(invocation.request_id)

    def ended(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        assert now_ms > 0
        assert self.answered[-1] == invocation.request_id
        self.ends.append((spec.key, invocation.request_id, outcome.payload))

    def throttled(self, spec: FunctionSpec, invocation: Invocation, now_ms: int) -> None:
        assert now_ms > 0
        self.throttles.append(invocation.request_id)


def test_every_observer_is_told_of_ends_and_of_calls_that_are_turned_away(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    one, other = Seen(), Seen()

    async def scenario(h: Any) -> None:
        spec = make_spec()
        calls = [make_invocation(), make_invocation(), make_invocation()]
        await h.plane.invoke(spec, calls[0])  # cold
        await h.plane.invoke(spec, calls[1])  # warm
        h.plane.reserve(spec.function_arn, spec.account_id, 0)
        with pytest.raises(Throttled):
            await h.plane.invoke(spec, calls[2])
        assert one.ends == [(spec.key, call.request_id, b'{"a":1}') for call in calls[:2]]
        assert one.throttles == [calls[2].request_id]
        assert (other.ends, other.throttles) == (one.ends, one.throttles)

    told = Observers(
        answers=[one.answers, other.answers],
        ended=[one.ended, other.ended],
        throttled=[one.throttled, other.throttled],
    )
    run_plane(scenario, observer=told)


def test_compiling_a_function_is_nobodys_invocation(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    seen = Seen()

    async def scenario(h: Any) -> None:
        spec = make_spec(key="compilation/1", compiles=True)
        await h.plane.invoke(spec, make_invocation())
        h.plane.reserve(spec.function_arn, spec.account_id, 0)
        with pytest.raises(Throttled):
            await h.plane.invoke(spec, make_invocation())
        assert (seen.ends, seen.throttles) == ([], [])

    run_plane(scenario, observer=seen)


def test_who_does_not_want_the_log_is_told_before_it_is_written_and_after_the_bill(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    seen = Seen()

    async def scenario(h: Any) -> None:
        spec = make_spec()
        await h.plane.invoke(spec, make_invocation())  # so that one is idle
        told: list[tuple[bool, bool, bytes]] = []
        for wants_log in (False, True):
            call = make_invocation(wants_log=wants_log)
            over = asyncio.Event()

            def done(outcome: Any, call: Any = call, over: asyncio.Event = over) -> None:
                is_counted = call.request_id in {request_id for _, request_id, _ in seen.ends}
                told.append((call.request_id in seen.answered, is_counted, outcome.log))
                over.set()

            assert h.plane.invoke_warm(spec, call, done)
            await over.wait()
            assert seen.ends[-1][1] == call.request_id
            last = h.texts()[-1]
            assert last.startswith(f"REPORT RequestId: {call.request_id}")
        assert told[0] == (True, False, b"")
        assert told[1][:2] == (True, True)
        assert b"REPORT RequestId" in told[1][2]

    run_plane(scenario, observer=seen)


def test_a_caller_that_fails_at_its_answer_keeps_no_environment(
    run_plane: RunPlane, make_spec: Make, make_invocation: Make
) -> None:
    async def scenario(h: Any) -> None:
        spec = make_spec()
        await h.plane.invoke(spec, make_invocation())
        raised: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: raised.append(what))
        for wants_log in (False, True):
            call = make_invocation(wants_log=wants_log)

            def done(_: object) -> None:
                raise LookupError

            assert h.plane.invoke_warm(spec, call, done)
            await h.until(lambda: raised)
            assert type(raised.pop()["exception"]) is LookupError
            assert h.texts()[-1].startswith(f"REPORT RequestId: {call.request_id}")
            assert (await h.plane.describe())["environments"] == {spec.key: {"idle": 1, "busy": 0}}

    run_plane(scenario)
