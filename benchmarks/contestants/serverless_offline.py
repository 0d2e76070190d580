"""serverless-offline from npm, in a folder of its own. It neither authenticates nor isolates."""

from __future__ import annotations

import shutil
import time
from itertools import chain
from typing import TYPE_CHECKING

from benchmarks.contestants.server import (
    FUNCTIONS_DIR,
    PEERS_DIR,
    NotAvailable,
    Server,
    clean_environment,
    free_port,
    run_step,
)
from benchmarks.interpreters import node, python_runtime
from benchmarks.rest_api import Address
from benchmarks.target import Target

if TYPE_CHECKING:
    from pathlib import Path

HOME_DIR = PEERS_DIR / "serverless-offline"
PROGRAM = HOME_DIR / "node_modules" / ".bin" / "serverless"
PACKAGES = ("serverless@3", "serverless-offline@13")
# It may not phone home, look for updates or ask for a login while it is measured.
QUIET = {
    "SLS_TELEMETRY_DISABLED": "1",
    "SLS_TRACKING_DISABLED": "1",
    "SLS_NOTIFICATIONS_MODE": "off",
    "CI": "true",
}
SERVICE = """\
service: bench
frameworkVersion: "3"
provider:
  name: aws
  memorySize: 1769
functions:
{functions}
plugins:
  - serverless-offline
"""
FUNCTION = """\
  {name}:
    handler: {file}.handler
    runtime: {runtime}
"""
EVENT = """\
    events:
      - http: GET {name}
"""
NODE_RUNTIME = "nodejs20.x"


class ServerlessOffline(Server):
    name = "serverless-offline"
    _port = 0
    _api_port = 0
    _service = "service"  # the folder's name

    def functions(self) -> dict[str, tuple[str, str]]:
        """What it serves: name -> (file without its ending, runtime)."""
        return {
            "node": ("hello", NODE_RUNTIME),
            "python": ("hello", python_runtime()),
            "echo": ("echo", python_runtime()),
            "api-python": ("api", python_runtime()),
            "api-node": ("api", NODE_RUNTIME),
        }

    def install(self) -> None:
        if node() is None or shutil.which("npm") is None:
            raise NotAvailable("node and npm are not installed")
        if not PROGRAM.exists():
            HOME_DIR.mkdir(parents=True, exist_ok=True)
            words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(HOME_DIR)]
            run_step([*words, *PACKAGES], f"npm install {' '.join(PACKAGES)}")
        # Plugins are looked for from the service's folder upwards, so it lies beside node_modules.
        self._service_dir.mkdir(exist_ok=True)
        functions = "".join(
            FUNCTION.format(name=name, file=file, runtime=runtime)
            + (EVENT.format(name=name) if file == "api" else "")
            for name, (file, runtime) in self.functions().items()
        )
        (self._service_dir / "serverless.yml").write_text(SERVICE.format(functions=functions))
        sources = (FUNCTIONS_DIR.glob(f"{name}.*") for name in ("hello", "echo", "api"))
        for source in chain.from_iterable(sources):
            shutil.copy(source, self._service_dir)

    @property
    def _service_dir(self) -> Path:
        return HOME_DIR / self._service

    def start(self) -> None:
        self.begin()
        self.wait_for_answer(self.target("python"))
        self.wait_for_answer(self.target("node"))

    def begin(self) -> float:
        """Start the process and wait for nothing; the time of time.perf_counter() just before."""
        self._port, self._api_port = free_port(), free_port()
        ports = {
            "--lambdaPort": self._port,
            "--httpPort": self._api_port,
            "--websocketPort": free_port(),
        }
        options = [word for name, port in ports.items() for word in (name, str(port))]
        self.work_dir.mkdir(parents=True, exist_ok=True)
        environment = clean_environment() | QUIET | {"HOME": str(self.work_dir)}
        command = [
            str(node()),
            str(PROGRAM),
            "offline",
            "start",
            "--config",
            "serverless.yml",
            *options,
        ]
        begun = time.perf_counter()
        self.launch(command, environment, directory=self._service_dir)
        return begun

    def target(self, function: str) -> Target:
        # It listens on "localhost", which is 127.0.0.1 here.
        return Target(self._port, f"bench-dev-{function}")

    def api(self, language: str) -> Address:
        """Where its API answers."""
        target = Target(self._api_port, f"bench-dev-api-{language}")
        return Address(target, f"/dev/api-{language}", f"localhost:{self._api_port}")


class UncalledFunctions(ServerlessOffline):
    """Serves functions that nobody has called yet, beside those by which it is seen that it is up."""

    _service = "service-uncalled"

    def __init__(self, work_dir: Path, count: int) -> None:
        super().__init__(work_dir)
        self._count = count

    def functions(self) -> dict[str, tuple[str, str]]:
        uncalled = {
            f"{language}-{number}": ("hello", runtime)
            for number in range(self._count)
            for language, runtime in (("node", NODE_RUNTIME), ("python", python_runtime()))
        }
        return super().functions() | uncalled
