"""The frames between core and a sandbox: bytes in, frames out, and back. No I/O.

Layout and types are those of docs/design.md, section 4.1: a little-endian header of 29 bytes (payload length, type,
request id, deadline), then the payload, which nobody here looks into.

A sandbox is not trusted. What it may send is bounded: an answer over `ANSWER_LIMIT` is counted and thrown away as it
comes (the handler gets an error, the environment lives on), anything else that is too long is a breach.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

# AWS's limit of a synchronous answer: 6 MB and what its envelope takes (lambda-behaviours: 6,291,556 bytes).
ANSWER_LIMIT = 6_291_556
# A read of this size takes a small frame in one go; larger payloads are read in pieces of `LARGE_READ`.
SMALL_READ = 65_536
LARGE_READ = 1_048_576
# An answer of 6 MB that comes in crumbs of two bytes would be 180 MB of small objects: after so many pieces (an
# ordinary answer has some dozens) they go into one buffer.
_MOST_PIECES = 256

HEADER = struct.Struct("<IB16sQ")
METADATA_LENGTH = struct.Struct("<H")
NO_REQUEST = bytes(16)


class FrameType(IntEnum):
    """The types of a frame, as on the wire."""

    READY = 0
    ASSIGN = 1
    INIT_DONE = 2
    INVOKE = 3
    RESULT = 4
    ERROR = 5
    LOG = 6
    STREAM = 7
    BOUND = 9


# A header and the length of the metadata.
_INVOKE = struct.Struct("<IB16sQH")
_TYPE_INVOKE = FrameType.INVOKE.value

# What a sandbox may send us, and how long it may be. The two answers may be longer and are then dropped.
_LIMITS = {
    FrameType.READY.value: 0,
    FrameType.INIT_DONE.value: 0,
    FrameType.RESULT.value: 0xFFFFFFFF,
    FrameType.ERROR.value: 0xFFFFFFFF,
    FrameType.STREAM.value: 1_048_576,
}


class Frame(NamedTuple):
    """One frame from a sandbox. `payload` is None when it was over `ANSWER_LIMIT` and has been thrown away."""

    type: int
    request_id: bytes
    deadline_ms: int
    payload: bytes | None


class FrameRejected(Exception):
    """The sandbox sent what the protocol does not know. The text says what."""


def head(
    frame_type: FrameType, length: int, request_id: bytes = NO_REQUEST, deadline_ms: int = 0
) -> bytes:
    """The header of a frame whose payload of `length` bytes is sent after it."""
    return HEADER.pack(length, frame_type, request_id, deadline_ms)


def invoke_head(request_id: bytes, deadline_ms: int, metadata: bytes, event_length: int) -> bytes:
    """Everything of an INVOKE frame that comes before the event.

    Raises:
        ValueError: the metadata is over 65,535 bytes.
    """
    if len(metadata) > 0xFFFF:
        raise ValueError("metadata of an invocation over 65,535 bytes")
    size = len(metadata)
    length = METADATA_LENGTH.size + size + event_length
    return _INVOKE.pack(length, _TYPE_INVOKE, request_id, deadline_ms, size) + metadata


class FrameReader:
    """Turns what a sandbox sends, however it is cut, into frames. One per sandbox."""

    __slots__ = (
        "_crumbs",
        "_deadline_ms",
        "_head",
        "_missing",
        "_pieces",
        "_request_id",
        "_too_long",
        "_type",
        "wanted",
    )

    def __init__(self) -> None:
        self._head = b""  # bytes of a header that is not complete yet
        self._missing = -1  # bytes of payload still to come; -1 between frames
        self._pieces: list[bytes] = []
        self._crumbs = bytearray()  # what came after `_MOST_PIECES`
        self._too_long = False
        self._type = 0
        self._request_id = NO_REQUEST
        self._deadline_ms = 0
        self.wanted = SMALL_READ  # how many bytes to ask the socket for

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes.

        Raises:
            FrameRejected: an unknown type, or more payload than the type may have. The stream is unusable then.
        """
        position, end = 0, len(data)
        if self._missing < 0 and not self._head and end >= HEADER.size:
            # Nearly always: one small frame, whole.
            length, kind, request_id, deadline_ms = HEADER.unpack_from(data)
            if end == HEADER.size + length and length <= _LIMITS.get(kind, -1):
                return [Frame(kind, request_id, deadline_ms, data[HEADER.size :])]
        frames: list[Frame] = []
        while position < end:
            if self._missing < 0:
                position = self._read_head(data, position)
                if self._missing < 0:
                    break
            taken = min(self._missing, end - position)
            if taken:
                self._keep(data[position : position + taken])
                position += taken
            if not self._missing:
                frames.append(self._complete())
        self.wanted = max(SMALL_READ, min(self._missing, LARGE_READ))
        return frames

    def _read_head(self, data: bytes, position: int) -> int:
        need = HEADER.size - len(self._head)
        head = data[position : position + need]
        if self._head:
            head = self._head + head
        if len(head) < HEADER.size:
            self._head = head
            return len(data)
        self._head = b""
        length, self._type, self._request_id, self._deadline_ms = HEADER.unpack(head)
        limit = _LIMITS.get(self._type)
        if limit is None:
            raise FrameRejected(f"frame of type {self._type}")
        if length > limit:
            raise FrameRejected(f"frame of type {self._type} with {length} bytes")
        self._missing = length
        self._too_long = length > ANSWER_LIMIT
        return position + need

    def _keep(self, piece: bytes) -> None:
        self._missing -= len(piece)
        if self._too_long:
            return
        if len(self._pieces) < _MOST_PIECES:
            self._pieces.append(piece)
        else:
            self._crumbs += piece

    def _complete(self) -> Frame:
        pieces = self._pieces
        payload = pieces[0] if len(pieces) == 1 else b"".join((*pieces, self._crumbs))
        if pieces:
            self._pieces = []
            self._crumbs.clear()
        self._missing = -1
        return Frame(
            self._type, self._request_id, self._deadline_ms, None if self._too_long else payload
        )
