"""Keeps spawner and core company: the one loop of the launcher.

* spawner refuses what was asked of it (status 78) -> core is asked to stop, the launcher ends with that status.
* spawner dead otherwise -> a new one is started (it sweeps what the old one left) and core gets its socket; the pool
  heals.
* core dead -> the spawner sees EOF on its socket, kills every sandbox and leaves; the launcher ends with core's status.
* asked to stop (SIGTERM, Ctrl-C) -> core is asked to stop and given `GRACE_S`; then it is killed.
* launcher dead -> core sees EOF on the control socket and stops, and the spawner after it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
from typing import TYPE_CHECKING

from lambent.execution.sandbox import libc

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from lambent.execution.launcher.core_process import CoreProcess

_log = logging.getLogger(__name__)

# Running invocations get this long to finish after SIGTERM; a second signal cuts it short.
GRACE_S = 15.0
# A spawner that dies at once would otherwise be restarted in a busy loop.
RESTART_PAUSE_S = 0.2
# sysexits.h: EX_CONFIG. The spawner has said why on stderr: what was asked for cannot be had on this host.
CANNOT_BE_SO = 78
_STOP_SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


class Supervisor:
    """Runs core and spawner until core ends."""

    def __init__(
        self,
        core: CoreProcess,
        start_spawner: Callable[[], tuple[subprocess.Popen[bytes], socket.socket]],
    ) -> None:
        self._core = core
        self._start_spawner = start_spawner
        self._spawner: subprocess.Popen[bytes] | None = None
        self._core_status: int | None = None
        self._is_stopping = False
        self._is_refused = False

    def run(self) -> int:
        """Start both and wait; returns the exit status for the launcher."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOP_SIGNALS, signal.SIGCHLD})
        libc.become_subreaper()
        self._core.start()
        if self._core.has_claimed():
            self._give_core_a_spawner()
        while self._core_status is None:
            self._react(self._next_signal())
            self._reap()
        self._wait_for_spawner()
        return CANNOT_BE_SO if self._is_refused else self._core_status

    def _next_signal(self) -> int | None:
        """The next signal; None when the grace period is over."""
        waited = {*_STOP_SIGNALS, signal.SIGCHLD}
        if not self._is_stopping:
            return signal.sigwaitinfo(waited).si_signo
        information = signal.sigtimedwait(waited, GRACE_S)
        return information.si_signo if information else None

    def _react(self, arrived: int | None) -> None:
        if arrived is None or (arrived in _STOP_SIGNALS and self._is_stopping):
            self._core.kill()
        elif arrived in _STOP_SIGNALS:
            self._is_stopping = True
            self._core.terminate()

    def _reap(self) -> None:
        """Reap every child that has ended; what is not core or spawner is an orphan of theirs."""
        spawner_ended, code_of_spawner = False, 0
        for pid, code in _ended_children():
            if pid == self._core.pid:
                self._core_status = self._status_for(code)
            elif self._spawner is not None and pid == self._spawner.pid:
                self._spawner = None
                spawner_ended = True
                code_of_spawner = code
                self._is_refused = code == CANNOT_BE_SO
        if spawner_ended and self._core_status is None and not self._is_stopping:
            if self._is_refused:
                self._react(signal.SIGTERM)
                return
            if code_of_spawner:  # it leaves with 0 when core lets go of it
                _log.warning("the spawner is dead (%s), a new one is started", code_of_spawner)
            information = signal.sigtimedwait(_STOP_SIGNALS, RESTART_PAUSE_S)
            if information is None:
                self._give_core_a_spawner()
            else:
                self._react(information.si_signo)

    def _status_for(self, code: int) -> int:
        """Our exit status for core's; a core that we stopped before it could listen for that stopped as asked."""
        if self._is_stopping and code == -signal.SIGTERM:
            return 0
        if code < 0 and not self._is_stopping:
            _log.error("core was killed by signal %d", -code)
        return code if code >= 0 else 128 - code

    def _give_core_a_spawner(self) -> None:
        self._spawner, connection = self._start_spawner()
        with connection, contextlib.suppress(OSError):  # core is gone: its SIGCHLD says so
            socket.send_fds(self._core.control, [b"spawner"], [connection.fileno()])

    def _wait_for_spawner(self) -> None:
        """The spawner leaves by itself once core is gone; it is killed if it does not."""
        while self._spawner is not None:
            if signal.sigtimedwait({signal.SIGCHLD}, GRACE_S) is None:
                self._spawner.kill()
            self._reap()


def _ended_children() -> Iterator[tuple[int, int]]:
    """Pid and exit code (minus the signal) of each child that has ended and was not reaped yet."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, os.waitstatus_to_exitcode(status)
