"""A driver that plays core: it speaks the spawner's protocol and the frames, blocking, each wait with a limit."""

from __future__ import annotations

import array
import json
import os
import select
import shutil
import signal
import socket
import struct
import tempfile
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambent.execution.runtimes.discovery import discover
from lambent.execution.spawner.start import NOTHING, Outside, start_spawner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

HEADER = struct.Struct("<IB16sQ")
READY, ASSIGN, INIT_DONE, INVOKE, RESULT, ERROR = range(6)
BOUND = 9
PATIENCE_S = 15.0
FAR_FUTURE_MS = 4_102_444_800_000
PROBE = """
import ctypes, os, socket, subprocess, sys, threading, time
def handler(event, context):
    names = {**globals(), "context": context, "event": event}
    exec(event["code"], names)
    return names.get("answer")
"""


def frame(kind: int, payload: bytes = b"", request: bytes = bytes(16), deadline: int = 0) -> bytes:
    return HEADER.pack(len(payload), kind, request, deadline) + payload


class Box:
    """One sandbox, from core's side."""

    def __init__(self, driver: Driver, name: str) -> None:
        self.driver = driver
        self.name = name
        self.pid = 0
        self.frames = socket.socket()
        self.log = -1
        self.pidfd = -1
        self.peak = -1
        self.runtime = ""
        self.code_dir = ""
        self.task_root = ""
        self.code = ""
        self.listener: socket.socket | None = None  # of its AWS endpoint

    def greet(self) -> None:
        """Take the listener that it hands out ahead of everything else."""
        self.frames.settimeout(PATIENCE_S)
        greeting, given, _, _ = socket.recv_fds(self.frames, 1, 1)
        assert greeting == b"E"
        self.listener = socket.socket(fileno=given[0])

    def receive(self) -> tuple[int, bytes, bytes]:
        """Kind, request id and payload of the next frame; kind -1 at the end of file."""
        self.frames.settimeout(PATIENCE_S)
        header = self._exactly(HEADER.size)
        if len(header) < HEADER.size:
            return -1, b"", b""
        length, kind, request, _ = HEADER.unpack(header)
        return kind, request, self._exactly(length)

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            more = self.frames.recv(min(count - len(data), 1 << 20))
            if not more:
                break
            data += more
        return bytes(data)

    def assign(self, code: str, **changes: Any) -> dict[str, Any]:
        """Send ASSIGN and bind, as the runtime wants it; returns the spawner's event."""
        request = {"code": code, "layers": [], "memory_mib": 256, "tmp_mib": 512}
        request |= {key: changes.pop(key) for key in list(changes) if key in request}
        self.task_root = self.code_dir.replace("%", code)
        environment = {"LAMBDA_TASK_ROOT": self.task_root, "PATH": "/usr/bin:/bin"}
        environment |= changes.pop("environment", {})
        function = {
            "handler": "app.handler",
            "environment": environment,
            "function_name": "probe",
            "function_version": "$LATEST",
            "function_arn": "arn:aws:lambda:eu-west-1:000000000000:function:probe",
            "memory_mib": request["memory_mib"],
            "timeout_s": 3,
            "log_group": "/aws/lambda/probe",
            "log_stream": "stream",
            **changes,
        }
        assign, bound = frame(ASSIGN, json.dumps(function).encode()), frame(BOUND)
        if self.runtime.startswith(("python", "nodejs")):
            self.frames.sendall(assign)
        else:
            bound = assign
        return self.driver.ask("assign", bound, sandbox=self.name, **request)

    def send(self, kind: int, request: bytes, deadline: int, payload: bytes) -> None:
        self.frames.sendall(frame(kind, payload, request, deadline))

    def invoke(self, event: bytes, **metadata: Any) -> tuple[int, bytes]:
        """Kind and payload of the answer."""
        request = uuid.uuid4().bytes
        encoded = json.dumps(metadata).encode() if metadata else b""
        payload = struct.pack("<H", len(encoded)) + encoded + event
        self.send(INVOKE, request, FAR_FUTURE_MS, payload)
        kind, answered, answer = self.receive()
        assert kind == -1 or answered == request
        return kind, answer

    def run(self, code: str) -> Any:
        """Run statements inside; the value of the name `answer`."""
        kind, answer = self.invoke(json.dumps({"code": code}).encode())
        assert kind == RESULT, (kind, answer)
        return json.loads(answer)

    def logged(self) -> str:
        """What lies in the log pipe."""
        os.set_blocking(self.log, False)
        try:
            return os.read(self.log, 1 << 20).decode()
        except BlockingIOError:
            return ""

    def end(self) -> dict[str, Any]:
        """Kill it and wait for `exited`."""
        self.driver.tell("kill", sandbox=self.name)
        event = self.driver.wait_for("exited", self.name)
        if self.listener is not None:  # it would keep the network
            self.listener.close()
        return event

    def is_over(self) -> bool:
        """Wait for the end of its first process."""
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(int(PATIENCE_S * 1000)))

    def close(self) -> None:
        self.frames.close()
        if self.listener is not None:
            self.listener.close()
        for descriptor in (self.log, self.pidfd, self.peak):
            if descriptor >= 0:
                os.close(descriptor)


@dataclass
class Driver:
    """Core's end. `isolation` and `outside` as for start_spawner."""

    isolation: str
    data_dir: Path
    interpreters: tuple[str, ...] | None = None
    outside: Outside = NOTHING
    boxes: list[Box] = field(default_factory=list)
    kept: list[tuple[dict[str, Any], list[int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.runtimes = discover(self.interpreters)
        outside = Outside("auto") if self.isolation == "none" else self.outside
        self.process, self.socket = start_spawner(
            str(self.data_dir), self.isolation, os.geteuid(), self.runtimes, outside
        )
        self.socket.settimeout(PATIENCE_S)

    def tell(self, operation: str, frame: bytes = b"", **fields: Any) -> None:
        data = json.dumps({"op": operation, **fields}).encode()
        self.socket.send(data + b"\n" + frame if frame else data)

    def ask(self, operation: str, frame: bytes = b"", **fields: Any) -> dict[str, Any]:
        """Send, and wait for the event with the same sandbox or ticket."""
        self.tell(operation, frame, **fields)
        key = fields.get("sandbox") or fields.get("ticket")
        return self._next(lambda event: key in (event.get("sandbox"), event.get("ticket")))[0]

    def wait_for(self, kind: str, sandbox: str) -> dict[str, Any]:
        wanted = (kind, sandbox)
        return self._next(lambda event: (event["event"], event.get("sandbox")) == wanted)[0]

    def _next(
        self, is_wanted: Callable[[dict[str, Any]], bool]
    ) -> tuple[dict[str, Any], list[int]]:
        for index, (event, _) in enumerate(self.kept):
            if is_wanted(event):
                return self.kept.pop(index)
        while True:
            event, descriptors = self._receive()
            if is_wanted(event):
                return event, descriptors
            self.kept.append((event, descriptors))

    def _receive(self) -> tuple[dict[str, Any], list[int]]:
        data, ancillary, _, _ = self.socket.recvmsg(65_536, socket.CMSG_SPACE(32))
        assert data, "the spawner is gone"
        descriptors = array.array("i")
        for _, _, content in ancillary:
            descriptors.frombytes(content)
        return json.loads(data), list(descriptors)

    def create(self, runtime: str = "python3.11", *, urgent: bool = False, **how: Any) -> Box:
        """A sandbox that has sent READY. `how`: more fields of the request."""
        box = Box(self, uuid.uuid4().hex)
        self.tell("create", sandbox=box.name, runtime=runtime, urgent=urgent, **how)
        event, descriptors = self._next(lambda event: event.get("sandbox") == box.name)
        assert event["event"] == "created", event
        box.frames.close()
        box.pid, box.code_dir, box.runtime = event["pid"], event["code_dir"], runtime
        box.frames = socket.socket(fileno=descriptors[0])
        box.log, box.pidfd = descriptors[1:3]
        box.peak = descriptors[3] if event["peak"] else -1
        self.boxes.append(box)
        if event["endpoint"]:
            box.greet()
        kind, _, _ = box.receive()
        assert kind == READY, box.logged()
        return box

    def seal(self, files: Mapping[str, str | bytes]) -> str:
        """Stage and seal a tree, bytes being programs; returns its digest."""
        name = uuid.uuid4().hex
        staging = self.data_dir / "code" / "staging" / name
        for path, content in files.items():
            target = staging / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            target.chmod(0o644 if isinstance(content, str) else 0o755)
        event = self.ask("seal", ticket=uuid.uuid4().hex, staging=name)
        assert event["event"] == "sealed", event
        return str(event["code"])

    def probe(self, **changes: Any) -> Box:
        """A sandbox whose handler runs what it is sent."""
        return self.function({"app.py": PROBE}, **changes)

    def template(self, files: Mapping[str, str | bytes], **changes: Any) -> Box:
        """A SnapStart template of `files`, initialised; `code` is its digest."""
        box = self.create(template=True)
        box.code = self.seal(files)
        event = box.assign(box.code, **changes)
        assert event["event"] == "assigned", event
        kind, _, payload = box.receive()
        assert kind == INIT_DONE, (kind, payload, box.logged())
        return box

    def copy(self, template: Box, **changes: Any) -> Box:
        """An environment forked from a template, restored."""
        box = self.create(copy_of=template.name)
        event = box.assign(template.code, **changes)
        assert event["event"] == "assigned", event
        kind, _, payload = box.receive()
        assert kind == INIT_DONE, (kind, payload, box.logged())
        return box

    def function(self, files: Mapping[str, str | bytes], **changes: Any) -> Box:
        """A sandbox with `files` as its code, initialised."""
        box = self.create(changes.pop("runtime", "python3.11"))
        event = box.assign(self.seal(files), **changes)
        assert event["event"] == "assigned", event
        kind, _, payload = box.receive()
        assert kind == INIT_DONE, (kind, payload, box.logged())
        return box

    def stop(self) -> None:
        self.socket.close()
        if self.process.wait(PATIENCE_S) == -signal.SIGKILL:
            # What a killed one could not take away, the next one on its directory sweeps.
            sweeper, sock = start_spawner(
                str(self.data_dir), self.isolation, os.geteuid(), self.runtimes
            )
            sock.close()
            sweeper.wait(PATIENCE_S)
        for box in self.boxes:
            box.close()
        for _, descriptors in self.kept:
            for descriptor in descriptors:
                os.close(descriptor)


def host_can_isolate() -> bool:
    return os.geteuid() == 0


@pytest.fixture
def start() -> Iterator[Callable[[str], Driver]]:
    """Starts a spawner of its own, with a data directory that is removed afterwards."""
    drivers: list[Driver] = []

    def start_one(
        isolation: str = "auto", data_dir: Path | None = None, outside: Outside = NOTHING
    ) -> Driver:
        directory = data_dir or Path(tempfile.mkdtemp(prefix="lambent-test-"))
        drivers.append(Driver(isolation, directory, outside=outside))
        drivers[-1].ask("describe", ticket="ready")
        return drivers[-1]

    yield start_one
    for driver in drivers:
        driver.stop()
    for driver in drivers:
        shutil.rmtree(driver.data_dir, ignore_errors=True)


@pytest.fixture(scope="session")
def driver_type() -> type[Driver]:
    """For drivers that live longer than a module, or in another process."""
    return Driver


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    """A spawner shared by the tests of a module."""
    if not host_can_isolate():
        pytest.skip("needs root")
    directory = Path(tempfile.mkdtemp(prefix="lambent-test-"))
    driver = Driver("require", directory)
    driver.ask("describe", ticket="ready")
    try:
        yield driver
    finally:
        driver.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def inside(driver: Driver) -> Iterator[Callable[[str], Any]]:
    """Runs statements in one shared, fully isolated sandbox."""
    box = driver.probe()
    yield box.run
    assert box.end()["status"] == -signal.SIGKILL
