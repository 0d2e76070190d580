"""What the core process may do, as the kernel tells it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lambent
from lambent import app

if TYPE_CHECKING:
    from collections.abc import Callable

    Start = Callable[..., Any]  # the fixture of conftest.py, which cannot be imported from here

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_core_is_nobody_with_no_capability(start: Start) -> None:
    up = start()
    status = _status(up.core.pid)
    assert "0" not in status["Uid"].split()
    assert "0" not in status["Gid"].split()
    assert status["Groups"] == ""
    sets = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    assert {name: int(status[name], 16) for name in sets} == dict.fromkeys(sets, 0)
    assert status["NoNewPrivs"] == "1"


def test_core_can_write_its_data_directory_only(start: Start) -> None:
    up = start()
    mounts = Path(f"/proc/{up.core.pid}/mountinfo").read_text().splitlines()
    options = {line.split()[4]: line.split()[5].split(",") for line in mounts}
    writable = {place for place, each in options.items() if "ro" not in each}
    assert writable == {str(up.data_dir), "/proc"}


def _niceness(pid: int) -> tuple[int, str]:
    group = Path(f"/proc/{pid}/autogroup")
    return os.getpriority(os.PRIO_PROCESS, pid), group.read_text().split()[-1]


def test_the_platform_comes_before_functions_and_functions_before_deployments(start: Start) -> None:
    if not Path("/proc/self/autogroup").exists():
        pytest.skip("this kernel makes no groups of sessions")
    up = start()
    client = up.client()
    up.create(client, "who")
    up.invoke(client, "who")
    sandboxes = {int(each) for group in up.cgroups() for each in _members(group)}
    assert sandboxes
    assert {_niceness(pid) for pid in sandboxes} == {(0, "0")}
    assert _niceness(up.core.pid) == (-5, "-5")
    assert _niceness(up.spawner.pid) == (0, "-5")
    (unpacker,) = [each for each in up.tree(up.core) if "compute_child" in each.command]
    assert _niceness(unpacker.pid) == (5, "5")


def _members(group: Path) -> list[str]:
    return (group / "cgroup.procs").read_text().split()


def test_core_sees_of_the_homes_only_what_it_runs_on(start: Start) -> None:
    up = start()
    interpreters = [found["interpreter"] for found in app.discover_runtimes().values()]
    needed = [sys.base_prefix, sys.prefix, sys.executable, lambent.__file__, *interpreters]
    needed += [os.path.realpath(path) for path in needed]
    for home in filter(Path.is_dir, (Path("/root"), Path("/home"))):
        inside = [Path(p).relative_to(home) for p in needed if Path(p).is_relative_to(home)]
        seen = {entry.name for entry in Path(f"/proc/{up.core.pid}/root{home}").iterdir()}
        assert seen <= {path.parts[0] for path in inside}


def test_core_user_root_keeps_root_and_says_so(start: Start) -> None:
    up = start("--core-user", "root")
    assert _status(up.core.pid)["Uid"].split() == ["0"] * 4
    assert "--core-user root: the core runs with all of root's power." in up.complaints
