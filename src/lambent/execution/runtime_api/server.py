"""The listener that a sandbox handed out, and the connections that are made to it from inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.execution.runtime_api.connection import Connection

if TYPE_CHECKING:
    import asyncio
    import socket

    from lambent.execution.runtime_api.connection import Handler
    from lambent.execution.runtime_api.http import Request

# A runtime needs one connection, one with threads or extensions a few more. What a sandbox may cost us is bounded.
CONNECTION_LIMIT = 64


class ApiServer:
    """Owns the listening socket. Requests go to the handler."""

    def __init__(
        self, listener: socket.socket, loop: asyncio.AbstractEventLoop, handler: Handler
    ) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._loop = loop
        self._handler = handler
        self._connections: set[Connection] = set()
        self._is_open = True
        loop.add_reader(listener, self._accept)

    def drain(self) -> None:
        """Take what has been sent until now."""
        if self._is_open:
            self._accept()
        for connection in list(self._connections):
            while connection.read():
                pass

    def close(self) -> None:
        """Let go of everything; nothing is handled any more."""
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for connection in list(self._connections):
            connection.close()

    def _accept(self) -> None:
        for _ in range(CONNECTION_LIMIT):
            try:
                sock, _ = self._listener.accept()
            except OSError:  # none waits; or the sandbox is gone
                return
            if len(self._connections) >= CONNECTION_LIMIT:
                sock.close()
            else:
                self._connections.add(Connection(sock, self._loop, self))

    # --- between connections and the handler ------------------------------------------------------------------

    def limit(self, connection: Connection, request: Request) -> int:
        return self._handler.limit(connection, request)

    def handle(self, connection: Connection, request: Request) -> None:
        self._handler.handle(connection, request)

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        self._handler.closed(connection)
