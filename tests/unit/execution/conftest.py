"""A spawner and sandboxes made of sockets in this process: they speak the protocol and do what a test tells them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.clock import SystemClock
from lambent.core.ids import request_id
from lambent.execution.frames import HEADER, FrameType
from lambent.execution.plane import ExecutionPlane
from lambent.execution.runtimes.table import Runtimes
from lambent.execution.spec import FunctionSpec, Invocation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from lambent.execution.log_stream import LogSink

DISCOVERED = {
    name: {
        "language": "python",
        "interpreter": "/usr/bin/python3.11",
        "version": "3.11.2",
        "exact": name == "python3.11",
        "prefixes": [],
    }
    for name in ("python3.11", "python3.12")
}
DISCOVERED["nodejs18.x"] = {
    "language": "node",
    "interpreter": "/usr/bin/node",
    "version": "18.20.4",
    "exact": True,
    "prefixes": [],
}


class FakeSandbox:
    """The inner end of a sandbox. Behaviour: `on_assign` and `on_invoke`, which a test replaces."""

    def __init__(self, spawner: FakeSpawner, sandbox: str) -> None:
        self.id = sandbox
        self.spawner = spawner
        self.assigned: dict[str, Any] = {}
        self.invokes: list[tuple[bytes, int, dict[str, Any], bytes]] = []
        self.socket, self.core_socket = socket.socketpair()
        self.log_read, self.log = os.pipe()
        self.peak = os.memfd_create("peak")
        os.write(self.peak, b"41943040\n")
        self._buffer = b""
        self.socket.setblocking(False)
        self.is_open = True
        spawner.loop.add_reader(self.socket, self._readable)

    def frame(self, kind: int, payload: bytes = b"", request: bytes = bytes(16)) -> None:
        self.socket.setblocking(True)
        with contextlib.suppress(OSError):
            self.socket.sendall(HEADER.pack(len(payload), kind, request, 0) + payload)
        self.socket.setblocking(False)

    def bound(self, frame: bytes) -> None:
        """The spawner's frame, which follows what core has sent before."""
        self._readable()
        kind = HEADER.unpack_from(frame)[1]
        if kind == FrameType.ASSIGN:  # of a runtime that is told everything when the code is there
            self._frame(kind, bytes(16), 0, frame[HEADER.size :])
        else:
            assert kind == FrameType.BOUND
        self._frame(FrameType.BOUND, bytes(16), 0, b"")

    def say(self, text: str) -> None:
        os.write(self.log, text.encode())

    def exit(self, status: int, *, oom: bool = False, peak_bytes: int = 0) -> None:
        """End as a process does: the socket closes, the spawner says how."""
        self.close()
        self.spawner.tell(
            {
                "event": "exited",
                "sandbox": self.id,
                "status": status,
                "oom": oom,
                "peak_bytes": peak_bytes,
            }
        )

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            self.spawner.loop.remove_reader(self.socket)
            self.socket.close()
            os.close(self.log)

    def _readable(self) -> None:
        try:
            data = self.socket.recv(1 << 20)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.spawner.loop.remove_reader(self.socket)
            return
        self._buffer += data
        while self.is_open and len(self._buffer) >= HEADER.size:
            length, kind, request, deadline = HEADER.unpack_from(self._buffer)
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload, self._buffer = self._buffer[HEADER.size : end], self._buffer[end:]
            self._frame(kind, request, deadline, payload)

    def _frame(self, kind: int, request: bytes, deadline: int, payload: bytes) -> None:
        if kind == FrameType.ASSIGN:
            self.assigned = json.loads(payload)
        elif kind == FrameType.BOUND:
            self.spawner.on_assign(self)
        else:
            assert kind == FrameType.INVOKE
            (length,) = struct.unpack_from("<H", payload)
            metadata = json.loads(payload[2 : 2 + length] or b"{}")
            self.invokes.append((request, deadline, metadata, payload[2 + length :]))
            self.spawner.on_invoke(self, request, payload[2 + length :])


def init_well(sandbox: FakeSandbox) -> None:
    sandbox.frame(FrameType.INIT_DONE)


def echo(sandbox: FakeSandbox, request: bytes, event: bytes) -> None:
    sandbox.frame(FrameType.RESULT, event, request)


class FakeSpawner:
    """The spawner's end of the link."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.core_end, self._socket = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self.sandboxes: dict[str, FakeSandbox] = {}
        self.requests: list[dict[str, Any]] = []
        self.killed: set[str] = set()
        self.on_assign: Callable[[FakeSandbox], None] = init_well
        self.on_invoke: Callable[[FakeSandbox, bytes, bytes], None] = echo
        self.create_fails = ""
        self.assign_fails = ""
        self.answers_seals = True
        self.fails_for_good = False
        self.holds_ready = False
        self.forgets_assigned = False
        self.loop.add_reader(self._socket, self._readable)
        self._is_open = True

    def tell(self, event: dict[str, Any], descriptors: list[int] | None = None) -> None:
        if self._is_open:
            fds = array("i", descriptors or [])
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if fds else []
            self._socket.sendmsg([json.dumps(event).encode()], rights)

    def close(self) -> None:
        """The spawner dies, and all its sandboxes with it."""
        if self._is_open:
            self._is_open = False
            self.loop.remove_reader(self._socket)
            self._socket.close()
            for sandbox in self.sandboxes.values():
                sandbox.close()

    def ops(self, name: str) -> list[dict[str, Any]]:
        return [request for request in self.requests if request["op"] == name]

    def _readable(self) -> None:
        with contextlib.suppress(OSError):
            data = self._socket.recv(65536)
            if not data:
                self.loop.remove_reader(self._socket)
                return
            data, _, self._frame = data.partition(b"\n")
            request = json.loads(data)
            self.requests.append(request)
            getattr(self, "_" + request["op"])(request)

    def _create(self, request: dict[str, Any]) -> None:
        sandbox = request["sandbox"]
        if self.create_fails:
            event = {"event": "failed", "sandbox": sandbox, "reason": self.create_fails}
            self.tell(event | {"final": self.fails_for_good})
            return
        made = self.sandboxes[sandbox] = FakeSandbox(self, sandbox)
        pidfd = os.pidfd_open(os.getpid())
        fds = [made.core_socket.detach(), made.log_read, pidfd, made.peak]
        event = {"event": "created", "sandbox": sandbox, "pid": os.getpid(), "peak": True}
        self.tell(event | {"code_dir": "/var/task"}, fds)
        for descriptor in fds:
            os.close(descriptor)
        if not self.holds_ready:
            made.frame(FrameType.READY)

    def _assign(self, request: dict[str, Any]) -> None:
        event = {
            "event": "assigned",
            "sandbox": request["sandbox"],
            "at": self.loop.time(),  # the monotonic clock, which all processes share
        }
        if self.assign_fails:
            event |= {"event": "failed", "reason": self.assign_fails}
            self.tell(event)
            return
        if not self.forgets_assigned:
            self.tell(event)
        self.sandboxes[request["sandbox"]].bound(self._frame)

    def _throttle(self, _: dict[str, Any]) -> None:
        """`ops` has it."""

    _freeze = _thaw = _throttle

    def _kill(self, request: dict[str, Any]) -> None:
        self.killed.add(request["sandbox"])
        sandbox = self.sandboxes.get(request["sandbox"])
        if sandbox is not None and sandbox.is_open:
            sandbox.exit(-9)

    def _seal(self, request: dict[str, Any]) -> None:
        if not self.answers_seals:
            return
        if request["staging"] == "good":
            self.tell({"event": "sealed", "ticket": request["ticket"], "code": "c" * 64})
        else:
            self.tell({"event": "failed", "ticket": request["ticket"], "reason": "no such tree"})

    def _describe(self, request: dict[str, Any]) -> None:
        self.tell({"event": "described", "ticket": request["ticket"], "isolation": "fake"})


@dataclass
class Harness:
    """A plane on a fake spawner, and what its log sink got: (stream, text)."""

    plane: ExecutionPlane
    spawner: FakeSpawner
    logged: list[tuple[str, str]] = field(default_factory=list)

    def texts(self) -> list[str]:
        return [text for _, text in self.logged]

    def busy(self) -> list[FakeSandbox]:
        return [each for each in self.spawner.sandboxes.values() if each.invokes]

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the loop turn until the condition holds; the test's own limit ends it otherwise."""
        while not condition():  # noqa: ASYNC110 - what is waited for has no event to hook on
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def harness(**options: Any) -> AsyncIterator[Harness]:
    spawner = FakeSpawner()
    logged: list[tuple[str, str]] = []

    def open_sink(_: FunctionSpec, stream: str) -> LogSink:
        return lambda events: logged.extend((stream, text) for _, text in events)

    plane = ExecutionPlane(
        spawner=spawner.core_end,
        runtimes=Runtimes(DISCOVERED),
        clock=SystemClock(),
        open_sink=open_sink,
        **options,
    )
    await plane.start()
    try:
        yield Harness(plane, spawner, logged)
    finally:
        await plane.stop()
        spawner.close()


@pytest.fixture
def run_plane() -> Callable[..., None]:
    """Runs `async def scenario(harness)` with a plane of its own, at most 10 s."""

    def run(scenario: Callable[[Harness], Awaitable[None]], **options: Any) -> None:
        async def main() -> None:
            async with harness(**options) as made:
                await asyncio.wait_for(scenario(made), 10)

        asyncio.run(main())

    return run


@pytest.fixture
def make_spec() -> Callable[..., FunctionSpec]:
    def make(**changes: Any) -> FunctionSpec:
        values: dict[str, Any] = {
            "key": "f:1",
            "runtime": "python3.11",
            "handler": "app.handler",
            "code": "c" * 64,
            "memory_mib": 128,
            "timeout_s": 3,
            "function_name": "f",
            "function_version": "$LATEST",
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "region": "eu-west-1",
            "log_group": "/aws/lambda/f",
        }
        return FunctionSpec(**{**values, **changes})

    return make


@pytest.fixture
def make_invocation() -> Callable[..., Invocation]:
    def make(payload: bytes = b'{"a":1}', **changes: Any) -> Invocation:
        values: dict[str, Any] = {
            "request_id": request_id(),
            "invoked_function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        }
        return Invocation(payload=payload, **{**values, **changes})

    return make
