"""Capabilities: every one of them goes, from every set, and cannot come back."""

from __future__ import annotations

import contextlib
import errno
import struct

from lambent.execution.sandbox import libc

_VERSION_3 = 0x20080522
# One more than any kernel has; the first number unknown to this kernel answers EINVAL.
_MOST = 64
_PR_CAPBSET_READ = 23


def drop_bounding() -> None:
    """Empty the bounding set: no exec of a file with capabilities gives one back. Needs CAP_SETPCAP."""
    for number in range(_MOST):
        try:
            libc.prctl(libc.PR_CAPBSET_DROP, number)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return


def drop_all() -> None:
    """Empty the effective, permitted, inheritable and ambient sets."""
    with contextlib.suppress(OSError):  # kernels before 4.3 have no ambient set
        libc.prctl(libc.PR_CAP_AMBIENT, libc.PR_CAP_AMBIENT_CLEAR_ALL)
    libc.call("capset", *nothing())


def nothing() -> tuple[bytes, bytes]:
    """The two arguments of capset(2), header and sets, that leave a process none."""
    return struct.pack("=II", _VERSION_3, 0), bytes(24)


def last() -> int:
    """The highest capability that this kernel knows."""
    for number in range(_MOST):
        try:
            libc.prctl(_PR_CAPBSET_READ, number)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return number - 1
    return _MOST - 1
