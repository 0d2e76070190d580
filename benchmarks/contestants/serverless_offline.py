"""serverless-offline from npm, in a folder of its own. It neither authenticates nor isolates."""

from __future__ import annotations

import shutil
import time

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
from benchmarks.target import Target

HOME_DIR = PEERS_DIR / "serverless-offline"
PROGRAM = HOME_DIR / "node_modules" / ".bin" / "serverless"
SERVICE_DIR = HOME_DIR / "service"
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
  runtime: nodejs20.x
  memorySize: 1769
functions:
  node:
    handler: hello.handler
  python:
    handler: hello.handler
    runtime: {python}
  echo:
    handler: echo.handler
    runtime: {python}
plugins:
  - serverless-offline
"""


class ServerlessOffline(Server):
    name = "serverless-offline"
    _port = 0

    def install(self) -> None:
        if node() is None or shutil.which("npm") is None:
            raise NotAvailable("node and npm are not installed")
        if not PROGRAM.exists():
            HOME_DIR.mkdir(parents=True, exist_ok=True)
            words = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(HOME_DIR)]
            run_step([*words, *PACKAGES], f"npm install {' '.join(PACKAGES)}")
        # Plugins are looked for from the service's folder upwards, so it lies beside node_modules.
        SERVICE_DIR.mkdir(exist_ok=True)
        (SERVICE_DIR / "serverless.yml").write_text(SERVICE.format(python=python_runtime()))
        for source in (*FUNCTIONS_DIR.glob("hello.*"), FUNCTIONS_DIR / "echo.py"):
            shutil.copy(source, SERVICE_DIR)

    def start(self) -> None:
        self.begin()
        self.wait_for_answer(self.target("python"))
        self.wait_for_answer(self.target("node"))

    def begin(self) -> float:
        """Start the process and wait for nothing; the time of time.perf_counter() just before."""
        self._port = free_port()
        ports = {
            "--lambdaPort": self._port,
            "--httpPort": free_port(),
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
        self.launch(command, environment, directory=SERVICE_DIR)
        return begun

    def target(self, function: str) -> Target:
        # It listens on "localhost", which is 127.0.0.1 here.
        return Target(self._port, f"bench-dev-{function}")
