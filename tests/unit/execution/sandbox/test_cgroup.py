"""Finding control groups, and version 2 on a directory that plays the kernel (this needs no v2 host)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from lambent.execution.sandbox import cgroup, cgroup_v1, cgroup_v2, cpu

if TYPE_CHECKING:
    from pathlib import Path

_MOUNTINFO = """\
24 1 0:22 / /proc rw,relatime shared:5 - proc proc rw
35 24 0:30 / /sys/fs/cgroup/memory rw,nosuid shared:9 - cgroup cgroup rw,memory
36 24 0:31 / /sys/fs/cgroup/a\\040b rw,nosuid - cgroup cgroup rw,cpu,cpuacct
37 24 0:32 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate
"""


def _fake(directory: Path, controllers: str, handed_down: str = "") -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "cgroup.controllers").write_text(controllers)
    (directory / "cgroup.subtree_control").write_text(handed_down)
    (directory / "cgroup.procs").write_text("")
    return directory


def test_mountinfo() -> None:
    mounts = list(cgroup.parse_mountinfo(_MOUNTINFO))
    assert [(mount.kind, str(mount.point)) for mount in mounts] == [
        ("cgroup", "/sys/fs/cgroup/memory"),
        ("cgroup", "/sys/fs/cgroup/a b"),
        ("cgroup2", "/sys/fs/cgroup/unified"),
    ]
    assert {"cpu", "cpuacct"} <= mounts[1].options


def test_own_path() -> None:
    assert cgroup_v2.own_path("3:cpuset:/x\n0::/user.slice/a.scope\n") == "/user.slice/a.scope"
    assert cgroup_v2.own_path("3:cpuset:/x\n") == "/"


def test_v2_prefers_the_root_and_hands_controllers_down(tmp_path: Path) -> None:
    root = _fake(tmp_path, "cpu memory pids")
    _fake(root / "lambent-x", "cpu memory pids")
    hierarchy = cgroup_v2.prepare(root, "/", "lambent-x")
    assert (root / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert (root / "lambent-x" / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert hierarchy.controllers == ["cpu", "memory", "pids"]
    assert hierarchy.directories() == [root / "lambent-x"]


def test_v2_without_a_memory_controller_is_refused(tmp_path: Path) -> None:
    root = _fake(tmp_path, "hugetlb")
    with pytest.raises(OSError, match="no memory controller"):
        cgroup_v2.prepare(root, "/", "lambent-x")
    assert not (root / "lambent-x").exists()


def test_v2_falls_back_to_our_own_group(tmp_path: Path) -> None:
    root = _fake(tmp_path, "hugetlb")
    own = _fake(root / "unit", "memory", "memory")
    _fake(own / "lambent-x", "memory", "memory")
    assert cgroup_v2.prepare(root, "/unit", "lambent-x").directories() == [own / "lambent-x"]


def test_v2_group(tmp_path: Path) -> None:
    directory = tmp_path / "one"
    directory.mkdir()
    for name, text in (
        ("memory.max", "max"),
        ("memory.swap.max", ""),
        ("cpu.max", "max 100000"),
        ("cpu.max.burst", "0"),
        ("memory.peak", "1234567\n"),
        ("memory.events", "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\noom_group_kill 0\n"),
        ("cgroup.procs", "12\n0\n7\n"),
        ("cgroup.freeze", "0"),
    ):
        (directory / name).write_text(text)
    group = cgroup_v2.GroupV2(directory)
    group.prepare_limits()
    group.limit_memory(128)
    assert (directory / "memory.max").read_text() == "134217728"
    assert (directory / "memory.swap.max").read_text() == "0"
    assert group.members() == [12, 7]
    assert group.freeze(is_frozen=True)
    assert (directory / "cgroup.freeze").read_text() == "1"
    assert group.freeze(is_frozen=False)
    assert (directory / "cgroup.freeze").read_text() == "0"
    group.limit_cpu(cpu.quota(3538))
    assert (directory / "cpu.max").read_text() == "200000 100000"
    assert (directory / "cpu.max.burst").read_text() == "200000"
    assert (group.peak_bytes(), group.oom_kills()) == (1_234_567, 2)
    peak = group.open_peak()
    assert peak is not None
    assert os.pread(peak, 32, 0) == b"1234567\n"
    os.close(peak)
    doors = group.open_doors()
    assert len(doors) == 1
    os.close(doors[0])


def test_v2_group_of_an_old_kernel(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max")
    group = cgroup_v2.GroupV2(tmp_path)
    group.prepare_limits()
    group.limit_memory(64)
    group.limit_cpu(cpu.quota(64))
    assert not (tmp_path / "cpu.max").exists()
    assert not group.freeze(is_frozen=True)
    assert (tmp_path / "memory.max").read_text() == "67108864"
    assert (group.open_peak(), group.peak_bytes(), group.oom_kills()) == (None, 0, 0)


def test_remove_tells_whether_it_is_gone(tmp_path: Path) -> None:
    busy = tmp_path / "busy"
    (busy / "inner").mkdir(parents=True)
    assert not cgroup_v2.GroupV2(busy).remove()
    (busy / "inner").rmdir()
    assert cgroup_v2.GroupV2(busy).remove()
    assert cgroup_v2.GroupV2(busy).remove()


def test_v1_needs_memory_and_can_do_without_pids(tmp_path: Path) -> None:
    memory = tmp_path / "memory"
    (memory / "lambent-x").mkdir(parents=True)
    (memory / "lambent-x" / "cgroup.procs").write_text("")
    points = {"memory": memory, "pids": tmp_path / "not-mounted"}
    assert cgroup_v1.prepare(points, {}, "lambent-x").controllers == ["memory"]
    with pytest.raises(OSError, match="not-mounted"):
        cgroup_v1.prepare({"memory": tmp_path / "not-mounted"}, {}, "lambent-x")


def test_v1_takes_a_group_that_was_handed_to_us(tmp_path: Path) -> None:
    own = tmp_path / "mount" / "unit"
    (own / "lambent-x").mkdir(parents=True)
    (own / "lambent-x" / "cgroup.procs").write_text("")
    hierarchy = cgroup_v1.prepare({"memory": tmp_path / "mount"}, {"memory": "/unit"}, "lambent-x")
    assert hierarchy.directories() == [own / "lambent-x"]


def test_v1_own_paths() -> None:
    text = "9:name=systemd:/\n4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/d\n"
    assert cgroup_v1.own_paths(text) == {
        "name=systemd": "/",
        "memory": "/a/b",
        "cpu": "/c",
        "cpuacct": "/c",
    }


@pytest.mark.parametrize(
    ("memory_mib", "quota_us"), [(128, 10_000), (512, 28_942), (1769, 100_000), (10_240, 578_858)]
)
def test_cpu_goes_by_memory(memory_mib: int, quota_us: int) -> None:
    assert cpu.quota(memory_mib) == (quota_us, quota_us)
