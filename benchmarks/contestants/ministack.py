"""ministack from PyPI, in a virtual environment of its own, as its README starts it."""

from __future__ import annotations

import time

from botocore.exceptions import BotoCoreError, ClientError

from benchmarks import control
from benchmarks.contestants.server import (
    PEERS_DIR,
    START_TIMEOUT_S,
    NotAvailable,
    Server,
    clean_environment,
    free_port,
    run_step,
)
from benchmarks.interpreters import python, python_runtime
from benchmarks.target import Target

HOME_DIR = PEERS_DIR / "ministack"
PROGRAM = HOME_DIR / "venv" / "bin" / "ministack"


class Ministack(Server):
    name = "ministack"
    _port = 0

    def install(self) -> None:
        if PROGRAM.exists():
            return
        HOME_DIR.mkdir(parents=True, exist_ok=True)
        venv = str(HOME_DIR / "venv")
        run_step([python(), "-m", "venv", venv], "making a virtual environment for ministack")
        run_step([f"{venv}/bin/pip", "install", "--quiet", "ministack"], "pip install ministack")

    def start(self) -> None:
        self.begin()
        self.create_function()
        self.wait_for_answer(self.target("python"))

    def begin(self) -> float:
        """Start the process and wait for nothing; the time of time.perf_counter() just before."""
        self._port = free_port()
        # What it keeps under the home directory belongs to this run alone.
        environment = clean_environment() | {
            "GATEWAY_PORT": str(self._port),
            "HOME": str(self.work_dir),
        }
        begun = time.perf_counter()
        self.launch([str(PROGRAM)], environment)
        return begun

    def create_function(self) -> None:
        """Create the function as soon as the server takes the call."""
        functions = control.client(self.target("python"))
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            try:
                control.create(functions, "bench-python", python_runtime(), 1769)
            except (BotoCoreError, ClientError) as problem:
                if time.monotonic() > deadline:
                    raise NotAvailable(f"create-function failed: {problem}") from problem
                time.sleep(0.002)
            else:
                return

    def target(self, function: str) -> Target:
        return Target(self._port, f"bench-{function}")
