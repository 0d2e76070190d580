"""Answers of functions that go out as they are written (`responseTransferMode: STREAM`).

"Set up a Lambda proxy integration with payload response streaming in API Gateway" (developer guide): the function
writes JSON with status, headers and cookies, then eight null bytes, then its body.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.http import AnswerCut, DroppableBody, Response
from lambent.services.apigateway.data_plane.proxy_format import headers_of, malformed, status_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from lambent.core.ports import FunctionStream

_SEPARATOR = bytes(8)
# More is no head of an HTTP answer.
_MAX_HEAD = 65_536
_MEMBERS = frozenset({"statusCode", "headers", "multiValueHeaders", "cookies"})


async def streamed_answer(stream: FunctionStream, deadline: float) -> Response:
    """The answer, once its head is there. Raises Failure where there is none, or none that can be read.

    Args:
        deadline: until when it may go on, by the loop's time.
    """
    try:
        head, first = await _head(stream)
        status, fields = _read(head)
    except BaseException:
        stream.abandon()
        raise
    body = _body(stream, first, deadline)
    return Response(status, fields, DroppableBody(body, stream.abandon))


async def _head(stream: FunctionStream) -> tuple[bytes, bytes]:
    """What stands before the null bytes, and what has already come of the body."""
    got = b""
    async for piece in stream.pieces:
        got += piece
        if _SEPARATOR in got or len(got) > _MAX_HEAD:
            break
    head, separator, first = got.partition(_SEPARATOR)
    if not separator:
        raise malformed("there are no eight null bytes behind the head of the answer")
    return head, first


def _read(head: bytes) -> tuple[int, list[tuple[str, str]]]:
    try:
        document: Any = orjson.loads(head)
    except orjson.JSONDecodeError:
        raise malformed("the head of the answer is no JSON") from None
    if not isinstance(document, dict):
        raise malformed("the head of the answer is no object")
    if strange := sorted(document.keys() - _MEMBERS):
        raise malformed(f"there is no member {strange[0]!r}")
    status = status_of(document.get("statusCode", 200))
    if status is None:
        raise malformed("statusCode must be a number from 200 to 599")
    cookies = document.get("cookies") or []
    if not isinstance(cookies, list):
        raise malformed("cookies must be a list")
    several = document.get("multiValueHeaders") or {}
    if cookies and isinstance(several, dict):
        document = {**document, "multiValueHeaders": {**several, "Set-Cookie": cookies}}
    return status, headers_of(document)


async def _body(
    stream: FunctionStream, first: bytes, deadline: float
) -> AsyncGenerator[bytes, None]:
    """What fails once the answer has begun can only cut it short: then clients find "transfer closed with outstanding
    read data remaining" ("Troubleshoot issues with response streaming in API Gateway", developer guide), when the time
    of the integration is over as well as when that of the function is.
    """
    try:
        if first:
            yield first
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    piece = await anext(stream.pieces)
            except StopAsyncIteration:
                break
            except TimeoutError:
                raise AnswerCut from None
            yield piece
        if stream.has_failed():
            raise AnswerCut
    finally:
        stream.abandon()
