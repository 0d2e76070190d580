"""The writing half of a connection: answers out, no faster than the client takes them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambent.core.http import AnswerCut
from lambent.gateway.answer import (
    JOIN_BYTES,
    UnsendableHead,
    encode_head,
    encode_usual,
    frame,
    refusal,
)

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from lambent.core.http import Response
    from lambent.gateway.answer import Framing
    from lambent.gateway.intake import Exchange

_LOG = logging.getLogger(__name__)


class BrokenAnswer(Exception):
    """A streamed body is not as long as its Content-Length says."""


class Outlet:
    """Writes the answers of one connection to its transport."""

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, stall_time_s: float
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._stall_time_s = stall_time_s
        self._deadline = float("inf")
        self._buffered = 0
        self._is_lost = False
        self._drained: asyncio.Future[None] | None = None
        self.is_full = False  # while the client takes less than it is given

    def pause(self) -> None:
        """The transport's buffer is full."""
        self._drained = self._loop.create_future()
        self.is_full = True
        self._buffered = self._transport.get_write_buffer_size()
        self._deadline = self._loop.time() + self._stall_time_s

    def resume(self) -> None:
        """The transport's buffer has room."""
        drained, self._drained = self._drained, None
        self.is_full = False
        self._deadline = float("inf")
        if drained is not None and not drained.done():
            drained.set_result(None)

    def lost(self) -> None:
        """The connection is gone: whoever waits for room need not."""
        self._is_lost = True
        self.resume()

    def check(self, now: float) -> None:
        """Cut a connection whose client has taken nothing since the last look."""
        if now < self._deadline:
            return
        if self.is_progressing():
            self._deadline = now + self._stall_time_s
        else:
            self._transport.abort()

    def is_progressing(self) -> bool:
        """True when the client has taken something since the last call."""
        before, self._buffered = self._buffered, self._transport.get_write_buffer_size()
        return self._buffered < before

    def send_usual(self, exchange: Exchange, response: Response, date: str) -> bool:
        """Write an answer of the usual kind at once. False, and nothing written, when it is of another kind."""
        request = exchange.request
        if not exchange.keep_alive or exchange.is_http_10 or self._is_lost:
            return False
        if request is None or request.method == "HEAD":
            return False
        return self.send_whole(response, date)

    def send_whole(self, response: Response, date: str) -> bool:
        """Write an answer to a request of the usual kind at once. False, and nothing written, when it is of another."""
        try:
            data = encode_usual(response, date)
        except UnsendableHead:
            return False  # `send` finds out again, and says so
        if data is None:
            return False
        self._transport.write(data)
        return True

    async def send(self, exchange: Exchange, response: Response, date: str) -> None:
        """Write one answer. Notes in `exchange` if it must end."""
        method = exchange.request.method if exchange.request else ""
        is_http_10 = exchange.is_http_10
        framing = frame(response, method, is_http_10, not exchange.keep_alive)
        try:
            head = encode_head(response, framing, is_http_10, date)
        except UnsendableHead:
            _LOG.exception("the answer to %s cannot be sent", method)
            await end(response.body)
            response = refusal(500, "Internal failure")
            framing = frame(response, method, is_http_10, not exchange.keep_alive)
            head = encode_head(response, framing, is_http_10, date)
        if framing.closes:
            exchange.keep_alive = False
        if self._is_lost:
            await end(response.body)
        elif isinstance(response.body, bytes):
            self._write(head, response.body if framing.has_body else b"")
        else:
            await self._stream(head, response.body, framing, exchange)

    async def drain(self) -> None:
        """Wait until the transport has room for another answer."""
        if self._drained is not None:
            await self._drained

    def _write(self, head: bytes, body: bytes) -> None:
        if len(body) <= JOIN_BYTES:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)

    async def _stream(
        self, head: bytes, body: AsyncIterator[bytes], framing: Framing, exchange: Exchange
    ) -> None:
        self._transport.write(head)
        try:
            if framing.has_body:
                await self._write_pieces(body, framing)
        except AnswerCut:
            # What has gone out gets there; the end of the connection, without a last chunk, says that it is not all.
            exchange.keep_alive = False
        except Exception:  # noqa: BLE001 - the boundary of streamed bodies: the head is out, so break off
            _LOG.exception("a streamed answer failed")
            exchange.keep_alive = False
            if not self._is_lost:
                self._transport.abort()
        finally:
            await end(body)

    async def _write_pieces(self, body: AsyncIterator[bytes], framing: Framing) -> None:
        left = framing.length
        async for piece in body:
            if self._drained is not None:
                await self._drained
            if self._is_lost:
                return
            if left is not None:
                left -= len(piece)
                if left < 0:
                    raise BrokenAnswer("the body is longer than its Content-Length")
            if framing.is_chunked and piece:
                self._write_chunk(piece)
            else:
                self._transport.write(piece)
        if left:
            raise BrokenAnswer("the body is shorter than its Content-Length")
        if framing.is_chunked and not self._is_lost:
            self._transport.write(b"0\r\n\r\n")

    def _write_chunk(self, piece: bytes) -> None:
        if len(piece) <= JOIN_BYTES:
            self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        else:
            self._transport.write(b"%x\r\n" % len(piece))
            self._transport.write(piece)
            self._transport.write(b"\r\n")


async def end(body: bytes | AsyncIterator[bytes]) -> None:
    """Tell the source of a streamed body that no more is wanted."""
    close = getattr(body, "aclose", None)
    if close is not None:
        await close()
