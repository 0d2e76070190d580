"""The first program of a sandbox whose runtime is started by a plain exec: `provided` ones, functions with
variables or a wrapper that act only at the start of a program, and functions with extensions.

Runs in a fork of the zygote, locked in, and waits there for its function like any pooled sandbox. It makes the listener
of the Runtime and Extensions API, inside this sandbox's own network, and hands it to core before READY. A runtime that
speaks that API does not get the frame socket; for our own bootstraps ASSIGN stays in the socket and the socket open as
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

from lambent.execution.runtimes import extensions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.execution.runtimes.commands import Bootstrap

READY, ASSIGN, ERROR = 0, 1, 5
# The first byte says what the runtime will speak.
API_RUNTIME, FRAME_RUNTIME = b"A", b"F"
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
    control, cores_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with _listener(has_own_network=has_own_network) as listener, cores_end:
        address = "{}:{}".format(*listener.getsockname())
        rights = array.array("i", [listener.fileno(), cores_end.fileno()])
        tag = API_RUNTIME if bootstrap.language == "provided" else FRAME_RUNTIME
        sock.sendmsg([tag], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    sock.sendall(_HEADER.pack(0, READY, _NO_REQUEST, 0))
    try:
        how = socket.MSG_WAITALL if bootstrap.language == "provided" else socket.MSG_PEEK
        function = _assigned(sock, how)
    except EOFError:
        os._exit(0)
    function["environment"]["AWS_LAMBDA_RUNTIME_API"] = address

    def become_runtime() -> None:
        _become_runtime(sock, bootstrap, function)

    if extensions.names():
        supervisor = extensions.Supervisor(control)
        supervisor.launch(function["environment"])
        supervisor.wait_for_go()
        supervisor.run(become_runtime, sock.close)
    control.close()
    become_runtime()
    os._exit(_CANNOT_START)


def _become_runtime(sock: socket.socket, bootstrap: Bootstrap, function: Mapping[str, Any]) -> None:
    """Returns only where there is nothing to become; core has been told then."""
    try:
        os.chdir(function["task_root"])
        if bootstrap.language == "provided":
            _become_bootstrap(function)
        else:
            _become_interpreter(sock, bootstrap, function)
    except CannotStart as reason:
        document = {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": str(reason)}
        payload = json.dumps(document).encode()
        sock.sendall(_HEADER.pack(len(payload), ERROR, _NO_REQUEST, 0) + payload)


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


def _become_bootstrap(function: Mapping[str, Any]) -> None:
    task_root = function["task_root"]
    candidates = [each.format(task_root=task_root) for each in _BOOTSTRAPS]
    found = next((path for path in candidates if os.path.isfile(path)), None)  # noqa: PTH113
    if found is None:
        raise CannotStart(f"Couldn't find valid bootstrap(s): [{' '.join(candidates)}]")
    execute([found], function["environment"])


def _become_interpreter(
    sock: socket.socket, bootstrap: Bootstrap, function: Mapping[str, Any]
) -> None:
    command = bootstrap.command(function["memory_mib"], is_assigned=True)
    environment = function["environment"]
    if wrapper := environment.get(WRAPPER):
        _check_wrapper(wrapper)
        command = [wrapper, *command]
    pass_on(sock.fileno())
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
