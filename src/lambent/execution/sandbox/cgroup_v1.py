"""Control groups, version 1: one hierarchy for each controller."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from lambent.execution.sandbox.cpu import PERIOD_US
from lambent.execution.sandbox.rlimits import PROCESSES

if TYPE_CHECKING:
    from pathlib import Path

    from lambent.execution.sandbox.cpu import Quota

CONTROLLERS = ("memory", "pids", "cpu")


class GroupV1:
    """One directory in each hierarchy, all of one name."""

    def __init__(self, directories: dict[str, Path]) -> None:
        self._directories = directories
        self._memory = directories["memory"]
        self._limits: list[int] = []

    def prepare_limits(self) -> None:
        """Open the files of `limit_memory` ahead: opening them takes longer than writing."""
        self._limits.append(_open(self._memory / "memory.limit_in_bytes"))
        # Memory and swap together: without this a function swaps where it should be killed. The file is missing
        # where the kernel does not account swap; then there is none to hide in, or the host chose so.
        with contextlib.suppress(FileNotFoundError):
            self._limits.append(_open(self._memory / "memory.memsw.limit_in_bytes"))

    def open_doors(self) -> list[int]:
        return [_open(each / "cgroup.procs") for each in self._directories.values()]

    def limit_memory(self, mib: int) -> None:
        limit = str(mib * 1_048_576).encode()
        for descriptor in self._limits:
            os.write(descriptor, limit)
        self._close_limits()

    def limit_cpu(self, quota: Quota) -> None:
        if (cpu := self._directories.get("cpu")) is None:
            return
        _write(cpu / "cpu.cfs_period_us", str(PERIOD_US))
        _write(cpu / "cpu.cfs_quota_us", str(quota.quota_us))
        with contextlib.suppress(FileNotFoundError):  # since 5.14
            _write(cpu / "cpu.cfs_burst_us", str(quota.burst_us))

    def freeze(self, *, is_frozen: bool) -> bool:
        return False  # its freezer would hold back a kill

    def members(self) -> list[int]:
        # What lies outside our pid namespace, or in a group that is gone, shows as 0.
        pids = _read(self._memory / "cgroup.procs").split()
        return [int(pid) for pid in pids if pid != "0"]

    def open_peak(self) -> int | None:
        path = self._memory / "memory.max_usage_in_bytes"
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def peak_bytes(self) -> int:
        """What was charged at most: pages of files that this sandbox was the first to read are in it."""
        return int(_read(self._memory / "memory.max_usage_in_bytes"))

    def oom_kills(self) -> int:
        for line in _read(self._memory / "memory.oom_control").splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
        return 0

    def _close_limits(self) -> None:
        while self._limits:
            os.close(self._limits.pop())

    def remove(self) -> bool:
        self._close_limits()
        for name, directory in list(self._directories.items()):
            try:
                directory.rmdir()
            except FileNotFoundError:
                pass
            except OSError:  # EBUSY: somebody is still in it
                return False
            if name != "memory":
                del self._directories[name]
        return True


class HierarchyV1:
    """Our own directory under each controller's mount."""

    version = 1

    def __init__(self, parents: dict[str, Path]) -> None:
        self._parents = parents
        self.controllers = sorted(parents)

    def create(self, name: str) -> GroupV1:
        directories = {controller: parent / name for controller, parent in self._parents.items()}
        for directory in directories.values():
            directory.mkdir()
        group = GroupV1(directories)
        if "pids" in directories:
            _write(directories["pids"] / "pids.max", str(PROCESSES))
        group.prepare_limits()
        return group

    def directories(self) -> list[Path]:
        return list(self._parents.values())


def own_paths(cgroup_text: str) -> dict[str, str]:
    """Our group for each controller, from the text of /proc/self/cgroup."""
    paths: dict[str, str] = {}
    for line in cgroup_text.splitlines():
        _, controllers, path = line.split(":", 2)
        paths.update(dict.fromkeys(filter(None, controllers.split(",")), path))
    return paths


def prepare(points: dict[str, Path], own: dict[str, str], name: str) -> HierarchyV1:
    """Make our own directory `name` in each hierarchy: at its root, or in our own group when that was handed to us.

    A controller we may not use is left out; memory never is.

    Raises:
        OSError: no directory can be made in the memory hierarchy.
    """
    parents: dict[str, Path] = {}
    for controller, point in points.items():
        try:
            parents[controller] = _make_parent(point, own.get(controller, "/"), name)
        except OSError:
            if controller == "memory":
                raise
    return HierarchyV1(parents)


def _make_parent(point: Path, own: str, name: str) -> Path:
    try:
        return _make_usable(point / name)
    except OSError:
        if own == "/":
            raise
        return _make_usable(point / own.lstrip("/") / name)


def _make_usable(parent: Path) -> Path:
    parent.mkdir(exist_ok=True)
    if not os.access(parent / "cgroup.procs", os.W_OK):
        raise PermissionError(str(parent))
    return parent


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CLOEXEC)


def _write(path: Path, text: str) -> None:
    descriptor = _open(path)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except FileNotFoundError:
        return "0"
