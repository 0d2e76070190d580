"""After hundreds of mixed failures nothing is there that was not there before.

Processes are told by the uids of this platform's sandboxes and by the data directory on their command line, control
groups and images by the data directory, so that other platforms on this machine do not matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.clock import SystemClock
from lambent.core.ids import request_id
from lambent.execution.plane import ExecutionPlane
from lambent.execution.runtimes.discovery import discover
from lambent.execution.runtimes.table import Runtimes
from lambent.execution.spawner.start import Outside, start_spawner
from lambent.execution.spec import (
    SNAP_START,
    FunctionSpec,
    Invocation,
    RestoreFailed,
    SandboxFailed,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(400)]
CALLS = 1000
AT_ONCE = 8
SOURCE = """
import os, signal, subprocess, sys, threading, time
def fill(event):
    with open("/tmp/file", "wb") as file:
        file.write(bytes(20 << 20))
def orphan(event):
    subprocess.Popen(["sleep", "1000"], start_new_session=True)
def orphan_and_leave(event):
    orphan(event)
    os._exit(3)
DEEDS = {
    "answer": lambda event: event,
    "raise": lambda event: 1 / 0,
    "leave": lambda event: os._exit(3),
    "kill": lambda event: os.kill(os.getpid(), 9),
    "out of memory": lambda event: bytearray(400 << 20),
    "time out": lambda event: time.sleep(60),
    "fill": fill,
    "orphan": orphan,
    "orphan and leave": orphan_and_leave,
    "thread": lambda event: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start(),
}
def handler(event, context):
    DEEDS[event](event)
    return event
"""
DEEDS = (
    *("answer", "raise", "leave", "kill", "out of memory", "fill", "orphan", "orphan and leave"),
    "thread",
)
BREAKS_INIT = "import os\nos._exit(4)"


@dataclass
class Traces:
    """What a platform on this data directory may leave."""

    data_dir: Path
    uids: range = range(0)
    networks: set[str] = field(default_factory=set)

    def left(self) -> dict[str, list[str]]:
        group = "lambent-" + hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        backing = Path("/sys/block").glob("loop*/loop/backing_file")
        found = {
            "processes": [str(pid) for pid in _pids() if self._is_ours(pid)],
            "groups": [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{group}")],
            "images": [str(path) for path in backing if str(self.data_dir) in _text(path)],
            "mounts": [
                line
                for line in _text(Path("/proc/self/mountinfo")).splitlines()
                if str(self.data_dir) in line
            ],
            "networks": sorted(self.networks & {_network(pid) for pid in self._suspects()}),
        }
        return {kind: things for kind, things in found.items() if things}

    def note_networks(self) -> None:
        self.networks |= {_network(pid) for pid in _pids() if self._uid(pid) in self.uids}
        self.networks.discard("")

    def _suspects(self) -> list[int]:
        """Who could hold a namespace of ours. The kernel numbers new ones as ended ones: sandboxes of other platforms
        have those numbers soon.
        """
        return [pid for pid in _pids() if self._uid(pid) in (os.getuid(), *self.uids)]

    def _is_ours(self, pid: int) -> bool:
        return self._uid(pid) in self.uids or str(self.data_dir) in _text(
            Path(f"/proc/{pid}/cmdline")
        )

    def _uid(self, pid: int) -> int:
        try:
            return Path(f"/proc/{pid}").stat().st_uid
        except OSError:
            return -1


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _open_descriptors() -> frozenset[tuple[str, str]]:
    """Number and what is behind it: other tests' platforms in this process close theirs as time goes by."""
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found.add((entry.name, str(entry.readlink())))
    return frozenset(each for each in found if not each[1].startswith("/proc/"))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _network(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/ns/net").readlink())
    except OSError:
        return ""


class Storm:
    """Calls and kills, from one seed."""

    def __init__(self, data_dir: Path, runtimes: dict[str, Any], traces: Traces) -> None:
        self._data_dir = data_dir
        self._runtimes = runtimes
        self._traces = traces
        self._random = random.Random(3)
        self.process, sock = self._start()
        self.plane = ExecutionPlane(
            spawner=sock,
            runtimes=Runtimes(runtimes),
            clock=SystemClock(),
            open_sink=lambda *_: lambda _: None,
        )
        self.ends: dict[str, int] = {}

    def _start(self) -> Any:
        return start_spawner(
            str(self._data_dir), "require", os.getuid(), self._runtimes, Outside("platform")
        )

    async def function(self, source: str, **changes: Any) -> FunctionSpec:
        name = request_id()
        staged = self._data_dir / "code" / "staging" / name
        staged.mkdir()
        (staged / "app.py").write_text(source)
        values: dict[str, Any] = {
            "key": name,
            "runtime": "python3.11",
            "handler": "app.handler",
            "code": await self.plane.seal(name),
            "memory_mib": 128,
            "timeout_s": 30,
            "function_name": "f",
            "function_version": "$LATEST",
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "region": "eu-west-1",
            "log_group": "/aws/lambda/f",
        }
        return FunctionSpec(**{**values, **changes})

    async def call(self, spec: FunctionSpec, deed: str) -> None:
        invocation = Invocation(request_id(), json.dumps(deed).encode(), spec.function_arn)
        try:
            outcome = await self.plane.invoke(spec, invocation)
        except (SandboxFailed, RestoreFailed):
            end = "platform"
        else:
            end = json.loads(outcome.payload)["errorType"] if outcome.is_error else "answer"
        self.ends[end] = self.ends.get(end, 0) + 1

    async def run(self, calls: int) -> None:
        specs = [await self.function(SOURCE) for _ in range(3)]
        specs.append(await self.function(SOURCE, initialization=SNAP_START))
        broken = await self.function(BREAKS_INIT)
        late = await self.function(SOURCE, timeout_s=1)
        late_calls = [asyncio.create_task(self.call(late, "time out")) for _ in range(6)]
        for number in range(0, calls, AT_ONCE):
            batch = [
                self.call(self._random.choice(specs), self._random.choice(DEEDS))
                for _ in range(AT_ONCE - 1)
            ]
            running = asyncio.gather(*batch, self.call(broken, "answer"))
            await self._break(number // AT_ONCE)
            await running
            self._traces.note_networks()
        await asyncio.gather(*late_calls)

    async def _break(self, turn: int) -> None:
        """Kill something from outside while calls run."""
        if turn % 20 == 19:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)
            self.process, sock = self._start()
            await self.plane.replace_spawner(sock)
        elif turn % 5 == 4:
            spawner = (await self.plane.describe())["spawner"]
            for zygote in spawner.get("zygotes", []):
                _kill(zygote["pid"])
        elif turn % 2:
            inside = [pid for pid in _pids() if self._traces._uid(pid) in self._traces.uids]
            if inside:
                _kill(self._random.choice(inside))


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        if pid:
            os.kill(pid, signal.SIGKILL)


async def _until(condition: Callable[[], bool], step: Callable[[], Awaitable[object]]) -> None:
    while not condition():
        await step()


def test_mixed_failures_leave_nothing_behind(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    traces = Traces(tmp_path)

    async def scenario() -> None:
        descriptors = await _settled(_open_descriptors)
        storm = Storm(tmp_path, discover(), traces)
        await storm.plane.start()
        first, last = (await storm.plane.describe())["spawner"]["uid_range"]
        traces.uids = range(first, last + 1)
        await storm.run(CALLS)
        assert sum(storm.ends.values()) == CALLS + 6
        wanted = {"answer", "ZeroDivisionError", "Runtime.ExitError", "Runtime.OutOfMemory"}
        assert wanted | {"Sandbox.Timedout"} <= storm.ends.keys(), storm.ends
        assert storm.plane._concurrency.running == 0
        assert traces.networks
        # It still works, and what is idle is all there is.
        spec = await storm.function(SOURCE)
        await _until(lambda: bool(storm.ends.get("last")), lambda: _last(storm, spec))
        await storm.plane.stop()
        await asyncio.to_thread(storm.process.wait, 30)
        # The kernel takes a namespace or a loop device away a moment after its last user.
        await _until(lambda: not traces.left(), lambda: asyncio.sleep(0))
        assert _open_descriptors() - descriptors == frozenset()

    asyncio.run(asyncio.wait_for(scenario(), 360))
    assert traces.left() == {}


async def _settled(
    count: Callable[[], frozenset[tuple[str, str]]],
) -> frozenset[tuple[str, str]]:
    """What is found once it has stood still for a second: other tests' platforms may live in this process, and make
    or end a sandbox after their last call.
    """
    still, before = 0, count()
    while still < 10:
        await asyncio.sleep(0.1)
        now = count()
        still, before = (still + 1 if now == before else 0), now
    return before


async def _last(storm: Storm, spec: FunctionSpec) -> None:
    before = storm.ends.get("answer", 0)
    await storm.call(spec, "answer")
    storm.ends["last"] = storm.ends.get("answer", 0) - before
