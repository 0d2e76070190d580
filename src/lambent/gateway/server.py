"""The HTTP/1.1 server: listeners, connections, and their end.

An asyncio protocol of our own on httptools (docs/design.md, section 3, has the figures). Listeners can be added at any
time, also as sockets that somebody else bound: those handed out of sandboxes.
"""

from __future__ import annotations

import asyncio
import socket
from email.utils import format_datetime
from typing import TYPE_CHECKING

from lambent.core.clock import SystemClock
from lambent.gateway.connection import Connection
from lambent.gateway.limits import Limits
from lambent.gateway.usual_head import UsualHeads

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.clock import Clock
    from lambent.core.http import Begin, Handler

# How often deadlines are looked at: a quarter of the shortest, but no oftener than this many seconds.
_SWEEP_AT_LEAST_S = 0.01
_SWEEP_AT_MOST_S = 1.0


class Listener:
    """A listening socket that is being served."""

    def __init__(self, server: asyncio.Server, siblings: set[Listener]) -> None:
        self._server = server
        self._siblings = siblings
        siblings.add(self)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port; the path and 0 for a unix socket."""
        name = self._server.sockets[0].getsockname()
        return (name[0], name[1]) if isinstance(name, tuple) else (str(name), 0)

    def close(self) -> None:
        """Accept no more; connections already accepted are served on."""
        self._siblings.discard(self)
        self._server.close()


class HttpServer:
    """Serves `handler` on any number of listeners of the running event loop.

    Args:
        handler: called once per request, one request at a time per connection. What it raises becomes a 500.
        begin: called instead of it for requests of the usual kind, where it is given. It raises nothing.
        limits: what one connection may cost.
        clock: its wall reading dates the answers.
    """

    def __init__(
        self,
        handler: Handler,
        limits: Limits | None = None,
        clock: Clock | None = None,
        begin: Begin | None = None,
    ) -> None:
        self.handler = handler
        self.begin = begin
        self.limits = limits or Limits()
        self.heads = UsualHeads(self.limits.head_bytes)
        self.is_closing = False
        self._clock = clock or SystemClock()
        self._listeners: set[Listener] = set()
        self._connections: set[Connection] = set()
        self._emptied = asyncio.Event()
        self._sweeper: asyncio.TimerHandle | None = None
        self._date = ""
        self._date_until = 0.0

    async def listen(self, host: str, port: int) -> tuple[str, int]:
        """Listen on an address; port 0 lets the kernel choose. Returns the address. Raises OSError."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self.accept, host, port, backlog=1024)
        return Listener(server, self._listeners).address

    async def listen_socket(self, sock: socket.socket) -> Listener:
        """Serve a socket that is already bound (TCP or unix). It is ours from here on. Raises OSError."""
        loop = asyncio.get_running_loop()
        sock.setblocking(False)
        if sock.family == socket.AF_UNIX:
            server = await loop.create_unix_server(self.accept, sock=sock, backlog=1024)
        else:
            # asyncio sets this only on sockets made for TCP by name; accepted ones inherit it from their listener.
            # Without it the second write of an answer waits for the client's delayed acknowledgement, 40 ms.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            server = await loop.create_server(self.accept, sock=sock, backlog=1024)
        return Listener(server, self._listeners)

    async def close(self) -> None:
        """Stop accepting, let requests under way finish within the grace time, cut the rest."""
        self.is_closing = True
        for listener in list(self._listeners):
            listener.close()
        for connection in list(self._connections):
            connection.shut_down()
        try:
            async with asyncio.timeout(self.limits.grace_time_s):
                await self._wait_empty()
        except TimeoutError:
            await self._cut()
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None

    def date(self) -> str:
        """The Date header's value, made once a second."""
        now = self._clock.monotonic()
        if now >= self._date_until:
            wall = self._clock.wall()
            self._date = format_datetime(wall, usegmt=True)
            self._date_until = now + 1 - wall.microsecond / 1_000_000
        return self._date

    def accept(self, on_closed: Callable[[], None] | None = None) -> Connection:
        """The protocol object for a connection that has been accepted. `on_closed` is called once it was made and is
        closed.
        """
        return Connection(self, asyncio.get_running_loop(), on_closed)

    def remember(self, connection: Connection) -> None:
        """From a connection that has got its transport: only now can it be asked anything."""
        self._connections.add(connection)
        if self.is_closing:
            connection.shut_down()
        elif self._sweeper is None:
            self._sweep_later(asyncio.get_running_loop())

    def forget(self, connection: Connection) -> None:
        """From a connection whose socket is closed and whose last handler has ended."""
        if connection in self._connections:
            self._connections.remove(connection)
            connection.on_closed()
        if not self._connections:
            self._emptied.set()

    def _sweep_later(self, loop: asyncio.AbstractEventLoop) -> None:
        limits = self.limits
        times = (limits.head_time_s, limits.idle_time_s, limits.stall_time_s, limits.linger_time_s)
        interval = min(max(min(times) / 4, _SWEEP_AT_LEAST_S), _SWEEP_AT_MOST_S)
        self._sweeper = loop.call_later(interval, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let every connection look at its deadlines; stops by itself when there is none."""
        self._sweeper = None
        if self._connections:
            self._sweep_later(loop)
        now = loop.time()
        for connection in list(self._connections):
            connection.check(now)

    async def _wait_empty(self) -> None:
        while self._connections:
            self._emptied.clear()
            await self._emptied.wait()

    async def _cut(self) -> None:
        tasks = [connection.task for connection in self._connections if connection.task]
        for connection in list(self._connections):
            connection.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._wait_empty()
