"""Who comes first where cores are few, and who goes first where memory is: platform, functions, what can wait.

A niceness counts among the processes of one group of the scheduler. Where the kernel makes such a group of every
session (sched(7), "The autogroup feature"), the group has a niceness of its own, so both are set. What the kernel kills
when the host runs out of memory goes by size and by a number of each process (proc(5), oom_score_adj).
"""

from __future__ import annotations

import contextlib
import os
import select

# Three times the share.
AHEAD = -5
# In thousandths of the memory: the platform counts for half the host less than it holds, functions for more.
KEPT, EXPENDABLE = -500, 300
# The kernel takes one change of a group's niceness in a tenth of a second from those without privileges.
_ATTEMPTS = 5
_PAUSE_S = 0.1


def set_niceness(niceness: int) -> None:
    """Of this process and its session, which what it starts inherits. Below 0 it takes a privilege; without it nothing
    changes, nor where somebody has chosen a niceness for us.
    """
    if niceness < 0 and os.getpriority(os.PRIO_PROCESS, 0):
        return
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    set_session_niceness(niceness)


def set_session_niceness(niceness: int) -> None:
    """Of the session alone, where the kernel has autogroups: its processes stay as nice to each other as they are."""
    try:
        group = os.open("/proc/self/autogroup", os.O_WRONLY | os.O_CLOEXEC)
    except OSError:
        return
    try:
        _write(group, b"%d" % niceness)
    finally:
        os.close(group)


def _write(group: int, niceness: bytes) -> None:
    for _ in range(_ATTEMPTS):
        try:
            os.write(group, niceness)
        except BlockingIOError:
            select.select([], [], [], _PAUSE_S)
        except OSError:  # no privilege
            return
        else:
            return


def set_oom_score(adjustment: int) -> None:
    """Of this process and what it starts: at most this if it is negative, else at least. To lower it takes a privilege;
    without it nothing changes.
    """
    with contextlib.suppress(OSError):
        file = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
        try:
            present = int(os.read(file, 16))
            chosen = min(present, adjustment) if adjustment < 0 else max(present, adjustment)
            os.write(file, b"%d" % chosen)
        finally:
            os.close(file)
