"""One connection of a sandbox to the Runtime API, on the event loop: reads as it comes, writes what fits."""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING, Protocol

from lambent.execution.runtime_api.http import (
    CONTINUE,
    BadRequest,
    Request,
    RequestReader,
    answer_head,
    error_body,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

_READ_SIZE = 262_144
# Up to here head and body are joined: one packet, one wake-up of the client.
_JOIN_LIMIT = 65_536
JSON_TYPE = {"Content-Type": "application/json"}


class Handler(Protocol):
    """Who answers requests. It may answer later; until then the connection takes no other request."""

    def limit(self, connection: Connection, request: Request) -> int:
        """The headers of a request are there: how many bytes of its body to keep."""
        ...

    def handle(self, connection: Connection, request: Request) -> None: ...

    def closed(self, connection: Connection) -> None:
        """The connection is gone; nothing more comes of it."""
        ...


class Connection:
    """Owns the socket."""

    def __init__(
        self, sock: socket.socket, loop: asyncio.AbstractEventLoop, handler: Handler
    ) -> None:
        sock.setblocking(False)
        # Else every answer in two writes waits 40 ms for the client's delayed acknowledgement.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._loop = loop
        self._handler = handler
        self._reader = RequestReader(lambda request: handler.limit(self, request))
        self._backlog: deque[memoryview] = deque()
        self._asked: Request | None = None  # and not answered yet
        self._is_open = True
        self._is_paused = False
        self._ends_after_backlog = False
        loop.add_reader(sock, self.read)

    def read(self) -> bool:
        """Read once; True when there may be more."""
        if not self._is_open:
            return False
        try:
            data = self._sock.recv(_READ_SIZE)
        except BlockingIOError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close()
            return False
        try:
            requests = self._reader.feed(data)
        except BadRequest as error:
            self._asked = Request(keeps_alive=False)
            self.answer(400, error_body("InvalidRequest", str(error)))
            return False
        if self._reader.wants_continue:
            self._reader.wants_continue = False
            self._write(CONTINUE)
        if not requests:
            # So does a client that sends head and body apart and has not switched off Nagle's algorithm.
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        for request in requests:
            if self._asked is not None:
                # A second one before the answer: no runtime client does that.
                self.close()
                return False
            self._asked = request
            self._handler.handle(self, request)
        return self._is_open

    def answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] = JSON_TYPE
    ) -> None:
        """Answer the request that was handed to the handler."""
        asked, self._asked = self._asked, None
        if not self._is_open or asked is None:
            return
        head = answer_head(status, len(body), headers, keeps_alive=asked.keeps_alive)
        self._ends_after_backlog = not asked.keeps_alive
        self._write(head, b"" if asked.method == "HEAD" else body)
        if self._ends_after_backlog and not self._backlog:
            self.close()

    def pause(self, *, is_paused: bool) -> None:
        """Leave the socket alone for a while, or go on reading it."""
        if self._is_open and is_paused is not self._is_paused:
            self._is_paused = is_paused
            if is_paused:
                self._loop.remove_reader(self._sock)
            else:
                self._loop.add_reader(self._sock, self.read)

    def close(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._sock)
        if self._backlog:
            self._backlog.clear()
            self._loop.remove_writer(self._sock)
        self._sock.close()
        self._handler.closed(self)

    def _write(self, *pieces: bytes) -> None:
        was_empty = not self._backlog
        if sum(map(len, pieces)) <= _JOIN_LIMIT:
            pieces = (b"".join(pieces),)
        self._backlog.extend(memoryview(piece) for piece in pieces if piece)
        if was_empty and not self._send_backlog():
            self._loop.add_writer(self._sock, self._writable)

    def _writable(self) -> None:
        if self._send_backlog():
            self._loop.remove_writer(self._sock)
            if self._ends_after_backlog:
                self.close()

    def _send_backlog(self) -> bool:
        """Write what the kernel takes; True when nothing is left."""
        try:
            while self._backlog:
                piece = self._backlog[0]
                sent = self._sock.send(piece)
                if sent < len(piece):
                    self._backlog[0] = piece[sent:]
                    return False
                self._backlog.popleft()
        except BlockingIOError:
            return False
        except OSError:  # the reading side notices that it is gone
            self._backlog.clear()
        return True
