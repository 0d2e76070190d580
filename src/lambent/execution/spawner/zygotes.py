"""The zygotes: one for each interpreter, started when first needed, replaced when it dies or hangs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lambent.execution.runtimes.java import classes
from lambent.execution.spawner import packets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.execution.spawner.loop import Loop

_SOURCE = str(Path(__file__).resolve().parents[3])
_RUNTIMES = Path(__file__).resolve().parents[1] / "runtimes"
_PROGRAM = (
    "import sys; sys.path.insert(0, {source!r}); "
    "from lambent.execution.runtimes.python.zygote import main; main()"
)
# A zygote that has not answered for this long (it takes milliseconds) is taken for stuck.
_ANSWER_LIMIT_S = 15.0
_BACK_OFF_S = 0.1
_LONGEST_BACK_OFF_S = 10.0


class ZygoteUnavailable(Exception):
    """No sandbox can be forked now. The text says why."""


class Listener(Protocol):
    """Who is told what became of sandboxes."""

    def on_forked(self, sandbox: str, pid: int, pidfd: int) -> None: ...
    def on_exited(self, sandbox: str, status: int | None, reason: str) -> None: ...


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
class Order:
    """One sandbox to fork.

    `memory_mib`: what its function will have, where the runtime must know that when it starts, else 0. `urgent`: a call
    waits for it. `network`: what it reaches, see `Network`.
    """

    sandbox: str
    uid: int | None
    descriptors: Sequence[int]
    memory_mib: int
    urgent: bool
    network: str


@dataclass(frozen=True)
class Site:
    """What all zygotes have in common."""

    data_dir: str
    scaffold: str
    isolated: bool
    in_user_namespace: bool
    network: Mapping[str, Any] | None = None  # of spawner/network.py: how sandboxes are connected


class Zygote:
    """Starts its process at the first fork, and again after its death, with growing pauses."""

    def __init__(self, recipe: Recipe, site: Site, loop: Loop, listener: Listener) -> None:
        self._recipe = recipe
        self._site = site
        self._loop = loop
        self._listener = listener
        self._process: subprocess.Popen[bytes] | None = None
        self._sock: socket.socket | None = None
        self._waiting: dict[str, float] = {}
        self._deferred: list[Order] = []
        self._living: set[str] = set()
        self._failures = 0
        self._not_before = 0.0
        self._reason = ""

    @property
    def hands_out_listeners(self) -> bool:
        """Whether its sandboxes do, for the Runtime API (`runtimes/starter.py`)."""
        return self._recipe.execs

    @property
    def pid(self) -> int:
        """0 while there is none."""
        return self._process.pid if self._process else 0

    def fork(self, order: Order) -> None:
        """Ask for a sandbox; `on_forked` follows, or `on_exited`. Between two zygotes the order waits for the next.

        Raises:
            ZygoteUnavailable: it does not listen, or cannot be started.
        """
        pause_s = self._not_before - self._loop.now()
        if self._sock is None and pause_s > 0:
            if not self._deferred:
                self._loop.after(pause_s, self._resume)
            copies = [os.dup(each) for each in order.descriptors]
            self._deferred.append(replace(order, descriptors=copies))
        else:
            self._send(order)

    def _send(self, order: Order) -> None:
        sock = self._sock or self._start()
        message = {
            "op": "fork",
            "sandbox": order.sandbox,
            "uid": order.uid,
            "memory_mib": order.memory_mib,
            "urgent": order.urgent,
            "network": order.network,
        }
        try:
            packets.send(sock, message, order.descriptors)
        except OSError as error:  # full, because it is stuck, or gone, which the loop will notice
            raise ZygoteUnavailable(f"the zygote does not listen: {error}") from error
        if not self._waiting:
            self._loop.after(_ANSWER_LIMIT_S, self._check_answers)
        self._waiting[order.sandbox] = self._loop.now()

    def _resume(self) -> None:
        """The pause is over: pass on what was ordered meanwhile."""
        deferred, self._deferred = self._deferred, []
        for order in deferred:
            try:
                self._send(order)
            except ZygoteUnavailable as error:
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
                    env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"},
                )
            except OSError as error:
                ours.close()
                raise ZygoteUnavailable(f"{self._recipe.program}: {error}") from error
        ours.setblocking(False)
        self._sock = ours
        self._loop.watch(ours.fileno(), self._readable)
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

    def _readable(self) -> None:
        assert self._sock is not None
        try:
            data, descriptors = packets.receive(self._sock)
        except BlockingIOError:
            return
        except OSError:
            data, descriptors = b"", []
        if data:
            self._heard(json.loads(data), descriptors)
        else:
            self._gone()

    def _heard(self, event: dict[str, Any], descriptors: list[int]) -> None:
        if event["event"] == "ready":
            self._failures = 0
            return
        if event["event"] == "unable":
            self._reason = event["reason"]
            return
        sandbox = event["sandbox"]
        self._waiting.pop(sandbox, None)
        if event["event"] == "forked":
            self._living.add(sandbox)
            self._listener.on_forked(sandbox, event["pid"], descriptors[0])
        else:
            self._living.discard(sandbox)
            self._listener.on_exited(sandbox, event.get("status"), event.get("reason", ""))

    def _gone(self) -> None:
        """Its end is closed: reap it, tell everyone who waited or lived by it, and pause before the next."""
        assert self._sock is not None
        assert self._process is not None
        self._loop.forget(self._sock.fileno())
        self._sock.close()
        self._sock = None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        status = self._process.wait()
        self._process = None
        self._reason = self._reason or f"the zygote ended with status {status}"
        pause = min(_BACK_OFF_S * 2**self._failures, _LONGEST_BACK_OFF_S)
        self._failures += 1
        self._not_before = self._loop.now() + pause
        lost = [*self._waiting, *self._living]
        self._waiting.clear()
        self._living.clear()
        for sandbox in lost:
            self._listener.on_exited(sandbox, -signal.SIGKILL, self._reason)

    def _check_answers(self) -> None:
        if not self._waiting:
            return
        oldest = min(self._waiting.values())
        if self._loop.now() - oldest >= _ANSWER_LIMIT_S and self._process is not None:
            self._reason = "the zygote was stuck"
            os.kill(self._process.pid, signal.SIGKILL)
            return
        self._loop.after(oldest + _ANSWER_LIMIT_S - self._loop.now(), self._check_answers)
