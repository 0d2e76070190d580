"""The zygotes: one for each interpreter, started when first needed, replaced when it dies or hangs."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambent.execution.runtimes.java import classes
from lambent.execution.spawner import packets
from lambent.execution.spawner.fork_server import ForkServer, ForkServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.execution.spawner.fork_server import Listener, Order
    from lambent.execution.spawner.loop import Loop

_SOURCE = str(Path(__file__).resolve().parents[3])
_RUNTIMES = Path(__file__).resolve().parents[1] / "runtimes"
_PROGRAM = (
    "import sys; sys.path.insert(0, {source!r}); "
    "from lambent.execution.runtimes.python.zygote import main; main()"
)
# glibc gives memory back at once where a buffer of a large event is freed, and the next event pays for it with a page
# fault for every 4 KiB: up to 16 MiB stay (mallopt(3)).
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MALLOC_MMAP_THRESHOLD_": "16777216",
    "MALLOC_TRIM_THRESHOLD_": "16777216",
}
_BACK_OFF_S = 0.1
_LONGEST_BACK_OFF_S = 10.0


@dataclass(frozen=True)
class Recipe:
    """What a zygote is made from. One zygote serves all runtime ids with the same recipe."""

    language: str
    interpreter: str
    trees: tuple[str, ...]
    libraries: tuple[tuple[str, str], ...] = ()
    # Sandboxes start their runtime by a plain exec once they have their function.
    execs: bool = False
    # The zygote has imported the AWS SDK, for functions that would.
    preload: bool = False

    @classmethod
    def of(cls, runtime: Mapping[str, Any], *, execs: bool, preload: bool = False) -> Recipe:
        """From an entry of `runtimes/discovery.py`."""
        language = runtime["language"]
        libraries = tuple((source, target) for source, target in runtime.get("libraries", ()))
        trees = tuple(runtime["prefixes"])
        is_executed = execs or language == "provided"
        return cls(language, runtime["interpreter"], trees, libraries, is_executed, preload)

    @property
    def program(self) -> str:
        """The Python that runs the zygote: the function's own where it is forked from it, else ours."""
        is_forked = self.language == "python" and not self.execs
        return self.interpreter if is_forked else sys.executable

    def runtime_files(self, data_dir: str) -> str | None:
        """What is shown at /var/runtime. A Python sandbox that was forked has it in memory."""
        if self.language == "java":
            return classes.directory(f"{data_dir}/code/java", self.interpreter)
        if self.language in ("node", "ruby") or (self.language == "python" and self.execs):
            return str(_RUNTIMES / self.language)
        return None


@dataclass(frozen=True)
class Site:
    """What all zygotes have in common."""

    data_dir: str
    scaffold: str
    isolated: bool
    in_user_namespace: bool
    network: Mapping[str, Any] | None = None  # of spawner/network.py: how sandboxes are connected


class Zygote(ForkServer):
    """Starts its process at the first fork, and again after its death, with growing pauses."""

    def __init__(self, recipe: Recipe, site: Site, loop: Loop, listener: Listener) -> None:
        super().__init__("the zygote", loop, listener)
        self._recipe = recipe
        self._site = site
        self._process: subprocess.Popen[bytes] | None = None
        self._deferred: list[Order] = []
        self._failures = 0
        self._not_before = 0.0
        self.hands_out_listeners = recipe.execs

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def fork(self, order: Order) -> None:
        """As its class says. Between two processes the order waits for the next."""
        pause_s = self._not_before - self._loop.now()
        if self._sock is None and pause_s > 0:
            if not self._deferred:
                self._loop.after(pause_s, self._resume)
            copies = [os.dup(each) for each in order.descriptors]
            self._deferred.append(replace(order, descriptors=copies))
        else:
            self._ask(self._sock or self._start(), order)

    def _resume(self) -> None:
        """The pause is over: pass on what was ordered meanwhile."""
        deferred, self._deferred = self._deferred, []
        for order in deferred:
            try:
                self._ask(self._sock or self._start(), order)
            except ForkServerUnavailable as error:
                self._listener.on_exited(order.sandbox, None, str(error))
            finally:
                packets.close_all(order.descriptors)

    def stop(self) -> None:
        """Kill it; its sandboxes die with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            program = _PROGRAM.format(source=_SOURCE)
            network = self._site.network
            command = [self._recipe.program, "-I", "-S", "-c", program, self._plan(theirs.fileno())]
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno(), *([network["router"]] if network else [])],
                    cwd="/",
                    env=_ENVIRONMENT,
                )
            except OSError as error:
                ours.close()
                raise ForkServerUnavailable(f"{self._recipe.program}: {error}") from error
        self._listen(ours)
        return ours

    def _plan(self, descriptor: int) -> str:
        return json.dumps(
            {
                "socket": descriptor,
                "source": _SOURCE,
                "language": self._recipe.language,
                "interpreter": self._recipe.interpreter,
                "execs": self._recipe.execs,
                "preload": self._recipe.preload,
                "trees": self._recipe.trees,
                "libraries": self._recipe.libraries,
                "runtime": self._recipe.runtime_files(self._site.data_dir),
                "isolated": self._site.isolated,
                "scaffold": self._site.scaffold,
                "hidden": self._site.data_dir,
                "host_proc": self._site.in_user_namespace,
                "network": self._site.network,
            }
        )

    def _started(self) -> None:
        self._failures = 0

    def _end(self) -> str:
        """Reap it, and pause before the next."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        status = self._process.wait()
        self._process = None
        self._reason = self._reason or f"the zygote ended with status {status}"
        pause = min(_BACK_OFF_S * 2**self._failures, _LONGEST_BACK_OFF_S)
        self._failures += 1
        self._not_before = self._loop.now() + pause
        return self._reason
