"""The pipeline: what happens to a request of the AWS API, in order.

A step is called with the call; it fills in what it finds out, or raises a `ServiceError`. A step that has something to
wait for returns an awaitable, the others return None, so that the warm invoke passes through no coroutine more than it
needs.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from lambent.core import ids
from lambent.core.errors import InternalFailure, ServiceError
from lambent.core.http import BadBody, BodyTooLarge, ClientGone
from lambent.gateway.authenticate import Authenticate, TrustEverybody
from lambent.gateway.authorise import Authorise, RootOnly
from lambent.gateway.call import Call
from lambent.gateway.operate import Operate
from lambent.gateway.parse import parse
from lambent.gateway.route import Route
from lambent.gateway.serialise import serialise, serialise_error, with_request_id
from lambent.gateway.sigv4 import SignatureChecker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from lambent.core.clock import Clock
    from lambent.core.http import Request, Response
    from lambent.core.ports import Credentials, Database
    from lambent.core.service import Door, Service
    from lambent.gateway.authorise import Authority
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
        auth: "iam" verifies signatures; "open" believes them.
        authority: who may do what; by default an account's root, and nobody else.
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
        authority: Authority | None = None,
    ) -> None:
        self.checker = SignatureChecker(credentials, clock)
        authenticate: Step = Authenticate(self.checker, default_region)
        if auth == "open":
            authenticate = TrustEverybody(credentials, default_region, account_id)
        self._doors = tuple(doors)
        self._steps: tuple[Step, ...] = (
            Route(router),
            authenticate,
            parse,
            Authorise(authority or RootOnly()),
            Operate(services, database, clock),
        )

    async def handle(self, request: Request) -> Response:
        """Answer one request. Raises nothing but `BadBody` and `ClientGone`, which are the server's."""
        call = Call(request, ids.request_id())
        try:
            for door in self._doors:
                if door.matches(request):
                    return with_request_id(await door.handle(request), call.request_id)
            for step in self._steps:
                waiting = step(call)
                if waiting is not None:
                    await waiting
            return serialise(call)
        except ServiceError as error:
            return serialise_error(call, error)
        except (BadBody, BodyTooLarge, ClientGone):
            raise
        except Exception:  # noqa: BLE001 - the boundary of the API: one answer, one log record
            _LOG.exception(
                "%s %s failed, request id %s", request.method, request.path, call.request_id
            )
            message = (
                f"Internal failure; the log of Lambent has more about request {call.request_id}"
            )
            return serialise_error(call, InternalFailure(message))
