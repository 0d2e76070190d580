"""The platform itself, as `lambent up` starts it: default settings only."""

from __future__ import annotations

import http.client
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from benchmarks import control
from benchmarks.contestants.server import (
    START_TIMEOUT_S,
    NotAvailable,
    Server,
    clean_environment,
    free_port,
)
from benchmarks.interpreters import node, python_runtime
from benchmarks.target import ANYBODY, Credentials, Target

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.processes import Process

# Peers have no CPU quota, so ours are compared at the size that AWS gives one whole core to.
MEMORY_MIB = {"python": 1769, "python-128": 128, "node": 1769}


class Lambent(Server):
    name = "lambent"

    def __init__(self, work_dir: Path) -> None:
        super().__init__(work_dir)
        self.port = 0
        self._credentials = ANYBODY

    @property
    def interpreter(self) -> str:
        return sys.executable

    def install(self) -> None:
        """Nothing to do: it runs from this checkout."""

    def start(self) -> None:
        self.begin()
        self.wait_until_healthy()
        self.read_credentials()
        functions = control.client(self.target("python"))
        known = {function["FunctionName"] for function in functions.list_functions()["Functions"]}
        for name, memory_mib in MEMORY_MIB.items():
            runtime = "nodejs20.x" if name == "node" else python_runtime()
            if f"bench-{name}" not in known and (name != "node" or node()):
                control.create(functions, f"bench-{name}", runtime, memory_mib)
        self.wait_for_answer(self.target("python"))

    def begin(self) -> float:
        """Start the process and wait for nothing; the time of time.perf_counter() just before."""
        self.work_dir.mkdir(parents=True, exist_ok=True)
        self.work_dir.parent.chmod(0o755)  # the core runs under a uid of its own
        self.work_dir.chmod(0o755)
        self.port = free_port()
        command = self._command("up", "--port", str(self.port))
        begun = time.perf_counter()
        self.launch(command)
        return begun

    def wait_until_healthy(self) -> float:
        """Wait for 200 from the health path; the time of time.perf_counter() then."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise NotAvailable(f"it ended while starting: {self.last_words()}")
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/_lambent/health")
                if connection.getresponse().status == 200:
                    return time.perf_counter()
            except (OSError, http.client.HTTPException):
                pass  # not listening yet
            finally:
                connection.close()
            time.sleep(0.002)
        raise NotAvailable(f"not healthy within {START_TIMEOUT_S:.0f} s: {self.last_words()}")

    def read_credentials(self) -> None:
        done = subprocess.run(
            self._command("env"),
            env=clean_environment(),
            cwd=self.work_dir,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotAvailable(f"lambent env: {done.stderr.strip()}")
        words = (line.split(maxsplit=1) for line in done.stdout.splitlines())
        pairs = dict(
            shlex.split(rest)[0].split("=", 1) for export, rest in words if export == "export"
        )
        self._credentials = Credentials(pairs["AWS_ACCESS_KEY_ID"], pairs["AWS_SECRET_ACCESS_KEY"])

    def target(self, function: str) -> Target:
        return Target(self.port, f"bench-{function}", self._credentials)

    @property
    def database(self) -> Path:
        """Where its core keeps what it must not lose."""
        return self.work_dir / "data" / "state" / "lambent.db"

    def part(self, process: Process) -> str:
        if process.nested:
            return "sandboxes"
        if process.pid == self.root:
            return "launcher"
        if "--control-fd" in process.command:
            return "core"
        if process.parent == self.root:
            return "spawner"
        return "compute" if "compute" in process.command else "zygotes"

    def is_control(self, part: str) -> bool:
        return part != "sandboxes"

    def _command(self, action: str, *options: str) -> list[str]:
        data_dir = str(self.work_dir / "data")
        return [self.interpreter, "-m", "lambent", action, "--data-dir", data_dir, *options]
