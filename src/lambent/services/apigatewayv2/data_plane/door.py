"""The door of HTTP APIs: finds the stage and the route that a request is for, and writes down how it went."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambent.apis.request_heads import is_head_too_large
from lambent.apis.token_buckets import bounds
from lambent.core.http import BadBody, BodyTooLarge, ClientGone, Response
from lambent.services.apigatewayv2.data_plane import cors
from lambent.services.apigatewayv2.data_plane.addresses import address_of, api_id_of
from lambent.services.apigatewayv2.data_plane.exchange import Exchange, Refusal, fresh_request_id
from lambent.services.apigatewayv2.data_plane.routing import Route, Routes

if TYPE_CHECKING:
    from lambent.apis.token_buckets import TokenBuckets
    from lambent.core.clock import Clock
    from lambent.core.http import Request
    from lambent.services.apigatewayv2.data_plane.addresses import Address
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
        # By API and stage, with the generation that they were made of.
        self._routes: dict[tuple[str, str], tuple[int, Routes]] = {}

    def matches(self, request: Request) -> bool:
        return api_id_of(request, self._live_apis) is not None

    async def handle(self, request: Request) -> Response:
        api_id = api_id_of(request, self._live_apis)
        address = None if api_id is None else address_of(request, api_id, self._live_apis)
        if address is None or not address.live.snapshot:
            return _bare(Refusal(404, "Not Found"))
        if is_head_too_large(request):
            return _bare(Refusal(431, "Request Header Fields Too Large"))
        api = address.live.snapshot["Api"]
        if address.is_default_endpoint and api.get("DisableExecuteApiEndpoint"):
            return _bare(Refusal(404, "Not Found"))
        configured = api.get("CorsConfiguration") or {}
        exchange = self._exchange(request, address)
        response = cors.preflight(request, configured)
        if response is None:
            response = await self._answered(exchange)
            cors.apply(response, request, configured)
        response.headers.append(("Apigw-Requestid", exchange.request_id))
        if request.method == "HEAD":
            response.body = b""
        self._records.write(exchange, response)
        return response

    def _exchange(self, request: Request, address: Address) -> Exchange:
        found = self._routes_of(address.live).find(request.method, address.path)
        route, parameters = found or (_NO_ROUTE, {})
        started, now = self._clock.monotonic(), self._clock.calendar()
        return Exchange(request, address, route, parameters, now, started)

    async def _answered(self, exchange: Exchange) -> Response:
        try:
            return await self._served(exchange)
        except Refusal as refusal:
            exchange.refusal = refusal
        except (BadBody, ClientGone):
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: clients get AWS's answer, our log the rest
            _log.error(
                "a request failed", exc_info=error, extra={"request_id": exchange.request_id}
            )
            exchange.refusal = Refusal(500, "Internal Server Error")
        return exchange.refusal.response()

    async def _served(self, exchange: Exchange) -> Response:
        """Raises Refusal."""
        if exchange.route is _NO_ROUTE:
            raise Refusal(404, "Not Found")
        try:
            exchange.body = await exchange.request.body.read(MAX_BODY)
        except BodyTooLarge:
            raise Refusal(413, "Request Entity Too Large") from None
        self._throttle(exchange)
        await self._authorization.check(exchange)
        exchange.is_authorized = True
        return await self._integrations.run(exchange)

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
            self._routes[key] = (live.generation, routes)
        return routes


def _bare(refusal: Refusal) -> Response:
    """An answer where there is no stage to speak for itself."""
    response = refusal.response()
    response.headers.append(("Apigw-Requestid", fresh_request_id()))
    return response
