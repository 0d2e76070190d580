"""Answers in pieces: what waits between sandbox and client, and for how long."""

from __future__ import annotations

import asyncio

import pytest

from lambent.execution.answer_stream import (
    DEFAULT_TYPE,
    HIGH_BYTES,
    STREAM_LIMIT,
    AnswerPieces,
    AnswerStream,
)
from lambent.execution.frames import ANSWER_LIMIT
from lambent.execution.spec import Outcome

OUTCOME = Outcome(b"", False, b"", 1.0, 1, None, 1)


def test_a_reader_that_falls_behind_holds_the_sandbox_back() -> None:
    async def scenario() -> None:
        paused: list[bool] = []
        stream = AnswerStream(asyncio.get_running_loop())
        pieces = AnswerPieces(stream, b"{}", paused.append)
        for _ in range(3):
            assert pieces.take(b"x" * (HIGH_BYTES // 2))
        assert paused == [True]
        await anext(stream)
        assert paused == [True]
        await anext(stream)
        await anext(stream)
        assert paused == [True, False]
        stream.finish(OUTCOME)
        assert [piece async for piece in stream] == []

    asyncio.run(scenario())


def test_a_reader_that_leaves_holds_nothing_back() -> None:
    async def scenario() -> None:
        paused: list[bool] = []
        stream = AnswerStream(asyncio.get_running_loop())
        pieces = AnswerPieces(stream, b"{}", paused.append)
        pieces.take(b"x" * (HIGH_BYTES + 1))
        stream.abandon()
        assert paused == [True, False]
        pieces.take(b"x" * (HIGH_BYTES + 1))
        assert paused == [True, False]
        stream.finish(OUTCOME)

    asyncio.run(scenario())


def test_who_waits_is_woken_by_the_head_a_piece_and_the_end() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        stream = AnswerStream(loop)
        loop.call_soon(stream.begin, b'{"content_type": "text/plain"}', lambda _: None)
        await stream.begun()
        assert stream.content_type == "text/plain"
        loop.call_soon(stream.feed, b"a")
        assert await anext(stream) == b"a"
        loop.call_soon(stream.finish, OUTCOME)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "head", [b"", b"[]", b"{}", b'{"content_type": 1}', b'{"content_type": "a\\nb"}']
)
def test_a_head_that_says_nothing_good_is_bytes(head: bytes) -> None:
    async def scenario() -> None:
        stream = AnswerStream(asyncio.get_running_loop())
        stream.begin(head, lambda _: None)
        assert stream.content_type == DEFAULT_TYPE

    asyncio.run(scenario())


def test_what_nobody_streams_is_gathered_up_to_the_limit_of_an_answer() -> None:
    pieces = AnswerPieces(None, b"{}", lambda _: None)
    assert pieces.take(b"a")
    assert pieces.take(b"b")
    assert pieces.whole() == b"ab"
    assert pieces.take(b"x" * ANSWER_LIMIT)
    assert pieces.whole() is None
    assert not pieces.take(b"x" * STREAM_LIMIT)
