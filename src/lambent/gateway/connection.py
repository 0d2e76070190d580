"""One connection: requests in, answers out, in order, one at a time.

`Intake` turns bytes into a queue of exchanges; a task answers them one after the other. A request of the usual kind
that meets a connection at rest takes a shorter way: no parser, and no task unless its handler has to wait. While a
request waits behind another, or more of a body is held than the window allows, the socket is not read, so a client
cannot make us hold more than one feed (256 KB) beyond the window. The connection has at most one deadline, for what it
waits for; the server looks at all of them now and then, which costs a request nothing but the setting of a number.

Nothing is cancelled when a client goes away: its handler runs to its end and the answer is dropped.
"""

from __future__ import annotations

import asyncio
import enum
import logging
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

from lambent.core.http import BadBody, BodyTooLarge, ClientGone
from lambent.gateway.answer import refusal
from lambent.gateway.body import WireBody
from lambent.gateway.intake import Exchange, Intake
from lambent.gateway.outlet import Outlet, end

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.http import Begin, Handler, Request, Response
    from lambent.gateway.limits import Limits
    from lambent.gateway.usual_head import UsualHeads

_LOG = logging.getLogger(__name__)
_NEVER = float("inf")
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(enum.IntEnum):
    """What a connection waits for."""

    FIRST = 0  # the first byte
    HEAD = 1  # the rest of a head
    BODY = 2  # the next piece of a body
    HANDLER = 3  # the handler, which has all the time it wants
    IDLE = 4  # the next request
    LINGER = 5  # the end of a client whose request was refused
    CLOSING = 6  # the client to take the last answer


def _nothing() -> None:
    """What is done about the end of a connection that nobody counts."""


class Owner(Protocol):
    """What a connection needs of its server."""

    handler: Handler
    begin: Begin | None
    heads: UsualHeads
    limits: Limits
    is_closing: bool

    def date(self) -> str: ...
    def remember(self, connection: Connection) -> None: ...
    def forget(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """The protocol object of one accepted socket."""

    # There from `connection_made` on, some turns of the loop after the object.
    intake: Intake
    outlet: Outlet
    _transport: asyncio.Transport

    def __init__(
        self,
        owner: Owner,
        loop: asyncio.AbstractEventLoop,
        on_closed: Callable[[], None] | None = None,
    ) -> None:
        self.on_closed = on_closed or _nothing
        self._owner = owner
        self._loop = loop
        limits = owner.limits
        # Seconds that each phase may take.
        self._patience = (
            limits.head_time_s,
            limits.head_time_s,
            limits.stall_time_s,
            _NEVER,
            limits.idle_time_s,
            limits.linger_time_s,
            limits.stall_time_s,
        )
        self.task: asyncio.Task[Any] | None = None
        self._phase = Phase.FIRST
        self._deadline = loop.time() + limits.head_time_s
        self._waiter: asyncio.Future[None] | None = None
        self._is_serving = False
        self._is_paused = False
        self._is_gone = False
        self._has_eof = False
        self._address = ""
        self._begun: Request | None = None  # what is served the short way
        self._has_more = False  # has come since a request was begun
        self._is_at_rest = False  # known to be, since the last answer of the short way
        self._is_cut = False
        self._dropping: asyncio.Task[None] | None = None  # what nobody was to get

    # --- asyncio calls these -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        limits = self._owner.limits
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        self._address = address
        self._transport = cast("asyncio.Transport", transport)
        self.intake = Intake(self, limits.head_bytes, limits.window_bytes, address)
        self.outlet = Outlet(self._transport, self._loop, limits.stall_time_s)
        self._owner.remember(self)

    def data_received(self, data: bytes) -> None:
        intake = self.intake
        if intake.is_closed:
            return
        at_rest = self._is_at_rest or (not self._is_serving and intake.is_at_rest)
        self._is_at_rest = False
        if at_rest and self._begin(data):
            return
        self._has_more = True
        intake.feed(data)
        if self._waiter is not None:
            self._wake()
        if intake.queue and not self._is_serving:
            self._start()
        elif intake.body.is_discarded and intake.body.received > self._owner.limits.discard_bytes:
            self._linger()
        self._settle()

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
        if not self._is_serving or (self._begun is not None and self._is_cut):
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
        self._settle()
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
            self._settle()
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
        self._is_cut = True
        if not self._is_gone:
            self._transport.abort()
        elif self._begun is not None:
            self._owner.forget(self)

    # --- serving, the short way ----------------------------------------------------------------------------------

    def _begin(self, data: bytes) -> bool:
        """Serve the one usual request that `data` is. False, and nothing has happened, when it is something else."""
        owner = self._owner
        if owner.begin is None or owner.is_closing:
            return False
        request = owner.heads.read(data, self._address)
        if request is None:
            return False
        self._is_serving = True
        self._begun = request
        self._has_more = False
        self._phase = Phase.HANDLER
        self._deadline = _NEVER
        rest = owner.begin(request, partial(self._answer, request))
        if rest is not None:
            self.task = task = self._loop.create_task(rest)
            task.add_done_callback(partial(self._rest_done, request))
        return True

    def _rest_done(self, request: Request, task: asyncio.Task[Response]) -> None:
        """What was begun and had to wait is over."""
        self.task = None  # which holds the answer
        if task.cancelled():
            self._end_begun()
            if self._is_gone:
                self._owner.forget(self)
            else:
                self._close()
        elif task.exception() is None:
            self._answer(request, task.result())
        else:
            self._go_long(Exchange(self._read_body(), keep_alive=True, request=request, rest=task))

    def _answer(self, request: Request, response: Response) -> None:
        """The answer to the request that was begun."""
        if self._begun is not request:
            # Sent, it would be taken for the answer to the next one, which may be somebody else's.
            _LOG.error("a second answer to %s %s is dropped", request.method, request.path)
            if not isinstance(response.body, bytes):
                self._dropping = self._loop.create_task(end(response.body))
        elif self._is_gone:
            self._end_begun()
            if not isinstance(response.body, bytes):
                self.task = self._loop.create_task(end(response.body))
            self._owner.forget(self)
        elif (
            self._has_eof
            or self._owner.is_closing
            or self.outlet.is_full
            or not self.outlet.send_whole(response, self._owner.date())
        ):  # it needs some thought, or the client does not keep up or stay
            self._go_long(Exchange(self._read_body(), keep_alive=True, answer=response))
        elif not self._has_more:
            self._end_begun()
            self._is_at_rest = True
            self._phase = Phase.IDLE
            self._deadline = self._loop.time() + self._patience[Phase.IDLE]
        else:  # more was sent meanwhile
            self._end_begun()
            if self.intake.queue:
                self._start_later()
            self._settle()

    def _end_begun(self) -> None:
        self._is_serving = False
        self._begun = None

    def _read_body(self) -> WireBody:
        """Of what was begun, whose body was there. The intake's may be that of a later request by now."""
        body = WireBody(self, 0, expects_continue=False)
        body.is_complete = True
        return body

    def _go_long(self, exchange: Exchange) -> None:
        """Go on with what was begun as with any other request."""
        self._begun = None
        self.intake.queue.appendleft(exchange)
        self._start_later()

    # --- serving -------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._is_serving = True
        if sys.version_info >= (3, 12):
            # Runs up to the first real wait at once, without a turn of the loop in between.
            self.task = asyncio.Task(self._serve(), loop=self._loop, eager_start=True)
        else:
            self._start_later()

    def _start_later(self) -> None:
        """In the next turn of the loop: what has just answered us has not settled yet."""
        self._is_serving = True
        self.task = self._loop.create_task(self._serve())
        self.task.add_done_callback(self._served)

    def _served(self, task: asyncio.Task[None]) -> None:
        """A task that is cancelled before its first turn ends without a word."""
        if task.cancelled() and self._is_serving:
            self._is_serving = False
            if self._is_gone:
                self._owner.forget(self)
            else:
                self._close()

    async def _serve(self) -> None:
        queue = self.intake.queue
        try:
            while queue and not self._is_gone:
                exchange = queue[0]
                response = exchange.answer or await self._handle(exchange)
                if response is not None and not self._send_usual(exchange, response):
                    await self.outlet.send(exchange, response, self._owner.date())
                if self.outlet.is_full:
                    await self.outlet.drain()
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
                self._settle()

    async def _handle(self, exchange: Exchange) -> Response | None:
        """What the handler answers, or what we answer for it; None when there is nobody to answer to."""
        request = exchange.request
        assert request is not None
        try:
            return await (exchange.rest or self._owner.handler(request))
        except ClientGone:
            exchange.keep_alive = False
            return None
        except BadBody as error:
            exchange.keep_alive = False
            return refusal(error.status, error.reason)
        except BodyTooLarge as error:
            return refusal(413, f"Request body must not exceed {error.limit} bytes")
        except Exception:  # noqa: BLE001 - the boundary of what is served: one answer, one log record
            _LOG.exception("%s %s failed", request.method, request.path)
            return refusal(500, "Internal failure")

    def _send_usual(self, exchange: Exchange, response: Response) -> bool:
        """Send what can be sent at once; False for everything that needs thought."""
        if self._owner.is_closing or self._has_eof:
            exchange.keep_alive = False
        body = exchange.body
        if body.is_complete:
            return self.outlet.send_usual(exchange, response, self._owner.date())
        if body.expects_continue and body.received == 0:
            # It was never asked to send its body, and it may do so or not: there is no telling where the next
            # request would begin (RFC 9110, section 10.1.1).
            exchange.keep_alive = False
        return False

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

    def _settle(self) -> None:
        """After something has happened: hold the client back or not, and wait for what comes next."""
        if self.intake.is_crowded is not self._is_paused:
            self.update_reading()
        if self._phase < Phase.LINGER:
            self._update_phase()

    def _update_phase(self) -> None:
        if self.intake.is_in_head and not self._is_paused:
            if self._phase != Phase.HEAD:
                self._enter(Phase.HEAD)
        elif self._waiter is not None:
            self._enter(Phase.BODY)
        elif self._is_serving:
            self._phase = Phase.HANDLER
            self._deadline = _NEVER
        else:
            self._enter(Phase.IDLE if self.intake.body.is_complete else Phase.BODY)

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
