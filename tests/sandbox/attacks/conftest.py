"""Attackers: real sandboxes with a hostile function in Python, in Node, and a static program beside it.

Most tests read what one invocation found out; the tables of what was tried, and what may come of it, stand in the test
files.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_GOT = "got "
_HERE = Path(__file__).parent
_RESULT = 4
_SOMEBODY = 54_322
_PYTHON_OF_ALL = "/usr/bin/python3"
# `exec` with the names of the statements before, for what an attacker prepares; then each expression on its own.
_TRY_PYTHON = """
import ctypes, errno, fcntl, mmap, os, resource, select, signal, socket, stat, struct, subprocess, sys, termios
import threading, time
libc = ctypes.CDLL(None, use_errno=True)
def call(answer):
    if answer == -1:
        raise OSError(ctypes.get_errno(), "call")
    return answer
def handler(event, context):
    names = dict(globals())
    exec(event.get("before", ""), names)
    said = {}
    for name, text in event["tries"].items():
        try:
            said[name] = "got " + str(eval(text, names))[:20_000]
        except OSError as error:
            said[name] = errno.errorcode.get(error.errno, repr(error))
        except Exception as error:
            said[name] = type(error).__name__
    return said
"""
_TRY_NODE = """
const fs = require('fs'), net = require('net'), os = require('os'), dgram = require('dgram');
const { spawnSync } = require('child_process');
const reach = (options) => new Promise((resolve, reject) => {
  const socket = net.connect(options, () => { socket.destroy(); resolve('connected'); });
  socket.on('error', reject);
});
const AsyncFunction = (async () => {}).constructor;
exports.handler = async (event) => {
  const said = {};
  for (const [name, text] of Object.entries(event.tries)) {
    try {
      const body = new AsyncFunction('fs', 'net', 'os', 'dgram', 'spawnSync', 'reach', `return (${text});`);
      const value = await body(fs, net, os, dgram, spawnSync, reach);
      said[name] = 'got ' + String(typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 20000);
    } catch (error) { said[name] = (error.info || error).code || error.name; }
  }
  return said;
};
"""


class Attackers:
    """Makes hostile sandboxes and asks what they got."""

    def __init__(self, driver: Any, probe: bytes) -> None:
        self.driver = driver
        self._files: dict[str, dict[str, str | bytes]] = {
            "python": {"app.py": _TRY_PYTHON, "probe": probe},
            "node": {"app.js": _TRY_NODE, "probe": probe},
        }
        self._runtimes = {"python": "python3.11", "node": "nodejs20.x"}
        # Without root, interpreters are those that all may run.
        if "python3.11" not in driver.runtimes:
            pythons = [name for name in driver.runtimes if name.startswith("python3.")]
            self._runtimes["python"] = pythons[0] if pythons else ""

    def speaks(self, language: str) -> bool:
        return self._runtimes[language] in self.driver.runtimes

    def make(self, language: str = "python", **changes: Any) -> Any:
        """A sandbox of its own; `changes` as for Driver.function, `files` come on top."""
        files = {**self._files[language], **changes.pop("files", {})}
        return self.driver.function(files, runtime=self._runtimes[language], **changes)

    def tried(self, box: Any, tries: Mapping[str, str], before: str = "") -> dict[str, str]:
        """What came of each expression: "got ..." or the name of the error."""
        kind, answer = box.invoke(json.dumps({"tries": dict(tries), "before": before}).encode())
        assert kind == _RESULT, (kind, answer, box.logged())
        said: dict[str, str] = json.loads(answer)
        assert set(said) == set(tries)
        return said

    def told(self, box: Any, text: str) -> str:
        """What one expression, which must work, is as text."""
        said = self.tried(box, {"it": text})["it"]
        assert said.startswith(_GOT), said
        return said.removeprefix(_GOT)

    def processes_in(self, namespace: str) -> list[Path]:
        """Those of the host that are in this pid namespace, named as /proc/PID/ns/pid has it."""
        found = []
        for directory in Path("/proc").glob("[0-9]*"):
            try:
                if str((directory / "ns/pid").readlink()) == namespace:
                    found.append(directory)
            except OSError:
                continue
        return found


@pytest.fixture(scope="session")
def attackers_type() -> type[Attackers]:
    return Attackers


@pytest.fixture(scope="session")
def lacking() -> Callable[[str], NoReturn]:
    """Skips the test for want of something; fails it in CI."""

    def give_up(message: str) -> NoReturn:
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)

    return give_up


@pytest.fixture(scope="session")
def probe_program(
    tmp_path_factory: pytest.TempPathFactory, lacking: Callable[[str], NoReturn]
) -> bytes:
    """The static program of probe.c."""
    compiler = shutil.which("gcc")
    if compiler is None:
        lacking("no gcc here")
    program = tmp_path_factory.mktemp("probe") / "probe"
    built = subprocess.run(
        [compiler, "-static", "-O1", "-w", "-o", program, _HERE / "probe.c"],
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        lacking(f"no static programs here: {built.stderr[:500]}")
    return program.read_bytes()


@pytest.fixture(scope="session")
def attackers(driver_type: Any, probe_program: bytes) -> Iterator[Attackers]:
    """Under full isolation, one spawner for the whole folder."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    directory = Path(tempfile.mkdtemp(prefix="lambent-test-"))
    driver = driver_type("require", directory)
    driver.ask("describe", ticket="ready")
    try:
        yield Attackers(driver, probe_program)
    finally:
        driver.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def python_attacker(attackers: Attackers) -> Any:
    """A hostile Python function that several modules share."""
    return attackers.make("python")


@pytest.fixture(scope="session")
def node_attacker(attackers: Attackers, lacking: Callable[[str], NoReturn]) -> Any:
    """A hostile Node function that several modules share."""
    if not attackers.speaks("node"):
        lacking("no Node here")
    return attackers.make("node")


class _Elsewhere:
    """A sandbox whose driver runs in another process: as much of it as `Attackers.tried` needs."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def invoke(self, event: bytes) -> tuple[int, bytes]:
        self._connection.send_bytes(event)
        assert self._connection.poll(30), "no answer from the process without root"
        kind, answer = self._connection.recv()
        return kind, answer

    def logged(self) -> str:
        return ""


def _serve_without_root(connection: Any, directory: Path, driver_type: Any, program: bytes) -> None:
    """In a forked child: become somebody else, start a spawner as that user, run what comes over the connection."""
    os.setgroups([])
    os.setresgid(_SOMEBODY, _SOMEBODY, _SOMEBODY)
    os.setresuid(_SOMEBODY, _SOMEBODY, _SOMEBODY)
    os.chdir("/")
    sys.executable = _PYTHON_OF_ALL
    driver = driver_type("auto", directory, ("/usr/bin",))
    try:
        described = driver.ask("describe", ticket="what")
        connection.send(described)
        if not described["refusal"]:
            box = Attackers(driver, program).make()
            with contextlib.suppress(EOFError):
                while True:
                    connection.send(box.invoke(connection.recv_bytes()))
    finally:
        driver.stop()


@pytest.fixture(scope="session")
def unprivileged_attacker(
    driver_type: Any, probe_program: bytes, lacking: Callable[[str], NoReturn]
) -> Iterator[_Elsewhere]:
    """A hostile Python function of a platform that an ordinary user runs."""
    if os.geteuid() != 0 or not os.access(_PYTHON_OF_ALL, os.X_OK):
        lacking("needs root to become somebody else, and a Python that all may run")
    directory = Path(tempfile.mkdtemp(prefix="lambent-test-"))
    os.chown(directory, _SOMEBODY, _SOMEBODY)
    ours, theirs = multiprocessing.Pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            ours.close()
            _serve_without_root(theirs, directory, driver_type, probe_program)
            status = 0
        except BaseException:  # noqa: BLE001 - a forked child must not return into pytest
            traceback.print_exc()
        finally:
            os._exit(status)
    theirs.close()
    try:
        described = ours.recv()
        if described["refusal"]:
            lacking(described["refusal"])
        assert described["isolation"] == "user-namespace"
        yield _Elsewhere(ours)
    finally:
        ours.close()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        shutil.rmtree(directory, ignore_errors=True)
    assert status == 0
