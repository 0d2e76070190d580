"""Core's end of the socket to the spawner: requests out, events in, descriptors by SCM_RIGHTS.

One SEQPACKET message is one JSON object (docs/design.md, section 4.1). An event finds its way by the id of the sandbox
or by the ticket of the request. When the spawner goes, everyone who listens or waits is told, once.
"""

from __future__ import annotations

import os
import socket
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from lambent.core import ids

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

_MESSAGE_LIMIT = 65_536
# `created` carries four descriptors; room for as many again.
_DESCRIPTORS = 8


class SpawnerGone(Exception):
    """The spawner's end of the socket is closed, or what came from it is not of the protocol."""


class SandboxListener(Protocol):
    """Who wants the events of one sandbox."""

    def on_event(self, event: dict[str, Any], descriptors: list[int]) -> None:
        """Takes the descriptors over: it closes them."""
        ...

    def on_spawner_gone(self) -> None: ...


class SpawnerLink:
    """Owns the socket from `start` on. Args: the SEQPACKET socket, and whom to tell when the spawner is gone."""

    def __init__(
        self, sock: socket.socket, loop: asyncio.AbstractEventLoop, on_gone: Callable[[], None]
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = loop
        self._on_gone = on_gone
        self.leaving = 0  # sandboxes that were told to end, and have their time for it
        self._listeners: dict[str, SandboxListener] = {}
        self._tickets: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._backlog: deque[bytes] = deque()
        self.is_open = True
        loop.add_reader(sock, self._readable)

    def listen(self, sandbox: str, listener: SandboxListener) -> None:
        """Send the events of `sandbox` to `listener`, until its `exited` or `forget`."""
        self._listeners[sandbox] = listener

    def forget(self, sandbox: str) -> None:
        self._listeners.pop(sandbox, None)

    def send(self, message: dict[str, Any], frame: bytes = b"") -> None:
        """Queue a request, with the frame that the spawner hands on to the sandbox.

        One to a spawner that is gone is dropped: its listeners have been told.
        """
        if not self.is_open:
            return
        data = orjson.dumps(message)
        if frame:
            data += b"\n" + frame
        if self._backlog:
            self._backlog.append(data)
            return
        try:
            self._sock.send(data)
        except BlockingIOError:
            self._backlog.append(data)
            self._loop.add_writer(self._sock, self._writable)
        except OSError:
            self._loop.call_soon(self._gone)

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a request under a fresh ticket and wait for its event.

        Raises:
            SpawnerGone: before the answer came.
        """
        if not self.is_open:
            raise SpawnerGone
        ticket = ids.hex_id()
        future: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._tickets[ticket] = future
        try:
            self.send({**message, "ticket": ticket})
            return await future
        finally:
            self._tickets.pop(ticket, None)

    def close(self) -> None:
        """Close the socket and tell everyone, except `on_gone`."""
        if not self.is_open:
            return
        self.is_open = False
        self._loop.remove_reader(self._sock)
        self._loop.remove_writer(self._sock)
        self._sock.close()
        listeners, self._listeners = self._listeners, {}
        for listener in listeners.values():
            listener.on_spawner_gone()
        for future in self._tickets.values():
            if not future.done():
                future.set_exception(SpawnerGone())

    def _gone(self) -> None:
        if self.is_open:
            self.close()
            self._on_gone()

    def _writable(self) -> None:
        try:
            while self._backlog:
                self._sock.send(self._backlog[0])
                self._backlog.popleft()
        except BlockingIOError:
            return
        except OSError:
            self._gone()
            return
        self._loop.remove_writer(self._sock)

    def _readable(self) -> None:
        """Take what has come, up to a bound, so that a burst of events does not hold up the invocations."""
        for _ in range(16):
            try:
                data, descriptors = self._receive()
            except BlockingIOError:
                return
            except OSError:
                data, descriptors = b"", []
            if not data:
                self._gone()
                return
            try:
                event = orjson.loads(data)
            except orjson.JSONDecodeError:
                _close_all(descriptors)
                self._gone()
                return
            self._deliver(event, descriptors)
            if not self.is_open:
                return

    def _receive(self) -> tuple[bytes, list[int]]:
        space = socket.CMSG_SPACE(_DESCRIPTORS * array("i").itemsize)
        data, ancillary, _, _ = self._sock.recvmsg(_MESSAGE_LIMIT, space, socket.MSG_CMSG_CLOEXEC)
        descriptors = array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                usable = len(content) - len(content) % descriptors.itemsize
                descriptors.frombytes(content[:usable])
        return data, list(descriptors)

    def _deliver(self, event: dict[str, Any], descriptors: list[int]) -> None:
        future = self._tickets.get(event.get("ticket", ""))
        if future is not None and not future.done():
            future.set_result(event)
        sandbox = event.get("sandbox", "")
        listener = self._listeners.get(sandbox)
        if event.get("event") == "exited":
            self.forget(sandbox)
        if listener is None:
            _close_all(descriptors)
        else:
            listener.on_event(event, descriptors)


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
