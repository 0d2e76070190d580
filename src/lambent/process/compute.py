"""Compute processes: a few persistent children for work that would hold the event loop, or that may run away.

A child is a fresh interpreter that has imported nothing but the functions it was asked for. It has a memory limit, and
each call a time limit: a child that passes it, dies, or works for a caller that has given up is killed with all that it
started, and the next call gets a new one. `multiprocessing` was not taken: its children import the parent's main
module, and its resource tracker is a process more, which outlives ours.

The frames are in compute_child.py.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from lambent.core.plain_log import LogStyle
from lambent.process.compute_child import LENGTH, pack

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

# Two: one long deploy must not hold up everything else, and the machine's cores belong to the functions.
PROCESSES = 2
# Unpacking and compiling 250 MB of code stays under 150.
MEMORY_MIB = 1024
# Functions come first: nobody waits for a deployment as for an answer.
NICENESS = 5
# Answers are small things; code and archives go by way of files.
_MAX_ANSWER_BYTES = 1 << 28
_BOOT = (
    "import sys; sys.path[:] = {path!r}; "
    "from lambent.process.compute_child import main; main({fd}, {memory}, {niceness}, {style!r})"
)


class ComputeFailed(Exception):
    """A compute process did not answer. The text says what happened."""


class ComputeTimedOut(ComputeFailed):
    """The call passed its time limit; its process was killed."""


class ComputeDied(ComputeFailed):
    """The process ended during the call: out of memory, crashed, or killed with the platform's end."""


class Compute:
    """Runs functions in child processes, which are started when first needed.

    Args:
        processes: how many calls run at once; more wait for their turn.
        memory_mib: the address space of a child and of what it starts.
        niceness: of the children, from 0; functions have 0.
        log_style: how children log.
    """

    def __init__(
        self,
        processes: int = PROCESSES,
        memory_mib: int = MEMORY_MIB,
        niceness: int = NICENESS,
        log_style: LogStyle = LogStyle(),  # noqa: B008 - a tuple of two texts
    ) -> None:
        self._log_style = log_style
        self._memory_bytes = memory_mib << 20
        self._niceness = niceness
        self._processes = processes
        self._slots = asyncio.Semaphore(processes)
        self._idle: list[_Child] = []
        self._busy: set[_Child] = set()
        self._ending: set[asyncio.Future[int]] = set()
        self._is_closed = False

    async def run(self, fn: Callable[..., T], *args: object, timeout_s: float) -> T:
        """`fn(*args)` in a child. `fn` is found by its module and name; arguments and result are pickled.

        Cancelled, the work is stopped too.

        Args:
            timeout_s: how long it may run, not counting the wait for a free process.

        Raises:
            ComputeTimedOut, ComputeDied: it did not come to an end.
            Exception: what `fn` raised, with the child's traceback as a note.
        """
        request = pack((timeout_s, fn, args))
        async with self._slots:
            child = self._take()
            try:
                async with asyncio.timeout(timeout_s):
                    is_result, value = await child.ask(request)
            except TimeoutError:
                self._discard(child)
                raise ComputeTimedOut(f"{fn.__qualname__} took over {timeout_s:g} s") from None
            except (ConnectionError, EOFError):
                status = await self._discard(child)
                raise ComputeDied(f"{fn.__qualname__}: its process ended ({status})") from None
            except BaseException:
                self._discard(child)
                raise
            self._busy.discard(child)
            self._idle.append(child)
        if is_result:
            result: T = value
            return result
        raise value

    async def close(self) -> None:
        """Kill all children, busy ones too, and wait for their end."""
        self._is_closed = True
        for child in self._busy:
            child.kill()  # its caller sees the end and discards it
        for _ in range(self._processes):
            await self._slots.acquire()
        for child in self._idle:
            self._discard(child)
        self._idle.clear()
        if self._ending:
            await asyncio.wait(self._ending)
        for _ in range(self._processes):
            self._slots.release()

    def _take(self) -> _Child:
        if self._is_closed:
            raise ComputeDied("the compute processes were stopped")
        child = self._living() or _Child(self._memory_bytes, self._niceness, self._log_style)
        self._busy.add(child)
        return child

    def _living(self) -> _Child | None:
        while self._idle:
            child = self._idle.pop()
            if child.process.poll() is None:
                return child
            self._discard(child)  # it was killed while it had nothing to do
        return None

    def _discard(self, child: _Child) -> asyncio.Future[int]:
        """Kill a child; the future is its exit status."""
        self._busy.discard(child)
        child.kill()
        child.close()
        # wait() may take a moment where the child holds much memory.
        ended = asyncio.get_running_loop().run_in_executor(None, child.process.wait)
        self._ending.add(ended)
        ended.add_done_callback(self._ending.discard)
        return ended


class _Child:
    """One process and the socket to it."""

    def __init__(self, memory_bytes: int, niceness: int, log_style: LogStyle) -> None:
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        with theirs:
            boot = _BOOT.format(
                path=sys.path,
                fd=theirs.fileno(),
                memory=memory_bytes,
                niceness=niceness,
                style=tuple(log_style),
            )
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", boot],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a group of its own, so that what it starts is killed with it
            )

    async def ask(self, request: bytes) -> tuple[bool, Any]:
        """Raises EOFError or ConnectionError when the child ends."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._socket, request)
        (length,) = LENGTH.unpack(await self._receive(LENGTH.size))
        if length > _MAX_ANSWER_BYTES:
            raise ComputeFailed(f"an answer of {length} bytes")
        is_result, value = pickle.loads(await self._receive(length))  # noqa: S301 - see compute_child.py
        return is_result, value

    async def _receive(self, size: int) -> bytearray:
        loop = asyncio.get_running_loop()
        data = bytearray(size)
        view = memoryview(data)
        while view:
            received = await loop.sock_recv_into(self._socket, view)
            if not received:
                raise EOFError
            view = view[received:]
        return data

    def close(self) -> None:
        """Let go of the socket; nobody may be waiting for an answer."""
        self._socket.close()

    def kill(self) -> None:
        """End the process and all that it started."""
        if self.process.returncode is None:  # not reaped: the group's id is still its own
            os.killpg(self.process.pid, signal.SIGKILL)
