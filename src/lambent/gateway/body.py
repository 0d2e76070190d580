"""The body of a request, between the parser that feeds it and the handler that reads it.

The parser pushes pieces in as they arrive, the reader takes them out; in between lies at most the window, because the
connection stops reading its socket when more is held. `100 Continue` goes out only when a reader has to wait, so a
client that asks first is not invited to send a body that nobody wants.
"""

from __future__ import annotations

import io
from collections import deque
from typing import TYPE_CHECKING, Protocol

from lambent.core.http import BodyTooLarge

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator


class BodySource(Protocol):
    """What the body asks of its connection."""

    def await_piece(self) -> asyncio.Future[None]:
        """A future that is done when a piece, the end or an error has been pushed."""
        ...

    def update_reading(self) -> None:
        """Called when less is held than before."""
        ...


class WireBody:
    """A body that may still be arriving. Implements `lambent.core.http.Body`."""

    __slots__ = (
        "_error",
        "_is_taken",
        "_pieces",
        "_source",
        "expects_continue",
        "held",
        "is_complete",
        "is_discarded",
        "length",
        "received",
    )

    def __init__(self, source: BodySource, length: int | None, expects_continue: bool) -> None:
        self._source = source
        self._pieces: deque[bytes] = deque()
        self._error: Exception | None = None
        self._is_taken = False
        self.length = length
        self.expects_continue = expects_continue
        self.held = 0
        self.received = 0
        self.is_complete = False
        self.is_discarded = False

    def push(self, piece: bytes) -> None:
        """From the parser: a piece has arrived."""
        self.received += len(piece)
        if not self.is_discarded:
            self._pieces.append(piece)
            self.held += len(piece)

    def fail(self, error: Exception) -> None:
        """From the connection: no more will come. The reader gets the error after the pieces that did come."""
        if not self.is_complete and self._error is None:
            self._error = error

    def discard(self) -> None:
        """Nobody will read the rest: drop what is held and what comes."""
        self.is_discarded = True
        self._pieces.clear()
        self.held = 0

    @property
    def remaining(self) -> int:
        """The bytes still to come, as far as the client has said."""
        return 0 if self.is_complete or self.length is None else self.length - self.received

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge`, and what `fail` was given."""
        if (self.length or 0) > limit or self.received > limit:
            raise BodyTooLarge(limit)
        self._take()
        if self.is_complete and len(self._pieces) <= 1:
            # The usual case: it came with the head.
            self.held = 0
            return self._pieces.popleft() if self._pieces else b""
        # BytesIO grows in place and gives its buffer away uncopied: the peak is the body once, not twice.
        whole = io.BytesIO()
        while piece := await self._next():
            if whole.tell() + len(piece) > limit:
                raise BodyTooLarge(limit)
            whole.write(piece)
        return whole.getvalue()

    async def stream(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive. Raises what `fail` was given."""
        self._take()
        while piece := await self._next():
            yield piece

    async def _next(self) -> bytes:
        """The next piece, or nothing at the end."""
        while not self._pieces:
            if self.is_complete:
                return b""
            if self._error is not None:
                raise self._error
            await self._source.await_piece()
        piece = self._pieces.popleft()
        self.held -= len(piece)
        self._source.update_reading()
        return piece

    def _take(self) -> None:
        if self._is_taken:
            raise RuntimeError("the body of a request can be read once")
        self._is_taken = True
