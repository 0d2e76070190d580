"""The plane on the real spawner: real sandboxes, real interpreters."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import re
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import is_readable

from lambent.core.clock import SystemClock
from lambent.core.ids import request_id
from lambent.execution.plane import ExecutionPlane
from lambent.execution.runtimes.discovery import discover
from lambent.execution.runtimes.table import Runtimes
from lambent.execution.spawner.start import start_spawner
from lambent.execution.spec import FunctionSpec, Invocation, Outcome, SandboxFailed
from lambent.execution.states import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(90)]
NODE = "nodejs20.x"
PYTHON = "python3.11"


@dataclass
class Platform:
    """A plane on a spawner of its own."""

    plane: ExecutionPlane
    data_dir: Path
    process: Any
    runtimes: dict[str, Any]
    logged: list[str] = field(default_factory=list)

    async def function(self, runtime: str, source: str, **changes: Any) -> FunctionSpec:
        """Seal a one-file function and return its spec."""
        name = request_id()
        staged = self.data_dir / "code" / "staging" / name
        staged.mkdir()
        (staged / ("app.py" if runtime.startswith("python") else "app.js")).write_text(source)
        values: dict[str, Any] = {
            "key": name,
            "runtime": runtime,
            "handler": "app.handler",
            "code": await self.plane.seal(name),
            "memory_mib": 128,
            "timeout_s": 10,
            "function_name": "f",
            "function_version": "$LATEST",
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "region": "eu-west-1",
            "log_group": "/aws/lambda/f",
        }
        return FunctionSpec(**{**values, **changes})

    async def call(self, spec: FunctionSpec, event: object = None) -> Outcome:
        payload = json.dumps(event).encode()
        return await self.plane.invoke(spec, Invocation(request_id(), payload, spec.function_arn))

    async def replace_spawner(self) -> None:
        self.process, sock = start_spawner(
            str(self.data_dir), "require", os.getuid(), self.runtimes
        )
        await self.plane.replace_spawner(sock)


@contextlib.asynccontextmanager
async def platform(data_dir: Path, runtimes: dict[str, Any]) -> AsyncIterator[Platform]:
    process, sock = start_spawner(str(data_dir), "require", os.getuid(), runtimes)
    logged: list[str] = []
    plane = ExecutionPlane(
        spawner=sock,
        runtimes=Runtimes(runtimes),
        clock=SystemClock(),
        open_sink=lambda *_: lambda events: logged.extend(text for _, text in events),
    )
    await plane.start()
    await plane.describe()  # the spawner has made its directories
    made = Platform(plane, data_dir, process, runtimes, logged)
    try:
        yield made
    finally:
        await plane.stop()
        # Left by itself: its end of the socket is closed.
        await asyncio.to_thread(made.process.wait, 30)


@pytest.fixture(scope="module")
def runtimes() -> dict[str, Any]:
    return discover()


Run = Any


@pytest.fixture
def run(tmp_path: Path, runtimes: dict[str, Any]) -> Callable[[Any], None]:
    tmp_path.chmod(0o755)

    def runner(scenario: Callable[[Platform], Awaitable[None]]) -> None:
        async def main() -> None:
            async with platform(tmp_path, runtimes) as made:
                await asyncio.wait_for(scenario(made), 60)

        asyncio.run(main())

    return runner


HELLO = {
    PYTHON: "def handler(event, context):\n    print('hello', event)\n    return {'got': event}\n",
    NODE: "exports.handler = async (event) => { console.log('hello', event); return {got: event} }",
}


@pytest.mark.parametrize("runtime", [PYTHON, NODE])
def test_a_function_answers_cold_and_warm(run: Run, runtime: str) -> None:
    async def scenario(p: Platform) -> None:
        spec = await p.function(runtime, HELLO[runtime])
        cold = await p.call(spec, {"a": 1})
        warm = await p.call(spec, "é")
        assert json.loads(cold.payload) == {"got": {"a": 1}}
        assert json.loads(warm.payload) == {"got": "é"}
        assert cold.init_ms is not None
        assert warm.init_ms is None
        lines = cold.log.decode().splitlines()
        assert [line.split(" ")[0].split(":")[0] for line in (lines[0], *lines[-2:])] == [
            "START",
            "END",
            "REPORT",
        ]
        assert "hello" in lines[1]
        peak = re.search(r"Max Memory Used: (\d+) MB", lines[-1])
        assert peak is not None
        assert 1 <= int(peak[1]) <= 128

    run(scenario)


# As axios asks underneath. Nothing leads to the address (TEST-NET-1), and the error's code is the kernel's.
GET = """
const https = require('https');
const get = () => new Promise((resolve, reject) => https.get('https://192.0.2.1/', resolve).on('error', reject));
"""


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("async () => { await get(); }", "Error: connect ENETUNREACH"),
        ("async () => { try { await get(); } catch (error) { throw error; } }", "Error: connect E"),
        ("(event, context, callback) => { get().then(callback, callback); }", "Error: connect E"),
        (
            "async () => { try { await get(); } catch (error) { return error.code; } }",
            "ENETUNREACH",
        ),
        ("async () => { get().catch(() => {}); return 'sent'; }", "sent"),
    ],
)
def test_a_request_that_cannot_leave_is_the_functions_own_error(
    run: Run, handler: str, expected: str
) -> None:
    async def scenario(p: Platform) -> None:
        spec = await p.function(NODE, f"{GET}exports.handler = {handler};")
        for _ in range(2):
            outcome = await p.call(spec, {})
            found = json.loads(outcome.payload)
            shown = f"{found['errorType']}: {found['errorMessage']}" if outcome.is_error else found
            assert shown.startswith(expected)
            assert outcome.is_error == ("connect" in expected)

    run(scenario)


@pytest.mark.parametrize(
    ("runtime", "source", "error_type", "text"),
    [
        (PYTHON, "def handler(e, c):\n    raise ValueError('boom')", "ValueError", "boom"),
        (NODE, "exports.handler = async () => { throw new RangeError('boom') }", "RangeError", "boom"),
        (PYTHON, "import nope", "Runtime.ImportModuleError", "nope"),
        (NODE, "require('nope')", "Runtime.ImportModuleError", "nope"),
        (PYTHON, "x = 1", "Runtime.HandlerNotFound", "handler"),
        (NODE, "exports.x = 1", "Runtime.HandlerNotFound", "app.handler is undefined"),
        (PYTHON, "import os\ndef handler(e, c):\n    os._exit(127)", "Runtime.ExitError", "exit status 127"),
        (NODE, "exports.handler = () => process.exit(127)", "Runtime.ExitError", "exit status 127"),
        (PYTHON, "import os\ndef handler(e, c):\n    os._exit(0)", "Runtime.ExitError",
         "Runtime exited without providing a reason"),
        (PYTHON, "import os\nos._exit(3)", "Runtime.ExitError", "exit status 3"),
        (PYTHON, "def handler(e, c):\n    x = bytearray(400 << 20)", "Runtime.OutOfMemory",
         "Runtime exited with error: signal: killed"),
        (NODE, "exports.handler = async () => { const a = []; for (;;) a.push(Buffer.alloc(1 << 20, 1)) }",
         "Runtime.OutOfMemory", "Runtime exited with error: signal: killed"),
    ],
)  # fmt: skip
def test_a_function_fails_and_is_served_again(
    run: Run, runtime: str, source: str, error_type: str, text: str
) -> None:
    async def scenario(p: Platform) -> None:
        spec = await p.function(runtime, source)
        for _ in range(2):
            outcome = await p.call(spec)
            error = json.loads(outcome.payload)
            assert outcome.is_error
            assert error["errorType"] == error_type, (error, p.logged)
            assert text in error["errorMessage"]

    run(scenario)


@pytest.mark.parametrize(
    ("runtime", "source"),
    [
        (PYTHON, "import time\ndef handler(e, c):\n    print('in')\n    time.sleep(60)"),
        (NODE, "exports.handler = () => { console.log('in'); for (;;); }"),
    ],
)
def test_a_function_over_its_timeout_is_killed(run: Run, runtime: str, source: str) -> None:
    async def scenario(p: Platform) -> None:
        spec = await p.function(runtime, source, timeout_s=1)
        outcome = await p.call(spec)
        error = json.loads(outcome.payload)
        assert error["errorType"] == "Sandbox.Timedout"
        assert re.fullmatch(
            r"RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds",
            error["errorMessage"],
        )
        assert "in\n" in outcome.log.decode()

    run(scenario)


def test_a_busy_function_is_throttled_to_its_share(run: Run) -> None:
    source = (
        "import time\ndef handler(e, c):\n    end = time.monotonic() + 1\n"
        "    while time.monotonic() < end: pass"
    )

    async def scenario(p: Platform) -> None:
        spec = await p.function(PYTHON, source)
        await p.call(spec)
        (environment,) = p.plane._scheduler._groups[spec.key].idle
        group = group_of(environment, "cpu.stat")
        assert (group / "cpu.cfs_quota_us").read_text() == "10000\n"
        stat = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
        assert int(stat["nr_throttled"]) > 0

    run(scenario)


TICKING = {
    PYTHON: "import threading, time\nn = 0\ndef tick():\n    global n\n    while True:\n"
    "        time.sleep(0.001)\n        n += 1\n"
    "threading.Thread(target=tick, daemon=True).start()\ndef handler(e, c):\n    return n",
    NODE: "let n = 0\nsetInterval(() => { n += 1 }, 1)\n"
    "exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; done(null, n) }",
}


@pytest.mark.parametrize("runtime", [PYTHON, NODE])
def test_background_work_stops_while_nobody_calls_and_goes_on_then(run: Run, runtime: str) -> None:
    async def scenario(p: Platform) -> None:
        spec = await p.function(runtime, TICKING[runtime])
        await p.call(spec)
        (environment,) = p.plane._scheduler._groups[spec.key].idle
        while environment.state is not State.FROZEN:  # noqa: ASYNC110 - nothing to hook on
            await asyncio.sleep(0)
        while any(state != "T" for state, *_ in inside(environment)):
            await p.plane.describe()  # a signal takes a moment to act
        used = inside(environment)
        for _ in range(20):
            await p.plane.describe()
        assert inside(environment) == used
        first = json.loads((await p.call(spec)).payload)
        while json.loads((await p.call(spec)).payload) == first:
            pass

    run(scenario)


def group_of(environment: Any, file: str) -> Path:
    """The control group of an environment that has this file."""
    return next(Path("/sys/fs/cgroup").glob(f"*/lambent-*/{environment.id}/{file}")).parent


def inside(environment: Any) -> list[list[str]]:
    """State and CPU ticks of every process in the sandbox but the first."""
    group = group_of(environment, "cgroup.procs")
    pids = sorted(int(pid) for pid in (group / "cgroup.procs").read_text().split())
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split() for pid in pids[1:]]
    return [[stat[0], *stat[11:13]] for stat in stats]


@pytest.mark.parametrize("runtime", [PYTHON, NODE])
def test_calls_at_one_time_do_not_share_an_environment(run: Run, runtime: str) -> None:
    source = {
        PYTHON: "import time\nn = 0\ndef handler(e, c):\n    global n\n    n += 1\n"
        "    begun = time.time()\n    time.sleep(0.3)\n"
        "    return [c.log_stream_name, n, begun, time.time()]",
        NODE: "let n = 0\nexports.handler = (e, c, done) => { n += 1; const own = n, begun = Date.now() / 1000;"
        " setTimeout(() => done(null, [c.logStreamName, own, begun, Date.now() / 1000]), 300) }",
    }[runtime]

    async def scenario(p: Platform) -> None:
        spec = await p.function(runtime, source)
        outcomes = await asyncio.gather(*(p.call(spec) for _ in range(4)))
        answers = sorted(json.loads(outcome.payload) for outcome in outcomes)
        # One that waits for a sandbox may have an environment that another one is done with, and counts on in it.
        for before, after in itertools.pairwise(answers):
            if before[0] == after[0]:
                assert after[1] == before[1] + 1
                assert after[2] >= before[3]
        assert len({answer[0] for answer in answers}) > 1
        again = json.loads((await p.call(spec)).payload)
        assert again[0] in {answer[0] for answer in answers}
        assert again[1] >= 2

    run(scenario)


@pytest.mark.parametrize("runtime", [PYTHON, NODE])
def test_six_megabytes_go_in_and_out(run: Run, runtime: str) -> None:
    source = {
        PYTHON: "def handler(e, c):\n    return e",
        NODE: "exports.handler = async (e) => e",
    }[runtime]

    async def scenario(p: Platform) -> None:
        spec = await p.function(runtime, source, memory_mib=512)
        event = "x" * 6_000_000
        outcome = await p.call(spec, event)
        assert json.loads(outcome.payload) == event

    run(scenario)


def test_a_killed_spawner_is_replaced_and_the_plane_heals(run: Run) -> None:
    async def scenario(p: Platform) -> None:
        spec = await p.function(PYTHON, "import time\ndef handler(e, c):\n    time.sleep(e or 0)")
        await p.call(spec)
        running = asyncio.create_task(p.call(spec, 30))
        while not p.plane._concurrency.running:  # noqa: ASYNC110 - nothing to hook on
            await asyncio.sleep(0)
        p.process.send_signal(signal.SIGKILL)
        await asyncio.to_thread(p.process.wait)
        with pytest.raises(SandboxFailed):
            await running
        waiting = asyncio.create_task(p.call(spec))
        await p.replace_spawner()
        assert (await waiting).payload == b"null"
        assert p.plane._concurrency.running == 0

    run(scenario)


def with_descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in with_descendants(int(child)))]


def test_calls_wait_for_the_next_zygote_when_one_is_killed(run: Run) -> None:
    async def scenario(p: Platform) -> None:
        spec = await p.function(PYTHON, "def handler(e, c):\n    return e")
        for number in range(3):
            await p.call(spec)
            (zygote,) = (await p.plane.describe())["spawner"]["zygotes"]
            ending = [os.pidfd_open(pid) for pid in with_descendants(zygote["pid"])]
            os.kill(zygote["pid"], signal.SIGKILL)
            for descriptor in ending:
                is_readable(descriptor, 60)
                os.close(descriptor)
            # A call that meets one of its sandboxes before their end is known fails with it.
            while zygote in (await p.plane.describe())["spawner"]["zygotes"]:
                pass
            p.plane.retire(spec.key)
            calls = [p.call(spec, [number, call]) for call in range(6)]
            answers = [json.loads(outcome.payload) for outcome in await asyncio.gather(*calls)]
            assert answers == [[number, call] for call in range(6)]
            assert p.plane._concurrency.running == 0

    run(scenario)


def test_every_runtime_that_discovery_found_exactly_serves(
    run: Run, runtimes: dict[str, Any]
) -> None:
    async def scenario(p: Platform) -> None:
        for name, found in runtimes.items():
            if found["exact"] and found["language"] in ("python", "node"):
                spec = await p.function(name, HELLO[PYTHON if "python" in name else NODE])
                outcome = await p.call(spec, name)
                assert json.loads(outcome.payload) == {"got": name}, (name, outcome)

    run(scenario)
