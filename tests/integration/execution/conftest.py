"""Functions of several files on the real spawner, driven from plain tests: one plane for the tests of a module."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from lambent.core.clock import SystemClock
from lambent.core.ids import request_id
from lambent.execution.plane import ExecutionPlane
from lambent.execution.runtimes.discovery import discover
from lambent.execution.runtimes.table import Runtimes
from lambent.execution.spawner.start import Outside, start_spawner
from lambent.execution.spec import FunctionSpec, Invocation, Outcome

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Coroutine, Iterator, Mapping

# Starting a JVM on a machine that is drowning takes its time.
PATIENCE_S = 60


class Functions:
    """Seals and calls functions."""

    def __init__(self, data_dir: Path, isolation: str = "require") -> None:
        self.data_dir = data_dir
        self.runtimes = discover()
        self.logged: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._isolation = isolation
        sock = self._start_spawner()
        self.plane = ExecutionPlane(
            spawner=sock,
            runtimes=Runtimes(self.runtimes),
            clock=SystemClock(),
            sealed_dir=data_dir / "code" / "sealed",
            open_sink=lambda *_: lambda events: self.logged.extend(text for _, text in events),
        )
        self.run(self.plane.start())
        self.run(self.plane.describe())  # the spawner has made its directories

    def _start_spawner(self) -> socket.socket:
        network = Outside("auto" if self._isolation == "none" else "none")
        self._process, sock = start_spawner(
            str(self.data_dir), self._isolation, os.getuid(), self.runtimes, network
        )
        return sock

    async def replace_spawner(self) -> None:
        """Kill the spawner and give the plane a new one."""
        self._process.kill()
        await asyncio.to_thread(self._process.wait)
        await self.plane.replace_spawner(self._start_spawner())

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(asyncio.wait_for(coroutine, PATIENCE_S))

    def seal(self, files: Mapping[str, str | bytes]) -> str:
        """A tree of these files, all of them executable; returns its digest."""
        name = request_id()
        staged = self.data_dir / "code" / "staging" / name
        staged.mkdir()
        for path, content in files.items():
            target = staged / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
            target.chmod(0o755)
        return str(self.run(self.plane.seal(name)))

    def make(self, runtime: str, files: Mapping[str, str | bytes], **changes: Any) -> FunctionSpec:
        """A function of these files. `layers` may be given as files, too."""
        layers = [self.seal(layer) for layer in changes.pop("layer_files", ())]
        values: dict[str, Any] = {
            "key": request_id(),
            "runtime": runtime,
            "handler": "app.handler",
            "code": self.seal(files),
            "memory_mib": 256,
            "timeout_s": 20,
            "function_name": "f",
            "function_version": "$LATEST",
            "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
            "region": "eu-west-1",
            "log_group": "/aws/lambda/f",
            "layers": tuple(layers),
        }
        return FunctionSpec(**{**values, **changes})

    def call(self, spec: FunctionSpec, event: object = None, **members: Any) -> Outcome:
        payload = json.dumps(event).encode()
        call = Invocation(request_id(), payload, spec.function_arn, **members)
        outcome: Outcome = self.run(self.plane.invoke(spec, call))
        return outcome

    def answer(self, spec: FunctionSpec, event: object = None, **members: Any) -> Any:
        """What a call that must succeed answers."""
        outcome = self.call(spec, event, **members)
        assert not outcome.is_error, (outcome.payload, outcome.log.decode())
        return json.loads(outcome.payload)

    def error(self, spec: FunctionSpec, event: object = None) -> dict[str, Any]:
        """The error object of a call that must fail."""
        outcome = self.call(spec, event)
        assert outcome.is_error, outcome.payload
        document: dict[str, Any] = json.loads(outcome.payload)
        return document

    def stop(self) -> None:
        self.run(self.plane.stop())
        self._process.wait(30)
        self._loop.close()


@pytest.fixture(scope="module")
def functions() -> Iterator[Functions]:
    if os.geteuid() != 0:
        pytest.skip("needs root for full isolation")
    directory = Path(tempfile.mkdtemp(prefix="lambent-test-"))
    directory.chmod(0o755)
    made = Functions(directory)
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], NoReturn]:
    """Skips the test for want of something; fails it in CI."""

    def give_up(message: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

    return give_up


@pytest.fixture(scope="session")
def make_functions() -> type[Functions]:
    return Functions


ECHO = """
import java.util.*;
public class Echo { public List<Object> run(Map<String, Object> event) throws Exception {
    String here = new ProcessBuilder("/bin/pwd").start().inputReader().readLine();
    return List.of(here.equals(System.getenv("LAMBDA_TASK_ROOT")), event);
} }
"""


@pytest.fixture(scope="session")
def java_echo(
    tmp_path_factory: pytest.TempPathFactory, lacking: Callable[[str], NoReturn]
) -> dict[str, bytes]:
    """The class of a Java function that says whether it is where its code is, and its event."""
    found = discover().get("java17")
    if found is None:
        lacking("no JDK here")
    directory = tmp_path_factory.mktemp("echo")
    (directory / "Echo.java").write_text(ECHO)
    compiler = str(Path(found["interpreter"]).with_name("javac"))
    subprocess.run(
        [compiler, "--release", "17", "-d", directory, directory / "Echo.java"], check=True
    )
    return {"Echo.class": (directory / "Echo.class").read_bytes()}
