"""How long APIs wait for an integration that says nothing, on an event loop that does not wait."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

import pytest

from lambent.apis.domains import Domains
from lambent.core.clock import VirtualClock
from lambent.core.context import Scope
from lambent.core.http import BytesBody, Headers, Request, Response
from lambent.services.apigateway.data_plane.data_plane import RestDataPlane
from lambent.services.apigateway.stages_in_memory import Live, Stages
from lambent.services.apigatewayv2.data_plane.data_plane import HttpDataPlane
from lambent.services.apigatewayv2.live_apis import LiveApis, LiveStage

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
SCOPE = Scope("123456789012", "us-east-1")


class Skipping(selectors.DefaultSelector):
    """Waits for nothing: `skipped_s` is what it would have waited."""

    skipped_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.skipped_s += timeout or 0
        return super().select(0)


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes as fast as it is waited for."""

    def __init__(self) -> None:
        self._skipping = Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return super().time() + self._skipping.skipped_s


class Silent:
    """Functions that never answer."""

    async def invoke(self, *_: Any) -> Any:
        await asyncio.Event().wait()


class Open:
    """Signatures that nobody asks for."""

    is_open = True


def rest_door(timeout_ms: int | None) -> Any:
    integration = {"type": "AWS_PROXY", "httpMethod": "POST", "uri": URI}
    if timeout_ms is not None:
        integration["timeoutInMillis"] = timeout_ms  # type: ignore[assignment]
    method = {
        "httpMethod": "GET",
        "authorizationType": "NONE",
        "apiKeyRequired": False,
        "methodIntegration": integration,
    }
    snapshot = {
        "restApi": {"id": "a", "name": "api"},
        "resources": [{"id": "r", "path": "/", "resourceMethods": {"GET": method}}],
        "authorizers": [],
        "models": [],
        "requestValidators": [],
        "gatewayResponses": {},
    }
    stages = Stages()
    stages.put_stage(Live(SCOPE.account_id, SCOPE.region, "a", {"stageName": "prod"}, snapshot))
    unused: Any = None
    return RestDataPlane(
        stages=stages,
        functions=_any(Silent()),
        signatures=_any(Open()),
        authority=unused,
        compute=unused,
        clock=VirtualClock(),
        usage=unused,
    ).door


def http_door(timeout_ms: int | None) -> Any:
    integration: dict[str, Any] = {
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": FUNCTION,
        "PayloadFormatVersion": "2.0",
    }
    if timeout_ms is not None:
        integration["TimeoutInMillis"] = timeout_ms
    snapshot = {
        "Api": {"Name": "api"},
        "Routes": [{"RouteKey": "GET /", "Target": "integrations/i", "AuthorizationType": "NONE"}],
        "Integrations": {"i": integration},
        "Authorizers": {},
    }
    live_apis = LiveApis(Domains())
    live_apis.put_stage(LiveStage(SCOPE, "a", {"StageName": "prod"}, snapshot))
    unused: Any = None
    return HttpDataPlane(
        live_apis=live_apis,
        functions=_any(Silent()),
        signatures=unused,
        authority=unused,
        issuers=dict,
        clock=VirtualClock(),
    ).door


def _any(stand_in: Any) -> Any:
    """One that has what is asked for here, and not all of its protocol."""
    return stand_in


@pytest.mark.parametrize(
    ("make", "timeout_ms", "waited_s", "status", "body"),
    [
        (rest_door, None, 29, 504, b'{"message": "Endpoint request timed out"}'),
        (rest_door, 5_000, 5, 504, b'{"message": "Endpoint request timed out"}'),
        (rest_door, 60_000, 29, 504, b'{"message": "Endpoint request timed out"}'),
        (http_door, None, 30, 503, b'{"message":"Service Unavailable"}'),
        (http_door, 5_000, 5, 503, b'{"message":"Service Unavailable"}'),
        (http_door, 60_000, 30, 503, b'{"message":"Service Unavailable"}'),
    ],
)
def test_an_integration_that_hangs_is_given_up(
    make: Callable[[int | None], Any],
    timeout_ms: int | None,
    waited_s: int,
    status: int,
    body: bytes,
) -> None:
    async def call() -> tuple[Response, float]:
        headers = Headers([("Host", "a.execute-api.us-east-1.amazonaws.com")])
        request = Request("GET", "/prod/", "", headers, BytesBody(), "127.0.0.1")
        loop = asyncio.get_running_loop()
        begun = loop.time()
        response = await make(timeout_ms).handle(request)
        return response, loop.time() - begun

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        response, waited = runner.run(call())

    assert (response.status, response.body) == (status, body)
    assert waited == pytest.approx(waited_s, abs=0.5)
