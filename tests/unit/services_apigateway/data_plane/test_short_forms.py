"""Short and long forms of the doors of APIs: the same answers, the same records, whichever way a request takes."""

from __future__ import annotations

import asyncio
import gzip
import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from lambent.apis.domains import Domains
from lambent.core.clock import VirtualClock
from lambent.core.context import Scope
from lambent.core.errors import AccessDenied, InternalFailure, RequestTooLarge
from lambent.core.http import BytesBody, Headers, Request, Response
from lambent.core.ports import FunctionAnswer
from lambent.services.apigateway.data_plane.data_plane import RestDataPlane
from lambent.services.apigateway.stages_in_memory import Live, Stages
from lambent.services.apigatewayv2.data_plane.data_plane import HttpDataPlane
from lambent.services.apigatewayv2.live_apis import LiveApis, LiveStage
from lambent.services.lambda_.errors import ResourceNotFound, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.apis.ports import Measured

SCOPE = Scope("123456789012", "us-east-1")
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:access"
# Every variable that differs by what became of the call.
REST_FORMAT = (
    "$context.status|$context.responseLength|$context.integrationLatency|$context.integrationStatus|"
    "$context.integration.status|$context.integration.latency|$context.integration.requestId|"
    "$context.awsEndpointRequestId|$context.error.message|$context.error.responseType|"
    "$context.error.validationErrorString|$context.resourcePath|$context.identity.apiKeyId"
)
HTTP_FORMAT = (
    "$context.status|$context.responseLength|$context.dataProcessed|$context.integrationLatency|"
    "$context.integrationStatus|$context.integration.status|$context.integration.latency|"
    "$context.integration.integrationStatus|$context.integration.requestId|$context.integration.error|"
    "$context.integrationErrorMessage|$context.error.message|$context.authorizer.error|$context.routeKey"
)
# What is made up anew for every request.
BY_CHANCE = re.compile(r"x-amzn-requestid|x-amz-apigw-id|apigw-requestid|x-amzn-trace-id")


class Scripted:
    """Functions that all say the same, at once."""

    def __init__(self, result: FunctionAnswer | Exception) -> None:
        self.result = result
        self.invoked = self.begun = 0

    async def invoke(self, *_: Any) -> FunctionAnswer:
        self.invoked += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    def begin(self, *arguments: Any) -> bool:
        self.begun += 1
        if isinstance(self.result, Exception):
            raise self.result
        arguments[-1](self.result)
        return True


class Later(Scripted):
    """Those that say so by their callback, errors too."""

    def begin(self, *arguments: Any) -> bool:
        self.begun += 1
        asyncio.get_running_loop().call_soon(arguments[-1], self.result)
        return True


@dataclass
class Book:
    """What was written down: a `Logs` and a `Meter`."""

    lines: list[str] = field(default_factory=list)
    billed: list[Measured] = field(default_factory=list)
    counted: list[Measured] = field(default_factory=list)

    def keep(self, *arguments: Any) -> None:
        self.lines += [text for _, text in arguments[-1]]

    def answers(self, measured: Measured) -> None:
        self.billed.append(measured)

    def answered(self, measured: Measured) -> None:
        self.counted.append(measured)


class Nobody:
    """Signatures that nobody has, an authority that lets nobody in."""

    is_open = False

    def allows(self, *_: Any) -> bool:
        return False


def rest_door(functions: Any, book: Book, clock: VirtualClock, changes: Mapping[str, Any]) -> Any:
    integration = {"type": "AWS_PROXY", "httpMethod": "POST", "uri": URI}
    integration |= changes.get("integration", {})
    method = {
        "httpMethod": "ANY",
        "authorizationType": "NONE",
        "apiKeyRequired": False,
        "methodIntegration": integration,
        **changes.get("method", {}),
    }
    snapshot = {
        "restApi": {"id": "a", "name": "api", **changes.get("api", {})},
        "resources": [{"id": "r", "path": "/{name}", "resourceMethods": {"ANY": method}}],
        "authorizers": [],
        "models": [],
        "requestValidators": [{"id": "v", "validateRequestParameters": True}],
        "gatewayResponses": {},
        **changes.get("snapshot", {}),
    }
    stage = {
        "stageName": "prod",
        "deploymentId": "d",
        "accessLogSettings": {"format": REST_FORMAT, "destinationArn": LOG_GROUP},
        **changes.get("stage", {}),
    }
    stages = Stages()
    stages.put_stage(Live(SCOPE.account_id, SCOPE.region, "a", stage, snapshot))
    nobody: Any = Nobody()
    unused: Any = None
    return RestDataPlane(
        stages=stages,
        functions=functions,
        signatures=nobody,
        authority=nobody,
        compute=unused,
        clock=clock,
        usage=unused,
        logs=book,
        meter=book,
        issuers=dict,
    ).door


def http_door(functions: Any, book: Book, clock: VirtualClock, changes: Mapping[str, Any]) -> Any:
    integration = {
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": FUNCTION,
        "PayloadFormatVersion": "2.0",
        **changes.get("integration", {}),
    }
    route = {"RouteKey": "ANY /{name}", "Target": "integrations/i", "AuthorizationType": "NONE"}
    snapshot = {
        "Api": {"Name": "api", **changes.get("api", {})},
        "Routes": [route | changes.get("method", {})],
        "Integrations": {"i": integration},
        "Authorizers": {},
    }
    stage = {
        "StageName": "prod",
        "AccessLogSettings": {"Format": HTTP_FORMAT, "DestinationArn": LOG_GROUP},
        **changes.get("stage", {}),
    }
    live_apis = LiveApis(Domains())
    live_apis.put_stage(LiveStage(SCOPE, "a", stage, snapshot))
    nobody: Any = Nobody()
    return HttpDataPlane(
        live_apis=live_apis,
        functions=functions,
        signatures=nobody,
        authority=nobody,
        issuers=dict,
        clock=clock,
        logs=book,
        meter=book,
    ).door


def request(body: bytes = b"", *more: tuple[str, str]) -> Request:
    fields = [
        *more,
        ("Host", "a.execute-api.us-east-1.amazonaws.com"),
        ("Origin", "https://o"),
        ("Content-Type", "text/plain"),
    ]
    return Request("POST", "/prod/n?x", "q=1", Headers(fields), BytesBody(body), "10.0.0.1")


@dataclass
class Seen:
    """What a request came to."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    lines: list[str]
    billed: list[Measured]
    counted: list[Measured]


def seen(response: Response, book: Book) -> Seen:
    headers = [
        (name, "" if BY_CHANCE.fullmatch(name.lower()) else value)
        for name, value in response.headers
    ]
    assert isinstance(response.body, bytes)
    assert book.billed == book.counted
    return Seen(response.status, headers, response.body, book.lines, book.billed, book.counted)


Make = Any
DOORS: list[Make] = [rest_door, http_door]


def short(make: Make, functions: Any, changes: Mapping[str, Any], times: int = 1) -> list[Seen]:
    book, clock = Book(), VirtualClock()

    async def call(door: Any) -> Response:
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        rest = door.begin(request(b"body"), answered.set_result)
        if rest is not None:
            return await rest  # type: ignore[no-any-return]
        return await asyncio.wait_for(answered, 5)

    return _run(make, functions, book, clock, changes, call, times)


def long(make: Make, functions: Any, changes: Mapping[str, Any], times: int = 1) -> list[Seen]:
    book, clock = Book(), VirtualClock()

    async def call(door: Any) -> Response:
        return await door.handle(request(b"body"))  # type: ignore[no-any-return]

    return _run(make, functions, book, clock, changes, call, times)


def _run(
    make: Make,
    functions: Any,
    book: Book,
    clock: VirtualClock,
    changes: Mapping[str, Any],
    call: Callable[[Any], Any],
    times: int,
) -> list[Seen]:
    async def everything() -> list[Seen]:
        door = make(functions, book, clock, changes)
        found = []
        for _ in range(times):
            found.append(seen(await call(door), book))
            book.lines, book.billed, book.counted = [], [], []
        return found

    return asyncio.run(everything())


ENDS: dict[str, FunctionAnswer | Exception] = {
    "a body": FunctionAnswer(b'{"statusCode": 201, "body": "x"}', request_id="r", trace_id="t"),
    "headers": FunctionAnswer(
        b'{"statusCode": 200, "headers": {"X-A": "1", "Access-Control-Allow-Origin": "*"}, "body": "x"}'
    ),
    "nothing to read": FunctionAnswer(b"nonsense"),
    "a strange status": FunctionAnswer(b'{"statusCode": "x"}'),
    "a fault of the function's": FunctionAnswer(b'{"errorMessage": "m"}', is_error=True),
    "no permission": AccessDenied("a"),
    "no function": ResourceNotFound("a"),
    "throttled": TooManyRequests("a"),
    "too large": RequestTooLarge("a"),
    "internal": InternalFailure("a"),
    "a fault of ours": RuntimeError("a"),
}


@pytest.mark.parametrize("make", DOORS)
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("changes", [{}, {"api": {"CorsConfiguration": {"AllowOrigins": ["*"]}}}])
def test_what_a_function_says(make: Make, end: str, changes: Mapping[str, Any]) -> None:
    functions, others = Scripted(ENDS[end]), Scripted(ENDS[end])
    (first,) = short(make, functions, changes)
    (second,) = long(make, others, changes)
    assert (functions.begun, functions.invoked) == (1, 0)
    assert (others.begun, others.invoked) == (0, 1)
    assert first == second
    assert len(first.billed) == len(first.lines) == 1


@pytest.mark.parametrize("make", DOORS)
@pytest.mark.parametrize("end", [each for each in ENDS if each != "a fault of ours"])
def test_what_a_function_says_later(make: Make, end: str) -> None:
    assert short(make, Later(ENDS[end]), {}) == long(make, Scripted(ENDS[end]), {})


REST_CASES: dict[str, Mapping[str, Any]] = {
    "another verb": {"integration": {"httpMethod": "GET"}},
    "any verb": {"integration": {"httpMethod": "ANY"}},
    "no function": {"integration": {"uri": "nonsense"}},
    "no role": {"integration": {"credentials": "arn:aws:iam::*:user/*"}},
    "a key is asked for": {"method": {"apiKeyRequired": True}},
    "a parameter is asked for": {
        "method": {
            "requestParameters": {"method.request.header.needed": True},
            "requestValidatorId": "v",
        }
    },
    "an authorizer that is gone": {"method": {"authorizationType": "CUSTOM", "authorizerId": "x"}},
    "no type of authorization": {"method": {"authorizationType": "COGNITO_USER_POOLS"}},
    "a policy that denies": {
        "snapshot": {
            "policy": '{"Statement": {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}}'
        }
    },
    "a policy that is none": {"snapshot": {"policy": "{"}},
    "a throttle": {
        "stage": {
            "methodSettings": {"*/*": {"throttlingRateLimit": 0.0, "throttlingBurstLimit": 1}}
        }
    },
    "compression": {"api": {"minimumCompressionSize": 0}},
    "traces": {"stage": {"tracingEnabled": True}},
    "a stage that keeps answers of others": {
        "stage": {
            "cacheClusterEnabled": True,
            "methodSettings": {"*/*": {"cachingEnabled": True}},
        }
    },
    "a stage that keeps answers": {
        "stage": {
            "cacheClusterEnabled": True,
            "methodSettings": {"{name}/ANY": {"cachingEnabled": True}},
        }
    },
    "no endpoint": {"api": {"disableExecuteApiEndpoint": True}},
    "another answer of the gateway's": {
        "integration": {"httpMethod": "GET"},
        "snapshot": {
            "gatewayResponses": {
                "DEFAULT_5XX": {
                    "statusCode": "418",
                    "responseParameters": {"gatewayresponse.header.x": "'y'"},
                }
            }
        },
    },
}


@pytest.mark.parametrize("case", REST_CASES)
def test_rest_apis(case: str) -> None:
    changes, answer = REST_CASES[case], ENDS["a body"]
    first = short(rest_door, Scripted(answer), changes, times=3)
    assert first == long(rest_door, Scripted(answer), changes, times=3)


HTTP_CASES: dict[str, Mapping[str, Any]] = {
    "no role": {"integration": {"CredentialsArn": "${stageVariables.none}role"}},
    "no integration": {"method": {"Target": "integrations/none"}},
    "a mapping of parameters": {"integration": {"RequestParameters": {"append:header.a": "b"}}},
    "a mapping of answers": {
        "integration": {"ResponseParameters": {"201": {"overwrite:statuscode": "418"}}}
    },
    "format 1.0": {"integration": {"PayloadFormatVersion": "1.0"}},
    "an authorizer that is gone": {"method": {"AuthorizationType": "CUSTOM", "AuthorizerId": "x"}},
    "a throttle": {
        "stage": {"DefaultRouteSettings": {"ThrottlingRateLimit": 0.0, "ThrottlingBurstLimit": 1}}
    },
    "detailed metrics": {"stage": {"DefaultRouteSettings": {"DetailedMetricsEnabled": True}}},
    "no endpoint": {"api": {"DisableExecuteApiEndpoint": True}},
}


@pytest.mark.parametrize("case", HTTP_CASES)
def test_http_apis(case: str) -> None:
    changes, answer = HTTP_CASES[case], ENDS["a body"]
    first = short(http_door, Scripted(answer), changes, times=3)
    assert first == long(http_door, Scripted(answer), changes, times=3)


class Torn(Scripted):
    """A call that was begun, and whose beginner fails all the same."""

    def begin(self, *arguments: Any) -> bool:
        asyncio.get_running_loop().call_soon(arguments[-1], self.result)
        raise RuntimeError("torn")


@pytest.mark.parametrize("make", DOORS)
def test_a_request_is_answered_and_billed_once_whatever_becomes_of_its_call(make: Make) -> None:
    book = Book()
    answers: list[Response] = []

    async def call() -> None:
        door = make(Torn(ENDS["a body"]), book, VirtualClock(), {})
        assert door.begin(request(), answers.append) is None
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(call())
    assert [each.status for each in answers] == [500]
    assert len(book.billed) == len(book.counted) == 1


class Illegible(Book):
    """Nothing can be written into it."""

    def keep(self, *_: Any) -> None:
        raise RuntimeError("illegible")


@pytest.mark.parametrize("make", DOORS)
@pytest.mark.parametrize("way", ["short", "long"])
def test_an_answer_does_not_depend_on_what_is_written_down_about_it(
    make: Make, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    book = Illegible()
    answers: list[Response] = []

    async def call() -> None:
        door = make(Scripted(ENDS["a body"]), book, VirtualClock(), {})
        if way == "short":
            assert door.begin(request(), answers.append) is None
        else:
            answers.append(await door.handle(request()))

    asyncio.run(call())
    assert [each.status for each in answers] == [201]
    assert [each.status for each in book.billed] == [201]
    assert "illegible" in caplog.text


@pytest.mark.parametrize("size", [65_536, 65_537])
@pytest.mark.parametrize("way", ["short", "long"])
def test_compressing_a_large_answer_holds_nobody_up(
    size: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []

    def compress(body: bytes, _level: int) -> bytes:
        threads.append(threading.current_thread())
        return b"packed " + body[:1]

    monkeypatch.setattr(gzip, "compress", compress)
    result = FunctionAnswer(b'{"statusCode": 200, "body": "%b"}' % (b"x" * size))
    asked = request(b"", ("Accept-Encoding", "gzip"))

    async def call() -> Response:
        changes = {"api": {"minimumCompressionSize": 0}}
        door = rest_door(Scripted(result), Book(), VirtualClock(), changes)
        rest = door.handle(asked) if way == "long" else door.begin(asked, lambda _: None)
        return await rest  # type: ignore[no-any-return]

    answer = asyncio.run(call())
    assert answer.body == b"packed x"
    assert ("Content-Encoding", "gzip") in answer.headers
    assert (threads == [threading.main_thread()]) is (size == 65_536)
