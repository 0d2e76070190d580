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


# What a function finds of itself.
_STANDING = """
import os
def read(name):
    with open(f"/proc/self/{name}") as file:
        return file.read().split()[-1]
def takes_back():
    # By a program: our own process may not be written to by itself.
    return os.system("echo 0 2>/dev/null >/proc/self/oom_score_adj") == 0
def handler(event, context):
    if event == "oom":
        return f"{read('oom_score_adj')} {takes_back()}"
    return f"{os.getpriority(os.PRIO_PROCESS, 0)} {read('autogroup')}"
"""


def _niceness(pid: int) -> str:
    group = Path(f"/proc/{pid}/autogroup").read_text().split()[-1]
    return f"{os.getpriority(os.PRIO_PROCESS, pid)} {group}"


def _unpacker(up: Any) -> int:
    (found,) = [each.pid for each in up.tree(up.core) if "compute_child" in each.command]
    pid: int = found
    return pid


def test_the_platform_comes_before_functions_and_functions_before_deployments(start: Start) -> None:
    if os.getpriority(os.PRIO_PROCESS, 0):
        pytest.skip("somebody has chosen a niceness for the tests")
    if not Path("/proc/self/autogroup").exists():
        pytest.skip("this kernel makes no groups of sessions")
    up = start()
    client = up.client()
    up.create(client, "standing", _STANDING)
    assert up.invoke(client, "standing") == '"0 0"'
    assert _niceness(up.core.pid) == "-5 -5"
    assert _niceness(up.spawner.pid) == "0 -5"
    assert _niceness(_unpacker(up)) == "5 5"


def test_where_memory_is_short_functions_go_before_the_platform(start: Start) -> None:
    up = start()
    client = up.client()
    own = _oom_score(os.getpid())
    kept = -500 if _may_keep() else own
    assert {_oom_score(each.pid) for each in (up.launcher, up.core, up.spawner)} == {kept}
    up.create(client, "standing", _STANDING)
    # What root has set with the privilege is the least that a function can have.
    assert up.invoke(client, "standing", '"oom"') == f'"300 {not _may_keep()}"'
    assert _oom_score(_unpacker(up)) == 300


def _may_keep() -> bool:
    """CAP_SYS_RESOURCE, which containers seldom have."""
    return bool(int(_status(os.getpid())["CapEff"], 16) >> 24 & 1)


def _oom_score(pid: int) -> int:
    return int(Path(f"/proc/{pid}/oom_score_adj").read_text())


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
