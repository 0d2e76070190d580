"""The frames of `application/vnd.amazon.eventstream`. Sans-IO.

A message is: total length (u32), length of the headers (u32), CRC-32 of these eight bytes, the headers, the payload,
CRC-32 of everything before it; all big-endian. A header is: length of the name (u8), name, type (u8), value.
Described in the Smithy specification, "Amazon Event Stream Specification".
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zlib import crc32

from lambent.protocol.timestamps import from_epoch
from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    HeaderValue = bool | int | bytes | str | datetime | UUID

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_OVERHEAD = _PRELUDE.size + _CRC.size
# The specification's own limits.
_MOST_HEADERS = 128 * 1024
_MOST_PAYLOAD = 16 * 1024 * 1024
_TRUE, _FALSE, _BYTE, _SHORT, _INTEGER, _LONG, _BYTES, _STRING, _TIMESTAMP, _UUID = range(10)
_INTEGERS = {_BYTE: "!b", _SHORT: "!h", _INTEGER: "!i", _LONG: "!q"}


@dataclass(slots=True)
class EventMessage:
    """One message. `headers` hold Python values: bool, int, bytes, str, aware datetime, UUID."""

    headers: dict[str, HeaderValue] = field(default_factory=dict)
    payload: bytes = b""


def encode_message(message: EventMessage) -> bytes:
    """The message's bytes. Integers go out as 32 bits where they fit."""
    headers = b"".join(
        bytes((len(name.encode()),)) + name.encode() + _encode_value(value)
        for name, value in message.headers.items()
    )
    total = _OVERHEAD + len(headers) + len(message.payload)
    lengths = struct.pack("!II", total, len(headers))
    head = lengths + _CRC.pack(crc32(lengths)) + headers
    return b"".join((head, message.payload, _CRC.pack(crc32(message.payload, crc32(head)))))


class EventDecoder:
    """Takes bytes as they come and gives whole messages; keeps what is not complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[EventMessage]:
        """The messages that `data` completes. Raises `Unreadable` on a broken one; then no more can be read."""
        self._buffer += data
        while len(self._buffer) >= _PRELUDE.size:
            total, header_length = self._prelude()
            if len(self._buffer) < total:
                return
            raw = bytes(self._buffer[:total])
            del self._buffer[:total]
            yield _decode(raw, header_length)

    def finish(self) -> None:
        """The stream ends here. Raises `Unreadable` where a message is incomplete."""
        if self._buffer:
            raise Unreadable("The event stream ends inside a message")

    def _prelude(self) -> tuple[int, int]:
        total, header_length, checksum = _PRELUDE.unpack_from(self._buffer)
        if crc32(self._buffer[:8]) != checksum:
            raise Unreadable("Prelude checksum mismatch")
        payload_length = total - header_length - _OVERHEAD
        if header_length > _MOST_HEADERS or not 0 <= payload_length <= _MOST_PAYLOAD:
            raise Unreadable("Event message of an impossible length")
        return total, header_length


def _decode(raw: bytes, header_length: int) -> EventMessage:
    (checksum,) = _CRC.unpack_from(raw, len(raw) - _CRC.size)
    if crc32(raw[: -_CRC.size]) != checksum:
        raise Unreadable("Message checksum mismatch")
    end = _PRELUDE.size + header_length
    return EventMessage(_decode_headers(raw[_PRELUDE.size : end]), raw[end : -_CRC.size])


def _decode_headers(raw: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    position = 0
    try:
        while position < len(raw):
            start = position + 1
            position = start + raw[position]
            name = raw[start:position].decode()
            headers[name], position = _decode_value(raw, position + 1, raw[position])
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise Unreadable("Broken event header") from error
    return headers


def _decode_value(raw: bytes, position: int, kind: int) -> tuple[HeaderValue, int]:
    """The value at `position` and where the next header begins."""
    if kind in (_TRUE, _FALSE):
        return kind == _TRUE, position
    if kind in _INTEGERS:
        layout = _INTEGERS[kind]
        return struct.unpack_from(layout, raw, position)[0], position + struct.calcsize(layout)
    if kind == _TIMESTAMP:
        (milliseconds,) = struct.unpack_from("!q", raw, position)
        return from_epoch(milliseconds / 1000), position + 8
    if kind == _UUID:
        return UUID(bytes=struct.unpack_from("16s", raw, position)[0]), position + 16
    if kind not in (_BYTES, _STRING):
        raise Unreadable(f"Event header of unknown type {kind}")
    (length,) = struct.unpack_from("!H", raw, position)
    (value,) = struct.unpack_from(f"{length}s", raw, position + 2)
    return value.decode() if kind == _STRING else value, position + 2 + length


def _encode_value(value: HeaderValue) -> bytes:
    if isinstance(value, bool):
        return bytes((_TRUE if value else _FALSE,))
    if isinstance(value, int):
        fits = -(1 << 31) <= value < 1 << 31
        return struct.pack("!Bi", _INTEGER, value) if fits else struct.pack("!Bq", _LONG, value)
    if isinstance(value, datetime):
        return struct.pack("!Bq", _TIMESTAMP, round(value.timestamp() * 1000))
    if isinstance(value, UUID):
        return bytes((_UUID,)) + value.bytes
    kind, raw = (_STRING, value.encode()) if isinstance(value, str) else (_BYTES, value)
    return struct.pack("!BH", kind, len(raw)) + raw
