"""Control groups: limits on memory and processes, and what was used. Version 1 and 2 behind one interface.

All groups of a platform lie under one group of its own, named after its data directory, so that what an earlier run
left is found again and swept.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from lambent.execution.sandbox import cgroup_v1, cgroup_v2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambent.execution.sandbox.cpu import Quota

# A process may fork once more before the signal reaches it; one that hangs in the kernel must not hold us for ever.
_KILL_ROUNDS = 5
_REMOVE_ATTEMPTS = 400
_REMOVE_PAUSE_MS = 5


class Group(Protocol):
    """The control group of one sandbox."""

    def open_doors(self) -> list[int]:
        """Descriptors of `cgroup.procs`: a process that writes "0" to each of them has joined. Caller closes."""
        ...

    def limit_memory(self, mib: int) -> None:
        """At most `mib` MiB, swap included; above it the kernel kills."""
        ...

    def limit_cpu(self, quota: Quota) -> None:
        """From now on; nothing where there is no cpu controller."""
        ...

    def freeze(self, *, is_frozen: bool) -> bool:
        """Stop everything in it, or let it go on; False where this kind of group cannot."""
        ...

    def members(self) -> list[int]:
        """The processes in it."""
        ...

    def open_peak(self) -> int | None:
        """A read-only descriptor of the peak of memory in bytes, where this kernel keeps one. Caller closes."""
        ...

    def peak_bytes(self) -> int: ...

    def oom_kills(self) -> int:
        """How many processes the kernel killed here for want of memory."""
        ...

    def remove(self) -> bool:
        """Take the group away; False while a process is still in it."""
        ...


class Hierarchy(Protocol):
    """Where the groups of this platform are made."""

    version: int
    controllers: list[str]

    def create(self, name: str) -> Group:
        """A fresh group with a limit on processes and none on memory yet.

        Raises:
            OSError: the kernel refused.
        """
        ...

    def directories(self) -> list[Path]:
        """This platform's own directory in each hierarchy."""
        ...


@dataclass(frozen=True)
class Mount:
    """One cgroup file system as /proc/self/mountinfo shows it. `kind` is cgroup or cgroup2."""

    kind: str
    point: Path
    options: frozenset[str]


def find(data_dir: str) -> Hierarchy | None:
    """The best usable hierarchy with a memory controller, or None."""
    name = "lambent-" + hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    mounts = list(parse_mountinfo(Path("/proc/self/mountinfo").read_text("utf-8", "replace")))
    own = Path("/proc/self/cgroup").read_text("utf-8", "replace")
    for mount in mounts:
        if mount.kind == "cgroup2":
            with contextlib.suppress(OSError):
                return cgroup_v2.prepare(mount.point, cgroup_v2.own_path(own), name)
    points = {
        controller: mount.point
        for mount in mounts
        for controller in cgroup_v1.CONTROLLERS
        if mount.kind == "cgroup" and controller in mount.options
    }
    if "memory" not in points:
        return None
    try:
        return cgroup_v1.prepare(points, cgroup_v1.own_paths(own), name)
    except OSError:
        return None


def parse_mountinfo(text: str) -> Iterator[Mount]:
    """The cgroup mounts of a mountinfo text (proc(5))."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind.startswith("cgroup"):
            point = before.split(" ")[4].replace("\\040", " ")
            yield Mount(kind, Path(point), frozenset(options.split(",")))


def sweep(hierarchy: Hierarchy) -> int:
    """Kill and remove what an earlier run left; returns how many groups there were.

    Only ever called while no other platform runs on this data directory (it holds a lock).
    """
    swept = 0
    for directory in hierarchy.directories():
        for group in _children(directory):
            _kill_members(group)
            _remove_when_empty(group)
            swept += 1
    return swept


def remove_all(hierarchy: Hierarchy) -> None:
    """Sweep, then take this platform's own groups away, too."""
    sweep(hierarchy)
    for directory in hierarchy.directories():
        _remove_when_empty(directory)


def _children(directory: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [entry for entry in directory.iterdir() if entry.is_dir()]
    return []


def _kill_members(group: Path) -> list[int]:
    members: list[int] = []
    with contextlib.suppress(OSError):
        pids = (group / "cgroup.procs").read_text("ascii").split()
        # What lies outside our pid namespace shows as 0, which would mean ourselves.
        members = [int(pid) for pid in pids if pid != "0"]
    for pid in members:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return members


def _remove_when_empty(group: Path) -> None:
    """Wait for the killed to go, then remove.

    A process's end is an event, but it leaves its group a moment later: rmdir is tried again for that moment.
    """
    for _ in range(_KILL_ROUNDS):
        watched = [each for pid in _kill_members(group) if (each := _watch(pid)) >= 0]
        for descriptor in watched:
            _wait_for_end(descriptor)
        if not watched:
            break
    for _ in range(_REMOVE_ATTEMPTS):
        try:
            group.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY:
                return
            select.poll().poll(_REMOVE_PAUSE_MS)
        else:
            return


def _watch(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


def _wait_for_end(pidfd: int) -> None:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    poll.poll(2_000)
    os.close(pidfd)
