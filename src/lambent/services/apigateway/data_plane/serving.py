"""The way of a request through an API: who may come in, what it must bring, the integration, the answer.

The guards stand in AWS's order: resource policy and authorizer, API key, throttling, validation. Each either returns or
raises a Failure, which becomes a gateway response.
"""

from __future__ import annotations

import gzip
import logging
from typing import TYPE_CHECKING

from lambent.core.http import BadBody, ClientGone
from lambent.services.apigateway.data_plane import gateway_responses
from lambent.services.apigateway.data_plane.execution_log import shown
from lambent.services.apigateway.data_plane.failures import INTERNAL, Failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from lambent.core.http import Response
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.integrations import Integrations

    # A guard that has to wait returns what it waits for.
    Guard = Callable[[Exchange], Awaitable[None] | None]

_log = logging.getLogger(__name__)


class Serving:
    """Args: the guards, in order, and what runs integrations."""

    def __init__(self, guards: Sequence[Guard], integrations: Integrations) -> None:
        self._guards = tuple(guards)
        self._integrations = integrations

    async def serve(self, exchange: Exchange) -> Response:
        """The answer for the client. Raises nothing but what is the server's."""
        journal = exchange.journal
        try:
            response = await self._answered(exchange)
            if journal is not None:
                body = response.body if isinstance(response.body, bytes) else b""
                journal.data(
                    f"Method response body after transformations: {body.decode(errors='replace')}"
                )
                journal.data(f"Method response headers: {shown(_told_headers(response, exchange))}")
                journal.info("Successfully completed execution")
        except Failure as failure:
            if journal is not None and failure.log:
                journal.error(failure.log)
                if (
                    failure.reason and not exchange.is_test
                ):  # a test shows the whole answer, and AWS's lines
                    journal.error(failure.reason)
            response = gateway_responses.answer(failure, exchange)
        except (BadBody, ClientGone):
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: clients get AWS's answer, our log the rest
            _log.error(
                "a request failed", exc_info=error, extra={"request_id": exchange.request_id}
            )
            response = gateway_responses.answer(Failure(INTERNAL), exchange)
        if journal is not None:
            journal.info(f"Method completed with status: {response.status}")
            if exchange.endpoint_request_id and not exchange.is_test:
                journal.info(f"AWS Integration Endpoint RequestId : {exchange.endpoint_request_id}")
        return response

    async def _answered(self, exchange: Exchange) -> Response:
        for guard in self._guards:
            waiting = guard(exchange)
            if waiting is not None:
                await waiting
        return await self._integrations.run(exchange)


def finished(response: Response, exchange: Exchange) -> Response:
    """With the headers that every answer of an API carries, and compressed where the API says so."""
    _compress(response, exchange)
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


def _compress(response: Response, exchange: Exchange) -> None:
    """`minimumCompressionSize`: answers of that size are compressed for clients that take it."""
    smallest = exchange.plan.rest_api.get("minimumCompressionSize")
    body = response.body
    if smallest is None or not isinstance(body, bytes) or len(body) < max(smallest, 1):
        return
    accepted = exchange.request.headers.get("accept-encoding").lower()
    is_encoded = any(name.lower() == "content-encoding" for name, _ in response.headers)
    if "gzip" not in accepted or is_encoded:
        return
    response.body = gzip.compress(body, 6)
    response.headers.append(("Content-Encoding", "gzip"))
