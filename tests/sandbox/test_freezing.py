"""A frozen sandbox does nothing, and goes on where it was."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox]
_COUNTING = """
import builtins
builtins.count = 0
def work():
    while True:
        builtins.count += 1
threading.Thread(target=work, daemon=True).start()
builtins.child = subprocess.Popen(["/usr/bin/python3", "-c", "while True: pass"])
builtins.resting = subprocess.Popen(["sleep", "1000"])
resting.send_signal(19)
os.waitpid(resting.pid, os.WUNTRACED)
answer = 1
"""


def _inside(box: Any) -> dict[int, str]:
    """State of each process in the sandbox but the first, by pid on the host."""
    found, seen = {}, [box.pid]
    while seen:
        pid = seen.pop()
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            seen.append(int(child))
            found[int(child)] = Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2][0]
    return found


def _ask(box: Any, operation: str) -> None:
    box.driver.tell(operation, sandbox=box.name)
    box.driver.ask("describe", ticket="done")


def _version_1() -> None:
    if not Path("/sys/fs/cgroup/memory").is_dir():
        pytest.skip("version 2 does not show it in the state of a process")


def test_threads_and_children_stop_and_go_on(driver: Any) -> None:
    _version_1()
    box = driver.probe()
    box.run(_COUNTING)
    assert sorted(_inside(box).values()).count("T") == 1  # what the function stopped itself
    _ask(box, "freeze")
    _ask(box, "freeze")
    while set(_inside(box).values()) != {"T"}:  # a signal takes a moment to act
        driver.ask("describe", ticket="acting")
    used = _cpu(box)
    for _ in range(20):
        driver.ask("describe", ticket="time-passes")
    assert _cpu(box) == used
    _ask(box, "thaw")
    first = box.run("answer = count")
    while box.run("answer = count") == first:
        pass
    assert list(_inside(box).values()).count("T") == 1  # and it stays stopped
    assert box.end()["status"] == -signal.SIGKILL


def _cpu(box: Any) -> int:
    """Clock ticks used by everything inside."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2] for pid in _inside(box)]
    return sum(int(each) for stat in stats for each in stat.split()[11:13])


def test_what_is_sent_to_a_frozen_sandbox_is_read_when_it_is_thawed(driver: Any) -> None:
    box = driver.probe()
    _ask(box, "freeze")
    driver.tell("thaw", sandbox=box.name)
    assert box.run("answer = 7") == 7
    _ask(box, "thaw")  # twice does no harm
    assert box.run("answer = 8") == 8


@pytest.mark.parametrize("how", ["kill", "core ends", "spawner killed"])
def test_a_frozen_sandbox_can_be_ended(start: Callable[..., Any], how: str) -> None:
    driver = start("require")
    box = driver.probe()
    box.run("subprocess.Popen(['sleep', '1000'], start_new_session=True); answer = 1")
    inside = [os.pidfd_open(pid) for pid in _inside(box)]
    _ask(box, "freeze")
    if how == "kill":
        assert box.end()["status"] == -signal.SIGKILL
    elif how == "core ends":
        driver.socket.close()
    else:
        driver.process.kill()
    assert box.is_over()
    for descriptor in inside:
        with pytest.raises(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, 0)
        os.close(descriptor)
