"""Callers of every sort at once, most of them the short way: each is answered once, and the books agree afterwards."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.integration.apis.conftest import Tenant, answer_of

from lambent.apis.begun_call import BegunCall

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(120)]

SOURCE = """
import json, os, time
def run(event, context):
    what = (event.get("rawPath") or event["path"]).rsplit("/", 1)[1]
    name, _, number = what.partition("-")
    if name == "error":
        raise ValueError("no")
    if name == "exit":
        os._exit(3)
    if name == "slow":
        time.sleep(0.3)
    if name == "large":
        return {"statusCode": 200, "headers": {"X-Number": number}, "body": "x" * 100_000}
    return {"statusCode": 200, "headers": {"X-Number": number}, "body": name}
"""
# What callers ask for; the integration's time is over before "slow" answers.
ASKED = ("quick", "quick", "quick", "error", "slow", "large", "quick", "exit")
CALLERS = 9
ROUNDS = 6


@pytest.fixture
def running(start_platform: Callable[..., Any]) -> Iterator[Any]:
    with start_platform(isolation="none") as running:
        yield running


@pytest.fixture
def client(running: Any) -> Callable[[str], Any]:
    key = running.run(running.platform.accounts.ensure(running.config.account))

    def make(service: str) -> Any:
        make_client: Any = boto3.client
        return make_client(
            service,
            endpoint_url=running.platform.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    return make


@pytest.fixture
def tenant(client: Callable[[str], Any]) -> Tenant:
    return Tenant(client)


def begun_calls() -> list[BegunCall]:
    """All that are in memory, those of other tests, too."""
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, BegunCall)]


class Caller(threading.Thread):
    """Sends requests to one address, each round in another way, and counts what it has sent and got."""

    def __init__(self, tenant: Tenant, number: int, host: str, path: str) -> None:
        super().__init__()
        self.tenant, self.number, self.host, self.path = tenant, number, host, path
        self.sent = 0
        self.faults: list[str] = []
        self.statuses: Counter[int] = Counter()

    def run(self) -> None:
        try:
            for at in range(ROUNDS):
                (self._one_by_one, self._all_at_once, self._in_pieces, self._and_leave)[
                    (at + self.number) % 4
                ]()
        except Exception as fault:  # noqa: BLE001 - the test's own thread says so
            self.faults.append(repr(fault))

    def _request(self) -> tuple[bytes, int]:
        number = self.number * 1000 + self.sent
        name = ASKED[(self.sent + self.number) % len(ASKED)]
        self.sent += 1
        line = f"GET {self.path}/{name}-{number} HTTP/1.1\r\nHost: {self.host}\r\n\r\n"
        return line.encode(), number

    def _one_by_one(self) -> None:
        with self.tenant.connected() as connection:
            for _ in range(4):
                request, number = self._request()
                connection.sendall(request)
                self._take(connection, b"", number)

    def _all_at_once(self) -> None:
        with self.tenant.connected() as connection:
            requests = [self._request() for _ in range(3)]
            connection.sendall(b"".join(request for request, _ in requests))
            rest = b""
            for _, number in requests:
                rest = self._take(connection, rest, number)

    def _in_pieces(self) -> None:
        """While the first runs, the second begins to come."""
        with self.tenant.connected() as connection:
            (first, one), (second, other) = self._request(), self._request()
            connection.sendall(first)
            connection.sendall(second[:10])
            rest = self._take(connection, b"", one)
            connection.sendall(second[10:])
            self._take(connection, rest, other)

    def _and_leave(self) -> None:
        for _ in range(2):
            with self.tenant.connected() as connection:
                connection.sendall(self._request()[0])

    def _take(self, connection: socket.socket, got: bytes, number: int) -> bytes:
        while True:
            if b"\r\n\r\n" in got:
                answer = answer_of(got)
                if len(answer.body) == int(answer.headers["content-length"]):
                    break
            piece = connection.recv(65_536)
            assert piece, "the connection ended instead"
            got += piece
        said = answer.headers.get("x-number")
        if answer.status == 200 and said != str(number):
            self.faults.append(f"{number} got the answer to {said}")
        self.statuses[answer.status] += 1
        return answer.rest


def test_everybody_is_answered_once_and_the_books_agree(
    running: Any, tenant: Tenant, client: Callable[[str], Any]
) -> None:
    cloudwatch, before = client("cloudwatch"), begun_calls()
    arn = tenant.function("f", SOURCE)
    tenant.lambda_.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)
    apis = [tenant.api(kind, arn) for kind in ("rest", "http")]
    _limit(apis)
    addresses = [(api.host, "/prod") for api in apis] + [(_url(tenant), "")]
    callers = [
        Caller(tenant, number, *addresses[number % len(addresses)]) for number in range(CALLERS)
    ]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    assert [each.faults for each in callers if each.faults] == []
    statuses = sum((each.statuses for each in callers), Counter())
    assert statuses[200]
    assert set(statuses) <= {200, 429, 500, 502, 503, 504}

    sent = {
        f"{api.id}/prod": sum(each.sent for each in callers[number :: len(addresses)])
        for number, api in enumerate(apis)
    }

    def billed(service: str) -> dict[str, int]:
        used = running.run(running.platform.metering.usage(tenant.id, 0, 1 << 40))
        return {each["resource"]: each["requests"] for each in used if each["service"] == service}

    async def is_quiet() -> bool:
        platform = running.platform
        is_serving = any(each._is_serving for each in platform.server._connections)
        return not (is_serving or platform.plane._concurrency.running)

    # What the last ones to leave have sent comes after they have left.
    _wait_until(lambda: sum(billed("apigateway").values()) >= sum(sent.values()))
    _wait_until(lambda: bool(running.run(is_quiet())))
    assert billed("apigateway") == sent
    assert billed("lambda") == {"f": len(_lines(tenant, "REPORT RequestId"))}
    for api in apis:
        counted = sent[f"{api.id}/prod"]
        _wait_until(partial(_counts, cloudwatch, api, counted))
    described = running.run(running.platform.plane.describe())
    assert sum(each["busy"] for each in described["environments"].values()) == 0
    assert [each for each in begun_calls() if each not in before] == []


def _counts(cloudwatch: Any, api: Any, expected: int) -> bool:
    """Whether CloudWatch knows of so many requests."""
    name, value = ("ApiName", "api") if api.kind == "rest" else ("ApiId", api.id)
    now = datetime.now(UTC)
    found = cloudwatch.get_metric_statistics(
        Namespace="AWS/ApiGateway",
        MetricName="Count",
        Dimensions=[{"Name": name, "Value": value}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=3600,
        Statistics=["Sum"],
    )
    return float(sum(each["Sum"] for each in found["Datapoints"])) == expected


def _limit(apis: list[Any]) -> None:
    rest, http = apis
    change = {"op": "replace", "path": "/timeoutInMillis", "value": "150"}
    for each in rest.tenant.rest.get_resources(restApiId=rest.id)["items"]:
        rest.tenant.rest.update_integration(
            restApiId=rest.id, resourceId=each["id"], httpMethod="ANY", patchOperations=[change]
        )
    rest.tenant.rest.create_deployment(restApiId=rest.id, stageName="prod")
    for each in http.tenant.http.get_integrations(ApiId=http.id)["Items"]:
        http.tenant.http.update_integration(
            ApiId=http.id, IntegrationId=each["IntegrationId"], TimeoutInMillis=150
        )


def _url(tenant: Tenant) -> str:
    """The host of a function URL of `f`, open to everybody."""
    made = tenant.lambda_.create_function_url_config(FunctionName="f", AuthType="NONE")
    tenant.lambda_.add_permission(
        FunctionName="f",
        StatementId="u",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    tenant.lambda_.add_permission(
        FunctionName="f",
        StatementId="i",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )
    return str(made["FunctionUrl"]).split("/")[2]


def _lines(tenant: Tenant, text: str) -> list[str]:
    pages = tenant.logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/f")
    return [
        event["message"] for page in pages for event in page["events"] if text in event["message"]
    ]


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
