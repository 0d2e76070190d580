"""The pipeline: what happens to a request of the AWS API, in order.

A step is called with the call; it fills in what it finds out, or raises a `ServiceError`. A step that has something to
wait for returns an awaitable, the others return None, so that a warm invoke passes through all of them at once, without
a coroutine or a task.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Literal

from lambent.core import ids
from lambent.core.errors import InternalFailure, ServiceError
from lambent.core.http import BadBody, BodyTooLarge, ClientGone
from lambent.core.service import ShortDoor
from lambent.gateway.authenticate import Authenticate, TrustEverybody
from lambent.gateway.authorise import Authorise
from lambent.gateway.call import Call
from lambent.gateway.operate import Operate
from lambent.gateway.parse import parse
from lambent.gateway.repeats import Repeats
from lambent.gateway.route import Route
from lambent.gateway.serialise import serialise, serialise_error, with_request_id
from lambent.gateway.sigv4 import SignatureChecker
from lambent.policy.authority import RootOnly
from lambent.policy.decisions import Decisions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import Any

    from lambent.core.clock import Clock
    from lambent.core.http import Request, Respond, Response
    from lambent.core.ports import (
        AuthorizationMessages,
        Calls,
        Credentials,
        Database,
        Uses,
    )
    from lambent.core.service import Door, Service
    from lambent.gateway.repeats import Addresses
    from lambent.protocol.routing import Router

    Step = Callable[[Call], Awaitable[None] | None]

_LOG = logging.getLogger(__name__)


class Gateway:
    """Answers requests of the AWS API, and passes those of a data plane to its door.

    Args:
        router: knows the services whose requests are told apart.
        services: those that have operations; every other operation answers 501 with its name.
        doors: tried in order, before everything else.
        default_region: of unsigned requests whose host names none.
        account_id: whose requests without a known key are, with `auth="open"`.
        auth: "iam" verifies signatures and asks for permissions; "open" believes and allows everything.
        decisions: who may do what; by default an account's root, and nobody else.
        uses: takes note of who uses which service.
        calls: takes note of what users and roles do to which resources.
        messages: encodes what denials are decided by.
        addresses: those that doors look up; without it no request is prepared for the next of its form.
    """

    def __init__(
        self,
        *,
        router: Router,
        services: Sequence[Service],
        doors: Sequence[Door],
        credentials: Credentials,
        database: Database,
        clock: Clock,
        default_region: str,
        account_id: str,
        auth: Literal["iam", "open"] = "iam",
        decisions: Decisions | None = None,
        uses: Uses | None = None,
        calls: Calls | None = None,
        messages: AuthorizationMessages | None = None,
        addresses: Addresses | None = None,
    ) -> None:
        self.checker = SignatureChecker(credentials, clock)
        # Each with its short form, where it has one.
        self._doors = tuple(
            (door, door.begin if isinstance(door, ShortDoor) else None) for door in doors
        )
        route = Route(router)
        self._operate = Operate(services, database, clock)
        self._steps: tuple[Step, ...]
        self._repeats: Repeats | None = None
        if auth == "open":
            trust = TrustEverybody(credentials, default_region, account_id)
            self._steps = (route, trust, parse)
        else:
            decisions = decisions or Decisions(RootOnly())
            authorise = Authorise(decisions, clock, calls, messages)
            authenticate = Authenticate(self.checker, default_region, uses)
            self._steps = (route, authenticate, parse, authorise)
            if addresses is not None:
                self._repeats = Repeats(self.checker, decisions, self._operate, addresses)

    async def handle(self, request: Request) -> Response:
        """Answer one request. Raises nothing but `BadBody` and `ClientGone`, which are the server's."""
        call = Call(request, ids.request_id())
        for door, _ in self._doors:
            if door.matches(request):
                return await self._through(call, door.handle(request))
        return await self._go_on(call, None, 0)

    def begin(self, request: Request, respond: Respond) -> Coroutine[Any, Any, Response] | None:
        """Answer a request whose body is there (`core.http.Begin`): without a task when nothing has to be waited for
        but the operation, and that says itself when it is done. Raises nothing.
        """
        call = Call(request, ids.request_id())
        repeats = self._repeats
        try:
            if repeats is None or request.form is None or not repeats.fill(call):
                for door, begin in self._doors:
                    if door.matches(request):
                        rest = door.handle(request) if begin is None else begin(request, respond)
                        return None if rest is None else self._through(call, rest)
                for number, step in enumerate(self._steps):
                    waiting = step(call)
                    if waiting is not None:
                        return self._go_on(call, waiting, number + 1)
                if repeats is not None:
                    repeats.note(call)
            if self._operate.begin(call, partial(self._done, call, respond)):
                return None
        except Exception as error:  # noqa: BLE001 - the boundary of the API, see `_failed`
            respond(_failed(call, error))
            return None
        return self._go_on(call, None, len(self._steps))

    def _done(self, call: Call, respond: Respond, result: object) -> None:
        """An operation that was begun is over: `result` is its output, or the exception it ended with."""
        try:
            if isinstance(result, Exception):
                response = _failed(call, result)
            else:
                call.result = result
                response = serialise(call)
        except Exception as error:  # noqa: BLE001 - the boundary of the API, see `_failed`
            response = _failed(call, error)
        respond(response)

    async def _through(self, call: Call, answer: Awaitable[Response]) -> Response:
        """What a door answers."""
        try:
            return with_request_id(await answer, call.request_id)
        except (BadBody, BodyTooLarge, ClientGone):
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of the API, see `_failed`
            return _failed(call, error)

    async def _go_on(self, call: Call, waiting: Awaitable[None] | None, number: int) -> Response:
        """The steps from `number` on, once what is waited for is done."""
        try:
            if waiting is not None:
                await waiting
            for step in self._steps[number:]:
                waiting = step(call)
                if waiting is not None:
                    await waiting
            await self._operate(call)
            return serialise(call)
        except (BadBody, BodyTooLarge, ClientGone):
            raise
        except Exception as error:  # noqa: BLE001 - the boundary of the API, see `_failed`
            return _failed(call, error)


def _failed(call: Call, error: Exception) -> Response:
    """What went wrong, as an answer: in AWS's words, or as an internal failure with one log record."""
    if isinstance(error, ServiceError):
        return serialise_error(call, error)
    request = call.request
    _LOG.error(
        "%s %s failed",
        request.method,
        request.path,
        exc_info=error,
        extra={"request_id": call.request_id},
    )
    message = f"Internal failure; the log of Lambent has more about request {call.request_id}"
    return serialise_error(call, InternalFailure(message))
