"""The programs in /opt/extensions, launched before the runtime, and the process that looks after both.

Runs in the sandbox, in the starter. With core it talks over a socket of its own (`control`), one message at a time: it
tells which extensions it launches (`{"extensions": [...]}`, with their output), what has failed (`{"error": {...}}`),
and how the runtime has ended (`{"ended": status}`), where extensions are left. Core says `go` (all have registered),
`connect PORT` (answered with a connection inside the sandbox) or `kill` (the runtime must end, the extensions have
their time to leave).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DIRECTORY = "/opt/extensions"
# "Reserved environment variables specific to the runtime process": extensions do not have them.
_OF_THE_RUNTIME = (
    "_HANDLER",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
)
_CANNOT_EXEC = 126
# On the loopback a connection is there at once or refused; a full backlog must not hold us.
_CONNECT_LIMIT_S = 0.5


def names() -> list[str]:
    """What is to be launched."""
    try:
        found = os.listdir(DIRECTORY)  # noqa: PTH208 - names only
    except OSError:
        return []
    return sorted(name for name in found if os.path.isfile(f"{DIRECTORY}/{name}"))  # noqa: PTH113


class Supervisor:
    """Launches the extensions and, once they have registered, the runtime. Lives as long as any of them.

    Args: the socket to core.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        self._extensions: dict[int, tuple[int, str]] = {}  # pidfd -> pid, name
        self._is_leaving = False

    def launch(self, environment: Mapping[str, str]) -> None:
        """Start them all and tell core."""
        theirs = {name: each for name, each in environment.items() if name not in _OF_THE_RUNTIME}
        wanted = names()
        output, write_end = os.pipe()
        # Before they can register: core must know which are ours. Their output has a pipe of its own.
        self._tell({"extensions": wanted}, output)
        os.close(output)
        for name in wanted:
            path = f"{DIRECTORY}/{name}"
            if not os.access(path, os.X_OK):
                self._fail("Extension.LaunchError", f"fork/exec {path}: permission denied")
            pid = _start(partial(_become, path, theirs, write_end))
            pidfd = os.pidfd_open(pid)
            self._extensions[pidfd] = (pid, name)
            self._poll.register(pidfd, select.POLLIN)
        os.close(write_end)

    def wait_for_go(self) -> None:
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor != self._control.fileno():
                    self._extension_ended(descriptor)
                elif self._hear() == b"go":
                    return

    def run(self, runtime: Callable[[], Any], when_started: Callable[[], Any]) -> NoReturn:
        """Start the runtime, let go of what is its own (`when_started`), and end as it does."""
        pid = _start(runtime)
        when_started()
        pidfd = os.pidfd_open(pid)
        self._poll.register(pidfd, select.POLLIN)
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor == self._control.fileno():
                    if self._hear() == b"kill":
                        self._is_leaving = True
                        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                elif descriptor != pidfd:
                    self._extension_ended(descriptor)
                else:
                    self._poll.unregister(pidfd)
                    if not self._is_leaving:
                        self._runtime_ended(pid)
            if self._is_leaving and not self._extensions:
                os._exit(0)

    def _runtime_ended(self, pid: int) -> None:
        """Core hears of it, and gives the extensions their time. What was killed, for its memory perhaps, ends us."""
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGKILL or not self._extensions:
            _end_like(code)
        self._is_leaving = True
        self._tell({"ended": code})

    def _extension_ended(self, pidfd: int) -> None:
        pid, name = self._extensions.pop(pidfd)
        self._poll.unregister(pidfd)
        _, status = os.waitpid(pid, 0)
        if not self._is_leaving:
            code = os.waitstatus_to_exitcode(status)
            self._fail("Extension.Crash", f"{name}: exit code {code}")

    def _fail(self, error_type: str, message: str) -> None:
        self._tell({"error": {"errorType": error_type, "errorMessage": message}})
        # Core ends us.
        while True:
            signal.pause()

    def _hear(self) -> bytes:
        heard = self._control.recv(16)
        if not heard:  # core is gone
            os._exit(0)
        if heard.startswith(b"connect "):
            self._connect(int(heard[8:]))
        return heard

    def _connect(self, port: int) -> None:
        try:
            # Not create_connection: it imports a codec, and our Python's files are not in the sandbox.
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
                connection.settimeout(_CONNECT_LIMIT_S)
                connection.connect(("127.0.0.1", port))
                self._tell({"connected": True}, connection.fileno())
        except OSError:
            self._tell({"connected": False})

    def _tell(self, message: dict[str, Any], given: int | None = None) -> None:
        rights = [] if given is None else [given]
        socket.send_fds(self._control, [json.dumps(message).encode()], rights)


def _become(path: str, environment: Mapping[str, str], output: int) -> None:
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.execve(path, [path], environment)  # noqa: S606 - no shell is what we want


def _start(become: Callable[[], Any]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            # Ignored by Python, and that outlives an exec.
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            become()
        except OSError as error:
            os.write(2, f"{error}\n".encode())
        finally:
            os._exit(_CANNOT_EXEC)
    return pid


def _end_like(code: int) -> NoReturn:
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
