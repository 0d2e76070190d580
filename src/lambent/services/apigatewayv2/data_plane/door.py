"""The door of HTTP APIs: finds the stage and the route that a request is for, and writes down how it went."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from lambent.apis.request_heads import is_head_too_large
from lambent.apis.token_buckets import bounds
from lambent.core.http import BadBody, BodyTooLarge, BytesBody, ClientGone, Response
from lambent.services.apigatewayv2.data_plane import cors
from lambent.services.apigatewayv2.data_plane.addresses import address_of, api_id_of
from lambent.services.apigatewayv2.data_plane.exchange import Exchange, Refusal, fresh_request_id
from lambent.services.apigatewayv2.data_plane.routing import Route, Routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Mapping
    from typing import Any

    from lambent.apis.token_buckets import TokenBuckets
    from lambent.core.clock import Clock
    from lambent.core.http import Request, Respond
    from lambent.services.apigatewayv2.data_plane.authorization import Authorization
    from lambent.services.apigatewayv2.data_plane.integrations import Integrations
    from lambent.services.apigatewayv2.data_plane.records import Records
    from lambent.services.apigatewayv2.live_apis import LiveApis, LiveStage

_log = logging.getLogger(__name__)
# "Payload size: 10 MB" (quotas).
MAX_BODY = 10_485_760
_NO_ROUTE = Route({"RouteKey": "-"}, "", "", ())


class HttpApiDoor:
    """Answers requests to deployed HTTP APIs."""

    def __init__(
        self,
        live_apis: LiveApis,
        authorization: Authorization,
        integrations: Integrations,
        buckets: TokenBuckets,
        records: Records,
        clock: Clock,
    ) -> None:
        self._live_apis = live_apis
        self._authorization = authorization
        self._integrations = integrations
        self._buckets = buckets
        self._records = records
        self._clock = clock
        # By API and stage, with the generation that they were made of; dropped when others are made and the stage has
        # gone.
        self._routes: dict[tuple[str, str], tuple[int, Routes]] = {}

    def matches(self, request: Request) -> bool:
        return api_id_of(request, self._live_apis) is not None

    def begin(self, request: Request, respond: Respond) -> Coroutine[Any, Any, Response] | None:
        """As `core.http.Begin`."""
        exchange = self._entered(request)
        if isinstance(exchange, Response):
            respond(exchange)
            return None
        body = request.body
        if (
            exchange.route is _NO_ROUTE
            or request.method == "OPTIONS"
            or not isinstance(body, BytesBody)
            or len(body.data) > MAX_BODY
        ):
            return self._handled(exchange)
        exchange.body = body.data
        done = partial(self._answer, exchange, respond)
        try:
            self._throttle(exchange)
            waiting = self._authorization.check(exchange)
            if waiting is None:
                exchange.is_authorized = True
                if self._integrations.begin(exchange, done):
                    return None
        except Exception as error:  # noqa: BLE001 - handed on
            done(error)
            return None
        return self._handled(exchange, waiting)

    async def handle(self, request: Request) -> Response:
        exchange = self._entered(request)
        return exchange if isinstance(exchange, Response) else await self._handled(exchange)

    def _entered(self, request: Request) -> Exchange | Response:
        """The request at its route, or none; or the answer where there is no stage to serve it."""
        api_id = api_id_of(request, self._live_apis)
        address = None if api_id is None else address_of(request, api_id, self._live_apis)
        if address is None or not address.live.snapshot:
            return _bare(Refusal(404, "Not Found"))
        if is_head_too_large(request):
            return _bare(Refusal(431, "Request Header Fields Too Large"))
        api = address.live.snapshot["Api"]
        if address.is_default_endpoint and api.get("DisableExecuteApiEndpoint"):
            return _bare(Refusal(404, "Not Found"))
        found = self._routes_of(address.live).find(request.method, address.path)
        route, parameters = found or (_NO_ROUTE, {})
        started, now = self._clock.monotonic(), self._clock.calendar()
        return Exchange(request, address, route, parameters, now, started)

    async def _handled(
        self, exchange: Exchange, permission: Awaitable[None] | None = None
    ) -> Response:
        """`permission`: what is to be waited for until the request may pass, where that has been asked already."""
        configured = _cors_of(exchange)
        response = cors.preflight(exchange.request, configured)
        if response is None:
            try:
                response = await self._served(exchange, permission)
            except (BadBody, ClientGone):
                raise
            except Exception as error:  # noqa: BLE001 - the boundary, see `_refused`
                response = _refused(exchange, error)
            cors.apply(response, exchange.request, configured)
        _finish(response, exchange)
        self._records.write(exchange, self._records.bill(exchange, response))
        return response

    async def _served(self, exchange: Exchange, permission: Awaitable[None] | None) -> Response:
        """Raises Refusal."""
        if exchange.route is _NO_ROUTE:
            raise Refusal(404, "Not Found")
        if permission is None and not exchange.is_authorized:
            try:
                exchange.body = await exchange.request.body.read(MAX_BODY)
            except BodyTooLarge:
                raise Refusal(413, "Request Entity Too Large") from None
            self._throttle(exchange)
            permission = self._authorization.check(exchange)
        if permission is not None:
            await permission
        exchange.is_authorized = True
        return await self._integrations.run(exchange)

    def _answer(self, exchange: Exchange, respond: Respond, result: Response | Exception) -> None:
        """Answer a request that was begun. Raises nothing: who calls it has other work to finish."""
        try:
            response = result if isinstance(result, Response) else _refused(exchange, result)
            cors.apply(response, exchange.request, _cors_of(exchange))
            _finish(response, exchange)
            measured = self._records.bill(exchange, response)
        except Exception:  # noqa: BLE001 - the boundary: one answer, one log record
            _log.exception("a request failed", extra={"request_id": exchange.request_id})
            respond(_bare(Refusal(500, "Internal Server Error")))
            return
        respond(response)
        self._records.write(exchange, measured)  # for which nobody waits

    def _throttle(self, exchange: Exchange) -> None:
        """The settings of the route, and those of the stage for routes that have none."""
        stage, key = exchange.live.stage, exchange.route.key
        own = (stage.get("RouteSettings") or {}).get(key) or {}
        default = stage.get("DefaultRouteSettings") or {}
        settings = own if own.keys() & {"ThrottlingRateLimit", "ThrottlingBurstLimit"} else default
        limits = bounds(settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit"))
        if limits is None:
            return
        bucket = ("http", exchange.live.api_id, exchange.live.name, key)
        if not self._buckets.take(bucket, *limits):
            raise Refusal(429, "Too Many Requests")

    def _routes_of(self, live: LiveStage) -> Routes:
        key = (live.api_id, live.name)
        generation, routes = self._routes.get(key, (0, None))
        if routes is None or generation != live.generation:
            routes = Routes(live.snapshot["Routes"])
            self._routes = {
                each: made for each, made in self._routes.items() if self._is_there(*each)
            }
            self._routes[key] = (live.generation, routes)
        return routes

    def _is_there(self, api_id: str, stage: str) -> bool:
        api = self._live_apis.find(api_id)
        return api is not None and stage in api.stages


def _cors_of(exchange: Exchange) -> Mapping[str, Any]:
    configured: Mapping[str, Any] = exchange.live.snapshot["Api"].get("CorsConfiguration") or {}
    return configured


def _refused(exchange: Exchange, error: Exception) -> Response:
    """What went wrong, as AWS's answer to the client; what is no Refusal is told to our log."""
    if not isinstance(error, Refusal):
        _log.error("a request failed", exc_info=error, extra={"request_id": exchange.request_id})
        error = Refusal(500, "Internal Server Error")
    exchange.refusal = error
    return error.response()


def _finish(response: Response, exchange: Exchange) -> None:
    response.headers.append(("Apigw-Requestid", exchange.request_id))
    if exchange.request.method == "HEAD":
        response.body = b""


def _bare(refusal: Refusal) -> Response:
    """An answer where there is no stage to speak for itself."""
    response = refusal.response()
    response.headers.append(("Apigw-Requestid", fresh_request_id()))
    return response
