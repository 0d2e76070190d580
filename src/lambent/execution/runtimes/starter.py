"""The first program of a sandbox whose runtime is started by a plain exec: `provided` ones, and functions with
variables or a wrapper that act only at the start of a program.

Runs in a fork of the zygote, locked in, and waits there for its function like any pooled sandbox. For a runtime that
speaks the Runtime API it makes the listener, inside this sandbox's own network, and hands it to core before READY; the
frame socket is closed by the exec. For our own bootstraps it leaves ASSIGN in the socket and the socket open as
descriptor 3: they begin with INIT. What cannot be started is told as the ERROR of the INIT.
"""

from __future__ import annotations

import array
import errno
import json
import os
import signal
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.execution.runtimes.commands import Bootstrap

READY, ASSIGN, ERROR = 0, 1, 5
_HEADER = struct.Struct("<IB16sQ")
_NO_REQUEST = bytes(16)
# Where AWS's documentation has it; without a network of our own any free port must do.
_API_PORT = 9001
_BACKLOG = 64
_BOOTSTRAPS = ("{task_root}/bootstrap", "/opt/bootstrap")
_CANNOT_START = 126
_FRAME_DESCRIPTOR = 3
WRAPPER = "AWS_LAMBDA_EXEC_WRAPPER"


class CannotStart(Exception):
    """Nothing to execute. The text is AWS's."""


def run(descriptor: int, bootstrap: Bootstrap, *, has_own_network: bool) -> NoReturn:
    """Wait for the function and become its runtime. Args: the frame socket, what runs here."""
    sock = socket.socket(fileno=descriptor)
    address = ""
    if bootstrap.language == "provided":
        with _listener(has_own_network=has_own_network) as listener:
            address = "{}:{}".format(*listener.getsockname())
            rights = array.array("i", [listener.fileno()])
            sock.sendmsg([b"L"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    sock.sendall(_HEADER.pack(0, READY, _NO_REQUEST, 0))
    try:
        if bootstrap.language == "provided":
            _become_bootstrap(_assigned(sock, socket.MSG_WAITALL), address)
        else:
            _become_interpreter(sock, bootstrap)
    except EOFError:
        os._exit(0)
    except CannotStart as reason:
        document = {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": str(reason)}
        payload = json.dumps(document).encode()
        sock.sendall(_HEADER.pack(len(payload), ERROR, _NO_REQUEST, 0) + payload)
    os._exit(_CANNOT_START)


def _listener(*, has_own_network: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    sock.bind(("127.0.0.1", _API_PORT if has_own_network else 0))
    sock.listen(_BACKLOG)
    return sock


def _assigned(sock: socket.socket, how: int) -> dict[str, Any]:
    """What ASSIGN says. Args: `how` it is received: MSG_PEEK leaves it in the socket.

    Raises:
        EOFError: nobody will assign anything.
    """
    size = _HEADER.size
    while True:
        header = sock.recv(_HEADER.size, socket.MSG_PEEK)
        if not header:
            raise EOFError
        # Core writes the frame at once, into an empty socket: it is whole, but for the moment of writing itself.
        if len(header) == _HEADER.size:
            size = _HEADER.size + _HEADER.unpack(header)[0]
            if len(sock.recv(size, socket.MSG_PEEK)) == size:
                break
    function: dict[str, Any] = json.loads(sock.recv(size, how)[_HEADER.size :])
    return function


def _become_bootstrap(function: Mapping[str, Any], address: str) -> None:
    task_root = function["task_root"]
    candidates = [each.format(task_root=task_root) for each in _BOOTSTRAPS]
    found = next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113
    if found is None:
        raise CannotStart(f"Couldn't find valid bootstrap(s): [{' '.join(candidates)}]")
    environment = {**function["environment"], "AWS_LAMBDA_RUNTIME_API": address}
    os.chdir(task_root)
    execute([found], environment)


def _become_interpreter(sock: socket.socket, bootstrap: Bootstrap) -> None:
    function = _assigned(sock, socket.MSG_PEEK)
    command = bootstrap.command(function["memory_mib"], is_assigned=True)
    environment = function["environment"]
    if wrapper := environment.get(WRAPPER):
        _check_wrapper(wrapper)
        command = [wrapper, *command]
    pass_on(sock.fileno())
    os.chdir(function["task_root"])
    execute(command, environment)


def _check_wrapper(path: str) -> None:
    """As the start scripts of AWS's runtimes do it, down to texts and exit codes."""
    if not os.path.isfile(path):  # noqa: PTH113
        sys.stdout.write(f"{path}: does not exist\n")
        sys.stdout.flush()
        os._exit(127)
    if not os.access(path, os.X_OK):
        sys.stdout.write(f"{path}: is not an executable\n")
        sys.stdout.flush()
        os._exit(126)


def pass_on(descriptor: int) -> None:
    """Have the frame socket stay open where our bootstraps look for it."""
    os.dup2(descriptor, _FRAME_DESCRIPTOR)
    os.set_inheritable(_FRAME_DESCRIPTOR, True)  # dup2 leaves it alone if it is that one already


def execute(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Become `command`.

    Raises:
        CannotStart: the kernel refuses.
    """
    # Ignored by Python, and that outlives an exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    try:
        os.execve(command[0], list(command), dict(environment))  # noqa: S606 - no shell is what we want
    except OSError as error:
        text = os.strerror(error.errno or errno.EINVAL).lower()
        raise CannotStart(f"fork/exec {command[0]}: {text}") from None
