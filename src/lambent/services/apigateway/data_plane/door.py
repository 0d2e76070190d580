"""The door of REST APIs: finds the stage and the method that a request is for, and writes down how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.request_heads import MAX_HEAD, is_head_too_large
from lambent.core import ids
from lambent.core.http import BodyTooLarge, Response
from lambent.services.apigateway.data_plane import gateway_responses
from lambent.services.apigateway.data_plane.addresses import address_of, is_address
from lambent.services.apigateway.data_plane.authorization_headers import refusal_of
from lambent.services.apigateway.data_plane.exchange import Exchange, extended_request_id
from lambent.services.apigateway.data_plane.failures import (
    FORBIDDEN,
    MISSING_AUTHENTICATION_TOKEN,
    Failure,
    Kind,
    body_of,
)
from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan, compiled
from lambent.services.apigateway.data_plane.serving import finished

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.http import Request
    from lambent.services.apigateway.data_plane.addresses import Address
    from lambent.services.apigateway.data_plane.records import Records
    from lambent.services.apigateway.data_plane.serving import Serving
    from lambent.services.apigateway.stages_in_memory import Live, Stages

# "Payload size: 10 MB" (quotas).
MAX_BODY = 10_485_760
_NO_METHOD = MethodPlan("", "", {}, {}, {}, {}, None, ())


class RestApiDoor:
    """Answers requests to deployed REST APIs."""

    def __init__(self, stages: Stages, serving: Serving, records: Records, clock: Clock) -> None:
        self._stages = stages
        self._serving = serving
        self._records = records
        self._clock = clock
        # By API and stage: the plan, and that of the canary. Dropped with the generation that they were made of.
        self._plans: dict[tuple[str, str], tuple[ApiPlan, ApiPlan | None]] = {}

    def matches(self, request: Request) -> bool:
        return is_address(request, self._stages)

    async def handle(self, request: Request) -> Response:
        started = self._clock.monotonic()
        if is_head_too_large(request):
            return _plain(431, f"HTTP header is larger than {MAX_HEAD} bytes.")
        address = address_of(request, self._stages)
        live = None if address is None else self._live(address)
        if address is None or live is None:
            return _bare(FORBIDDEN)
        plan = self._plan(live)
        if address.is_default_endpoint and plan.rest_api.get("disableExecuteApiEndpoint"):
            return _bare(FORBIDDEN)
        found = plan.routes.find(request.method, address.path)
        method, parameters = found or (_NO_METHOD, {})
        exchange = Exchange(
            request, address, plan, method, parameters, self._clock.calendar(), started
        )
        exchange.journal = self._records.log_for(exchange)
        if found is None:
            failure = refusal_of(request.headers) or Failure(MISSING_AUTHENTICATION_TOKEN)
            response = gateway_responses.answer(failure, exchange)
        else:
            response = await self._served(exchange)
        finished(response, exchange)
        self._records.write(exchange, response.status, _size(response))
        return response

    async def _served(self, exchange: Exchange) -> Response:
        try:
            exchange.body = await exchange.request.body.read(MAX_BODY)
        except BodyTooLarge:
            # "Customization of the default gateway response for 413 REQUEST_TOO_LARGE isn't supported."
            return _plain(413, f"HTTP content length exceeded {MAX_BODY} bytes.")
        return await self._serving.serve(exchange)

    def _live(self, address: Address) -> Live | None:
        api = self._stages.find_api(address.api_id)
        if api is None or (address.region and address.region != api.region):
            return None
        return api.stages.get(address.stage)

    def _plan(self, live: Live) -> ApiPlan:
        """Of the deployment, or for a part of the requests of its canary."""
        key = (live.api_id, live.stage_name)
        held = self._plans.get(key)
        if held is None or held[0].live.generation != live.generation:
            canary = None if live.canary is None else compiled(live, live.canary)
            held = (compiled(live), canary)
            self._plans[key] = held
        plan, canary = held
        if canary is not None:
            percent = float(live.stage.get("canarySettings", {}).get("percentTraffic") or 0)
            if ids.fraction() * 100 < percent:
                return canary
        return plan


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
