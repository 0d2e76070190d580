"""Compressed bodies, for APIs with a `minimumCompressionSize`.

"Payload compression for REST APIs" (developer guide): gzip, deflate and identity, both ways. What a client sends
compressed is unpacked before anything but its signature is looked at; an answer is packed as the client likes it best,
if that is one of the three.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import TYPE_CHECKING

from lambent.services.apigateway.data_plane.failures import (
    REQUEST_TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    Failure,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.core.http import Response
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan

# "Payload size: 10 MB" (quotas), whatever it was packed into.
_MAX_BODY = 10_485_760
_IDENTITY = "identity"
# By coding, how zlib is to read it: with gzip's head, and with zlib's own.
_WINDOWS = {"gzip": 31, "deflate": 15}
_LEVEL = 6
# Packed in a millisecond; six megabytes take an eighth of a second, in which the event loop has other things to do.
_AT_ONCE = 65_536
# What is packed may be a thousand times larger.
_UNPACKED_AT_ONCE = 1024


class Decompression:
    """A guard that unpacks what a client has sent."""

    def concerns(self, plan: ApiPlan, _method: MethodPlan) -> bool:
        return "minimumCompressionSize" in plan.rest_api

    def check(self, exchange: Exchange) -> Awaitable[None] | None:
        """Raises Failure (415) for what is packed otherwise than it says."""
        smallest = exchange.plan.rest_api.get("minimumCompressionSize")
        coding = exchange.request.headers.get("content-encoding").strip().lower()
        body = exchange.body
        if smallest is None or not coding or not body or len(body) < smallest:
            return None
        for name in [each for each in exchange.headers if each.lower() == "content-encoding"]:
            del exchange.headers[name]
        if coding == _IDENTITY:
            return None
        if len(body) > _UNPACKED_AT_ONCE:
            return _unpack_beside(exchange, coding)
        exchange.body = _unpacked(body, coding)
        return None


async def _unpack_beside(exchange: Exchange, coding: str) -> None:
    exchange.body = await asyncio.to_thread(_unpacked, exchange.body, coding)


def is_for_compression(exchange: Exchange) -> bool:
    """`minimumCompressionSize`: answers of that size are packed for clients that ask for it."""
    if exchange.plan.rest_api.get("minimumCompressionSize") is None:
        return False
    return _liked_best(exchange.request.headers.get("accept-encoding")) != ""


async def compress(response: Response, exchange: Exchange) -> None:
    """An answer to a request that `is_for_compression`, if it is large enough."""
    smallest = exchange.plan.rest_api["minimumCompressionSize"]
    body = response.body
    if not isinstance(body, bytes) or len(body) < max(smallest, 1):
        return
    if any(name.lower() == "content-encoding" for name, _ in response.headers):
        return
    coding = _liked_best(exchange.request.headers.get("accept-encoding"))
    pack = gzip.compress if coding == "gzip" else zlib.compress
    if len(body) <= _AT_ONCE:
        response.body = pack(body, _LEVEL)
    else:
        response.body = await asyncio.to_thread(pack, body, _LEVEL)
    response.headers.append(("Content-Encoding", coding))


def _unpacked(body: bytes, coding: str) -> bytes:
    if coding not in _WINDOWS:
        raise _unsupported(f"there is no content coding {coding}")
    reader = zlib.decompressobj(_WINDOWS[coding])
    try:
        unpacked = reader.decompress(body, _MAX_BODY + 1)
    except zlib.error as error:
        raise _unsupported(str(error)) from None
    if len(unpacked) > _MAX_BODY:
        raise Failure(REQUEST_TOO_LARGE, log=f"the body is over {_MAX_BODY} bytes")
    if not reader.eof:
        raise _unsupported("the body ends too early")
    return unpacked


def _unsupported(why: str) -> Failure:
    return Failure(UNSUPPORTED_MEDIA_TYPE, log=f"Execution failed: {why}")


def _liked_best(accepted: str) -> str:
    """ "The highest-priority content encoding must be one supported by API Gateway. If it is not, compression is not
    applied": gzip or deflate, or "".
    """
    weighed: list[tuple[float, str]] = []
    for part in accepted.lower().split(","):
        coding, _, parameter = part.partition(";")
        weighed.append((_weight(parameter), coding.strip()))
    most = max(weight for weight, _ in weighed)
    best = [coding for weight, coding in weighed if weight == most and weight > 0]
    return next((coding for coding in best if coding in _WINDOWS), "")


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
