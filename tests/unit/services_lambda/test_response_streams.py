"""Invocations whose answers are streamed have an end, whatever becomes of them or of who has asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.errors import InternalFailure
from lambent.execution.answer_stream import HIGH_BYTES
from lambent.services.lambda_.names import FunctionRef

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]


def test_a_fault_of_ours_is_an_end_too(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.plane.fault = RuntimeError("a fault of ours")
        async with asyncio.timeout(5):
            with pytest.raises(InternalFailure):
                await bench.call("InvokeWithResponseStream", FunctionName="f")
            ref = FunctionRef(bench.context("Invoke").scope, "f", "")
            with pytest.raises(InternalFailure):
                await bench.service._streams.open(ref, b"{}", "r", "")

    run(scenario)
    assert caplog.text.count("RuntimeError: a fault of ours") == 2


def test_a_fault_of_ours_ends_an_answer_that_has_begun(run: Run) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.plane.may_end.clear()
        running = watched(bench)
        asking = asyncio.create_task(bench.call("InvokeWithResponseStream", FunctionName="f"))
        stream = await running
        stream.begin(b"{}", lambda _: None)
        stream.feed(b"x")
        answer = await asking
        bench.plane.fault = RuntimeError("a fault of ours")
        bench.plane.may_end.set()
        async with asyncio.timeout(5):
            got = [event async for event in answer["EventStream"]]
        assert got[0] == {"PayloadChunk": {"Payload": b"x"}}
        assert [type(each) for each in got[1:]] == [InternalFailure]

    run(scenario)


@pytest.mark.parametrize("way", ["operation", "platform"])
def test_who_leaves_before_the_first_word_holds_the_function_back_no_more(
    run: Run, way: str
) -> None:
    async def scenario(bench: Any) -> None:
        await bench.create()
        bench.plane.may_end.clear()
        ref, running = FunctionRef(bench.context("Invoke").scope, "f", ""), watched(bench)
        asking = asyncio.create_task(
            bench.call("InvokeWithResponseStream", FunctionName="f")
            if way == "operation"
            else bench.service._streams.open(ref, b"{}", "r", "")
        )
        stream = await running
        asking.cancel()
        await asyncio.wait({asking})
        pauses: list[bool] = []
        stream.begin(b"{}", pauses.append)
        stream.feed(b"x" * (HIGH_BYTES + 1))
        assert True not in pauses
        bench.plane.may_end.set()

    run(scenario)


def watched(bench: Any) -> asyncio.Future[Any]:
    """The stream of the next invocation, when it runs."""
    found: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    invoke = bench.plane.invoke

    async def watching(spec: Any, invocation: Any) -> Any:
        found.set_result(invocation.stream)
        return await invoke(spec, invocation)

    bench.plane.invoke = watching
    return found
