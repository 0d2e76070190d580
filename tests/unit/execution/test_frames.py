from __future__ import annotations

import struct

import pytest

from lambent.execution.frames import (
    ANSWER_LIMIT,
    HEADER,
    FrameReader,
    FrameRejected,
    FrameType,
    head,
    invoke_head,
)

REQUEST = bytes(range(16))


def raw(kind: int, payload: bytes = b"", request: bytes = REQUEST) -> bytes:
    return HEADER.pack(len(payload), kind, request, 7) + payload


def test_the_bytes_of_a_frame_are_those_of_the_design() -> None:
    assert head(FrameType.ASSIGN, 5) == b"\x05\0\0\0" + b"\x01" + bytes(16) + bytes(8)
    made = invoke_head(REQUEST, 0x0102, b"{}", 3)
    assert made == b"\x07\0\0\0" + b"\x03" + REQUEST + b"\x02\x01" + bytes(6) + b"\x02\0" + b"{}"


def test_metadata_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="65,535"):
        invoke_head(REQUEST, 0, b"x" * 65_536, 0)


@pytest.mark.parametrize("size", [1, 2, 28, 29, 30, 31, 64, 1000])
def test_frames_come_out_however_they_are_cut(size: int) -> None:
    stream = (
        raw(FrameType.READY) + raw(FrameType.INIT_DONE) + raw(FrameType.RESULT, b"x" * 100)
        + raw(FrameType.ERROR, b"") + raw(FrameType.RESULT, b"1")
    )  # fmt: skip
    reader = FrameReader()
    frames = [
        frame
        for start in range(0, len(stream), size)
        for frame in reader.feed(stream[start : start + size])
    ]
    assert [(frame.type, frame.payload) for frame in frames] == [
        (FrameType.READY, b""),
        (FrameType.INIT_DONE, b""),
        (FrameType.RESULT, b"x" * 100),
        (FrameType.ERROR, b""),
        (FrameType.RESULT, b"1"),
    ]
    assert {frame.request_id for frame in frames} == {REQUEST}
    assert {frame.deadline_ms for frame in frames} == {7}


def test_an_answer_over_the_limit_is_counted_and_not_kept() -> None:
    reader = FrameReader()
    assert reader.feed(raw(FrameType.RESULT, b"x" * ANSWER_LIMIT))[0].payload is not None
    assert reader.feed(HEADER.pack(ANSWER_LIMIT + 1, FrameType.RESULT, REQUEST, 0)) == []
    for _ in range(6):
        assert reader.feed(b"x" * 1_000_000) == []
        assert reader._pieces == []
    (frame, following) = reader.feed(b"x" * (ANSWER_LIMIT + 1 - 6_000_000) + raw(5, b"{}"))
    assert frame.payload is None
    assert following.payload == b"{}"


def test_an_answer_in_crumbs_is_few_objects() -> None:
    """Each of them would weigh thirty times what is in it."""
    reader = FrameReader()
    for payload in (bytes(range(250)) * 40, b"second" * 200):
        data = raw(FrameType.RESULT, payload)
        *crumbs, last = [data[start : start + 2] for start in range(0, len(data), 2)]
        for crumb in crumbs:
            assert reader.feed(crumb) == []
            assert len(reader._pieces) <= 256
        (frame,) = reader.feed(last)
        assert frame.payload == payload
        assert reader._crumbs == b""


def test_large_payloads_are_asked_for_in_large_pieces() -> None:
    reader = FrameReader()
    assert reader.wanted == 65_536
    reader.feed(HEADER.pack(3_000_000, FrameType.RESULT, REQUEST, 0))
    assert reader.wanted == 1_048_576
    reader.feed(bytes(2_900_000))
    assert reader.wanted == 100_000


@pytest.mark.parametrize(
    "data",
    [
        raw(FrameType.ASSIGN),
        raw(FrameType.INVOKE),
        raw(FrameType.LOG, b"x"),
        raw(99),
        raw(FrameType.READY, b"x"),
        struct.pack("<IB16sQ", 0xFFFFFFFF, FrameType.INIT_DONE, REQUEST, 0),
    ],
)
def test_what_a_sandbox_may_not_send_is_rejected(data: bytes) -> None:
    with pytest.raises(FrameRejected):
        FrameReader().feed(data)
