"""Someone who forks sandboxes when asked: a zygote, or the keeper of a SnapStart template."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lambent.execution.spawner import packets

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence

    from lambent.execution.spawner.loop import Loop

# One that has not answered for this long (it takes milliseconds) is taken for stuck.
_ANSWER_LIMIT_S = 15.0


class ForkServerUnavailable(Exception):
    """No sandbox can be forked now. The text says why."""


class Listener(Protocol):
    """Who is told what became of sandboxes."""

    def on_forked(self, sandbox: str, pid: int, pidfd: int) -> None: ...
    def on_exited(self, sandbox: str, status: int | None, reason: str) -> None: ...


@dataclass(frozen=True)
class Order:
    """One sandbox to fork.

    `memory_mib`: what its function will have, where the runtime must know that when it starts, else 0. `urgent`: a call
    waits for it. `network`: what it reaches, see `Network`. `is_template`: copies are going to be made of it; the third
    of `descriptors` is its keeper's socket.
    """

    sandbox: str
    uid: int | None
    descriptors: Sequence[int]
    memory_mib: int
    urgent: bool
    network: str
    is_template: bool = False


class ForkServer:
    """The spawner's side of one. Args: what to call it, the loop, who is told."""

    # Whether its sandboxes hand out listeners for the Runtime API (`runtimes/starter.py`).
    hands_out_listeners = False

    def __init__(self, name: str, loop: Loop, listener: Listener) -> None:
        self._name = name
        self._loop = loop
        self._listener = listener
        self._sock: socket.socket | None = None
        self._waiting: dict[str, float] = {}
        self._living: set[str] = set()
        self._reason = ""

    @property
    def pid(self) -> int:
        """0 while there is none."""
        raise NotImplementedError

    def fork(self, order: Order) -> None:
        """Ask for a sandbox; `on_forked` follows, or `on_exited`.

        Raises:
            ForkServerUnavailable: it does not listen, or is not there.
        """
        raise NotImplementedError

    def _end(self) -> str:
        """Its end is closed, or it is stuck: end what is left of it; says why it has ended."""
        raise NotImplementedError

    def _listen(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop.watch(sock.fileno(), self._readable)

    def _ask(self, sock: socket.socket, order: Order) -> None:
        message = {
            "op": "fork",
            "sandbox": order.sandbox,
            "uid": order.uid,
            "memory_mib": order.memory_mib,
            "urgent": order.urgent,
            "network": order.network,
            "template": order.is_template,
        }
        try:
            packets.send(sock, message, order.descriptors)
        except OSError as error:  # full, because it is stuck, or gone, which the loop will notice
            raise ForkServerUnavailable(f"{self._name} does not listen: {error}") from error
        if not self._waiting:
            self._loop.after(_ANSWER_LIMIT_S, self._check_answers)
        self._waiting[order.sandbox] = self._loop.now()

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
            self._started()
            return
        if event["event"] == "unable":
            self._reason = event["reason"]
            return
        sandbox = event["sandbox"]
        self._waiting.pop(sandbox, None)
        if event["event"] == "forked":
            self._living.add(sandbox)
            pid = self._pid_here(event["pid"], descriptors[0])
            self._listener.on_forked(sandbox, pid, descriptors[0])
        else:
            self._living.discard(sandbox)
            self._listener.on_exited(sandbox, event.get("status"), event.get("reason", ""))

    def _started(self) -> None:
        """It is there."""

    def _pid_here(self, pid: int, pidfd: int) -> int:
        """The number of the process in our own pid namespace."""
        del pidfd
        return pid

    def _gone(self) -> None:
        """Its end is closed: tell everyone who waited or lived by it."""
        assert self._sock is not None
        self._loop.forget(self._sock.fileno())
        self._sock.close()
        self._sock = None
        reason = self._end()
        lost = [*self._waiting, *self._living]
        self._waiting.clear()
        self._living.clear()
        for sandbox in lost:
            self._listener.on_exited(sandbox, -signal.SIGKILL, reason)

    def _check_answers(self) -> None:
        if not self._waiting:
            return
        oldest = min(self._waiting.values())
        if self._loop.now() - oldest >= _ANSWER_LIMIT_S and self.pid:
            self._reason = f"{self._name} was stuck"
            os.kill(self.pid, signal.SIGKILL)
            return
        self._loop.after(oldest + _ANSWER_LIMIT_S - self._loop.now(), self._check_answers)
