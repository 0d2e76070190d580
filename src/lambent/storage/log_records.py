"""The bytes of a log segment.

A segment begins with `MAGIC`; records follow: u32 length and u32 CRC-32 of the payload, then the payload. Numbers are
little-endian, text is UTF-8. Payloads by their first byte:

    1 STREAM  u32 number, name: gives a log stream a number for this segment, before its first event
    2 EVENT   u32 stream number, i64 timestamp, i64 ingestion time (calendar milliseconds since 1970), text
    3 CREATED u32 stream number, i64 creation time: the stream is there, with or without events
    4 DELETED u32 stream number: what this segment and earlier ones held of the stream is gone

What follows a record that is cut short or does not match its CRC is not read: that is where a crash cut the file off.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAGIC = b"LBLOG\r\n\x01"

_FRAME = struct.Struct("<II")
_STREAM = struct.Struct("<BI")
_EVENT = struct.Struct("<BIqq")
_CREATED = struct.Struct("<BIq")
# The frame of an event and what stands before its text, read in one go.
_HEAD = struct.Struct("<IIBIqq")
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """The name behind a stream's number."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One log event of the stream with this number."""

    stream: int
    timestamp_ms: int
    ingested_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class CreatedRecord:
    """When the stream with this number was created."""

    stream: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class DeletedRecord:
    """The stream with this number was deleted here. It has no number any more."""

    stream: int


Record = StreamRecord | EventRecord | CreatedRecord | DeletedRecord


def encode_stream(record: StreamRecord) -> bytes:
    return _frame(_STREAM.pack(1, record.number) + _encode(record.name))


def encode_created(record: CreatedRecord) -> bytes:
    return _frame(_CREATED.pack(3, record.stream, record.created_ms))


def encode_deleted(record: DeletedRecord) -> bytes:
    return _frame(_STREAM.pack(4, record.stream))


def encode_event(record: EventRecord) -> bytes:
    return events_bytes(record.stream, [(record.timestamp_ms, record.text)], record.ingested_ms)


def events_bytes(stream: int, events: Iterable[tuple[int, str]], ingested_ms: int) -> bytes:
    """Events as (timestamp in ms, text), without the objects: each invocation logs three and more."""
    pieces: list[bytes] = []
    head, frame, checksum = _EVENT.pack, _FRAME.pack, zlib.crc32
    for timestamp_ms, text in events:
        payload = head(2, stream, timestamp_ms, ingested_ms) + text.encode("utf-8", "replace")
        pieces += (frame(len(payload), checksum(payload)), payload)
    return b"".join(pieces)


def scan(data: bytes, base: int = 0) -> Iterator[tuple[int, int, Record]]:
    """The whole records of `data`, which begins at offset `base` of its segment, with where they begin and end."""
    position = 0
    while position + _FRAME.size <= len(data):
        length, checksum = _FRAME.unpack_from(data, position)
        start = position + _FRAME.size
        payload = data[start : start + length]
        if len(payload) < length or not length or zlib.crc32(payload) != checksum:
            return
        yield base + position, base + start + length, _decode(payload)
        position = start + length


def heads(data: bytes) -> Iterator[tuple[int, int, int, int, int]]:
    """Where the events of `data` begin and end, their streams, timestamps and ingestion times.

    For searching: nothing is decoded, and no checksum looked at, which was done when the segment was indexed.
    """
    size = len(data)
    padded = data + bytes(
        _HEAD.size
    )  # so that a head can be read where a shorter record is the last
    unpack = _HEAD.unpack_from
    position = 0
    while position + _FRAME.size < size:
        length, _, kind, stream, timestamp_ms, ingested_ms = unpack(padded, position)
        end = position + _FRAME.size + length
        if kind == 2 and end <= size:
            yield position, end, stream, timestamp_ms, ingested_ms
        position = end


@dataclass(slots=True)
class PassedOver:
    """Events that `heads_holding` has not told of, and their bytes."""

    events: int = 0
    bytes: int = 0


def heads_holding(
    data: bytes, needle: bytes, passed: PassedOver
) -> Iterator[tuple[int, int, int, int, int]]:
    """As `heads`, for the events in which `needle` occurs. Of the others only the length is read: half the time."""
    size = len(data)
    length_of, find = _LENGTH.unpack_from, data.find
    position = passed_events = passed_bytes = 0
    place = find(needle)
    while position + _HEAD.size <= size:
        end = position + _FRAME.size + length_of(data, position)[0]
        if place >= end or place < 0:
            if data[position + _FRAME.size] == 2:
                passed_events += 1
                passed_bytes += end - position
        else:
            _, _, kind, stream, timestamp_ms, ingested_ms = _HEAD.unpack_from(data, position)
            # What was found may be a part of the head by chance, or begin here and end in the next record.
            if kind == 2 and end <= size:
                yield position, end, stream, timestamp_ms, ingested_ms
            place = find(needle, end)
        position = end
    passed.events += passed_events
    passed.bytes += passed_bytes


def text_at(data: bytes, start: int, end: int) -> str:
    """The text of an event that `heads` has found."""
    return data[start + _HEAD.size : end].decode("utf-8", "replace")


def _decode(payload: bytes) -> Record:
    kind = payload[0]
    if kind == 1:
        _, number = _STREAM.unpack_from(payload)
        return StreamRecord(number, payload[_STREAM.size :].decode())
    if kind == 3:
        _, number, created_ms = _CREATED.unpack_from(payload)
        return CreatedRecord(number, created_ms)
    if kind == 4:
        return DeletedRecord(_STREAM.unpack_from(payload)[1])
    _, stream, timestamp_ms, ingested_ms = _EVENT.unpack_from(payload)
    return EventRecord(stream, timestamp_ms, ingested_ms, payload[_EVENT.size :].decode())


def _frame(payload: bytes) -> bytes:
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # a lone surrogate must not cost the line
