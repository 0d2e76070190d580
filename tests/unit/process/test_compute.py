"""Compute processes: results, errors, limits, and what becomes of children that do not answer."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import select
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lambent.process.compute import NICENESS, Compute, ComputeDied, ComputeTimedOut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from types import ModuleType


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The functions that the children run, importable by the same name in both."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    yield importlib.import_module("compute_functions")
    sys.modules.pop("compute_functions")


@asynccontextmanager
async def computing(processes: int = 1, memory_mib: int = 1024) -> AsyncIterator[Compute]:
    compute = Compute(processes, memory_mib)
    try:
        yield compute
    finally:
        await compute.close()


async def read_pipe(path: Path) -> int:
    return int(await asyncio.to_thread(path.read_text))


async def has_ended(pid: int) -> bool:
    """Waits (10 s at most) until the process is gone; it need not be a child of ours."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended = select.poll()  # whatever its number: select() knows 1,024
    ended.register(descriptor, select.POLLIN)
    try:
        return bool(await asyncio.to_thread(ended.poll, 10_000))
    finally:
        os.close(descriptor)


def test_results_come_back_and_the_process_is_kept(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing() as compute:
            assert await compute.run(functions.add, 20, 22, timeout_s=10) == 42
            first = await compute.run(functions.pid, timeout_s=10)
            assert await compute.run(functions.pid, timeout_s=10) == first != os.getpid()
            data = os.urandom(3_000_000)
            assert await compute.run(functions.echo, data, timeout_s=10) == data

    asyncio.run(run())


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def test_no_process_is_started_before_it_is_needed() -> None:
    async def run() -> None:
        before = children()
        async with computing():
            assert children() == before

    asyncio.run(run())


def test_a_child_imports_only_what_it_is_asked_for(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing() as compute:
            loaded = await compute.run(functions.modules, timeout_s=10)
            ours = [name for name in loaded if name.startswith("lambent")]
            assert ours == [
                *("lambent", "lambent.core", "lambent.core.plain_log"),
                *("lambent.process", "lambent.process.compute_child", "lambent.process.priority"),
            ]
            assert not {"asyncio", "sqlalchemy", "site", "multiprocessing"} & set(loaded)

    asyncio.run(run())


def test_errors_travel_with_their_traceback(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing() as compute:
            with pytest.raises(functions.Refused) as refused:
                await compute.run(functions.refuse, timeout_s=10)
            assert (refused.value.kind, refused.value.args) == ("why", ("why", "because"))
            assert "compute_functions.py" in refused.value.__notes__[0]
            with pytest.raises(RuntimeError, match="Stubborn"):
                await compute.run(functions.be_stubborn, timeout_s=10)
            with pytest.raises(TypeError, match="pickle"):
                await compute.run(functions.answer_with_a_lock, timeout_s=10)
            assert await compute.run(functions.add, 1, 1, timeout_s=10) == 2

    asyncio.run(run())


def test_what_cannot_be_sent_is_the_callers_error_and_costs_no_process() -> None:
    async def run() -> None:
        async with computing() as compute:
            with pytest.raises(Exception, match=r"pickle|local object"):
                await compute.run(lambda: None, timeout_s=10)

    asyncio.run(run())


def test_a_call_over_its_time_is_killed_and_its_process_replaced(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing() as compute:
            pid = await compute.run(functions.pid, timeout_s=10)
            with pytest.raises(ComputeTimedOut, match=r"loop_for_ever took over 0\.05 s"):
                await compute.run(functions.loop_for_ever, timeout_s=0.05)
            assert await has_ended(pid)
            assert await compute.run(functions.pid, timeout_s=10) != pid

    asyncio.run(run())


def test_what_a_killed_child_started_is_killed_too(functions: ModuleType, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")

    async def run() -> None:
        async with computing() as compute:
            function = functions.start_a_child_then_wait
            call = asyncio.create_task(compute.run(function, str(tmp_path / "pid"), timeout_s=10))
            pid = await read_pipe(tmp_path / "pid")
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            assert await has_ended(pid)

    asyncio.run(run())


def test_a_child_that_dies_is_named_and_replaced(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing() as compute:
            with pytest.raises(ComputeDied, match=r"die: its process ended \(3\)"):
                await compute.run(functions.die, timeout_s=10)
            assert await compute.run(functions.add, 1, 1, timeout_s=10) == 2

    asyncio.run(run())


def test_a_child_killed_while_idle_is_replaced_unnoticed(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing() as compute:
            pid = await compute.run(functions.pid, timeout_s=10)
            os.kill(pid, signal.SIGKILL)
            assert await has_ended(pid)
            assert await compute.run(functions.pid, timeout_s=10) != pid

    asyncio.run(run())


def test_memory_is_limited(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing(memory_mib=128) as compute:
            assert await compute.run(functions.limits, timeout_s=10) == (
                128 << 20,
                0,
                max(os.nice(0), NICENESS),
            )
            with pytest.raises(MemoryError):
                await compute.run(functions.allocate, 150 << 20, timeout_s=10)
            with pytest.raises(MemoryError, match="compute processes"):
                await compute.run(functions.fill_the_memory, timeout_s=15)
            assert await compute.run(functions.allocate, 1 << 20, timeout_s=10) == 1 << 20

    asyncio.run(run())


def test_calls_beyond_the_number_of_processes_wait_their_turn(functions: ModuleType) -> None:
    async def run() -> None:
        async with computing(processes=2) as compute:
            calls = [compute.run(functions.pid, timeout_s=10) for _ in range(12)]
            assert len(set(await asyncio.gather(*calls))) <= 2

    asyncio.run(run())


def test_close_ends_busy_children_and_their_calls(functions: ModuleType, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pid")

    async def run() -> None:
        async with computing() as compute:
            call = compute.run(functions.signal_then_wait, str(tmp_path / "pid"), timeout_s=60)
            busy = asyncio.create_task(call)
            pid = await read_pipe(tmp_path / "pid")
            waiting = asyncio.create_task(compute.run(functions.pid, timeout_s=60))
            await compute.close()
            outcomes = await asyncio.gather(busy, waiting, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [ComputeDied, ComputeDied]
            with contextlib.suppress(ProcessLookupError):  # reaped already
                os.kill(pid, 0)
                pytest.fail("the child was not reaped")
            with pytest.raises(ComputeDied):
                await compute.run(functions.pid, timeout_s=1)

    asyncio.run(run())


def test_a_child_leaves_when_its_parent_is_gone(functions: ModuleType, tmp_path: Path) -> None:
    """The parent is killed, so that nothing of ours can tidy up."""
    parent = f"""
import asyncio, sys
sys.path[:] = {sys.path!r}
from lambent.process.compute import Compute
import compute_functions
async def main():
    print(await Compute().run(compute_functions.pid, timeout_s=10), flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""

    async def run() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        pid = int(await process.stdout.readline())
        process.kill()
        await process.wait()
        assert await has_ended(pid)

    asyncio.run(run())
