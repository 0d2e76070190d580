"""Keeps spawner and core company: the one loop of the launcher.

* spawner dead -> a new one is started (it sweeps what the old one left) and core gets its socket; the pool heals.
* core dead -> the spawner sees EOF on its socket, kills every sandbox and leaves; the launcher ends with core's status.
* asked to stop (SIGTERM, Ctrl-C) -> core is asked to stop and given `GRACE_S`; then it is killed.
* launcher dead -> core sees EOF on the control socket and stops, and the spawner after it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from typing import TYPE_CHECKING

from lambent.execution.sandbox import libc

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from lambent.execution.launcher.core_process import CoreProcess

# Running invocations get this long to finish after SIGTERM; a second signal cuts it short.
GRACE_S = 15.0
# A spawner that dies at once would otherwise be restarted in a busy loop.
RESTART_PAUSE_S = 0.2
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
        self._stopping = False

    def run(self) -> int:
        """Start both and wait; returns the exit status for the launcher."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOP_SIGNALS, signal.SIGCHLD})
        libc.become_subreaper()
        self._core.start()
        self._give_core_a_spawner()
        while True:
            arrived = self._next_signal()
            if arrived is None:
                self._core.kill()
            elif arrived in _STOP_SIGNALS:
                self._ask_core_to_stop()
            status = self._reap()
            if status is not None:
                self._wait_for_spawner()
                return status

    def _next_signal(self) -> int | None:
        """The next signal; None when the grace period is over."""
        waited = {*_STOP_SIGNALS, signal.SIGCHLD}
        if not self._stopping:
            return signal.sigwaitinfo(waited).si_signo
        information = signal.sigtimedwait(waited, GRACE_S)
        return information.si_signo if information else None

    def _ask_core_to_stop(self) -> None:
        if self._stopping:
            self._core.kill()
        else:
            self._stopping = True
            self._core.terminate()

    def _reap(self) -> int | None:
        """Reap every child that has ended; returns core's exit status once it is among them."""
        core_status = None
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return core_status
            if pid == 0:
                return core_status
            code = os.waitstatus_to_exitcode(status)
            if pid == self._core.pid:
                core_status = code if code >= 0 else 128 - code
            elif self._spawner is not None and pid == self._spawner.pid:
                self._spawner.returncode = code
                if not self._stopping and core_status is None:
                    signal.sigtimedwait(_STOP_SIGNALS, RESTART_PAUSE_S)
                    self._give_core_a_spawner()

    def _give_core_a_spawner(self) -> None:
        self._spawner, connection = self._start_spawner()
        with connection, contextlib.suppress(OSError):  # core is gone: its SIGCHLD says so
            socket.send_fds(self._core.control, [b"spawner"], [connection.fileno()])

    def _wait_for_spawner(self) -> None:
        """The spawner leaves by itself once core is gone; it is killed if it does not."""
        while self._spawner is not None and self._spawner.returncode is None:
            information = signal.sigtimedwait({signal.SIGCHLD}, GRACE_S)
            if information is None:
                self._spawner.kill()
            self._reap()
