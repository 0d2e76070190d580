"""The sandbox's end of the frame socket (docs/design.md, section 4.1): blocking, one frame at a time."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket

READY, ASSIGN, INIT_DONE, INVOKE, RESULT, ERROR = range(6)
BOUND = 9
NO_REQUEST = bytes(16)

_HEADER = struct.Struct("<IB16sQ")
# One read takes a header and any everyday event; larger ones are read into a buffer of their size.
_READ_SIZE = 65_536
# Up to here header and payload are joined: cheaper than two buffers.
_JOIN_SIZE = 4096


class Frame(NamedTuple):
    """`kind` is one of the constants above, `deadline` calendar milliseconds or 0."""

    kind: int
    request: bytes
    deadline: int
    payload: memoryview


class Wire:
    """Reads and writes frames on a blocking stream socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        # What came behind the last frame; almost always nothing.
        self._rest = b""

    def fileno(self) -> int:
        return self._sock.fileno()

    def receive(self) -> Frame | None:
        """The next frame, None at the end of file."""
        data = self._rest or self._sock.recv(_READ_SIZE)
        while len(data) < _HEADER.size:
            more = self._sock.recv(_READ_SIZE)
            if not more:
                return None
            data += more
        length, kind, request, deadline = _HEADER.unpack_from(data)
        end = _HEADER.size + length
        if len(data) < end:
            whole = self._receive_rest(data, end)
            if whole is None:
                return None
            return Frame(kind, request, deadline, memoryview(whole)[_HEADER.size :])
        self._rest = data[end:]
        return Frame(kind, request, deadline, memoryview(data)[_HEADER.size : end])

    def send(self, kind: int, request: bytes = NO_REQUEST, payload: bytes = b"") -> None:
        header = _HEADER.pack(len(payload), kind, request, 0)
        if len(payload) <= _JOIN_SIZE:
            header, payload = header + payload, b""
            sent = self._sock.send(header)
        else:
            sent = self._sock.sendmsg((header, payload))
        if sent < len(header) + len(payload):  # a signal handler cut it short
            self._sock.sendall((header + payload)[sent:])

    def _receive_rest(self, start: bytes, end: int) -> bytearray | None:
        whole = bytearray(end)
        whole[: len(start)] = start
        target = memoryview(whole)[len(start) :]
        while target:
            count = self._sock.recv_into(target)
            if not count:
                return None
            target = target[count:]
        self._rest = b""
        return whole
