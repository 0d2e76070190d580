"""The platform's own AWS endpoint as functions find it.

Each isolated sandbox has a listener in its own network (`sandbox/endpoint.py`), which it hands out ahead of everything
else it sends. So `boto3.client("dynamodb")` in a handler just works, without a network device.
"""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.execution.sandbox import endpoint

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    # Serves a listener until what it returns is called.
    Serve = Callable[[socket.socket], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Args: what serves a listener made inside a sandbox; the URL for functions that share the host's network."""

    serve: Serve
    url: Callable[[], str]


class Greeting:
    """Waits for a sandbox's listener. It comes before anything of a function runs.

    Args: the frame socket, which is left open; the loop; `done` gets the listener, or None when the sandbox has ended.
    """

    def __init__(
        self,
        frames: socket.socket,
        loop: asyncio.AbstractEventLoop,
        done: Callable[[socket.socket | None], None],
    ) -> None:
        frames.setblocking(False)
        self._frames = frames
        self._loop = loop
        self._done = done
        loop.add_reader(frames, self._readable)

    def close(self) -> None:
        """Wait no longer; `done` is not called any more."""
        self._loop.remove_reader(self._frames)

    def _readable(self) -> None:
        data, given = b"", list[int]()
        try:
            data, given, _, _ = socket.recv_fds(self._frames, 1, 1, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except OSError:
            pass
        self.close()
        sockets = [socket.socket(fileno=each) for each in given]
        if data == endpoint.GREETING and sockets:
            self._done(sockets[0])
            return
        with contextlib.ExitStack() as stack:
            for each in sockets:
                stack.enter_context(each)
        self._done(None)
