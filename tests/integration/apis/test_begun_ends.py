"""Requests that run when the platform, or the part of it that runs functions, ends: each has one end, too."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.integration.apis.conftest import Answer, Tenant, answer_of

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(60)]

# How long the slow ones run.
SECONDS = 1.5
# Says in its log that it runs.
SOURCE = """
import time
def run(event, context):
    path = event.get("rawPath") or event["path"]
    if path.endswith("/slow"):
        print("it runs", flush=True)
        time.sleep(float(event["headers"]["x-seconds"]))
    return {"statusCode": 201, "body": path}
"""


@pytest.fixture
def running(start_platform: Callable[..., Any]) -> Iterator[Any]:
    with ExitStack() as stack:
        running = stack.enter_context(start_platform(isolation="none"))
        running.stop_early = stack.close
        yield running


@pytest.fixture
def tenant(running: Any) -> Tenant:
    key = running.run(running.platform.accounts.ensure(running.config.account))

    def client(service: str) -> Any:
        make_client: Any = boto3.client
        return make_client(
            service,
            endpoint_url=running.platform.endpoint,
            region_name="us-east-1",
            aws_access_key_id=key.access_key_id,
            aws_secret_access_key=key.secret_access_key,
        )

    return Tenant(client)


@pytest.fixture(params=["cold", "warm"])
def connections(tenant: Tenant, request: pytest.FixtureRequest) -> Iterator[list[socket.socket]]:
    """One to a REST API, one to an HTTP API, one to a function URL; each waits for a slow function."""
    arn = tenant.function("f", SOURCE)
    addresses = [(tenant.api(kind, arn).host, "/prod") for kind in ("rest", "http")]
    addresses.append((_url(tenant), ""))
    with ExitStack() as stack:
        opened = []
        for host, path in addresses:
            connection = stack.enter_context(tenant.connected())
            opened.append(connection)
            if request.param == "warm":
                connection.sendall(f"GET {path}/a HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                assert _take(connection).status == 201
        for connection, (host, path) in zip(opened, addresses, strict=True):
            head = f"GET {path}/slow HTTP/1.1\r\nHost: {host}\r\nx-seconds: {SECONDS}\r\n\r\n"
            connection.sendall(head.encode())
        deadline = time.monotonic() + 15
        while _running(tenant) < len(opened):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield opened


def test_they_are_let_finish(running: Any, connections: list[socket.socket]) -> None:
    running.stop_early()
    for connection in connections:
        answer, rest = _rest(connection)
        assert (answer.status, rest) == (201, b"")
        assert answer.headers["connection"] == "close"


def test_they_are_cut_when_time_is_over(
    running: Any, connections: list[socket.socket], caplog: pytest.LogCaptureFixture
) -> None:
    server = running.platform.server
    server.limits = replace(server.limits, grace_time_s=0.05)
    running.stop_early()
    for connection in connections:
        try:
            got = connection.recv(1)
        except ConnectionResetError:
            got = b""
        assert got == b""
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []


def test_they_are_answered_when_their_sandboxes_are_lost(
    running: Any, connections: list[socket.socket], tenant: Tenant
) -> None:
    running.spawner.kill()
    for connection in connections:
        answer = _take(connection)
        assert answer.status == 500
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
    assert running.platform.plane._concurrency.running == 0


def _running(tenant: Tenant) -> int:
    groups = tenant.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/f")["logGroups"]
    if not groups:
        return 0
    pages = tenant.logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/f")
    lines = [event["message"] for page in pages for event in page["events"]]
    return sum("it runs" in line for line in lines)


def _url(tenant: Tenant) -> str:
    """The host of a function URL of `f`, open to everybody."""
    made = tenant.lambda_.create_function_url_config(FunctionName="f", AuthType="NONE")
    for action, of_url in (
        ("InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
        ("InvokeFunction", {"InvokedViaFunctionUrl": True}),
    ):
        tenant.lambda_.add_permission(
            FunctionName="f",
            StatementId=action,
            Action=f"lambda:{action}",
            Principal="*",
            **of_url,
        )
    return str(made["FunctionUrl"]).split("/")[2]


def _take(connection: socket.socket) -> Answer:
    got = b""
    while True:
        if b"\r\n\r\n" in got:
            answer = answer_of(got)
            if len(answer.body) == int(answer.headers["content-length"]):
                return answer
        piece = connection.recv(65_536)
        assert piece, "the connection ended instead"
        got += piece


def _rest(connection: socket.socket) -> tuple[Answer, bytes]:
    """The answer, and what comes after it to the end of the connection."""
    got = b""
    while piece := connection.recv(65_536):
        got += piece
    answer = answer_of(got)
    return answer, answer.rest
