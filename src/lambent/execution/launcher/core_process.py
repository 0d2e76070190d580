"""The core as a child of the launcher: under a uid of its own, confined, in a session of its own.

A session of its own keeps Ctrl-C from reaching it directly: the launcher decides what a signal means.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import traceback
from typing import TYPE_CHECKING

from lambent.execution.launcher import confine
from lambent.process import priority

if TYPE_CHECKING:
    from pathlib import Path


class CoreProcess:
    """Starts and signals core. `control` is the launcher's end of the control socket. `secrets` is handed on."""

    def __init__(
        self, config_json: str, runtimes_json: str, uid: int, data_dir: Path, secrets: int
    ) -> None:
        self._arguments = (config_json, runtimes_json)
        self._uid = uid
        self._data_dir = data_dir
        self._secrets = secrets
        self.control, self._core_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = 0

    def start(self) -> None:
        self.pid = os.fork()
        if self.pid == 0:
            self._become_core()
        self._core_end.close()
        os.close(self._secrets)

    def has_claimed(self) -> bool:
        """Wait until core holds the data directory; False if it ended instead (another platform holds it).

        Only then may a spawner be started: it sweeps away whatever ran on this directory before.
        """
        return self.control.recv(64) == b"claimed"

    def terminate(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def _become_core(self) -> None:
        """In the child: confine, then exec. Whatever goes wrong is said and ends the child, never returns."""
        config_json, runtimes_json = self._arguments
        try:
            os.setsid()
            priority.set_niceness(priority.AHEAD)
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            if os.geteuid() == 0 and self._uid != 0:
                confine.enter(self._data_dir, self._uid, _prefixes(runtimes_json))
            os.chdir(self._data_dir)
            control = self._core_end.fileno()
            os.set_inheritable(control, True)
            os.execve(  # noqa: S606 - no shell is what we want
                sys.executable,
                [
                    sys.executable,
                    "-I",
                    "-m",
                    "lambent",
                    "core",
                    "--control-fd",
                    str(control),
                    "--secrets-fd",
                    str(self._secrets),
                    "--runtimes",
                    runtimes_json,
                    config_json,
                ],
                {
                    "PATH": "/usr/local/bin:/usr/bin:/bin",
                    "LANG": "C.UTF-8",
                    "TMPDIR": str(self._data_dir / "state" / "tmp"),
                    # Its threads take turns anyway; an arena for each (mallopt(3)) costs 5 MB from the start, and more
                    # with every time that the machine is short of processors.
                    "MALLOC_ARENA_MAX": "1",
                },
            )
        except OSError:
            traceback.print_exc()
            sys.stderr.write("lambent: the core cannot be confined; --core-user root overrides\n")
        finally:
            os._exit(71)  # EX_OSERR


def _prefixes(runtimes_json: str) -> list[str]:
    """Where interpreters live outside /usr: core has them compile what is deployed."""
    entries = json.loads(runtimes_json).values()
    return sorted({prefix for entry in entries for prefix in entry["prefixes"]})
