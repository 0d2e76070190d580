"""Niceness is of processes, so each test has one of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import os
from lambent.execution.sandbox import libc
from lambent.process import priority
os.setsid()
{todo}
with open("/proc/self/autogroup") as file:
    print(os.getpriority(os.PRIO_PROCESS, 0), file.read().split()[-1])
"""


def said(todo: str) -> str:
    if not Path("/proc/self/autogroup").exists():
        pytest.skip("this kernel makes no groups of sessions")
    # Forked once more, because who leads a group of processes can make no session.
    program = f"import os\nif os.fork():\n    os.wait()\nelse:\n    exec({_PROGRAM.format(todo=todo)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=20
    )
    return done.stdout


def test_a_process_and_its_session() -> None:
    assert said("priority.set_niceness(5)") == "5 5\n"
    assert said("priority.set_session_niceness(7)") == "0 7\n"


# After a change of its uid only root may write of a process, until it says otherwise.
_BECOME_NOBODY = """
if os.geteuid() == 0:
    os.setuid(65534)
    libc.prctl(libc.PR_SET_DUMPABLE, 1)
"""


def test_changes_that_come_too_soon_are_made_later() -> None:
    todo = f"{_BECOME_NOBODY}\nfor each in (3, 4): priority.set_niceness(each)"
    assert said(todo) == "4 4\n"


def test_without_the_privilege_nothing_changes() -> None:
    assert said(f"{_BECOME_NOBODY}\npriority.set_niceness(-5)") == "0 0\n"
