"""An answer that is handed on as the handler writes it.

The environment feeds pieces in, one consumer iterates over them. What waits between the two is bounded: past
`HIGH_BYTES` the sandbox's socket is left alone until the consumer has caught up, and the handler's writes wait. A
consumer that leaves loses the rest of the answer, nothing else: the invocation runs on to its end.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import orjson

from lambent.execution.frames import ANSWER_LIMIT

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from lambent.execution.spec import Outcome

HIGH_BYTES = 1 << 20
LOW_BYTES = HIGH_BYTES // 4
# "The maximum size of a streamed response is 200 MB" (Lambda quotas).
STREAM_LIMIT = 200 << 20
DEFAULT_TYPE = "application/octet-stream"


class AnswerStream:
    """One streamed answer. `content_type` is known once `begun` is over; `outcome` once the iteration is;
    `size` is how many bytes the handler has written, read or not.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.content_type = DEFAULT_TYPE
        self.outcome: Outcome | Exception | None = None
        self.size = 0
        self._loop = loop
        self._pieces: deque[bytes] = deque()
        self._held = 0
        self._is_abandoned = False
        self._is_paused = False
        self._has_begun = False
        self._waiter: asyncio.Future[None] | None = None
        self._pause: Callable[[bool], None] | None = None

    # --- the environment ------------------------------------------------------------------------------------------

    def begin(self, head: bytes, pause: Callable[[bool], None]) -> None:
        """The handler begins to answer. `head` is JSON from the sandbox; `pause` holds the sandbox back, or not."""
        self._pause = pause
        self._has_begun = True
        self.content_type = _content_type(head)
        self._wake()

    def feed(self, piece: bytes) -> None:
        self.size += len(piece)
        if self._is_abandoned:
            return
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > HIGH_BYTES and not self._is_paused:
            self._hold_back(is_paused=True)
        self._wake()

    def finish(self, result: Outcome | Exception) -> None:
        """The invocation is over."""
        self.outcome = result
        self._pause = None
        self._wake()

    # --- the consumer ---------------------------------------------------------------------------------------------

    async def begun(self) -> None:
        """Wait for the first word of the handler, or for the end of an invocation that streams nothing."""
        while not self._has_begun and self.outcome is None:
            await self._wait()

    def __aiter__(self) -> AnswerStream:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self.outcome is not None:
                raise StopAsyncIteration
            await self._wait()
        piece = self._pieces.popleft()
        self._held -= len(piece)
        if self._is_paused and self._held < LOW_BYTES:
            self._hold_back(is_paused=False)
        return piece

    def has_failed(self) -> bool:
        """Whether the invocation is over, and did not go well."""
        outcome = self.outcome
        return outcome is not None and (isinstance(outcome, Exception) or outcome.is_error)

    def abandon(self) -> None:
        """Nobody wants the rest."""
        self._is_abandoned = True
        self._pieces.clear()
        self._held = 0
        if self._is_paused:
            self._hold_back(is_paused=False)

    def _hold_back(self, *, is_paused: bool) -> None:
        self._is_paused = is_paused
        if self._pause is not None:
            self._pause(is_paused)

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class AnswerPieces:
    """The environment's side of an answer in pieces: they go to the stream, or are gathered where there is none.

    Args: the stream, the head as the sandbox sent it, and how to hold the sandbox back.
    """

    __slots__ = ("_gathered", "_size", "_stream")

    def __init__(
        self, stream: AnswerStream | None, head: bytes, pause: Callable[[bool], None]
    ) -> None:
        self._stream = stream
        self._gathered: list[bytes] = []
        self._size = 0
        if stream is not None:
            stream.begin(head, pause)

    def take(self, piece: bytes) -> bool:
        """One more; False when that is more than may be streamed."""
        self._size += len(piece)
        if self._size > STREAM_LIMIT:
            return False
        if self._stream is not None:
            self._stream.feed(piece)
        elif self._size <= ANSWER_LIMIT:
            self._gathered.append(piece)
        return True

    def whole(self) -> bytes | None:
        """What was gathered; nothing where it was streamed, None where it is over the limit of an ordinary answer."""
        if self._stream is None and self._size > ANSWER_LIMIT:
            return None
        return b"".join(self._gathered)


def _content_type(head: bytes) -> str:
    """What the sandbox says the answer is; it is not trusted to say it well."""
    try:
        document = orjson.loads(head)
    except orjson.JSONDecodeError:
        return DEFAULT_TYPE
    said = document.get("content_type") if isinstance(document, dict) else None
    is_fit = isinstance(said, str) and said.isascii() and said.isprintable()
    return said if is_fit and said else DEFAULT_TYPE
