"""Requests whose function has an idle environment are answered without a task; clients must not see the difference."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.integration.apis.conftest import Answer, Api, Tenant

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(60)]

# Does what the path says, and tells how often it was called.
SOURCE = """
import json, os, time
calls = 0
def run(event, context):
    global calls
    calls += 1
    what = (event.get("rawPath") or event["path"]).rsplit("/", 1)[1]
    if what == "error":
        raise ValueError("no")
    if what == "exit":
        os._exit(3)
    if what == "sleep":
        time.sleep(0.4)
    if what == "huge":
        return {"statusCode": 200, "body": "x" * 7_000_000}
    if what == "nonsense":
        return {"statusCode": "x"}
    headers = {"X-Own": what}
    body = json.dumps({"calls": calls, "sent": event.get("body"), "context": event["requestContext"]})
    return {"statusCode": 201, "headers": headers, "body": body}
"""
BY_CHANCE = ("x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid", "x-amzn-trace-id", "date")


def names(answer: Answer) -> list[str]:
    """Of its headers, without what depends on when the client's end of the connection came."""
    return [name for name in answer.headers if name != "connection"]


def told(answer: Answer) -> tuple[int, dict[str, str], Any]:
    """What does not differ from one answer to the next."""
    headers = {name: "" if name in BY_CHANCE else answer.headers[name] for name in names(answer)}
    return answer.status, headers, answer.body


@pytest.fixture
def api(tenant: Tenant, kind: str) -> Api:
    return tenant.api(kind, tenant.function("f", SOURCE))


@pytest.mark.parametrize("what", ["error", "exit", "nonsense", "huge"])
def test_a_warm_function_fails_as_a_cold_one(api: Api, what: str) -> None:
    cold = api.call(f"/{what}".encode())
    assert api.call(b"/fine").status == 201  # an environment is idle now
    warm = api.call(f"/{what}".encode())
    assert cold.status in (500, 502)
    assert told(warm) == told(cold)
    assert api.call(b"/fine").status == 201


def test_warm_answers_have_the_headers_of_cold_ones(api: Api) -> None:
    cold, warm = api.call(b"/fine"), api.call(b"/fine")
    assert (cold.json["calls"], warm.json["calls"]) == (1, 2)
    assert warm.status == cold.status == 201
    assert names(warm) == names(cold)
    for name in ("x-amzn-requestid", "x-amz-apigw-id", "apigw-requestid"):
        if name in cold.headers:
            assert warm.headers[name] != cold.headers[name]
    assert sorted(warm.json["context"]) == sorted(cold.json["context"])


def test_bodies_reach_a_warm_function(api: Api) -> None:
    fields = (b"Content-Type: application/json",)
    for _ in range(2):
        answer = api.call(b"/fine", *fields, method=b"POST", body=b'{"a": 1}')
        assert answer.json["sent"] == '{"a": 1}'


def test_requests_go_on_behind_each_other(api: Api) -> None:
    """Several on one connection, sent at once, while the function is warm."""
    api.call(b"/fine")
    with api.tenant.connected() as connection:
        connection.sendall(b"".join(api.head(f"/{name}".encode()) for name in "abcd"))
        got = b""
        while got.count(b'"calls"') < 4:
            got += connection.recv(65_536)
    places = [got.lower().index(f"x-own: {name}".encode()) for name in "abcd"]
    assert places == sorted(places)


def test_what_comes_too_late_is_nobodys(api: Api) -> None:
    """The time of the integration ends, the function goes on, and its environment serves again."""
    limit(api, 100)
    assert api.call(b"/fine").json["calls"] == 1
    with api.tenant.connected() as connection:
        connection.sendall(api.head(b"/sleep"))
        begun = time.monotonic()
        refused = connection.recv(65_536)
        assert time.monotonic() - begun < 0.4
        assert refused.startswith(b"HTTP/1.1 504" if api.kind == "rest" else b"HTTP/1.1 503")
        time.sleep(0.5)  # the late answer has come
        connection.sendall(api.head(b"/fine"))
        served = connection.recv(65_536)
    assert served.startswith(b"HTTP/1.1 201")
    assert b'"calls": 3' in served.replace(b"\\", b"")


def test_a_client_that_leaves_costs_nobody_anything(api: Api) -> None:
    api.call(b"/fine")
    with api.tenant.connected() as connection:
        connection.sendall(api.head(b"/sleep"))
        time.sleep(0.1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    time.sleep(0.5)
    assert api.call(b"/fine").json["calls"] == 3


def test_a_function_at_its_limit_is_refused_warm_as_cold(api: Api) -> None:
    """One environment may run, and is busy or idle when the others come."""
    api.tenant.lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    api.call(b"/fine")
    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(api.call, [b"/sleep"] * 3))
    assert sorted(answer.status for answer in answers) == (
        [201, 500, 500] if api.kind == "rest" else [201, 503, 503]
    )
    assert api.call(b"/fine").status == 201


def limit(api: Api, timeout_ms: int) -> None:
    """Set the integrations' time."""
    if api.kind == "http":
        http = api.tenant.http
        for each in http.get_integrations(ApiId=api.id)["Items"]:
            http.update_integration(
                ApiId=api.id, IntegrationId=each["IntegrationId"], TimeoutInMillis=timeout_ms
            )
        return
    rest = api.tenant.rest
    change = {"op": "replace", "path": "/timeoutInMillis", "value": str(timeout_ms)}
    for each in rest.get_resources(restApiId=api.id)["items"]:
        rest.update_integration(
            restApiId=api.id, resourceId=each["id"], httpMethod="ANY", patchOperations=[change]
        )
    rest.create_deployment(restApiId=api.id, stageName="prod")
