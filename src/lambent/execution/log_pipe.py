"""The pipe that carries stdout and stderr of one sandbox, read as it fills.

Before the sandbox is assigned to a function nobody owns what it says; that goes to our own log, bounded, because it
can only be a complaint of a bootstrap.
"""

from __future__ import annotations

import fcntl
import logging
import os
import termios
from array import array
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

logger = logging.getLogger(__name__)

_COMPLAINT_LIMIT = 2_000
# Longer than this is too long for one turn of the loop: 64 KiB of ordinary lines take a third of it.
_LONG_S = 0.002
_SMALLEST_BITE = 4096
# The pause after a long turn, as a multiple of it: such a function has a fifth of the loop at most.
_REST = 4


class Taker(Protocol):
    """Who the output belongs to; usually a LogStream."""

    def output(self, data: bytes) -> None: ...
    def flush(self) -> None: ...


class LogPipe:
    """Owns the reading end. Args: its descriptor, the loop."""

    def __init__(self, descriptor: int, loop: asyncio.AbstractEventLoop) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._loop = loop
        self._stream: Taker | None = None
        self._is_open = True
        self._waiting = array("i", [0])
        # All that may lie in the pipe at one time, so that one read of this size empties it.
        self._capacity = fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
        self._bite = self._capacity
        self._resting: asyncio.TimerHandle | None = None
        loop.add_reader(descriptor, self._readable)

    def attach(self, stream: Taker) -> None:
        """From now on the output belongs to `stream`."""
        self._stream = stream

    def drain(self) -> None:
        """Take what was written until now; at most one pipe full, so that a chatterbox cannot hold us here."""
        if not self._is_open:
            return
        # Asking first is cheaper than a read that raises: 0.5 against 2.5 us, in every invocation.
        fcntl.ioctl(self._descriptor, termios.FIONREAD, self._waiting)
        if self._waiting[0]:
            self._read(self._capacity)

    def close(self) -> None:
        """Take what is left and close."""
        if self._is_open:
            self._read(self._capacity)
        if self._is_open:
            self._end()

    def _readable(self) -> None:
        started = self._loop.time()
        is_flooded = self._read(self._bite) == self._bite
        if self._stream is not None:
            self._stream.flush()
        took = self._loop.time() - started
        if not is_flooded:
            return
        if took > _LONG_S and self._is_open:
            self._bite = max(_SMALLEST_BITE, self._bite // 4)
            self._loop.remove_reader(self._descriptor)
            self._resting = self._loop.call_later(took * _REST, self._go_on)
        else:
            self._bite = min(self._capacity, self._bite * 2)

    def _go_on(self) -> None:
        self._resting = None
        self._loop.add_reader(self._descriptor, self._readable)

    def _read(self, size: int) -> int:
        """How many bytes there were."""
        try:
            data = os.read(self._descriptor, size)
        except BlockingIOError:
            return 0
        except OSError:
            data = b""
        if not data:
            self._end()
        elif self._stream is not None:
            self._stream.output(data)
        else:
            logger.warning("an unassigned sandbox says: %s", data[:_COMPLAINT_LIMIT])
        return len(data)

    def _end(self) -> None:
        self._is_open = False
        if self._resting is not None:
            self._resting.cancel()
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
