"""The door of REST APIs: finds the stage and the method that a request is for, and writes down how it went."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from lambent.apis.request_heads import MAX_HEAD, is_head_too_large
from lambent.core import ids, trace
from lambent.core.http import BodyTooLarge, BytesBody, Response
from lambent.core.sampling import Sampling
from lambent.services.apigateway.data_plane import gateway_responses
from lambent.services.apigateway.data_plane.addresses import is_address
from lambent.services.apigateway.data_plane.authorization_headers import refusal_of
from lambent.services.apigateway.data_plane.compression import compress, is_for_compression
from lambent.services.apigateway.data_plane.exchange import Exchange, extended_request_id
from lambent.services.apigateway.data_plane.failures import (
    FORBIDDEN,
    INTERNAL,
    MISSING_AUTHENTICATION_TOKEN,
    Failure,
    Kind,
    body_of,
)
from lambent.services.apigateway.data_plane.places import NO_METHOD, Places
from lambent.services.apigateway.data_plane.serving import answer_of, finished

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from lambent.core.clock import Clock
    from lambent.core.http import Request, Respond
    from lambent.services.apigateway.data_plane.records import Records
    from lambent.services.apigateway.data_plane.serving import Serving
    from lambent.services.apigateway.stages_in_memory import Stages

_log = logging.getLogger(__name__)
# "Payload size: 10 MB" (quotas).
MAX_BODY = 10_485_760


class RestApiDoor:
    """Answers requests to deployed REST APIs."""

    def __init__(self, stages: Stages, serving: Serving, records: Records, clock: Clock) -> None:
        self._stages = stages
        self._places = Places(stages)
        self._serving = serving
        self._records = records
        self._clock = clock
        self._sampling = Sampling(clock)

    def matches(self, request: Request) -> bool:
        return is_address(request, self._stages)

    def begin(self, request: Request, respond: Respond) -> Coroutine[Any, Any, Response] | None:
        """As `core.http.Begin`."""
        exchange = self._entered(request)
        if isinstance(exchange, Response):
            respond(exchange)
            return None
        body = request.body
        if (
            exchange.method is NO_METHOD
            or is_for_compression(exchange)
            or not isinstance(body, BytesBody)
            or len(body.data) > MAX_BODY
        ):
            return self._served(exchange)
        exchange.body = body.data
        rest = self._serving.begin(exchange, partial(self._answer, exchange, respond))
        return None if rest is None else self._ended(exchange, rest)

    async def handle(self, request: Request) -> Response:
        exchange = self._entered(request)
        return exchange if isinstance(exchange, Response) else await self._served(exchange)

    def _entered(self, request: Request) -> Exchange | Response:
        """The request at its method, or none; or the answer where there is no API to serve it."""
        started = self._clock.monotonic()
        if is_head_too_large(request):
            response = _plain(431, f"HTTP header is larger than {MAX_HEAD} bytes.")
            response.headers.append(("x-amzn-RequestId", ids.request_id()))
            return response
        place = self._places.find(request)
        if place is None:
            return _bare(FORBIDDEN)
        address, plan, method, parameters = place
        if address.is_default_endpoint and plan.rest_api.get("disableExecuteApiEndpoint"):
            return _bare(FORBIDDEN)
        exchange = Exchange(
            request, address, plan, method, parameters, self._clock.calendar(), started
        )
        if plan.live.stage.get("tracingEnabled"):
            decide = partial(self._sampling.takes, exchange.stage_arn)
            exchange.trace_id = trace.completed(exchange.trace_id, decide)
        exchange.journal = self._records.log_for(exchange)
        return exchange

    async def _served(self, exchange: Exchange) -> Response:
        request = exchange.request
        if exchange.method is NO_METHOD:
            failure = refusal_of(request.headers) or Failure(MISSING_AUTHENTICATION_TOKEN)
            return await self._closed(exchange, gateway_responses.answer(failure, exchange))
        try:
            exchange.body = await request.body.read(MAX_BODY)
        except BodyTooLarge:
            # "Customization of the default gateway response for 413 REQUEST_TOO_LARGE isn't supported."
            response = _plain(413, f"HTTP content length exceeded {MAX_BODY} bytes.")
            return await self._closed(exchange, response)
        return await self._closed(exchange, await self._serving.serve(exchange))

    async def _ended(self, exchange: Exchange, rest: Coroutine[Any, Any, Response]) -> Response:
        return await self._closed(exchange, await rest)

    async def _closed(self, exchange: Exchange, response: Response) -> Response:
        """The answer as the client gets it; the request is written down."""
        if is_for_compression(exchange):
            await compress(response, exchange)
        finished(response, exchange)
        measured = self._records.bill(exchange, response.status)
        self._records.write(exchange, measured, _size(response))
        return response

    def _answer(self, exchange: Exchange, respond: Respond, result: Response | Exception) -> None:
        """Answer a request that was begun. Raises nothing: who calls it has other work to finish."""
        try:
            response = finished(answer_of(result, exchange), exchange)
            measured = self._records.bill(exchange, response.status)
        except Exception:  # noqa: BLE001 - the boundary: one answer, one log record
            _log.exception("a request failed", extra={"request_id": exchange.request_id})
            respond(_bare(INTERNAL))
            return
        respond(response)
        self._records.write(exchange, measured, _size(response))  # for which nobody waits


def _bare(kind: Kind) -> Response:
    """An answer where there is no API to speak for itself."""
    headers = [
        ("Content-Type", "application/json"),
        ("x-amzn-ErrorType", kind.error_type),
        ("x-amzn-RequestId", ids.request_id()),
        ("x-amz-apigw-id", extended_request_id()),
    ]
    return Response(kind.status, headers, body_of(kind, kind.message))


def _plain(status: int, text: str) -> Response:
    """What AWS's server says before anything of the API's is asked."""
    return Response(status, [("Content-Type", "text/plain")], text.encode())


def _size(response: Response) -> int:
    return len(response.body) if isinstance(response.body, bytes) else 0
