"""JSON messages with descriptors over a SEQPACKET socket."""

from __future__ import annotations

import array
import json
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT = 65_536
_DESCRIPTORS = 8


def send(sock: socket.socket, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
    """One message; the descriptors stay open here."""
    ancillary = []
    if descriptors:
        passed = array.array("i", descriptors)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, passed)]
    sock.sendmsg([json.dumps(message).encode()], ancillary)


def receive(sock: socket.socket) -> tuple[bytes, list[int]]:
    """One message, b"" at the end of file; the descriptors are the caller's to close."""
    received = array.array("i")
    space = socket.CMSG_SPACE(_DESCRIPTORS * received.itemsize)
    try:
        data, ancillary, _, _ = sock.recvmsg(LIMIT, space, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:  # the other end died before it had read all that we have said
        return b"", []
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received.frombytes(content[: len(content) - len(content) % received.itemsize])
    return data, list(received)


def close_all(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
