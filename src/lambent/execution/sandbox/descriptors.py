"""Descriptors: a sandbox keeps the few that are its own, every other one is closed."""

from __future__ import annotations

import fcntl
import os

from lambent.execution.sandbox import libc

# The kernel's own maximum, for close_range.
_LAST = 0xFFFFFFFF


def keep_only(kept: list[int]) -> None:
    """Close everything above 2 that is not in `kept`."""
    start = 3
    for descriptor in sorted(set(kept)):
        if descriptor > start:
            libc.close_range(start, descriptor - 1)
        start = max(start, descriptor + 1)
    libc.close_range(start, _LAST)


def use_as_output(log: int) -> None:
    """Standard input reads nothing; standard output and error write to `log`."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)


def move_up(descriptor: int, lowest: int) -> int:
    """The same open file under a number of at least `lowest`, closed on exec; the old number is closed."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, lowest)
    os.close(descriptor)
    return moved
