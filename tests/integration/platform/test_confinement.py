"""What the core process may do, as the kernel tells it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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
    assert writable == {str(up.data_dir)}


def test_core_sees_no_home(start: Start) -> None:
    up = start()
    homes = [home for home in (Path("/root"), Path("/home")) if home.is_dir()]
    assert homes
    for home in homes:
        types = _file_systems(up.core.pid, home)
        assert types[-1:] == ["tmpfs"], f"{home} is not covered"
    assert not Path(f"/proc/{up.core.pid}/root/root/.ssh").exists()
    assert not Path(f"/proc/{up.core.pid}/root/root/.bashrc").exists()


def _file_systems(pid: int, place: Path) -> list[str]:
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return [line.split(" - ")[1].split()[0] for line in lines if line.split()[4] == str(place)]


def test_core_user_root_keeps_root_and_says_so(start: Start) -> None:
    up = start("--core-user", "root")
    assert _status(up.core.pid)["Uid"].split() == ["0"] * 4
    assert "WARNING: --core-user root" in up.complaints
