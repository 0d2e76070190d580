"""A listener made inside a function's sandbox and handed out to us: the function's way to the AWS API.

The function must not be able to use up our descriptors, so it has few connections at a time; further ones wait in the
listener's queue until one is closed.
"""

from __future__ import annotations

import logging
import socket
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from lambent.gateway.server import HttpServer

_LOG = logging.getLogger(__name__)

# Node's SDK opens up to 50 for each client, boto3 10.
MOST_CONNECTIONS = 128
# Where we have no descriptor left: not at once again.
_PAUSE_S = 0.5


class InnerListener:
    """Serves `listener` by `server` until `close`."""

    def __init__(
        self, listener: socket.socket, server: HttpServer, loop: asyncio.AbstractEventLoop
    ) -> None:
        listener.setblocking(False)
        # asyncio sets this only on sockets that it has made itself; accepted ones inherit it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._listener = listener
        self._server = server
        self._loop = loop
        self._open = 0
        self._is_closed = False
        self._connecting: set[asyncio.Task[None]] = set()
        loop.add_reader(listener, self._readable)

    def close(self) -> None:
        """Accept no more. The connections end with their clients."""
        if not self._is_closed:
            self._is_closed = True
            self._loop.remove_reader(self._listener)
            self._listener.close()

    def _readable(self) -> None:
        try:
            accepted, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            _LOG.warning("a function's connection cannot be accepted: %s", error)
            self._loop.remove_reader(self._listener)
            self._loop.call_later(_PAUSE_S, self._resume)
            return
        self._open += 1
        if self._open == MOST_CONNECTIONS:
            self._loop.remove_reader(self._listener)
        task = self._loop.create_task(self._serve(accepted))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        try:
            await self._loop.connect_accepted_socket(
                partial(self._server.accept, self._closed), accepted
            )
        except OSError:  # it is gone already
            accepted.close()
            self._closed()

    def _closed(self) -> None:
        self._open -= 1
        if self._open == MOST_CONNECTIONS - 1:
            self._resume()

    def _resume(self) -> None:
        if not self._is_closed and self._open < MOST_CONNECTIONS:
            self._loop.add_reader(self._listener, self._readable)
