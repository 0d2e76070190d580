"""Answers of function URLs that are streamed."""

from __future__ import annotations

import asyncio

from lambent.execution.answer_stream import HIGH_BYTES, AnswerStream
from lambent.services.lambda_.url_streams import streamed_answer


def test_an_answer_that_is_dropped_before_its_first_piece_lets_the_handler_go_on() -> None:
    async def main() -> None:
        held: list[bool] = []
        stream = AnswerStream(asyncio.get_running_loop())
        stream.begin(b"{}", held.append)
        stream.feed(b"first")
        answer = await streamed_answer(stream)
        assert answer is not None
        stream.feed(bytes(HIGH_BYTES + 1))
        assert held == [True]
        await answer.body.aclose()  # type: ignore[union-attr]  # not bytes
        stream.feed(bytes(HIGH_BYTES + 1))
        assert held == [True, False]

    asyncio.run(main())
