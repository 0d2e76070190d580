"""Where the time of a cold start goes: the plane on a real spawner, without HTTP, one start at a time.

    python -m benchmarks.cold_steps [--starts N] [--rest S] [--network none|internet]

Each start is a function version that was never called before, after a rest in which the pool is full again. Steps are
taken at core's end of the sandbox's sockets, and by the function itself (`import`, `handler`), on one clock; a step's
figure is the time since the one before. `outside` is what core does before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import statistics
import time
from typing import TYPE_CHECKING, Any

import uvloop

from benchmarks.bare_plane import bare_plane
from benchmarks.interpreters import python_runtime
from lambent.core.ids import request_id
from lambent.execution.channel import FrameChannel
from lambent.execution.frames import FrameType
from lambent.execution.sandbox_handle import SandboxHandle
from lambent.execution.spec import Invocation

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.execution.frames import Frame
    from lambent.execution.plane import ExecutionPlane
    from lambent.execution.spec import FunctionSpec

SOURCE = """
import time
imported = time.monotonic_ns()
def handler(event, context):
    return [imported, time.monotonic_ns()]
"""
STEPS = (
    "called", "bind asked", "bound", "import", "init done", "invoked", "handler", "answer", "resolved",
)  # fmt: skip


class Marks:
    """When each step of the current start happened, in nanoseconds."""

    def __init__(self) -> None:
        self.at: dict[str, int] = {}

    def note(self, step: str) -> None:
        self.at.setdefault(step, time.monotonic_ns())

    def watch(self) -> None:
        """Hook into every sandbox that core holds from now on."""
        bind, send, opened = SandboxHandle.bind, FrameChannel.send, SandboxHandle.open

        def marked_bind(handle: SandboxHandle, *given: Any, **named: Any) -> None:
            self.note("bind asked")
            bind(handle, *given, **named)

        def marked_send(channel: FrameChannel, head: bytes, payload: bytes = b"") -> None:
            step = {FrameType.ASSIGN: "bound", FrameType.INVOKE: "invoked"}.get(FrameType(head[4]))
            if step:
                self.note(step)
            send(channel, head, payload)

        def marked_open(
            handle: SandboxHandle,
            event: dict[str, Any],
            descriptors: list[int],
            on_frame: Callable[[Frame], None],
            on_end: Callable[[str], None],
            on_exit: Callable[[int], None],
        ) -> None:
            def marked_frame(frame: Frame) -> None:
                step = {FrameType.INIT_DONE: "init done", FrameType.RESULT: "answer"}
                if frame.type in step:
                    self.note(step[FrameType(frame.type)])
                on_frame(frame)

            opened(handle, event, descriptors, marked_frame, on_end, on_exit)

        handles: Any = SandboxHandle
        handles.bind, handles.open = marked_bind, marked_open
        channels: Any = FrameChannel
        channels.send = marked_send


async def _one(plane: ExecutionPlane, spec: FunctionSpec, marks: Marks) -> dict[str, float]:
    """Milliseconds from each step to the next, and in all."""
    marks.at = {}
    invocation = Invocation(request_id(), b"{}", spec.function_arn)
    marks.note("called")
    outcome = await plane.invoke(spec, invocation)
    marks.note("resolved")
    assert outcome.init_ms is not None, "not a cold start"
    marks.at["import"], marks.at["handler"] = json.loads(outcome.payload)
    plane.retire(spec.key)
    moments = [marks.at[step] for step in STEPS]
    parts = zip(STEPS[1:], moments[:-1], moments[1:], strict=True)
    taken = {step: (after - before) / 1e6 for step, before, after in parts}
    return taken | {"INIT": outcome.init_ms, "all": (moments[-1] - moments[0]) / 1e6}


async def _measure(starts: int, rest_s: float, network: str) -> list[dict[str, float]]:
    marks = Marks()
    marks.watch()
    async with bare_plane(network) as bare:
        plane = bare.plane
        files = {"app.py": SOURCE.encode()}
        spec = await bare.function("f", python_runtime(), files, "app.handler", 1769)
        plane.prewarm(spec.runtime)
        figures = []
        for number in range(starts):
            await asyncio.sleep(rest_s)
            figures.append(await _one(plane, dataclasses.replace(spec, key=f"f:{number}"), marks))
        return figures


def main() -> None:
    parser = argparse.ArgumentParser("benchmarks.cold_steps")
    parser.add_argument("--starts", type=int, default=60)
    parser.add_argument("--rest", type=float, default=0.1, help="seconds before each start")
    parser.add_argument("--network", choices=["none", "internet"], default="none")
    options = parser.parse_args()
    figures = uvloop.run(_measure(options.starts, options.rest, options.network))
    print(f"{'ms':12} {'median':>8} {'quarter':>8} {'best':>8}")
    for step in figures[0]:
        values = [each[step] for each in figures]
        quarter, median, _ = statistics.quantiles(values, n=4)
        print(f"{step:12} {median:8.3f} {quarter:8.3f} {min(values):8.3f}")


if __name__ == "__main__":
    main()
