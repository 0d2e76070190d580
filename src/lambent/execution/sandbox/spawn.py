"""One sandbox, step by step. Runs in the first process of a new pid namespace, forked from a zygote.

The order matters: groups while we are still in the host's view, mounts while we have the privilege, identity before the
filter, the filter last. Nothing of the function is here yet, so nothing of it can take part.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.execution.sandbox import (
    capabilities,
    descriptors,
    identity,
    libc,
    mounts,
    namespaces,
    network,
    rlimits,
    root,
    seccomp,
    users,
)
from lambent.process import priority

if TYPE_CHECKING:
    from collections.abc import Sequence

# For the warm-up; the function gets a disk where the host has loop devices (disk.py). Memory counts as its own.
_TMP_OPTIONS = "size=512m,mode=1777"
_SHM_OPTIONS = "size=64m,mode=1777"
# As nice(2) counts: a tenth of the weight of those who work. Groups and namespaces are most of what a sandbox costs.
_STAND_BACK = 10
_NO_PROGRAMS = mounts.MS_NOSUID | mounts.MS_NODEV
_NO_FILES = _NO_PROGRAMS | mounts.MS_NOEXEC


@dataclass(frozen=True)
class Walls:
    """What surrounds a sandbox. `uid` None: keep ours (inside a user namespace only ours exists)."""

    namespaces: bool
    uid: int | None
    filter: bytes | None
    # cgroup.procs files to step through, open for writing.
    doors: Sequence[int] = ()
    # Somebody waits for it; else it stands back while it is made.
    urgent: bool = True
    # The way out; None: there is none.
    cable: network.Cable | None = None


def lock(walls: Walls, log: int, kept: Sequence[int]) -> None:
    """Lock this process in for good. `log` becomes stdout and stderr, of the rest only `kept` stay open.

    Raises:
        OSError: a step failed; its text names the step. The process must end then: it is half way.
    """
    surround(walls)
    settle(walls, log, kept)


def surround(walls: Walls) -> None:
    """The first half: groups, namespaces, network and mounts of our own. The privileges are still there.

    Raises:
        OSError: as in `lock`.
    """
    os.setsid()
    stands_back = not walls.urgent and walls.uid is not None  # without root there is no way back
    if stands_back:
        os.setpriority(os.PRIO_PROCESS, 0, _STAND_BACK)
    join_groups(walls.doors)
    if walls.namespaces:
        router = network.reach(walls.cable) if walls.cable else None
        namespaces.unshare(namespaces.OF_A_SANDBOX)
        network.raise_loopback()
        if router and walls.cable:
            network.connect(router, walls.cable)
            router.close()
        namespaces.set_hostname(root.HOSTNAME)
        mount_own(os.geteuid() if walls.uid is None else walls.uid)
    priority.set_oom_score(priority.EXPENDABLE)  # the zygotes of isolated sandboxes have no /proc
    if stands_back:
        os.setpriority(os.PRIO_PROCESS, 0, 0)


def settle(walls: Walls, log: int, kept: Sequence[int]) -> None:
    """The second half: nothing is left to leave again with.

    Raises:
        OSError: as in `lock`.
    """
    descriptors.use_as_output(log)
    descriptors.keep_only(list(kept))
    rlimits.apply()
    if os.geteuid() == 0 and (walls.namespaces or walls.uid is not None):
        capabilities.drop_bounding()
    if walls.uid is not None:
        identity.become(walls.uid)
    capabilities.drop_all()
    libc.prctl(libc.PR_SET_NO_NEW_PRIVS, 1)
    libc.prctl(libc.PR_SET_DUMPABLE, 0)
    libc.die_with_parent(signal.SIGKILL)
    if walls.filter is not None:
        seccomp.load(walls.filter)


def join_groups(doors: Sequence[int], pid: int = 0) -> None:
    """Put a process, by default ourselves, into the groups behind these cgroup.procs files."""
    for door in doors:
        os.write(door, str(pid).encode())


def mount_own(uid: int) -> None:
    """The mounts that no other sandbox shares, over what the zygote has shown us. Needs mounts of our own.

    Args:
        uid: who the function is going to be.
    """
    mounts.make_private()
    mount_proc()
    mounts.mount("tmpfs", "/tmp", "tmpfs", _NO_PROGRAMS, _TMP_OPTIONS)  # noqa: S108 - the sandbox's own
    mounts.mount("tmpfs", "/dev/shm", "tmpfs", _NO_FILES, _SHM_OPTIONS)  # noqa: S108
    users.mount(uid, uid)
    os.chdir("/")


def mount_proc() -> None:
    """The processes of our pid namespace, as far as they are the reader's own."""
    mounts.mount("proc", "/proc", "proc", _NO_FILES, "hidepid=2")
