"""`lambent up` as a user starts it: a program with a data directory of its own, ended whatever the test did to it."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
from botocore.config import Config as ClientConfig
from tests.conftest import execution_role, is_readable, passable_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT_S = 15.0
# A new environment is told from a warm one by the id that it gave itself at its start.
WHO = "import uuid\nME = str(uuid.uuid4())\ndef handler(event, context):\n    return ME\n"


class Process(NamedTuple):
    """A process that we mean even when its number is used again."""

    pid: int
    pidfd: int
    command: str

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def has_ended(self, limit_s: float = 0) -> bool:
        poll = select.poll()
        poll.register(self.pidfd, select.POLLIN)
        return bool(poll.poll(limit_s * 1000))


class Refusal(NamedTuple):
    """What a `lambent up` that did not start left."""

    status: int
    output: str
    complaint: list[str]


class Up:
    """A running `lambent up`. Every process that was ever seen below it is ended by `end`."""

    def __init__(self, data_dir: Path, *options: str) -> None:
        self.data_dir = data_dir
        self._command = [sys.executable, "-m", "lambent", "up", "--data-dir", str(data_dir)]
        self._command += options if "--port" in options else ["--port", "0", *options]
        self._seen: dict[tuple[int, int], Process] = {}
        self._stderr = data_dir.with_name(data_dir.name + ".stderr")
        self.endpoint = ""

    def begin(self) -> None:
        """Start it and wait for nothing."""
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                self._command, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True
            )
        [self.launcher] = self._remember([self._process.pid])

    def start(self) -> Up:
        """Start it and wait until it says where it is."""
        self.begin()
        try:
            first = self._first_line()
            announced = re.fullmatch(r"Lambent \S+ at (http://\S+) \(account \d{12}\)\n", first)
            assert announced, f"{first!r}; {self.complaints}"
            self.endpoint = announced[1]
            self.core = self._child("--control-fd")
            self.spawner = self._child("--socket-fd")
        except BaseException:
            self.end()
            raise
        return self

    def _first_line(self) -> str:
        assert self._process.stdout is not None
        ready = is_readable(self._process.stdout, LIMIT_S)
        assert ready, f"nothing was said within {LIMIT_S} s; {self.complaints}"
        return self._process.stdout.readline().decode()

    @property
    def complaints(self) -> str:
        return self._stderr.read_text()

    def _child(self, argument: str) -> Process:
        found: list[Process] = []

        def look() -> bool:
            below = [p for p in self.tree() if argument in p.command and not p.has_ended()]
            found[:] = [p for p in below if _parent_of(p.pid) == self.launcher.pid]
            return bool(found)

        _eventually(look)
        return found[0]

    def wait_for_program(self, text: str) -> None:
        """Wait until the launcher or something below it runs a program whose arguments hold this."""

        def is_there() -> bool:
            pids = {process.pid for process in self.tree()}
            return any(pid in pids and text in command for pid, command in _commands())

        _eventually(is_there)

    def wait_for_new_spawner(self) -> None:
        old = self.spawner.pid
        _eventually(lambda: self._child("--socket-fd").pid != old)
        self.spawner = self._child("--socket-fd")

    def tree(self, top: Process | None = None) -> list[Process]:
        """`top` (else the launcher) and everything below it, as it is now."""
        now = self._remember(_below((top or self.launcher).pid))
        return [process for process in now if not process.has_ended()]

    def _remember(self, pids: list[int]) -> list[Process]:
        remembered: list[Process] = []
        for pid in pids:
            with contextlib.suppress(OSError, IndexError):
                identity = (pid, _started_at(pid))
                if identity not in self._seen:
                    self._seen[identity] = _open_process(pid)
                remembered.append(self._seen[identity])
        return remembered

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self) -> int:
        return self._process.wait(LIMIT_S)

    def stop(self) -> int:
        """As a service manager stops it; returns the exit status."""
        self.tree()
        self.send(signal.SIGTERM)
        return self.wait()

    def left_over(self) -> list[str]:
        """Everything of this platform that is still in the system."""
        for process in self._seen.values():
            process.has_ended(LIMIT_S)
        named = [f"{pid}: {command}" for pid, command in _commands() if self._names_us(command)]
        alive = [f"{p.pid}: {p.command}" for p in self._seen.values() if not p.has_ended()]
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        mounted = [line for line in mounts if str(self.data_dir) in line]
        return [*named, *alive, *mounted, *map(str, self.cgroups())]

    def _names_us(self, command: str) -> bool:
        return str(self.data_dir) in command and "lambent" in command

    def cgroups(self) -> list[Path]:
        """The control groups of this platform, its own first."""
        digest = hashlib.sha256(os.fsencode(str(self.data_dir))).hexdigest()[:16]
        root = Path("/sys/fs/cgroup")
        own = [p for depth in ("*", "*/*", "*/*/*") for p in root.glob(f"{depth}/lambent-{digest}")]
        return [*own, *(child for group in own for child in group.iterdir() if child.is_dir())]

    def environment(self) -> dict[str, str]:
        """What `lambent env` prints."""
        command = [sys.executable, "-m", "lambent", "env", "--data-dir", str(self.data_dir)]
        printed = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=LIMIT_S
        )
        lines = printed.stdout.splitlines()
        pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
        return {name: shlex.split(value)[0] for name, value in pairs}

    def client(self) -> Any:
        """A boto3 client of Lambda with the root key, as `lambent env` gives it."""
        environment = self.environment()
        return boto3.client(
            "lambda",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            region_name=environment["AWS_REGION"],
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            config=ClientConfig(retries={"total_max_attempts": 1}, read_timeout=LIMIT_S),
        )

    def create(self, client: Any, name: str, text: str = WHO) -> None:
        client.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="app.handler",
            Role=execution_role(client),
            Code={"ZipFile": _zip_of(text)},
            Timeout=60,
        )

    def invoke(self, client: Any, name: str, payload: str = "null") -> str:
        """Wait until the function is active, call it, and return the text of a right answer."""
        client.get_waiter("function_active_v2").wait(
            FunctionName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 10}
        )
        answer = client.invoke(FunctionName=name, Payload=payload)
        returned: str = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, returned
        return returned

    def wait_for_log(self, text: str) -> None:
        """Wait until a function has printed this."""
        logs = self.data_dir / "state" / "logs"
        said = text.encode()
        _eventually(lambda: any(said in p.read_bytes() for p in logs.rglob("*") if p.is_file()))

    def wait_until_refused(self) -> None:
        """Wait until it takes no more connections: it has begun to stop."""
        place = urllib.parse.urlsplit(self.endpoint)

        def is_refused() -> bool:
            with socket.socket() as client:
                return client.connect_ex((place.hostname, place.port)) != 0

        _eventually(is_refused)

    def kill_all(self) -> None:
        """What a power cut does to processes: the launcher first, so that it mends nothing."""
        everybody = self.tree()
        self.launcher.kill()
        for process in everybody:
            process.kill()
        self._process.wait(LIMIT_S)
        for process in everybody:
            assert process.has_ended(LIMIT_S), process

    def end(self) -> None:
        """Whatever happened: nothing of it runs on, and no descriptor stays open."""
        if self._process.poll() is None:
            self.tree()
            self.send(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(5)
        self.launcher.kill()
        for process in self._seen.values():
            process.kill()
            os.close(process.pidfd)
        self._seen.clear()
        self._process.wait(LIMIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()


def _eventually(check: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """Wait for what has no event, such as a new entry in /proc."""
    deadline = time.monotonic() + limit_s
    pause = threading.Event()
    while not check():
        assert time.monotonic() < deadline, f"not so within {limit_s} s"
        pause.wait(0.01)


def _parent_of(pid: int) -> int:
    return int(_stat(pid)[1])


def _started_at(pid: int) -> int:
    return int(_stat(pid)[19])


def _stat(pid: int) -> list[str]:
    """The fields of proc_pid_stat(5) after the name."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _open_process(pid: int) -> Process:
    pidfd = os.pidfd_open(pid)
    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return Process(pid, pidfd, command)


def _commands() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield int(entry.name), command


def _below(pid: int) -> list[int]:
    """This process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError, IndexError):
                children.setdefault(_parent_of(int(entry.name)), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found


def _zip_of(text: str) -> bytes:
    """A deployment package with this app.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", text)
    return buffer.getvalue()


@pytest.fixture
def refused() -> Callable[..., Refusal]:
    """Runs a `lambent up` that is expected to end by itself."""
    return _refused


def _refused(data_dir: Path, *options: str) -> Refusal:
    port = [] if "--port" in options else ["--port", "0"]
    ended = subprocess.run(
        [sys.executable, "-m", "lambent", "up", "--data-dir", str(data_dir), *port, *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    return Refusal(ended.returncode, ended.stdout, ended.stderr.splitlines())


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A directory that core, which has a uid of its own, may pass: pytest's is closed whenever a session begins."""
    with passable_directory() as directory:
        yield Path(directory)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts a platform on `tmp_path / "data"`; everything that it started is ended after the test."""
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    started: list[Up] = []

    def start_one(*options: str, wait: bool = True) -> Up:
        up = Up(tmp_path / "data", *options)
        if wait:
            up.start()
        else:
            up.begin()
        started.append(up)
        return up

    yield start_one
    for up in started:
        up.end()
