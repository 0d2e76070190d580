"""The keepers of SnapStart templates (runtimes/python/keeper.py), as the spawner sees them: one for each template."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from lambent.execution.spawner.fork_server import ForkServer, ForkServerUnavailable

if TYPE_CHECKING:
    from lambent.execution.spawner.fork_server import Listener, Order
    from lambent.execution.spawner.loop import Loop


class Keeper(ForkServer):
    """Makes copies of one template. Its process is the template sandbox's first one, forked by a zygote.

    `descriptor` is its end of the socket, until `started`.
    """

    def __init__(self, loop: Loop, listener: Listener) -> None:
        super().__init__("the keeper of the template", loop, listener)
        ours, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._pid = 0
        self._listen(ours)

    @property
    def descriptor(self) -> int:
        return self._theirs.fileno()

    @property
    def pid(self) -> int:
        return self._pid

    def ordered(self) -> None:
        """Its end is on the way to it."""
        self._theirs.close()

    def started(self, pid: int) -> None:
        self._pid = pid

    def fork(self, order: Order) -> None:
        if self._sock is None or not self._pid:
            raise ForkServerUnavailable("the template is gone")
        self._ask(self._sock, order)

    def close(self) -> None:
        """The template is gone, and all copies with it."""
        self._theirs.close()
        if self._sock is not None:
            self._gone()

    def _end(self) -> str:
        self._pid = 0
        return self._reason or "the template has ended"

    def _pid_here(self, pid: int, pidfd: int) -> int:
        """It lives in a pid namespace of its own, and tells numbers of that."""
        with open(f"/proc/self/fdinfo/{pidfd}", encoding="ascii") as file:  # noqa: PTH123 - one call, no object
            for line in file:
                name, _, value = line.partition(":")
                if name == "Pid":
                    return int(value)
        raise OSError(f"no process behind descriptor {os.fstat(pidfd).st_ino}")
