"""The /tmp of sandboxes: disks made ahead, and let go when a sandbox is gone, by a child of the spawner.

Making one takes a millisecond, letting go of one up to a second, and the spawner must not wait for either. The child
keeps a descriptor of each disk, so that what is unmounted when a sandbox dies is not unmounted by the dying sandbox.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import socket
import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from lambent.execution.sandbox import descriptors, disk, libc
from lambent.execution.spawner import packets

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.execution.spawner.loop import Loop

_log = logging.getLogger(__name__)

# What AWS gives a function that asks for nothing else.
DEFAULT_MIB = 512
# Of those that let go of disks; each waits for the kernel most of the time.
_THREADS = 4
# A child that has died so often will not do better.
_LIVES = 3
_STOP_LIMIT_S = 10.0


class Disk(NamedTuple):
    """`descriptor` is a detached mount, -1 where the host has none; `ticket` is for `drop`."""

    ticket: int
    descriptor: int


NO_DISK = Disk(0, -1)


class Scratch:
    """The spawner's side. Args: where images may lie (None: no disks here), the loop."""

    def __init__(self, directory: str | None, loop: Loop) -> None:
        self._directory = directory
        self._loop = loop
        self._sock: socket.socket | None = None
        self._child = 0
        self._lives = _LIVES if directory else 0
        self._tickets = 0
        self._ready: deque[Disk] = deque()
        # ticket -> MiB, and who waits for it
        self._ordered: dict[int, tuple[int, Callable[[Disk], None] | None]] = {}

    def stock(self, count: int) -> None:
        """Have `count` disks of the default size ready soon."""
        ordered = sum(taker is None for _, taker in self._ordered.values())
        for _ in range(count - len(self._ready) - ordered):
            self._order(DEFAULT_MIB, None)

    def take(self, mib: int, taker: Callable[[Disk], None]) -> None:
        """Give `taker` a disk of `mib`: at once where one is ready. It may be `NO_DISK`."""
        if mib == DEFAULT_MIB and self._ready:
            taker(self._ready.popleft())
            return
        for ticket, (ordered_mib, other) in self._ordered.items():
            if other is None and ordered_mib == mib:
                self._ordered[ticket] = (mib, taker)
                return
        self._order(mib, taker)

    def drop(self, taken: Disk) -> None:
        """The sandbox that had it is gone."""
        if taken.ticket and self._sock is not None:
            self._tell({"drop": taken.ticket})

    def stop(self) -> None:
        """Let go of everything; returns when it is gone."""
        for ready in self._ready:
            os.close(ready.descriptor)
        self._ready.clear()
        if self._sock is not None:
            self._sock.close()
            self._sock = None
            pidfd = os.pidfd_open(self._child)
            if not libc.wait_readable(pidfd, _STOP_LIMIT_S):
                os.kill(self._child, signal.SIGKILL)
            os.close(pidfd)
            os.waitpid(self._child, 0)

    def _order(self, mib: int, taker: Callable[[Disk], None] | None) -> None:
        if self._sock is None and self._lives:
            self._start()
        self._tickets += 1
        if self._sock is None or not self._tell({"make": self._tickets, "mib": mib}):
            if taker is not None:
                taker(NO_DISK)
            return
        self._ordered[self._tickets] = (mib, taker)

    def _tell(self, message: dict[str, int]) -> bool:
        assert self._sock is not None
        try:
            packets.send(self._sock, message)
        except OSError:  # dead: the loop will notice; or stuck
            return False
        return True

    def _start(self) -> None:
        assert self._directory is not None
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child = os.fork()
        if child == 0:
            _serve(theirs, self._directory)
        theirs.close()
        ours.setblocking(False)
        self._sock, self._child = ours, child
        self._loop.watch(ours.fileno(), self._readable)

    def _readable(self) -> None:
        assert self._sock is not None
        try:
            data, given = packets.receive(self._sock)
        except OSError:
            data, given = b"", []
        if not data:
            self._gone()
            return
        event = json.loads(data)
        _, taker = self._ordered.pop(event["made"])
        if not given:
            _log.warning("the disk of functions is memory: %s", event["reason"])
            self._lives = 0
        made = Disk(event["made"], given[0]) if given else NO_DISK
        if taker is not None:
            taker(made)
        elif given:
            self._ready.append(made)

    def _gone(self) -> None:
        assert self._sock is not None
        self._loop.forget(self._sock.fileno())
        self._sock.close()
        self._sock = None
        os.waitpid(self._child, 0)
        self._lives = max(0, self._lives - 1)
        ordered, self._ordered = self._ordered, {}
        for mib, taker in ordered.values():
            if taker is not None:
                self._order(mib, taker)


def _serve(sock: socket.socket, directory: str) -> None:
    """The child's whole life."""
    try:
        libc.die_with_parent(signal.SIGKILL)
        descriptors.keep_only([sock.fileno()])
        _keep(sock, disk.Disks(directory))
    finally:
        os._exit(0)


def _keep(sock: socket.socket, disks: disk.Disks) -> None:
    kept: dict[int, int] = {}
    gone: queue.SimpleQueue[int] = queue.SimpleQueue()
    for _ in range(_THREADS):
        threading.Thread(target=_let_go, args=(gone,), daemon=True).start()
    while True:
        data, _ = packets.receive(sock)
        if not data:
            return
        request = json.loads(data)
        if "drop" in request:
            dropped = kept.pop(request["drop"], -1)
            if dropped >= 0:  # else one of a child before us, which died with it
                gone.put(dropped)
            continue
        ticket = request["make"]
        try:
            made = kept[ticket] = disks.make(request["mib"])
        except OSError as error:
            packets.send(sock, {"made": ticket, "reason": str(error)})
        else:
            packets.send(sock, {"made": ticket}, [made])


def _let_go(gone: queue.SimpleQueue[int]) -> None:
    while True:
        disk.discard(gone.get())
