"""How long APIs wait for an integration that says nothing, on an event loop that does not wait."""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

import pytest

from lambent.apis.domains import Domains
from lambent.core.clock import VirtualClock
from lambent.core.context import Scope
from lambent.core.http import BytesBody, DroppableBody, Headers, Request, Response
from lambent.core.ports import FunctionAnswer
from lambent.services.apigateway.data_plane import trials
from lambent.services.apigateway.data_plane.data_plane import RestDataPlane
from lambent.services.apigateway.stages_in_memory import Live, Stages
from lambent.services.apigatewayv2.data_plane.data_plane import HttpDataPlane
from lambent.services.apigatewayv2.live_apis import LiveApis, LiveStage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

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
    """Functions that never answer, but late, when somebody lets them."""

    def __init__(self) -> None:
        self.called: list[Callable[[Any], None]] = []

    async def invoke(self, *_: Any) -> Any:
        await asyncio.Event().wait()

    def begin(self, *arguments: Any) -> bool:
        self.called.append(arguments[-1])
        return True


class Broken:
    """Functions whose platform is at fault."""

    def begin(self, *_: Any) -> bool:
        raise RuntimeError("a fault of ours")


class Open:
    """Signatures that nobody asks for."""

    is_open = True


def rest_door(timeout_ms: int | None, functions: Any) -> Any:
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
    open_: Any = Open()
    return RestDataPlane(
        stages=stages,
        functions=functions,
        signatures=open_,
        authority=unused,
        compute=unused,
        clock=VirtualClock(),
        usage=unused,
        issuers=dict,
    ).door


def http_door(timeout_ms: int | None, functions: Any) -> Any:
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
        functions=functions,
        signatures=unused,
        authority=unused,
        issuers=dict,
        clock=VirtualClock(),
    ).door


LIMITS = pytest.mark.parametrize(
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


def request() -> Request:
    headers = Headers([("Host", "a.execute-api.us-east-1.amazonaws.com")])
    return Request("GET", "/prod/", "", headers, BytesBody(), "127.0.0.1")


@LIMITS
def test_an_integration_that_hangs_is_given_up(
    make: Callable[[int | None, Any], Any],
    timeout_ms: int | None,
    waited_s: int,
    status: int,
    body: bytes,
) -> None:
    async def call() -> tuple[Response, float]:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        response = await make(timeout_ms, Silent()).handle(request())
        return response, loop.time() - begun

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        response, waited = runner.run(call())

    assert (response.status, response.body) == (status, body)
    assert waited == pytest.approx(waited_s, abs=0.5)


@LIMITS
def test_a_call_that_was_begun_is_given_up_as_well_and_its_late_answer_is_nobodys(
    make: Callable[[int | None, Any], Any],
    timeout_ms: int | None,
    waited_s: int,
    status: int,
    body: bytes,
) -> None:
    functions = Silent()
    answers: list[Response] = []

    async def call() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        answered = asyncio.Event()

        def respond(response: Response) -> None:
            answers.append(response)
            answered.set()

        assert make(timeout_ms, functions).begin(request(), respond) is None
        await answered.wait()
        waited = loop.time() - begun
        (told,) = functions.called
        told(FunctionAnswer(b'{"statusCode": 200}'))
        await asyncio.sleep(60)
        return waited

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        waited = runner.run(call())

    assert [(each.status, each.body) for each in answers] == [(status, body)]
    assert waited == pytest.approx(waited_s, abs=0.5)


@pytest.mark.parametrize("make", [rest_door, http_door])
def test_a_call_that_could_not_be_begun_is_answered_once(
    make: Callable[[int | None, Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Response] = []

    async def call() -> None:
        assert make(None, Broken()).begin(request(), answers.append) is None
        await asyncio.sleep(60)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(call())

    assert [each.status for each in answers] == [500]
    assert "a fault of ours" in caplog.text


@pytest.mark.parametrize("make", [rest_door, http_door])
def test_an_answer_in_time_is_the_only_one(make: Callable[[int | None, Any], Any]) -> None:
    functions = Silent()
    answers: list[Response] = []

    async def call() -> None:
        assert make(None, functions).begin(request(), answers.append) is None
        functions.called[0](FunctionAnswer(b'{"statusCode": 201}'))
        await asyncio.sleep(60)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(call())

    assert [each.status for each in answers] == [201]


def test_a_test_shows_what_a_streamed_answer_has_come_to_after_35_seconds() -> None:
    left = []

    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"some"
        await asyncio.Event().wait()

    async def test() -> float:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        body = DroppableBody(pieces(), lambda: left.append(True))
        assert await trials._beginning(body) == b"some"
        return loop.time() - begun

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        assert runner.run(test()) == pytest.approx(35, abs=0.5)
    assert left == [True]
