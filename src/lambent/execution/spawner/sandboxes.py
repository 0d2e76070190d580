"""The living sandboxes as the spawner knows them."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.execution.sandbox import namespaces
from lambent.execution.spawner.scratch import NO_DISK, Disk

if TYPE_CHECKING:
    from lambent.execution.sandbox.cgroup import Group
    from lambent.execution.spawner.fork_server import ForkServer
    from lambent.execution.spawner.freezing import Freezer
    from lambent.execution.spawner.keepers import Keeper

# Large events should not need a wake-up for every 200 KB.
_SOCKET_BUFFER = 1_048_576
# socket(7): beyond net.core.wmem_max, of 200 KB as kernels come. Not in Python's module.
_SO_SNDBUFFORCE = 32


@dataclass
class Sandbox:
    """One sandbox, and who forks it. Owns its descriptors: `pidfd` is -1 until it is forked.

    `keeper`: who makes copies of it, where it is a template.
    """

    name: str
    zygote: ForkServer
    uid: int | None
    group: Group | None
    isolated: bool
    ends: Ends
    pid: int = 0
    pidfd: int = -1
    memory_mib: int = 0  # 0 until it is assigned
    network: str = "none"  # what it reaches, see `Network`
    disk: Disk = NO_DISK
    freezer: Freezer | None = None  # where there is a control group
    locked: bool = False
    killed: bool = False
    keeper: Keeper | None = None

    def kill(self) -> None:
        """End everything in it: the first process of a pid namespace takes all others with it."""
        self.killed = True
        if self.pidfd < 0:
            return
        with contextlib.suppress(ProcessLookupError):
            if not self.isolated:  # no pid namespace: its session's group is what we can reach
                os.killpg(self.pid, signal.SIGKILL)
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def kill_members(self) -> None:
        """What is still in its group: forked by a zygote that died before it could say so."""
        for pid in self.group.members() if self.group else []:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def has_own_mounts(self) -> bool:
        """Whether it has left its zygote's mounts: what is bound before that would show in every later sandbox.

        It cannot go back to them, so a yes is kept.

        Raises:
            ProcessLookupError: it is about to end, or its zygote is, which comes to the same.
        """
        if not self.locked:
            try:
                ours = namespaces.identity(self.pid, "mnt")
                self.locked = ours != namespaces.identity(self.zygote.pid, "mnt")
            except OSError as error:
                raise ProcessLookupError(errno.ESRCH, "the sandbox is ending") from error
        return self.locked

    def note_lock(self) -> None:
        """Find out ahead of the assignment."""
        with contextlib.suppress(ProcessLookupError):
            self.has_own_mounts()

    def is_reaped(self) -> bool:
        """Usually its zygote has done it; the orphans of a dead zygote are ours."""
        if self.pidfd < 0:
            return True
        try:
            return os.waitid(os.P_PIDFD, self.pidfd, os.WEXITED | os.WNOHANG) is not None
        except ChildProcessError:
            return True

    def close(self) -> None:
        self.ends.close_all()
        if self.freezer is not None:
            self.freezer.close()
        if self.pidfd >= 0:
            os.close(self.pidfd)
            self.pidfd = -1


class Ends:
    """The frame socket and the log pipe: one end of each for core, the other for the sandbox."""

    def __init__(self, owner: int | None) -> None:
        self._frames_core, self._frames_sandbox = socket.socketpair()
        for end in (self._frames_core, self._frames_sandbox):
            try:
                end.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SOCKET_BUFFER)
            except PermissionError:  # up to net.core.wmem_max, then
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BUFFER)
        self._log_core, self._log_sandbox = os.pipe()
        if owner is not None:  # so that a function may open /dev/stdout
            os.fchown(self._log_sandbox, owner, owner)

    def of_sandbox(self) -> list[int]:
        return [self._frames_sandbox.fileno(), self._log_sandbox]

    def of_core(self) -> list[int]:
        return [self._frames_core.fileno(), self._log_core]

    def close_sandbox_side(self) -> None:
        self._frames_sandbox.close()
        self._log_sandbox = _closed(self._log_sandbox)

    def send_frame(self, frame: bytes) -> None:
        """Put a frame into the sandbox's socket in core's name.

        Raises:
            OSError: the sandbox is gone, or its socket is full, which it never is before its first invocation.
        """
        if self._frames_core.send(frame, socket.MSG_DONTWAIT) < len(frame):
            raise OSError("the sandbox does not read its frames")

    def close_log(self) -> None:
        self._log_core = _closed(self._log_core)

    def close_all(self) -> None:
        self.close_sandbox_side()
        self._frames_core.close()
        self._log_core = _closed(self._log_core)


def _closed(descriptor: int) -> int:
    if descriptor >= 0:
        os.close(descriptor)
    return -1
