"""The first process of a template's pid namespace: it keeps the template and makes copies of it (DESIGN 4.3).

Forked from the zygote like any sandbox's first process, but it stays privileged: it builds a shell for each copy, has
the template fork, moves the fork in, and reaps. Nothing of the function is ever in its memory, and what it hears from
the template it takes for what it is: only the kernel's word on who sent it counts.

Messages with the spawner are those of the zygote (`fork`, `forked`, `exited`).
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import select
import signal
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from lambent.execution.sandbox import descriptors, mounts, network, spawn
from lambent.execution.sandbox.shell import Ground, Shell, hear

if TYPE_CHECKING:
    from collections.abc import Callable

_MESSAGE_LIMIT = 4096
_DESCRIPTORS = 8
# As nice(2) counts: copies that nobody waits for are built with a tenth of the weight of those who work.
_STAND_BACK = 10


@dataclass
class _Copy:
    """One copy. `pid`: the runtime, a child of ours; `shell`: the first process of its sandbox."""

    sandbox: str
    shell: int
    pid: int
    status: int | None = None


@dataclass(frozen=True)
class Means:
    """What the zygote hands on.

    `control`: the socket to the spawner. `home`: a pidfd of the zygote, whose mounts are the clean root. `walls`: the
    template's own; `network`: of spawner/network.py, or None.
    """

    control: int
    home: int
    walls: spawn.Walls
    network: dict[str, Any] | None

    def kept(self) -> list[int]:
        """Descriptors that a keeper needs."""
        router = [int(self.network["router"])] if self.network else []
        return [self.control, self.home, *router]


def keep(means: Means, become_template: Callable[[int], NoReturn], status_in: int) -> NoReturn:
    """Start the template (`become_template`, with the socket on which it is asked for copies) and keep it.

    Raises:
        OSError: it could not be started.
    """
    processes = mounts.make("proc", {})
    own_network = os.open("self/ns/net", os.O_RDONLY | os.O_CLOEXEC, dir_fd=processes)
    asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    wake_out, wake_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    template = os.fork()
    if template == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        become_template(asked.detach())
    asked.close()
    signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
    kept = [processes, own_network, asking.fileno(), wake_out, wake_in, status_in]
    descriptors.keep_only([*kept, *means.kept()])
    for standard in (0, 1, 2):
        os.close(standard)
    assert means.walls.uid is not None
    ground = Ground(means.home, processes, own_network, means.walls.uid)
    _Keeper(means, ground, asking, template, status_in).run(wake_out)


class _Keeper:
    def __init__(
        self, means: Means, ground: Ground, asking: socket.socket, template: int, status_in: int
    ) -> None:
        self._means = means
        self._ground = ground
        self._asking = asking
        self._template = template
        self._status_in = status_in
        self._control = socket.socket(fileno=means.control)
        self._copies: list[_Copy] = []

    def run(self, wake_out: int) -> NoReturn:
        poll = select.poll()
        for descriptor in (self._control.fileno(), wake_out):
            poll.register(descriptor, select.POLLIN)
        self._tell({"event": "ready"})
        while True:
            for descriptor, _ in poll.poll():
                if descriptor == wake_out:
                    with contextlib.suppress(BlockingIOError):
                        os.read(wake_out, 4096)
                    self._reap()
                elif not self._serve():
                    os._exit(0)

    def _serve(self) -> bool:
        data, given = receive(self._control)
        if not data:
            return False
        request = json.loads(data)
        try:
            if not request["urgent"]:
                os.setpriority(os.PRIO_PROCESS, 0, _STAND_BACK)
            self._fork(request, given)
        except OSError as error:
            self._tell({"event": "exited", "sandbox": request["sandbox"], "reason": str(error)})
        finally:
            os.setpriority(os.PRIO_PROCESS, 0, 0)
            for descriptor in given:
                os.close(descriptor)
        self._reap()
        return True

    def _fork(self, request: dict[str, Any], given: list[int]) -> None:
        frames, log, *doors = given
        uid: int = request["uid"]
        cable = cable_of(request, self._means.network)
        walls = spawn.Walls(
            namespaces=True, uid=uid, filter=self._means.walls.filter, doors=doors, cable=cable
        )
        shell = Shell(walls, self._ground, frames if has_endpoint(request) else -1)
        try:
            pid = self._inhabit(shell, uid, frames, log)
        except BaseException:
            shell.destroy()
            raise
        shell.close()
        self._copies.append(_Copy(request["sandbox"], shell.pid, pid))
        event = {"event": "forked", "sandbox": request["sandbox"], "pid": shell.pid}
        self._tell(event, [shell.pidfd])
        os.close(shell.pidfd)

    def _inhabit(self, shell: Shell, uid: int, frames: int, log: int) -> int:
        """Have the template forked into the shell; returns the runtime's pid."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        with ours:
            with theirs:
                passed = array.array("i", [frames, log, theirs.fileno()])
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)]
                self._asking.sendmsg([b"copy"], ancillary, socket.MSG_DONTWAIT)
            mover = hear(ours)
            try:
                if mover.uid != self._ground.template:
                    raise OSError("a copy is not of the template")
                shell.take_in(mover.pid)
                ours.send(b"in")
                inhabitant = hear(ours)
            finally:
                # Between two namespaces nobody has any business.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(mover.pid, signal.SIGKILL)
            if inhabitant.uid != uid or not shell.holds(inhabitant.pid):
                raise OSError("a copy has not moved in")
            return inhabitant.pid

    def _reap(self) -> None:
        """Who has ended; orphans of all kinds are among them, whose end matters to nobody."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            if pid == self._template:
                os.write(self._status_in, str(code).encode())
                os._exit(0)  # all copies end with us: their namespaces lie below ours
            for copy in self._copies[:]:
                if copy.pid == pid:
                    copy.status = code
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(copy.shell, signal.SIGKILL)
                elif copy.shell == pid:
                    self._copies.remove(copy)
                    status = code if copy.status is None else copy.status
                    event = {"event": "exited", "sandbox": copy.sandbox, "status": status}
                    self._tell(event)

    def _tell(self, event: dict[str, Any], given: list[int] | None = None) -> None:
        tell(self._control, event, given)


def cable_of(request: dict[str, Any], plan: dict[str, Any] | None) -> network.Cable | None:
    """The way out of the sandbox that is asked for; None where it has none. `plan` is that of spawner/network.py."""
    if plan and request["uid"] and request["network"] == "internet":
        return network.of_uid(plan, request["uid"])
    return None


def has_endpoint(request: dict[str, Any]) -> bool:
    """Whether that sandbox finds the platform's own AWS endpoint inside."""
    return request["network"] in ("internet", "platform")


def tell(sock: socket.socket, event: dict[str, Any], given: list[int] | None = None) -> None:
    """One message to the spawner; the descriptors stay open here."""
    ancillary = []
    if given:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", given))]
    sock.sendmsg([json.dumps(event).encode()], ancillary)


def receive(sock: socket.socket) -> tuple[bytes, list[int]]:
    """One message of the spawner, b"" at the end; the descriptors are the caller's."""
    given = array.array("i")
    space = socket.CMSG_SPACE(_DESCRIPTORS * given.itemsize)
    try:
        data, ancillary, _, _ = sock.recvmsg(_MESSAGE_LIMIT, space, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:  # it died before it had read all that we have said
        return b"", []
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            given.frombytes(content[: len(content) - len(content) % given.itemsize])
    return data, list(given)
