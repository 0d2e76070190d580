"""Control groups, version 2: one hierarchy, controllers handed down by `cgroup.subtree_control`.

A group may not hold processes and hand controllers down at once, except the true root. In a container the root that we
see is an ordinary group, so its processes are moved into a leaf first; the same goes for a unit that systemd delegated.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING

from lambent.execution.sandbox.cpu import PERIOD_US
from lambent.execution.sandbox.rlimits import PROCESSES

if TYPE_CHECKING:
    from pathlib import Path

    from lambent.execution.sandbox.cpu import Quota

_WANTED = ("memory", "pids", "cpu")
_LEAF = "lambent-host"


class GroupV2:
    """One directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._limits: list[tuple[int, bytes | None]] = []

    def prepare_limits(self) -> None:
        """Open the files of `limit_memory` ahead: opening them takes longer than writing."""
        self._limits.append((_open(self._directory / "memory.max"), None))
        with contextlib.suppress(FileNotFoundError):  # a kernel without swap accounting
            self._limits.append((_open(self._directory / "memory.swap.max"), b"0"))

    def open_doors(self) -> list[int]:
        return [_open(self._directory / "cgroup.procs")]

    def limit_memory(self, mib: int) -> None:
        limit = str(mib * 1_048_576).encode()
        for descriptor, fixed in self._limits:
            os.write(descriptor, limit if fixed is None else fixed)
        self._close_limits()

    def limit_cpu(self, quota: Quota) -> None:
        with contextlib.suppress(FileNotFoundError):  # no controller
            _write(self._directory / "cpu.max", f"{quota.quota_us} {PERIOD_US}")
        with contextlib.suppress(FileNotFoundError):  # since 5.14
            _write(self._directory / "cpu.max.burst", str(quota.burst_us))

    def freeze(self, *, is_frozen: bool) -> bool:
        try:  # since 5.2
            _write(self._directory / "cgroup.freeze", str(int(is_frozen)))
        except FileNotFoundError:
            return False
        return True

    def members(self) -> list[int]:
        try:
            text = (self._directory / "cgroup.procs").read_text("ascii")
        except FileNotFoundError:  # it is gone
            return []
        # What lies outside our pid namespace shows as 0.
        return [int(pid) for pid in text.split() if pid != "0"]

    def open_peak(self) -> int | None:
        try:  # since 5.19
            return os.open(self._directory / "memory.peak", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None

    def peak_bytes(self) -> int:
        """What was charged at most, page cache included; 0 where the kernel does not keep it."""
        try:
            return int((self._directory / "memory.peak").read_text("ascii"))
        except FileNotFoundError:
            return 0

    def oom_kills(self) -> int:
        try:
            events = (self._directory / "memory.events").read_text("ascii")
        except FileNotFoundError:
            return 0
        return int(dict(line.split() for line in events.splitlines()).get("oom_kill", 0))

    def _close_limits(self) -> None:
        while self._limits:
            os.close(self._limits.pop()[0])

    def remove(self) -> bool:
        self._close_limits()
        try:
            self._directory.rmdir()
        except FileNotFoundError:
            return True
        except OSError:  # EBUSY: somebody is still in it
            return False
        return True


class HierarchyV2:
    """Our own directory, from which the groups of the sandboxes get their controllers."""

    version = 2

    def __init__(self, parent: Path, controllers: list[str]) -> None:
        self._parent = parent
        self.controllers = controllers

    def create(self, name: str) -> GroupV2:
        directory = self._parent / name
        directory.mkdir()
        if "pids" in self.controllers:
            _write(directory / "pids.max", str(PROCESSES))
        group = GroupV2(directory)
        group.prepare_limits()
        return group

    def directories(self) -> list[Path]:
        return [self._parent]


def own_path(cgroup_text: str) -> str:
    """Our group in the unified hierarchy, from the text of /proc/self/cgroup."""
    for line in cgroup_text.splitlines():
        if line.startswith("0::"):
            return line[3:]
    return "/"


def prepare(point: Path, own: str, name: str) -> HierarchyV2:
    """Make our own directory `name` where controllers can be handed down: in a group delegated to us, else at the root.

    Raises:
        OSError: nowhere with a memory controller.
    """
    ours = point / own.lstrip("/")
    places = [ours, point] if _is_delegated(ours) else [point, ours]
    problem: OSError | None = None
    for place in places:
        try:
            return _prepare_in(place, name)
        except OSError as error:
            problem = error
    assert problem is not None
    raise problem


def _prepare_in(place: Path, name: str) -> HierarchyV2:
    wanted = _wanted_of(place)
    try:
        _hand_down(place, wanted)
    except OSError:
        # The cpu controller is refused while a process with real-time priority is in the wrong place.
        wanted = [each for each in wanted if each != "cpu"]
        _hand_down(place, wanted)
    parent = place / name
    parent.mkdir(exist_ok=True)
    _hand_down(parent, wanted)
    return HierarchyV2(parent, sorted(wanted))


def _wanted_of(place: Path) -> list[str]:
    offered = (place / "cgroup.controllers").read_text("ascii").split()
    if "memory" not in offered:
        raise OSError(errno.ENOTSUP, f"no memory controller in {place}")
    return [each for each in _WANTED if each in offered]


def _hand_down(place: Path, wanted: list[str]) -> None:
    control = place / "cgroup.subtree_control"
    missing = set(wanted) - set(control.read_text("ascii").split())
    if not missing:
        return
    order = " ".join(f"+{each}" for each in sorted(missing))
    try:
        _write(control, order)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        _move_processes(place, place / _LEAF)
        _write(control, order)


def _move_processes(place: Path, leaf: Path) -> None:
    leaf.mkdir(exist_ok=True)
    for pid in (place / "cgroup.procs").read_text("ascii").split():
        with contextlib.suppress(ProcessLookupError):
            _write(leaf / "cgroup.procs", pid)


def _is_delegated(group: Path) -> bool:
    """systemd marks what it has handed over (`Delegate=yes`)."""
    for attribute in ("trusted.delegate", "user.delegate"):
        with contextlib.suppress(OSError):
            return os.getxattr(group, attribute) == b"1"
    return False


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CLOEXEC)


def _write(path: Path, text: str) -> None:
    descriptor = _open(path)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
