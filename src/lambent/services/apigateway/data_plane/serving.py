"""The way of a request through an API: who may come in, what it must bring, the integration, the answer.

The guards stand in AWS's order: resource policy and authorizer, API key, throttling, validation. Each either returns or
raises a Failure, which becomes a gateway response.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from lambent.core.http import BadBody, ClientGone, Response
from lambent.services.apigateway.data_plane import gateway_responses
from lambent.services.apigateway.data_plane.execution_log import shown
from lambent.services.apigateway.data_plane.failures import INTERNAL, Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from typing import Any

    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.integrations import Done
    from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan

    Check = Callable[[Exchange], Awaitable[None] | None]

_log = logging.getLogger(__name__)


class Guard(Protocol):
    """Lets a request pass, or not."""

    def concerns(self, plan: ApiPlan, method: MethodPlan) -> bool:
        """Whether `check` does more to a request for the method than writing its log."""
        ...

    def check(self, exchange: Exchange) -> Awaitable[None] | None:
        """What it has to wait for, if anything. Raises Failure."""
        ...


class Runner(Protocol):
    """What runs integrations; as `Integrations` does."""

    def begin(self, exchange: Exchange, done: Done) -> bool: ...
    async def run(self, exchange: Exchange) -> Response: ...


class Serving:
    """Args: the guards, in order, and what runs integrations."""

    def __init__(self, guards: Sequence[Guard], integrations: Runner) -> None:
        self._guards = tuple(guards)
        self._checks = tuple(guard.check for guard in guards)
        self._integrations = integrations

    def begin(
        self, exchange: Exchange, done: Callable[[Response | Exception], None]
    ) -> Coroutine[Any, Any, Response] | None:
        """The short form of `serve`: tell `done` once, now or later, what `answer_of` takes; or return what is left to
        be done, where something has to be waited for. Raises nothing.
        """
        if exchange.journal is not None:
            return self.serve(exchange)
        plan, method = exchange.plan, exchange.method
        checks = plan.guards.get(method)
        if checks is None:
            concerned = (guard for guard in self._guards if guard.concerns(plan, method))
            checks = plan.guards[method] = tuple(guard.check for guard in concerned)
        try:
            for number, check in enumerate(checks):
                waiting = check(exchange)
                if waiting is not None:
                    return self._go_on(exchange, waiting, checks[number + 1 :])
            if self._integrations.begin(exchange, done):
                return None
        except Exception as error:  # noqa: BLE001 - handed on
            done(error)
            return None
        return self._go_on(exchange, None, ())

    async def serve(self, exchange: Exchange) -> Response:
        """The answer for the client. Raises nothing but what is the server's."""
        return await self._go_on(exchange, None, self._checks)

    async def _go_on(
        self, exchange: Exchange, waiting: Awaitable[None] | None, checks: Sequence[Check]
    ) -> Response:
        """What is waited for, the checks that are left, the integration."""
        journal = exchange.journal
        try:
            if waiting is not None:
                await waiting
            for check in checks:
                waiting = check(exchange)
                if waiting is not None:
                    await waiting
            response = await self._integrations.run(exchange)
            if journal is not None:
                body = response.body if isinstance(response.body, bytes) else b""
                journal.data(
                    f"Method response body after transformations: {body.decode(errors='replace')}"
                )
                journal.data(f"Method response headers: {shown(_told_headers(response, exchange))}")
                journal.info("Successfully completed execution")
        except (BadBody, ClientGone):
            raise
        except Exception as error:  # noqa: BLE001 - the boundary, see `answer_of`
            response = answer_of(error, exchange)
        if journal is not None:
            journal.info(f"Method completed with status: {response.status}")
            if exchange.endpoint_request_id and not exchange.is_test:
                journal.info(f"AWS Integration Endpoint RequestId : {exchange.endpoint_request_id}")
        return response


def answer_of(result: Response | Exception, exchange: Exchange) -> Response:
    """The answer; where something went wrong, AWS's words for it. What is no Failure is told to our log."""
    if isinstance(result, Response):
        return result
    error, journal = result, exchange.journal
    if not isinstance(error, Failure):
        _log.error("a request failed", exc_info=error, extra={"request_id": exchange.request_id})
        error = Failure(INTERNAL)
    elif journal is not None and error.log:
        journal.error(error.log)
        if error.reason and not exchange.is_test:  # a test shows the whole answer, and AWS's lines
            journal.error(error.reason)
    return gateway_responses.answer(error, exchange)


def finished(response: Response, exchange: Exchange) -> Response:
    """With the headers that every answer of an API carries."""
    response.headers += [
        ("x-amzn-RequestId", exchange.request_id),
        ("x-amz-apigw-id", exchange.extended_id),
    ]
    if exchange.uses_lambda and exchange.error is None:
        for name, _ in response.headers:
            if name.lower() == "content-type":
                break
        else:
            response.headers.insert(0, ("Content-Type", "application/json"))
        response.headers.append(("X-Amzn-Trace-Id", exchange.answered_trace or exchange.trace_id))
    return response


def _told_headers(response: Response, exchange: Exchange) -> dict[str, str]:
    """As execution logs have them: the trace is the first of a mapped answer, and the last of a function's own."""
    headers = dict(response.headers)
    if not exchange.uses_lambda:
        return headers
    trace = {"X-Amzn-Trace-Id": exchange.answered_trace or exchange.trace_id}
    is_proxy = exchange.integration.get("type") == "AWS_PROXY"
    return headers | trace if is_proxy else trace | headers
