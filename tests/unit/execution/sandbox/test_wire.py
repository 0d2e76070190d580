"""The sandbox's frames over a real socket pair."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from lambent.execution.runtimes.python import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADER = struct.Struct("<IB16sQ")


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, wire.Wire]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(10)
    theirs.settimeout(10)
    with ours, theirs:
        yield ours, wire.Wire(theirs)


def _bytes(kind: int, payload: bytes, deadline: int = 0) -> bytes:
    return _HEADER.pack(len(payload), kind, bytes(range(16)), deadline) + payload


def test_several_frames_in_one_read(pair: tuple[socket.socket, wire.Wire]) -> None:
    sock, channel = pair
    sock.sendall(_bytes(1, b"one") + _bytes(3, b"", 5) + _bytes(3, b"three"))
    frames = [channel.receive() for _ in range(3)]
    assert [(f.kind, bytes(f.payload), f.deadline) for f in frames if f] == [
        (1, b"one", 0),
        (3, b"", 5),
        (3, b"three", 0),
    ]


def test_a_frame_in_pieces(pair: tuple[socket.socket, wire.Wire]) -> None:
    sock, channel = pair
    data = _bytes(3, b"x" * 300_000) + _bytes(3, b"next")

    def send() -> None:
        for start in range(0, len(data), 10_007):
            sock.sendall(data[start : start + 10_007])

    thread = threading.Thread(target=send)
    thread.start()
    first, second = channel.receive(), channel.receive()
    thread.join()
    assert first is not None
    assert bytes(first.payload) == b"x" * 300_000
    assert second is not None
    assert bytes(second.payload) == b"next"


@pytest.mark.parametrize("part", [b"", _bytes(3, b"whole")[:10], _bytes(3, b"whole")[:-1]])
def test_the_end_of_file_anywhere(pair: tuple[socket.socket, wire.Wire], part: bytes) -> None:
    sock, channel = pair
    sock.sendall(part)
    sock.shutdown(socket.SHUT_WR)
    assert channel.receive() is None


def test_send(pair: tuple[socket.socket, wire.Wire]) -> None:
    sock, channel = pair
    channel.send(wire.RESULT, bytes(range(16)), b"answer")
    assert sock.recv(100) == _bytes(4, b"answer")
