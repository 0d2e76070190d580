from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer

from lambent.protocol.eventstream import EventDecoder, EventMessage, encode_message
from lambent.protocol.unreadable import Unreadable

EVERY_TYPE = EventMessage(
    {
        "yes": True,
        "no": False,
        "small": 40972,
        "large": 2**40,
        "negative": -5,
        "bytes": b"\x00\xff",
        "text": "\u00e9t\u00e9",
        "at": datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
        "id": UUID("01234567-89ab-cdef-0123-456789abcdef"),
    },
    b"payload",
)


def _decode(data: bytes) -> list[EventMessage]:
    decoder = EventDecoder()
    messages = list(decoder.feed(data))
    decoder.finish()
    return messages


def test_every_type_of_header_comes_back() -> None:
    assert _decode(encode_message(EVERY_TYPE)) == [EVERY_TYPE]


def test_a_message_may_come_in_any_pieces() -> None:
    data = encode_message(EVERY_TYPE) + encode_message(EventMessage())
    decoder = EventDecoder()
    found = [message for byte in data for message in decoder.feed(bytes((byte,)))]
    decoder.finish()
    assert found == [EVERY_TYPE, EventMessage()]


def test_botocore_reads_our_messages() -> None:
    expected: Any = ({":event-type": "Chunk", "n": 7}, b"abc")
    buffer = EventStreamBuffer()
    buffer.add_data(encode_message(EventMessage({":event-type": "Chunk", "n": 7}, b"abc")))
    (message,) = list(buffer)
    assert (message.headers, message.payload) == expected


def test_the_bytes_of_an_empty_message_are_those_of_the_specification() -> None:
    expected = bytes.fromhex("00000010 00000000 05c248eb 7d98c8ff".replace(" ", ""))
    assert encode_message(EventMessage()) == expected


def test_byte_and_short_headers_are_read() -> None:
    headers = b"\x01b\x02\xff" + b"\x01s\x03\x01\x00"
    assert _decode(_message(headers)) == [EventMessage({"b": -1, "s": 256})]


def test_a_stream_that_ends_inside_a_message_is_unreadable() -> None:
    with pytest.raises(Unreadable, match="ends inside"):
        _decode(encode_message(EVERY_TYPE)[:-1])


@pytest.mark.parametrize("position", [0, 5, 9, 20, -5, -1])
def test_a_damaged_byte_is_noticed(position: int) -> None:
    data = bytearray(encode_message(EVERY_TYPE))
    data[position] ^= 1
    with pytest.raises(Unreadable):
        _decode(bytes(data))


@pytest.mark.parametrize(("total", "headers"), [(8, 0), (16, 1), (2**31, 0), (2**30, 2**29)])
def test_impossible_lengths_are_refused_before_anything_is_kept(total: int, headers: int) -> None:
    lengths = total.to_bytes(4, "big") + headers.to_bytes(4, "big")
    with pytest.raises(Unreadable, match="impossible"):
        list(EventDecoder().feed(lengths + crc32(lengths).to_bytes(4, "big")))


@pytest.mark.parametrize(
    "headers",
    [
        b"\x05ab",
        b"\x01a",
        b"\x01a\x0a",
        b"\x01a\x07\x00\x05ab",
        b"\x01a\x07\x00\x01\xff",
        b"\x01\xff\x00",
        b"\x01a\x04\x00",
    ],
)
def test_broken_headers_are_unreadable(headers: bytes) -> None:
    with pytest.raises(Unreadable):
        _decode(_message(headers))


def _message(headers: bytes) -> bytes:
    """A message with headers as given, its checksums right."""
    lengths = (16 + len(headers)).to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    head = lengths + crc32(lengths).to_bytes(4, "big") + headers
    return head + crc32(head).to_bytes(4, "big")
