"""One connection: requests in, answers out, in order, one at a time.

`Intake` turns bytes into a queue of exchanges; a task answers them one after the other. While a request waits behind
another, or more of a body is held than the window allows, the socket is not read, so a client cannot make us hold
more than one feed (256 KB) beyond the window. The connection has at most one deadline, for what it waits for; the
server looks at all of them now and then, which costs a request nothing but the setting of a number.

Nothing is cancelled when a client goes away: its handler runs to its end and the answer is dropped.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import sys
from typing import TYPE_CHECKING, Protocol, cast

from lambent.core.http import BadBody, BodyTooLarge, ClientGone
from lambent.gateway.answer import refusal
from lambent.gateway.intake import Intake
from lambent.gateway.outlet import Outlet

if TYPE_CHECKING:
    from lambent.core.http import Handler, Response
    from lambent.gateway.intake import Exchange
    from lambent.gateway.limits import Limits

_LOG = logging.getLogger(__name__)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(enum.Enum):
    """What a connection waits for."""

    FIRST = "the first byte"
    HEAD = "the rest of a head"
    BODY = "the next piece of a body"
    HANDLER = "the handler"
    IDLE = "the next request"
    LINGER = "the client's end, its request being refused"
    CLOSING = "the client to take the last answer"


class Owner(Protocol):
    """What a connection needs of its server."""

    handler: Handler
    limits: Limits
    is_closing: bool

    def date(self) -> str: ...
    def forget(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """The protocol object of one accepted socket."""

    intake: Intake
    outlet: Outlet
    _transport: asyncio.Transport

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._loop = loop
        limits = owner.limits
        self._patience = {
            Phase.FIRST: limits.head_time_s,
            Phase.HEAD: limits.head_time_s,
            Phase.BODY: limits.stall_time_s,
            Phase.HANDLER: float("inf"),
            Phase.IDLE: limits.idle_time_s,
            Phase.LINGER: limits.linger_time_s,
            Phase.CLOSING: limits.stall_time_s,
        }
        self.task: asyncio.Task[None] | None = None
        self._phase = Phase.FIRST
        self._deadline = loop.time() + limits.head_time_s
        self._waiter: asyncio.Future[None] | None = None
        self._is_serving = False
        self._is_paused = False
        self._is_gone = False
        self._has_eof = False

    # --- asyncio calls these -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        limits = self._owner.limits
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._transport = cast("asyncio.Transport", transport)
        self.intake = Intake(self, limits.head_bytes, limits.window_bytes, address)
        self.outlet = Outlet(self._transport, self._loop, limits.stall_time_s)

    def data_received(self, data: bytes) -> None:
        intake = self.intake
        if intake.is_closed:
            return
        intake.feed(data)
        if self._waiter is not None:
            self._wake()
        if intake.queue and not self._is_serving:
            self._start()
        elif intake.body.is_discarded and intake.body.received > self._owner.limits.discard_bytes:
            self._linger()
        self.update_reading()
        self._update_deadline()

    def eof_received(self) -> bool:
        """The client sends no more; it may still read. Returns True to keep the socket for the answer."""
        self._has_eof = True
        self.intake.fail(ClientGone())
        self._wake()
        return self._is_serving

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_gone = True
        self.intake.fail(exc if isinstance(exc, ClientGone) else ClientGone())
        self.outlet.lost()
        self._wake()
        if not self._is_serving:
            self._owner.forget(self)

    def pause_writing(self) -> None:
        self.outlet.pause()

    def resume_writing(self) -> None:
        self.outlet.resume()

    # --- the body asks -------------------------------------------------------------------------------------------

    def await_piece(self) -> asyncio.Future[None]:
        body = self.intake.queue[0].body
        if body.expects_continue and body.received == 0:
            self._transport.write(_CONTINUE)
        body.expects_continue = False
        self._waiter = self._loop.create_future()
        self._update_deadline()
        return self._waiter

    def update_reading(self) -> None:
        crowded = self.intake.is_crowded
        if crowded is self._is_paused or self._is_gone:
            return
        self._is_paused = crowded
        if crowded:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    # --- the server asks -----------------------------------------------------------------------------------------

    def check(self, now: float) -> None:
        """Act on deadlines that have passed."""
        self.outlet.check(now)
        if now < self._deadline:
            return
        if self._phase is Phase.HEAD:
            self.intake.refuse(408, "Request timeout: the head took too long")
            if not self._is_serving:
                self._start()
            self._update_deadline()
        elif self._phase is Phase.BODY and self._waiter is not None:
            self.intake.fail(BadBody(408, "Request timeout: the body stopped coming"))
            self._wake()
        elif self._phase is Phase.CLOSING:
            if not self.outlet.is_progressing():
                self._transport.abort()
            self._enter(Phase.CLOSING)
        else:
            self._close()

    def shut_down(self) -> None:
        """Close now if nothing is being worked on, else after the answer."""
        if not self._is_serving:
            self._close()

    def abort(self) -> None:
        """Drop everything. The task, if there is one, is left to its canceller."""
        if not self._is_gone:
            self._transport.abort()

    # --- serving -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._is_serving = True
        if sys.version_info >= (3, 12):
            # Runs up to the first real wait at once, without a turn of the loop in between.
            self.task = asyncio.Task(self._serve(), loop=self._loop, eager_start=True)
        else:
            self.task = self._loop.create_task(self._serve())

    async def _serve(self) -> None:
        queue = self.intake.queue
        try:
            while queue and not self._is_gone:
                exchange = queue[0]
                await self._answer(exchange)
                queue.popleft()
                if self._is_paused:
                    self.update_reading()
                if not self._goes_on(exchange):
                    break
        finally:
            self._is_serving = False
            if self._is_gone:
                self._owner.forget(self)
            else:
                self.update_reading()
                self._update_deadline()

    async def _answer(self, exchange: Exchange) -> None:
        try:
            response = exchange.refusal or await self._handle(exchange)
        except ClientGone:
            exchange.keep_alive = False
            return
        body = exchange.body
        if self._owner.is_closing or self._has_eof:
            exchange.keep_alive = False
        if body.expects_continue and body.received == 0 and not body.is_complete:
            # It was never asked to send its body, and it may do so or not: there is no telling where the next
            # request would begin (RFC 9110, section 10.1.1).
            exchange.keep_alive = False
        await self.outlet.send(exchange, response, self._owner.date())

    async def _handle(self, exchange: Exchange) -> Response:
        assert exchange.request is not None
        try:
            return await self._owner.handler(exchange.request)
        except ClientGone:
            raise
        except BadBody as error:
            exchange.keep_alive = False
            return refusal(error.status, error.reason)
        except BodyTooLarge as error:
            return refusal(413, f"Request body must not exceed {error.limit} bytes")
        except Exception:  # noqa: BLE001 - the boundary of what is served: one answer, one log record
            _LOG.exception("%s %s failed", exchange.request.method, exchange.request.path)
            return refusal(500, "Internal failure")

    def _goes_on(self, exchange: Exchange) -> bool:
        """After an answer: True when the connection serves another request."""
        if self._is_gone or self._phase is Phase.CLOSING:
            return False
        body = exchange.body
        has_next = bool(self.intake.queue)
        if not exchange.keep_alive or (self.intake.is_closed and not has_next):
            if body.is_complete:
                self._close()
            else:
                self._linger()
            return False
        if not body.is_complete:
            body.discard()
            if body.remaining > self._owner.limits.discard_bytes:
                self._linger()
                return False
        return True

    # --- waiting and ending --------------------------------------------------------------------------------------

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _update_deadline(self) -> None:
        if self._phase is Phase.LINGER or self._phase is Phase.CLOSING:
            return
        if self.intake.is_in_head and not self._is_paused:
            if self._phase is not Phase.HEAD:
                self._enter(Phase.HEAD)
        elif self._waiter is not None or (
            not self._is_serving and not self.intake.body.is_complete
        ):
            self._enter(Phase.BODY)
        elif self._is_serving:
            self._enter(Phase.HANDLER)
        else:
            self._enter(Phase.IDLE)

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        self._deadline = self._loop.time() + self._patience[phase]

    def _linger(self) -> None:
        """Close so that the client reads our answer: closing with unread input would reset the connection."""
        self.intake.is_closed = True
        if self._has_eof or not self._transport.can_write_eof():
            self._close()
            return
        self._transport.write_eof()
        self._enter(Phase.LINGER)
        self.update_reading()

    def _close(self) -> None:
        self.intake.is_closed = True
        self._enter(Phase.CLOSING)
        self.outlet.is_progressing()  # what the next look at it compares with
        self._transport.close()
