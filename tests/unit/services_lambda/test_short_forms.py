"""Short and long forms of Invoke and of function URLs: the same answers and calls, whichever way a request takes."""

from __future__ import annotations

import asyncio
import base64
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.errors import ServiceError
from lambent.core.http import BytesBody, Headers, Request
from lambent.execution.spec import RuntimeUnavailable, SandboxFailed, Throttled
from lambent.services.lambda_.url_door import UrlDoor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from lambent.core.http import Response

    Run = Callable[[Callable[[Any], Awaitable[None]]], None]

FAULTS: dict[str, Exception | None] = {
    "none": None,
    "throttled": Throttled("ReservedFunctionConcurrentInvocationLimitExceeded"),
    "no runtime": RuntimeUnavailable("python2.7 is not there"),
    "no sandbox": SandboxFailed("no more uids"),
    "a fault of ours": RuntimeError("a"),
}
REQUESTS: dict[str, Mapping[str, Any]] = {
    "plain": {"Payload": b'{"a": 1}'},
    "nothing": {},
    "no JSON": {"Payload": b"{"},
    "a log": {"Payload": b"1", "LogType": "Tail"},
    "no log": {"Payload": b"1", "LogType": "None"},
    "a version": {"Qualifier": "1"},
    "an alias": {"Qualifier": "live"},
    "the latest": {"Qualifier": "$LATEST"},
    "no such alias": {"Qualifier": "none"},
    "no such function": {"FunctionName": "none"},
    "an ARN": {"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:f"},
    "a qualified name": {"FunctionName": "f:live"},
    "a context": {"ClientContext": base64.b64encode(b'{"a": 1}').decode()},
    "a context that is none": {"ClientContext": "eA=="},
    "durable": {"DurableExecutionName": "a"},
    "of a tenant": {"TenantId": "a"},
    "a dry run": {"InvocationType": "DryRun"},
}


@pytest.fixture(params=["cold", "warm"])
def run(request: pytest.FixtureRequest, run: Run) -> Run:
    def run_with_functions(scenario: Callable[[Any], Awaitable[None]]) -> None:
        async def prepared(bench: Any) -> None:
            bench.plane.is_warm = request.param == "warm"
            await bench.create()
            await bench.call("PublishVersion", FunctionName="f")
            await bench.settle()
            await bench.call("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1")
            for qualifier in ("$LATEST", "1", "live"):
                await bench.call("Invoke", FunctionName="f", Qualifier=qualifier)
            bench.plane.invoked.clear()
            await scenario(bench)

        run(prepared)

    return run_with_functions


def invoked(bench: Any) -> list[tuple[Any, ...]]:
    """What the plane was asked to do, without what is made up for every call."""
    found = [
        (
            *(spec.key, call.payload, call.invoked_function_arn, call.client_context),
            call.wants_log,
            re.sub("[0-9a-f]", "0", call.trace_id),
        )
        for spec, call in bench.plane.invoked
    ]
    bench.plane.invoked.clear()
    return found


def told(error: Exception) -> tuple[Any, ...]:
    if isinstance(error, ServiceError):
        return (type(error), error.code, error.status, error.message, error.members)
    return (type(error), str(error))


async def invoke(bench: Any, request: Mapping[str, Any], *, is_short: bool) -> Any:
    """The answer, or what is told of the error."""
    operation = bench.service.operations["Invoke"]
    members = {"FunctionName": "f", **request}
    context = bench.context("Invoke")
    try:
        if is_short:
            answered = asyncio.get_running_loop().create_future()
            if operation.begin(context, members, answered.set_result):
                answer = await answered
                return told(answer) if isinstance(answer, Exception) else answer
        return await operation.run(context, members)
    except Exception as error:  # noqa: BLE001 - compared
        return told(error)


@pytest.mark.parametrize("fault", FAULTS)
def test_invoke(run: Run, fault: str) -> None:
    async def scenario(bench: Any) -> None:
        bench.plane.fault = FAULTS[fault]
        for is_error in (False, True):
            bench.plane.outcome = replace(bench.plane.outcome, is_error=is_error)
            for name, request in REQUESTS.items():
                long = await invoke(bench, request, is_short=False), invoked(bench)
                short = await invoke(bench, request, is_short=True), invoked(bench)
                assert (name, short) == (name, long)

    run(scenario)


class Signatures:
    """That nobody has."""

    is_open = False

    async def verify(self, *_: Any) -> None:
        raise AssertionError("no signature is asked for")


class Authority:
    """Allows what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.is_generous = True
        self.asked: list[tuple[Any, ...]] = []

    def allows(
        self, principal: Any, action: str, resource: str, keys: Mapping[str, str], _request: Any
    ) -> bool:
        self.asked.append((principal, action, resource, dict(keys)))
        return self.is_generous


CONFIGURATIONS: list[Mapping[str, Any]] = [
    {},
    {"Cors": {"AllowOrigins": ["https://o"], "ExposeHeaders": ["a"], "AllowCredentials": True}},
    {"Qualifier": "live"},
]
ANSWERS = [
    b'{"ok": true}',
    b'"text"',
    b"no JSON",
    b'{"statusCode": 201, "headers": {"a": "b", "Access-Control-Allow-Origin": "x"}, "body": "c"}',
    b'{"statusCode": 200, "cookies": ["a=b"], "body": "Yg==", "isBase64Encoded": true}',
    b'{"statusCode": "x"}',
    b'{"statusCode": 200, "headers": {"a\\nb": "c"}}',
]
BY_CHANCE = re.compile("x-amzn-requestid|x-amzn-trace-id")


def shown(response: Response) -> tuple[Any, ...]:
    headers = [
        (name, "" if BY_CHANCE.fullmatch(name.lower()) else value)
        for name, value in response.headers
    ]
    return response.status, headers, response.body


async def fetch(door: UrlDoor, host: str, *, is_short: bool) -> tuple[Any, ...]:
    fields = [("Host", host), ("Origin", "https://o"), ("Content-Type", "text/plain")]
    request = Request("POST", "/a", "b=c", Headers(fields), BytesBody(b"body"), "10.0.0.1")
    try:
        if is_short:
            answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
            assert door.begin(request, answered.set_result) is None
            return shown(await answered)
        return shown(await door.handle(request))
    except Exception as error:  # noqa: BLE001 - compared
        return told(error)


def event_of(bench: Any) -> list[tuple[Any, ...]]:
    return [
        (*first, re.sub(rb"[0-9a-f]{8}[0-9a-f-]{20,}", b"", payload), *rest)
        for first, payload, *rest in invoked(bench)
    ]


@pytest.mark.parametrize("fault", [each for each in FAULTS if each != "a fault of ours"])
@pytest.mark.parametrize("configuration", CONFIGURATIONS)
@pytest.mark.parametrize("is_allowed", [True, False])
def test_function_urls(
    run: Run, fault: str, configuration: Mapping[str, Any], is_allowed: bool
) -> None:
    async def scenario(bench: Any) -> None:
        authority = Authority()
        authority.is_generous = is_allowed
        bench.service = bench.new_service(signatures=Signatures(), authority=authority)
        made = await bench.call(
            "CreateFunctionUrlConfig", FunctionName="f", AuthType="NONE", **configuration
        )
        host = made["FunctionUrl"].split("/")[2]
        (door,) = (each for each in bench.service.doors if isinstance(each, UrlDoor))
        await fetch(
            door, host, is_short=False
        )  # it is in memory from now on, and so is the function
        event_of(bench)
        authority.asked.clear()
        bench.plane.fault = FAULTS[fault]
        for answer in ANSWERS:
            for is_error in (False, True):
                outcome = replace(bench.plane.outcome, payload=answer, is_error=is_error)
                bench.plane.outcome = outcome
                seen = []
                for is_short in (False, True):
                    shown = await fetch(door, host, is_short=is_short)
                    seen.append((shown, event_of(bench), authority.asked.copy()))
                    authority.asked.clear()
                assert seen[0] == seen[1]

    run(scenario)
