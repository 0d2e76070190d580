"""Which of the host's interfaces forward packets because of us.

Answers to sandboxes come in by the host's own interfaces, and Linux passes nothing on from an interface that does not
forward. Where forwarding is off we switch it on, for these interfaces only, and a rule (firewall.py) goes on refusing
it to everybody else. What was switched on stands in a file for all platforms of this network namespace, so that the
last one to leave, or the first one after a kill, can undo it. The file's lock also keeps platforms from starting and
stopping into each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lambent.execution.sandbox.netlink import Route

# Links of platforms are called so, with eight hexadecimal digits behind it: the 15 letters that Linux allows.
LINK_PREFIX = "lambent"
_SWITCHES = Path("/proc/sys/net/ipv4/conf")


def record_path() -> str:
    """The file of the network namespace that we are in; like the switches it lasts until the next boot."""
    return f"/run/lambent-forwarding-{os.stat('/proc/self/ns/net').st_ino}"  # noqa: PTH116


class Record:
    """The file, open and locked."""

    def __init__(self, descriptor: int, path: str) -> None:
        self._descriptor = descriptor
        self._path = path
        self.opened = os.pread(descriptor, 65_536, 0).decode("ascii", "replace").split()

    def claim(self, routes: Iterable[Route]) -> list[str]:
        """Note down every interface that a route leads to and that does not forward; the caller switches these on.

        What was noted before stays, unless somebody has made this host a router meanwhile: then it is no matter of
        ours any longer.
        """
        fresh = closed_interfaces(routes)
        earlier = [] if _is_on("all") else [name for name in self.opened if name not in fresh]
        if [*earlier, *fresh] != self.opened:
            self._write([*earlier, *fresh])
        return fresh

    def close_all(self) -> None:
        """Switch off what we switched on, unless another platform lives on it or forwarding is on for all by now."""
        names = [name for _, name in socket.if_nameindex()]
        if any(name.startswith(LINK_PREFIX) for name in names):
            return
        if not _is_on("all"):
            for name in self.opened:
                with contextlib.suppress(OSError):  # the interface is gone
                    switch(name, is_on=False)
        os.unlink(self._path)  # noqa: PTH108

    def _write(self, names: list[str]) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, "\n".join(names).encode(), 0)
        self.opened = names


@contextlib.contextmanager
def locked(path: str) -> Iterator[Record]:
    """Open the record and keep everybody else from it."""
    descriptor = _lock(path)
    try:
        yield Record(descriptor, path)
    finally:
        os.close(descriptor)


def _lock(path: str) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return descriptor
        os.close(descriptor)  # who had it before us has taken the file away


def closed_interfaces(routes: Iterable[Route]) -> list[str]:
    """The interfaces that routes lead to and that do not forward."""
    indexes = {index for route in routes for index in route.interfaces}
    names = {name for index, name in socket.if_nameindex() if index in indexes}
    return sorted(
        name
        for name in names
        if name != "lo" and not name.startswith(LINK_PREFIX) and not _is_on(name)
    )


def switch(interface: str, *, is_on: bool) -> None:
    """
    Raises:
        OSError: it cannot be written, or the interface is gone.
    """
    (_SWITCHES / interface / "forwarding").write_text("1" if is_on else "0")


def _is_on(interface: str) -> bool:
    """Whether it forwards; one that is gone needs no switching on."""
    try:
        return (_SWITCHES / interface / "forwarding").read_text().strip() == "1"
    except FileNotFoundError:
        return True
