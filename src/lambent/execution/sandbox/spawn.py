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

if TYPE_CHECKING:
    from collections.abc import Sequence

# For the warm-up; the function gets a disk where the host has loop devices (disk.py). Memory counts as its own.
_TMP_OPTIONS = "size=512m,mode=1777"
_SHM_OPTIONS = "size=64m,mode=1777"
# As nice(2) counts: a tenth of the weight of those who work. Groups and namespaces are most of what a sandbox costs.
_STAND_BACK = 10
_NO_PROGRAMS = mounts.MS_NOSUID | mounts.MS_NODEV


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
    os.setsid()
    stands_back = not walls.urgent and walls.uid is not None  # without root there is no way back
    if stands_back:
        os.setpriority(os.PRIO_PROCESS, 0, _STAND_BACK)
    _join_groups(walls)
    if walls.namespaces:
        router = network.reach(walls.cable) if walls.cable else None
        namespaces.unshare(namespaces.OF_A_SANDBOX)
        network.raise_loopback()
        if router and walls.cable:
            network.connect(router, walls.cable)
            router.close()
        namespaces.set_hostname(root.HOSTNAME)
        _mount_own(os.geteuid() if walls.uid is None else walls.uid)
    if stands_back:
        os.setpriority(os.PRIO_PROCESS, 0, 0)
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


def _join_groups(walls: Walls) -> None:
    for door in walls.doors:
        os.write(door, b"0")


def _mount_own(uid: int) -> None:
    mounts.make_private()
    no_files = _NO_PROGRAMS | mounts.MS_NOEXEC
    mounts.mount("proc", "/proc", "proc", no_files, "hidepid=2")
    mounts.mount("tmpfs", "/tmp", "tmpfs", _NO_PROGRAMS, _TMP_OPTIONS)  # noqa: S108 - the sandbox's own
    mounts.mount("tmpfs", "/dev/shm", "tmpfs", no_files, _SHM_OPTIONS)  # noqa: S108
    users.mount(uid, uid)
    os.chdir("/")
