"""/tmp: a disk of its own for every environment, of the size that was asked for, gone with it."""

from __future__ import annotations

import errno
import os
import select
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import is_readable

from lambent.execution.sandbox import disk

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]
_FILL = """
block, written = bytes(1 << 20), 0
with open("/tmp/file", "wb", buffering=0) as file:
    try:
        while written < {mib}:
            written += file.write(block) >> 20
        answer = [written, 0]
    except OSError as error:
        answer = [written, error.errno]
"""


@pytest.fixture(autouse=True)
def _needs_disks() -> None:
    if problem := disk.problem():
        if os.environ.get("CI"):
            pytest.fail(problem)
        pytest.skip(problem)


def _images(data_dir: Path) -> int:
    """Loop devices on nameless images of this data directory."""
    backing = Path("/sys/block").glob("loop*/loop/backing_file")
    return sum(str(data_dir) in _text(path) for path in backing)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # gone meanwhile
        return ""


def test_a_small_function_writes_more_than_its_memory(driver: Any) -> None:
    box = driver.probe(memory_mib=128)
    assert box.run(_FILL.format(mib=400)) == [400, 0]
    assert box.run("answer = os.path.getsize('/tmp/file') >> 20") == 400


def test_a_full_disk_says_so_and_room_comes_back(driver: Any) -> None:
    box = driver.probe()
    written, problem = box.run(_FILL.format(mib=2000))
    assert problem == errno.ENOSPC
    assert 512 <= written <= 540
    box.run("os.remove('/tmp/file')")
    assert box.run(_FILL.format(mib=500)) == [500, 0]


def test_other_sizes_are_made_on_demand(driver: Any) -> None:
    box = driver.probe(tmp_mib=1024)
    written, problem = box.run(_FILL.format(mib=2000))
    assert problem == errno.ENOSPC
    assert 1024 <= written <= 1080
    largest = driver.probe(tmp_mib=10_240)
    code = "at = os.statvfs('/tmp'); answer = at.f_bavail * at.f_frsize >> 20"
    assert 10_240 <= largest.run(code) <= 10_600


def test_it_is_empty_private_and_cannot_hold_devices_or_set_uid_programs(driver: Any) -> None:
    one, other = driver.probe(), driver.probe()
    assert one.run("answer = os.listdir('/tmp')") == []
    one.run("open('/tmp/mine', 'w').close()")
    assert other.run("answer = os.listdir('/tmp')") == []
    mounts = one.run("answer = open('/proc/self/mounts').read()").splitlines()
    (shown,) = [line.split() for line in mounts if " /tmp ext4 " in line]
    assert {"nosuid", "nodev", "rw"} <= set(shown[3].split(","))
    assert one.run("answer = oct(os.stat('/tmp').st_mode)") == "0o41777"


def test_nothing_of_it_stays_when_its_environments_are_gone(start: Callable[..., Any]) -> None:
    driver = start("require")
    before = _images(driver.data_dir)
    boxes = [driver.probe() for _ in range(3)]
    boxes[0].run(_FILL.format(mib=100))
    assert _images(driver.data_dir) >= before + 3
    for box in boxes:
        box.end()
    driver.socket.close()
    driver.process.wait(15)
    assert _images(driver.data_dir) == 0
    assert list((driver.data_dir / "scratch").iterdir()) == []


def test_a_killed_spawner_leaves_no_image(start: Callable[..., Any]) -> None:
    driver = start("require")
    box = driver.probe()
    children = Path(f"/proc/{driver.process.pid}/task/{driver.process.pid}/children")
    watched = [os.pidfd_open(int(pid)) for pid in children.read_text().split()]
    assert _images(driver.data_dir)
    driver.process.kill()
    driver.process.wait(15)
    assert box.is_over()
    for descriptor in watched:  # the zygote, and who keeps the disks
        assert is_readable(descriptor, 15)
        os.close(descriptor)
    poll = select.poll()
    for _ in range(1000):  # the last steps of an unmount are the kernel's own
        if not _images(driver.data_dir):
            break
        poll.poll(10)
    assert _images(driver.data_dir) == 0
