"""The floor: a C server without authentication, logs or isolation. What is above it is the platform's."""

from __future__ import annotations

import subprocess

from benchmarks.build import HERE, BuildFailed, build
from benchmarks.contestants.server import FUNCTIONS_DIR, NotAvailable, Server
from benchmarks.interpreters import python
from benchmarks.target import Target


class Floor(Server):
    name = "floor"
    _port = 0

    def install(self) -> None:
        try:
            build("floor")
        except BuildFailed as problem:
            raise NotAvailable(str(problem)) from problem

    def start(self) -> None:
        child = str(HERE / "floor" / "child.py")
        command = [str(build("floor")), python(), child, str(FUNCTIONS_DIR), "hello.handler"]
        process = self.launch(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        words = process.stdout.readline().split()
        if len(words) != 2:
            raise NotAvailable(f"the floor did not start: {self.last_words()}")
        self._port = int(words[1])
        self.wait_for_answer(self.target("python"))

    def target(self, function: str) -> Target:
        assert function == "python", "the floor has one function"
        return Target(self._port, "hello")
