"""What every server under measurement shares: a process tree that is started, found out about and ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from benchmarks.build import HERE
from benchmarks.caller import AnswerWrong, Caller
from benchmarks.processes import look, tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.processes import Process
    from benchmarks.target import Target

PEERS_DIR = HERE / "peers"
FUNCTIONS_DIR = HERE / "functions"
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0


class NotAvailable(Exception):
    """A contestant cannot take part here; the text is the reason that is printed."""


class Server(ABC):
    """A contestant that answers Invoke over HTTP."""

    name: str

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir / self.name
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> int:
        """The pid of the process that was started."""
        assert self._process is not None, f"{self.name} is not running"
        return self._process.pid

    @abstractmethod
    def install(self) -> None:
        """Put it where it belongs, if it is not there. Raises NotAvailable."""

    @abstractmethod
    def start(self) -> None:
        """Start it and make its functions; returns when they can be invoked. Raises NotAvailable."""

    @abstractmethod
    def target(self, function: str) -> Target:
        """Where that function is invoked: `python`, `node`, `python-128`."""

    def part(self, process: Process) -> str:
        """The process that was started is the server; what it started runs functions."""
        return "server" if process.pid == self.root else "functions"

    def is_control(self, part: str) -> bool:
        return part == "server"

    def launch(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        stdout: int | None = None,
        directory: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start the server, by default in its work directory; what it says goes to `log` there."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        with (self.work_dir / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=directory or self.work_dir,
                env=dict(clean_environment() if environment is None else environment),
                stdin=subprocess.DEVNULL,
                stdout=log if stdout is None else stdout,
                stderr=log,
                start_new_session=True,
            )
        return self._process

    def stop(self) -> None:
        """End it and whatever it leaves behind."""
        process, self._process = self._process, None
        if process is None:
            return
        members = tree(look(), process.pid)
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        left = look()
        for pid in members & left.keys():
            # The same number may have gone to somebody else: only our orphans have us or init as parent.
            if left[pid].parent in (os.getpid(), 1):
                os.kill(pid, signal.SIGKILL)
        reap()

    def wait_for_answer(self, target: Target) -> float:
        """Try until the function answers rightly; seconds since the epoch of time.perf_counter()."""
        deadline = time.monotonic() + START_TIMEOUT_S
        problem: Exception = AnswerWrong("no answer")
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise NotAvailable(f"it ended while starting: {self.last_words()}")
            try:
                with Caller(target) as caller:
                    caller.invoke()
                    return time.perf_counter()
            except (OSError, AnswerWrong) as error:
                problem = error
                time.sleep(0.002)
        raise NotAvailable(f"no right answer within {START_TIMEOUT_S:.0f} s: {problem}")

    def last_words(self) -> str:
        log = self.work_dir / "log"
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return lines[-1] if lines else "(nothing was printed)"


def clean_environment() -> dict[str, str]:
    """The environment without what would change a contestant's default settings."""
    keep = ("PATH", "HOME", "LANG", "TERM", "TMPDIR")
    return {name: os.environ[name] for name in keep if name in os.environ}


def install_environment() -> dict[str, str]:
    """For package clients: as the person has set it up, proxies and certificates included."""
    unwanted = ("LAMBENT_", "PYTHON", "VIRTUAL_ENV", "AWS_")
    return {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}


def free_port() -> int:
    """A port nobody listens on; for servers that cannot be told to choose themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def reap() -> None:
    """Collect orphans: the benchmark is their subreaper, so that no process falls out of its tree."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return


def run_step(words: Sequence[str], what: str) -> None:
    """One step of an installation. Raises NotAvailable with the last line that the step printed."""
    try:
        done = subprocess.run(
            words,
            env=install_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise NotAvailable(f"{what} failed: {problem}") from problem
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise NotAvailable(f"{what} failed: {lines[-1] if lines else done.returncode}")
