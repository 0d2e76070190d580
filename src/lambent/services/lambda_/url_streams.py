"""Answers of function URLs with `InvokeMode: RESPONSE_STREAM`: they go out as the handler writes them.

A handler that names status and headers (`awslambda.HttpResponseStream.from`) sends them first, as JSON of the type
`application/vnd.awslambda.http-integration-response`, then eight null bytes, then its body ("Response streaming",
Lambda developer guide).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from lambent.core.http import DroppableBody, Response
from lambent.services.lambda_.url_events import answer_headers, status_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from lambent.execution.answer_stream import AnswerStream

_PRELUDE_TYPE = "application/vnd.awslambda.http-integration-response"
_SEPARATOR = bytes(8)
# More is no head of an HTTP answer.
_MAX_PRELUDE = 65_536


async def streamed_answer(stream: AnswerStream) -> Response | None:
    """The answer that a stream, which has begun, means; None where it cannot be one."""
    if stream.content_type != _PRELUDE_TYPE:
        first = await anext(stream, b"")
        if not first and (whole := _unstreamed(stream)) is not None:
            return whole
        if not first and stream.has_failed():
            return None
        return Response(200, [("Content-Type", stream.content_type)], _droppable(stream, first))
    head = b""
    async for piece in stream:
        head += piece
        if _SEPARATOR in head or len(head) > _MAX_PRELUDE:
            break
    prelude, separator, first = head.partition(_SEPARATOR)
    if not separator:
        stream.abandon()
        return None
    return _with_prelude(prelude, stream, first)


def _with_prelude(prelude: bytes, stream: AnswerStream, first: bytes) -> Response | None:
    try:
        document = orjson.loads(prelude)
    except orjson.JSONDecodeError:
        document = None
    if isinstance(document, dict):
        status = status_of(document.get("statusCode", 200))
        headers = answer_headers(document)
        if status is not None and headers is not None:
            return Response(status, headers, _droppable(stream, first))
    stream.abandon()
    return None


def _droppable(stream: AnswerStream, first: bytes) -> AsyncIterator[bytes]:
    return DroppableBody(_body(stream, first), stream.abandon)


async def _body(stream: AnswerStream, first: bytes) -> AsyncGenerator[bytes, None]:
    """What fails once the answer has begun can only cut it short."""
    try:
        if first:
            yield first
        async for piece in stream:
            yield piece
    finally:
        stream.abandon()


def _unstreamed(stream: AnswerStream) -> Response | None:
    """The result of a handler that does not stream, as it is."""
    outcome = stream.outcome
    if outcome is None or isinstance(outcome, Exception) or outcome.is_error:
        return None
    if not outcome.payload:
        return None
    return Response(200, [("Content-Type", "application/json")], outcome.payload)
