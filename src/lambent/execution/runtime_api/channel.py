"""A channel like `FrameChannel` for a runtime that speaks the Runtime API: frames on our side, HTTP on the other.

Until the runtime is executed a program of ours holds the frame socket of the sandbox (`runtimes/starter.py`). It sends
the listener first, then READY; after ASSIGN it becomes the runtime, which closes that socket, or says why it cannot.
"""

from __future__ import annotations

import array
import socket
import uuid
from typing import TYPE_CHECKING

import orjson

from lambent.execution.channel import FrameChannel
from lambent.execution.frames import HEADER, METADATA_LENGTH, FrameType
from lambent.execution.runtime_api.runtime import Call, RuntimeApi, next_headers
from lambent.execution.runtime_api.server import ApiServer

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from lambent.execution.frames import Frame


class RuntimeApiChannel:
    """Owns the socket. `on_frame` and `on_end` are called as by `FrameChannel`."""

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        on_frame: Callable[[Frame], None],
        on_end: Callable[[str], None],
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = loop
        self._on_frame = on_frame
        self._on_end = on_end
        self._runtime = RuntimeApi(self._forward)
        self._starter: FrameChannel | None = None
        self._server: ApiServer | None = None
        self._is_assigned = False
        self._is_open = True
        loop.add_reader(sock, self._take_listener)

    def send(self, head: bytes, payload: bytes = b"") -> None:
        """A frame for the sandbox: ASSIGN for the starter, INVOKE for the runtime."""
        if not self._is_open:
            return
        _, kind, raw_id, deadline_ms = HEADER.unpack_from(head)
        if kind == FrameType.INVOKE:
            self._runtime.invoke(_call(raw_id, deadline_ms, head[HEADER.size :], payload))
        elif self._starter is not None:
            self._is_assigned = True
            self._starter.send(head, payload)

    def drain(self) -> None:
        """Take everything that has arrived."""
        if self._starter is not None:
            self._starter.drain()
        if self._server is not None:
            self._server.drain()
        self._runtime.flush()

    def close(self) -> None:
        """Let go of all sockets; no callback comes any more."""
        if not self._is_open:
            return
        self._is_open = False
        if self._starter is None:
            self._loop.remove_reader(self._sock)
            self._sock.close()
        else:
            self._starter.close()
        if self._server is not None:
            self._server.close()

    def _take_listener(self) -> None:
        """The first message: one byte, and the listening socket. Nothing of the function runs yet."""
        given = array.array("i")
        try:
            _, ancillary, _, _ = self._sock.recvmsg(
                1, socket.CMSG_SPACE(given.itemsize), socket.MSG_CMSG_CLOEXEC
            )
        except BlockingIOError:
            return
        except OSError:
            ancillary = []
        for _, _, content in ancillary:
            given.frombytes(content)
        if not given:
            self.close()
            self._on_end("")
            return
        self._loop.remove_reader(self._sock)
        self._server = ApiServer(socket.socket(fileno=given[0]), self._loop, self._runtime)
        self._starter = FrameChannel(self._sock, self._loop, self._forward, self._starter_ended)

    def _forward(self, frame: Frame) -> None:
        if self._is_open:
            self._on_frame(frame)

    def _starter_ended(self, reason: str) -> None:
        # Once assigned its socket's end means that it has become the runtime; how that ends the spawner will say.
        if reason or not self._is_assigned:
            self._on_end(reason)


def _call(raw_id: bytes, deadline_ms: int, lengths: bytes, event: bytes) -> Call:
    """From the parts of an INVOKE frame."""
    (size,) = METADATA_LENGTH.unpack_from(lengths)
    metadata = orjson.loads(lengths[METADATA_LENGTH.size :][:size]) if size else {}
    request_id = str(uuid.UUID(bytes=raw_id))
    return Call(raw_id, request_id, next_headers(request_id, deadline_ms, metadata), event)
