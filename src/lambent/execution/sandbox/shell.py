"""A sandbox without an inhabitant, and the move of a process into it. For SnapStart: DESIGN 4.3.

The inhabitant is a copy of a template: it runs as the template's uid, without capabilities and under the filter, in the
template's namespaces. What it can be let into must lie in a user namespace that this uid has made: that gives whoever
steps in the privilege to go on into the namespaces below. While the copy has it, it is stopped, and makes its system
calls on our order alone (tracee.py).

Only root can build one: the steps before the user namespace, its id maps, and the network need it.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
from dataclasses import dataclass
from typing import NoReturn

from lambent.execution.sandbox import (
    capabilities,
    descriptors,
    endpoint,
    husk,
    identity,
    libc,
    namespaces,
    network,
    rlimits,
    root,
    seccomp,
    spawn,
)
from lambent.execution.sandbox.tracee import Tracee

_CREDENTIALS = struct.Struct("iII")
# A step takes milliseconds; on a machine that is drowning, a second.
_STEP_LIMIT_S = 10.0
_CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
_ALL = namespaces.NEWUSER | namespaces.OF_A_SANDBOX | namespaces.NEWPID


@dataclass(frozen=True)
class Ground:
    """What shells are built on. Descriptors, all of them.

    `mounts`: a pidfd whose mounts are the clean root; `processes`: a proc file system of our pid namespace; `network`:
    our own network namespace; `template`: the uid of the template.
    """

    mounts: int
    processes: int
    network: int
    template: int


class Shell:
    """A sandbox that waits for its inhabitant. `pid` is its first process, which does nothing but reap.

    Args: its walls, the ground, and the frame socket over which it hands out its AWS endpoint, -1 for none.

    Raises:
        OSError: a step failed.
    """

    def __init__(self, walls: spawn.Walls, ground: Ground, frames: int) -> None:
        assert walls.uid is not None
        self._walls = walls
        self._uid = walls.uid
        self._ground = ground
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.pid = 0
        with theirs:
            builder = os.fork()
            if builder == 0:
                self._ours.close()
                _build(walls, ground, theirs, frames)
        self._have_built(builder)

    def _have_built(self, builder: int) -> None:
        try:
            hear(self._ours)  # it is in its user namespace
            for name in ("uid_map", "gid_map"):
                mapping = f"{self._uid} {self._uid} 1"
                _write(f"{builder}/{name}", mapping, self._ground.processes)
            self._ours.send(b"mapped")
            self.pid = hear(self._ours).pid
            self.pidfd = os.pidfd_open(self.pid)
            if self._walls.cable is not None:
                self._connect(self._walls.cable)
        except OSError:
            self.destroy()
            raise
        finally:
            # It has ended, or hangs: then what it is about to be is of no use.
            _kill(builder if not self.pid else 0)
            os.waitpid(builder, 0)

    def _connect(self, cable: network.Cable) -> None:
        router = network.reach(cable)
        try:
            namespaces.enter(self.pidfd, namespaces.NEWNET)
            network.connect(router, cable)
        finally:
            router.close()
            namespaces.enter(self._ground.network, namespaces.NEWNET)

    def take_in(self, pid: int) -> None:
        """Have the process `pid` move in. Its next child is the inhabitant: a process stays in its pid namespace.

        Raises:
            OSError: it could not be, and must be ended.
        """
        spawn.join_groups(self._walls.doors, pid)
        copy = Tracee(pid)
        here = copy.call("pidfd_open", self.pid, 0)
        copy.call("setns", here, _ALL)
        copy.call("close", here)
        self._ours.send(b"inhabited")  # the first process has nothing to be found by any more
        hear(self._ours)
        copy.call("setgroups", 0, 0)
        copy.call("setresgid", self._uid, self._uid, self._uid)
        copy.call("setresuid", self._uid, self._uid, self._uid)
        for number in range(capabilities.last() + 1):
            copy.call("prctl", libc.PR_CAPBSET_DROP, number, 0, 0, 0)
        header, nothing = capabilities.nothing()
        address = copy.put(header + nothing)
        copy.call("capset", address, address + len(header))
        self._expect_harmless(pid)
        copy.release()

    def _expect_harmless(self, pid: int) -> None:
        """See for ourselves: what went wrong here would not show otherwise."""
        uid = str(self._uid)
        expected = {
            "Uid": [uid] * 4,
            "Gid": [uid] * 4,
            "Groups": [],
            "NoNewPrivs": ["1"],
            "Seccomp": ["2"],
            **{name: ["0" * 16] for name in _CAPABILITY_SETS},
        }
        for line in _read(f"{pid}/status", self._ground.processes).splitlines():
            name, _, value = line.partition(":")
            if name in expected and value.split() != expected.pop(name):
                raise OSError(f"a copy has moved in with {line!r}")
        if expected:
            raise OSError(f"nothing is known of a copy's {sorted(expected)}")

    def holds(self, pid: int) -> bool:
        """Whether the process lives in this sandbox's pid namespace."""
        places = [f"{each}/ns/pid" for each in (self.pid, pid)]
        ours, its = (os.stat(place, dir_fd=self._ground.processes).st_ino for place in places)
        return ours == its

    def destroy(self) -> None:
        """Everything in it ends; whoever reaps our children meets its first process."""
        self._ours.close()
        _kill(self.pid)

    def close(self) -> None:
        """It needs us no more."""
        self._ours.close()


def _build(walls: spawn.Walls, ground: Ground, sock: socket.socket, frames: int) -> NoReturn:
    """In the builder: leave everything step by step, then fork the first process of the new pid namespace."""
    status = 1
    try:
        spawn.join_groups(walls.doors)
        namespaces.enter(ground.mounts, namespaces.NEWNS)
        namespaces.unshare(namespaces.NEWNS)
        spawn.mount_own(_own(walls))
        descriptors.keep_only([sock.fileno(), *([frames] if frames >= 0 else [])])
        rlimits.apply()
        identity.become(ground.template)
        namespaces.unshare(namespaces.NEWUSER)
        libc.prctl(libc.PR_SET_DUMPABLE, 1)  # or our maps could not be written
        _report(sock, b"unshared")
        identity.become(_own(walls))
        namespaces.unshare(namespaces.OF_A_SANDBOX)
        network.raise_loopback()
        if frames >= 0:
            endpoint.hand_out(frames)
            os.close(frames)
        namespaces.set_hostname(root.HOSTNAME)
        if libc.fork_with(namespaces.NEWPID) == 0:
            _be_first(walls, sock)
        status = 0
    except BaseException as error:  # noqa: BLE001 - the boundary of a forked child
        sock.send(b"!" + str(error).encode()[:1000])
    finally:
        os._exit(status)


def _be_first(walls: spawn.Walls, sock: socket.socket) -> NoReturn:
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps for us
        # Allowed because there is one already: that of the template's namespace, which this covers.
        spawn.mount_proc()
        libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
        libc.prctl(libc.PR_SET_DUMPABLE, 1)  # the copy must be able to name us
        _report(sock, b"built")
        libc.prctl(libc.PR_SET_DUMPABLE, 0)
        capabilities.drop_bounding()
        capabilities.drop_all()
        if walls.filter is not None:
            seccomp.load(walls.filter)
        sock.send(b"closed")
        sock.close()
        husk.wait_for_ever()
    except BaseException as error:  # noqa: BLE001 - the boundary of a forked child
        sock.send(b"!" + str(error).encode()[:1000])
    finally:
        os._exit(1)


def _own(walls: spawn.Walls) -> int:
    assert walls.uid is not None
    return walls.uid


def _report(sock: socket.socket, word: bytes) -> None:
    """Say so and wait for an answer; without one there is nobody to go on for."""
    sock.send(word)
    if not sock.recv(16):
        os._exit(1)


@dataclass(frozen=True)
class Sender:
    """Who sent a word, as the kernel says it."""

    pid: int
    uid: int


def hear(sock: socket.socket) -> Sender:
    """The next word on a socket with SO_PASSCRED: only who sent it matters.

    Raises:
        OSError: none came in time, or the word is that something failed.
    """
    if not libc.wait_readable(sock.fileno(), _STEP_LIMIT_S):
        raise OSError("no answer while a copy was made")
    data, ancillary, _, _ = sock.recvmsg(1024, socket.CMSG_SPACE(_CREDENTIALS.size))
    if data.startswith(b"!"):
        raise OSError(data[1:].decode("utf-8", "replace"))
    for level, kind, content in ancillary:
        if data and level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS:
            pid, uid, _ = _CREDENTIALS.unpack(content[: _CREDENTIALS.size])
            return Sender(pid, uid)
    raise OSError("it ended while a copy was made")


def _kill(pid: int) -> None:
    if pid:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _write(path: str, text: str, directory: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _read(path: str, directory: int) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        return os.read(descriptor, 16_384).decode()
    finally:
        os.close(descriptor)
