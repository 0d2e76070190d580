"""System calls that Python does not wrap, through ctypes on libc.

Every function raises OSError with the call's name when the kernel says no. Numbers: include/uapi of Linux; those
above 423 are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import functools
import os
import select
import signal
from typing import Any

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4

_SYS_CLONE = {"x86_64": 56, "aarch64": 220}
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_CLOEXEC = 1  # FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
_SYS_FSOPEN = 430
_SYS_FSCONFIG = 431
_SYS_FSMOUNT = 432
_SYS_CLOSE_RANGE = 436
_SYS_MOUNT_SETATTR = 442


class MountAttributes(ctypes.Structure):
    """`struct mount_attr` of mount_setattr(2)."""

    _fields_ = (
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    )


@functools.lru_cache(maxsize=1)
def library() -> ctypes.CDLL:
    """The C library that the interpreter itself uses."""
    return ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: Any) -> int:
    """Call the libc function `name`; -1 becomes an OSError."""
    return _checked(name, getattr(library(), name)(*arguments))


def syscall(name: str, number: int, *arguments: Any) -> int:
    """Make system call `number`; integers are passed as C longs. `name` is for the error."""
    longs = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _checked(name, library().syscall(ctypes.c_long(number), *longs))


def fork_with(flags: int) -> int:
    """fork(2) with clone's `flags` added, for what takes effect on the child alone. Returns as fork does.

    The interpreter's own preparations for a fork are made, libc's are not: the child must be single-threaded and should
    do no more than fork again or exec.
    """
    interpreter = ctypes.pythonapi
    interpreter.PyOS_BeforeFork()
    # PyDLL keeps the interpreter's lock over the call: parent and child both come back holding it.
    system = ctypes.PyDLL(None, use_errno=True).syscall
    zero = ctypes.c_long(0)
    number = ctypes.c_long(_SYS_CLONE[os.uname().machine])
    pid = int(system(number, ctypes.c_long(flags | signal.SIGCHLD), zero, zero, zero, zero))
    if pid == 0:
        interpreter.PyOS_AfterFork_Child()
    else:
        interpreter.PyOS_AfterFork_Parent()
    return _checked("clone", pid)


def _checked(name: str, result: int) -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def prctl(option: int, *arguments: int) -> int:
    """prctl(2); what is not given is 0, as several options demand."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return call("prctl", option, *(ctypes.c_ulong(each) for each in padded))


def become_subreaper() -> None:
    """Orphans among our descendants become our children."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int) -> None:
    """Send us `signal_number` when our parent ends. A change of uid undoes this: call it after."""
    prctl(PR_SET_PDEATHSIG, signal_number)


def pivot_root(new_root: str, put_old: str) -> None:
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    syscall("pivot_root", number, new_root.encode(), put_old.encode())


def open_tree(path: str, flags: int) -> int:
    """A descriptor of the mount at `path`."""
    return syscall("open_tree", _SYS_OPEN_TREE, -100, os.fsencode(path), flags)


def mount_setattr(descriptor: int, flags: int, attributes: MountAttributes) -> None:
    size = ctypes.sizeof(attributes)
    reference = ctypes.byref(attributes)
    syscall("mount_setattr", _SYS_MOUNT_SETATTR, descriptor, b"", flags, reference, size)


def move_mount(descriptor: int, target: str, flags: int) -> None:
    """Attach the mount behind `descriptor` at `target`, as seen from our current root."""
    syscall("move_mount", _SYS_MOVE_MOUNT, descriptor, b"", -100, os.fsencode(target), flags)


def fsopen(kind: str) -> int:
    """A file system of `kind` that is to be configured."""
    return syscall("fsopen", _SYS_FSOPEN, kind.encode(), _CLOEXEC)


def fsconfig(descriptor: int, command: int, key: bytes | None, value: bytes | None) -> None:
    syscall("fsconfig", _SYS_FSCONFIG, descriptor, command, key, value, 0)


def fsmount(descriptor: int, attributes: int) -> int:
    """A detached mount of what was configured."""
    return syscall("fsmount", _SYS_FSMOUNT, descriptor, _CLOEXEC, attributes)


def wait_readable(descriptor: int, seconds: float) -> bool:
    """Whether it became readable within the time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def close_range(first: int, last: int) -> None:
    syscall("close_range", _SYS_CLOSE_RANGE, first, last, 0)
