"""Work that may take a while (copying a code tree, removing one), done by children of the spawner."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from lambent.execution.sandbox import libc
from lambent.execution.spawner import packets, seal

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from lambent.execution.spawner.loop import Loop


class Chores:
    """Answers `seal` and `discard`. Args: core's socket, the four directories of the code store, the loop."""

    def __init__(
        self, core: socket.socket, staging: str, sealing: str, sealed: str, facts: str, loop: Loop
    ) -> None:
        self._core = core
        self._staging = staging
        self._sealing = sealing
        self._sealed = sealed
        self._facts = facts
        self._loop = loop

    def seal(self, request: Mapping[str, Any]) -> None:
        ticket, name = request["ticket"], request["staging"]

        def work() -> str:
            return seal.seal(self._staging, name, self._sealing, self._sealed, self._facts)

        def done(digest: str, reason: str) -> None:
            event = {"event": "failed", "ticket": ticket, "reason": reason}
            if digest:
                event = {"event": "sealed", "ticket": ticket, "code": digest}
            packets.send(self._core, event)

        self._start(work, done)

    def discard(self, request: Mapping[str, Any]) -> None:
        name = request["code"]

        def work() -> str:
            seal.discard(name, self._sealing, self._sealed, self._facts)
            return "done"

        def done(digest: str, reason: str) -> None:
            event: dict[str, Any] = {"event": "discarded", "code": name}
            if not digest:
                event = {"event": "failed", "code": name, "reason": reason}
            if "ticket" in request:
                event["ticket"] = request["ticket"]
            packets.send(self._core, event)

        self._start(work, done)

    def _start(self, work: Callable[[], str], done: Callable[[str, str], None]) -> None:
        """Run `work` in a child; `done` gets its result, or "" and the reason of its failure."""
        answer_out, answer_in = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(answer_out)
            self._work_and_leave(work, answer_in)
        os.close(answer_in)

        def finished() -> None:
            self._loop.forget(answer_out)
            with os.fdopen(answer_out, "rb") as file:
                said = file.read().decode("utf-8", "replace")
            os.waitpid(child, 0)
            if said.startswith("+"):
                done(said[1:], "")
            else:
                done("", said[1:] or "the child that did it died")

        self._loop.watch(answer_out, finished)

    def _work_and_leave(self, work: Callable[[], str], answer_in: int) -> None:
        try:
            libc.die_with_parent(signal.SIGKILL)
            self._core.close()
            answer = "+" + work()
        except Exception as error:  # noqa: BLE001 - the boundary of a forked child: it must not return
            answer = f"!{error}"
        try:
            os.write(answer_in, answer.encode("utf-8", "replace")[:4000])
        finally:
            os._exit(0)
