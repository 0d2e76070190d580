"""Stops everything in a sandbox, and lets it go on.

Version 2 control groups can do it, and a kill still works then. The freezer of version 1 would keep what is killed
(and, with us gone, for ever), so there each process gets the stop signal, which a kill overrides, too.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.execution.sandbox.cgroup import Group

# A process may have forked while we looked; it cannot once it is stopped.
_ROUNDS = 5


class Freezer:
    """Of one sandbox. Args: its control group, and its first process, which only waits and need not be stopped."""

    def __init__(self, group: Group, first: int) -> None:
        self._group = group
        self._first = first
        self._is_frozen = False
        self._stopped: dict[int, int] = {}  # pid -> pidfd

    def freeze(self) -> None:
        """May be asked twice."""
        if not self._is_frozen:
            self._is_frozen = True
            if not self._group.freeze(is_frozen=True):
                self._stop()

    def thaw(self) -> None:
        if self._is_frozen:
            self._is_frozen = False
            if not self._group.freeze(is_frozen=False):
                for pidfd in self._stopped.values():
                    _signal(pidfd, signal.SIGCONT)
            self.close()

    def close(self) -> None:
        """The sandbox is gone."""
        for pidfd in self._stopped.values():
            os.close(pidfd)
        self._stopped.clear()

    def _stop(self) -> None:
        for _ in range(_ROUNDS):
            found = [pid for pid in self._group.members() if pid not in self._stopped]
            fresh = [pid for pid in found if pid != self._first and not _is_stopped(pid)]
            for pid in fresh:
                try:
                    pidfd = os.pidfd_open(pid)
                except OSError:  # it has ended
                    continue
                self._stopped[pid] = pidfd
                _signal(pidfd, signal.SIGSTOP)
            if not fresh:
                return


def _signal(pidfd: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, number)


def _is_stopped(pid: int) -> bool:
    """The function has stopped it itself: then it is not ours to continue."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - one call, no object
            return file.read().rpartition(b") ")[2][:1] == b"T"
    except OSError:
        return False
