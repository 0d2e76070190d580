"""SnapStart: the runtime of a template, from which environments are forked, and what each fork does before it serves.

The template has run INIT. It runs the before-snapshot hooks, looks whether what it holds can be shared out at all, and
then only forks on demand of its keeper (keeper.py), which moves each fork into a sandbox of its own.
A fork hears of its environment as any pooled sandbox does (READY, ASSIGN, BOUND) and runs the after-restore hooks.

Two forks must not share anything that one could write and the other read: pipes, sockets, shared memory. On AWS each
snapshot has its own; here such an INIT is refused, with the reason. Connections to servers are closed instead, because
that is what a client meets after a restore on AWS, too.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import gc
import io
import os
import signal
import socket
import stat
import sys
import tarfile
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping

# Of AWS's package of hooks, which functions import.
_HOOKS = "snapshot_restore_py"
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + "/"  # noqa: PTH120 - pathlib would be one more import
# Threads of OpenBLAS would not survive a fork. Its default is one for each CPU that it sees.
_THREADS = "OPENBLAS_NUM_THREADS"
_TMP = "/tmp"  # noqa: S108 - the sandbox's own
# What /tmp holds after INIT is in every fork's memory until it is restored.
_TMP_LIMIT = 64 * 1024 * 1024
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_ONCE_ONLY = os.O_CREAT | os.O_EXCL | os.O_TRUNC
_FORK_FAILED = 70  # EX_SOFTWARE


class Refused(Exception):
    """No environments can be forked from what INIT has left. The text says why."""


class _OpenFile(NamedTuple):
    descriptor: int
    path: str
    flags: int
    position: int
    inheritable: bool


class Snapshot:
    """One template. Args: the socket of its keeper, the frame descriptor, its variables."""

    def __init__(self, asked: int, frames: int, variables: Mapping[str, str]) -> None:
        self._asked = asked
        self._frames = frames
        self._holds_threads = _THREADS not in variables
        self._files: list[_OpenFile] = []
        self._tmp = b""
        self._runs = 0
        if self._holds_threads:
            os.putenv(_THREADS, "1")  # not in os.environ: it is not the function's

    def take(self) -> None:
        """Make ready for forks, hooks included.

        Raises:
            Refused: it is not safe.
            Exception: what a hook raises.
        """
        hooks = _hooks("get_before_snapshot")
        while hooks:  # the last one registered first
            function, arguments, named = hooks.pop()
            function(*arguments, **named)
        if self._holds_threads:
            os.unsetenv(_THREADS)
        _refuse_activity()
        _refuse_shared_memory()
        self._files = self._look_at_files()
        self._tmp = _pack_tmp()
        gc.collect()
        gc.freeze()

    def wait_for_forks(self) -> int | None:
        """In the template: serve its keeper; None when that is gone. In each fork: its frame descriptor."""
        asked = socket.socket(fileno=self._asked)
        while True:
            data, given = _receive(asked)
            if not data or len(given) != 3:
                return None
            child = os.fork()
            if child == 0:
                asked.close()
                return self._become_fork(*given)
            for descriptor in given:
                os.close(descriptor)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)

    def restore(self) -> None:
        """In a fork whose environment is there: /tmp and files as INIT left them, hooks.

        Raises:
            Exception: what a hook raises.
        """
        if self._tmp:
            _unpack_tmp(self._tmp)
            self._tmp = b""
        for file in self._files:
            again = os.open(file.path, file.flags & ~_ONCE_ONLY)
            os.lseek(again, file.position, os.SEEK_SET)
            os.dup2(again, file.descriptor, inheritable=file.inheritable)
            os.close(again)
        for function, arguments, named in _hooks("get_after_restore"):
            function(*arguments, **named)

    def _become_fork(self, frames: int, log: int, door: int) -> int:
        """Wait to be moved, and go on in a child: a process cannot move into another pid namespace itself."""
        with socket.socket(fileno=door) as keeper:
            keeper.send(b"here")
            if not keeper.recv(16):
                os._exit(_FORK_FAILED)
            if os.fork():
                _wait_to_be_ended(keeper)
            keeper.send(b"here")
        os.setsid()
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(frames, self._frames, inheritable=False)
        os.close(log)
        os.close(frames)
        return self._frames

    def _look_at_files(self) -> list[_OpenFile]:
        files = []
        own = {0, 1, 2, self._asked, self._frames}
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - pathlib would be one more import
            descriptor = int(name)
            if descriptor in own:
                continue
            try:
                mode = os.fstat(descriptor).st_mode
            except OSError:
                continue  # that of the listing
            if stat.S_ISSOCK(mode):
                _disconnect(descriptor)
            elif stat.S_ISREG(mode) or stat.S_ISDIR(mode):
                files.append(_open_file(descriptor))
            elif not stat.S_ISCHR(mode):
                raise Refused(f"INIT left {_link(descriptor)} open")
        return files


def restore_uniqueness() -> None:
    """What programs take for different in each process. What asks the kernel each time (secrets, uuid4) is."""
    for module in _standard("random"):
        module.seed()
    for module in _standard("ssl"):
        module.RAND_add(os.urandom(64), 64.0)
    for module in _standard("uuid"):
        module._node = module._last_timestamp = None
    for module in _standard("tempfile"):
        module._name_sequence = None
    numpy_seed = getattr(sys.modules.get("numpy.random"), "seed", None)
    if callable(numpy_seed):
        numpy_seed()


def _standard(name: str) -> list[Any]:
    """The module, if it has been imported and is the standard library's: a function's own may have its name."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None) or ""
    return [module] if file.startswith(_STANDARD_LIBRARY) else []


def _hooks(getter: str) -> Any:
    """The list of (function, arguments, named arguments), in the order of their registration."""
    get = getattr(sys.modules.get(_HOOKS), getter, None)
    return get() if callable(get) else []


def _refuse_activity() -> None:
    threads = [_comm(thread) for thread in os.listdir("/proc/self/task")]  # noqa: PTH208
    if len(threads) > 1:
        raise Refused(f"INIT left {len(threads) - 1} more thread(s) running")
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    else:
        raise Refused("INIT left a child process running")
    if any(signal.getitimer(timer)[0] for timer in _TIMERS):
        raise Refused("INIT left a timer running")


def _comm(thread: str) -> str:
    with open(f"/proc/self/task/{thread}/comm", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return file.read().strip()


def _refuse_shared_memory() -> None:
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        for line in file:
            fields = line.split(None, 5)
            if fields[1][1] == "w" and fields[1][3] == "s":
                what = fields[5].strip() if len(fields) > 5 else "anonymous"
                raise Refused(f"INIT left shared memory mapped ({what})")


def _disconnect(descriptor: int) -> None:
    """Close a connection under the object that holds it: it finds the end of file, as after a peer has gone."""
    connection = socket.socket(fileno=os.dup(descriptor))
    with connection:
        listens = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        if connection.family not in (socket.AF_INET, socket.AF_INET6) or listens:
            what = "a listening socket" if listens else f"a socket of {connection.family.name}"
            raise Refused(f"INIT left {what} open")
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        os.dup2(ours.fileno(), descriptor, inheritable=os.get_inheritable(descriptor))


def _open_file(descriptor: int) -> _OpenFile:
    path = _link(descriptor)
    if not path.startswith("/") or not os.path.exists(path):  # noqa: PTH110
        raise Refused(f"INIT left {path} open")
    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
    position = os.lseek(descriptor, 0, os.SEEK_CUR)
    return _OpenFile(descriptor, path, flags, position, os.get_inheritable(descriptor))


def _link(descriptor: int) -> str:
    return os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115


def _pack_tmp() -> bytes:
    names = sorted(os.listdir(_TMP))  # noqa: PTH208
    if not names:
        return b""
    size = sum(
        os.lstat(os.path.join(directory, file)).st_size  # noqa: PTH118
        for directory, _, files in os.walk(_TMP)
        for file in files
    )
    if size > _TMP_LIMIT:
        limit = _TMP_LIMIT >> 20
        raise Refused(f"INIT left {size >> 20} MB in {_TMP}, a snapshot takes {limit} MB of it")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in names:
            archive.add(os.path.join(_TMP, name), name)  # noqa: PTH118
    return packed.getvalue()


def _unpack_tmp(packed: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(_TMP)  # noqa: S202 - its own files, into its own directory


def _receive(sock: socket.socket) -> tuple[bytes, list[int]]:
    given = array.array("i")
    space = socket.CMSG_SPACE(3 * given.itemsize)
    data, ancillary, _, _ = sock.recvmsg(16, space, socket.MSG_CMSG_CLOEXEC)
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            given.frombytes(content[: len(content) - len(content) % given.itemsize])
    return data, list(given)


def _wait_to_be_ended(keeper: socket.socket) -> NoReturn:
    """We are in two places at once, and have nothing to do in either; the keeper knows when our child is there."""
    keeper.recv(16)
    os._exit(0)
