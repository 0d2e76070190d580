"""Answers of functions that go out as they are written."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

STREAMED = """
const heads = {
    "/head": {statusCode: 203, headers: {"X-One": "1", "Date": "then"}, cookies: ["a=1", "b=2"],
              multiValueHeaders: {"X-Two": ["2", "3"]}},
    "/least": {},
    "/long": {},
    "/dies": {},
    "/late": {},
    "/status": {statusCode: "many"},
    "/member": {statusCode: 200, body: "x"},
};
exports.run = awslambda.streamifyResponse(async (event, stream) => {
    if (event.path === "/raise") throw new Error("no");
    if (event.path === "/own") {
        stream.write('{"statusCode": 201}' + "\\0".repeat(8) + "one ");
    } else if (event.path !== "/none") {
        stream = awslambda.HttpResponseStream.from(stream, heads[event.path]);
    }
    stream.write("one ");
    if (event.path === "/dies") { setTimeout(() => process.exit(1), 300); return; }
    if (event.path === "/late") { await new Promise((done) => setTimeout(done, 2000)); }
    stream.write(event.httpMethod);
    for (let at = 0; event.path === "/long" && at < 12; at++) stream.write("x".repeat(1 << 20));
    stream.end();
});
"""


def streaming(arn: str, **members: Any) -> dict[str, Any]:
    """A method whose function streams."""
    uri = (
        "arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/"
        f"{arn}/response-streaming-invocations"
    )
    given = {
        "type": "AWS_PROXY",
        "httpMethod": "POST",
        "uri": uri,
        "responseTransferMode": "STREAM",
    }
    return {"methodIntegration": {**given, **members}}


@pytest.fixture
def api(account: Any, make_zip: Callable[..., bytes]) -> str:
    code = {"ZipFile": make_zip({"handler.js": STREAMED})}
    arn = account.function("f", "", Runtime="nodejs20.x", Handler="handler.run", Code=code)
    return str(account.deploy({"GET /{name}": streaming(arn)}, stage={"stageName": "prod"}))


def test_the_head_is_status_headers_and_cookies(account: Any, api: str) -> None:
    answer = account.call(api, "GET", "/head")

    assert (answer.status, answer.body) == (203, b"one GET")
    assert answer.headers["x-one"] == "1"
    assert answer.headers["x-amzn-remapped-date"] == "then"
    values = [value for name, value in answer.fields if name.lower() == "x-two"]
    assert values == ["2", "3"]
    cookies = [value for name, value in answer.fields if name.lower() == "set-cookie"]
    assert cookies == ["a=1", "b=2"]
    assert answer.headers["transfer-encoding"] == "chunked"
    assert "x-amzn-requestid" in answer.headers


def test_the_least_head_is_an_empty_one(account: Any, api: str) -> None:
    answer = account.call(api, "GET", "/least")

    assert (answer.status, answer.body) == (200, b"one GET")


def test_the_head_may_be_the_functions_own(account: Any, api: str) -> None:
    """ "The format uses a delimiter to separate the metadata JSON and raw payloads." """
    answer = account.call(api, "GET", "/own")

    assert (answer.status, answer.body) == (201, b"one one GET")


@pytest.mark.parametrize("path", ["/none", "/status", "/member", "/raise"])
def test_answers_without_a_head_are_none(account: Any, api: str, path: str) -> None:
    answer = account.call(api, "GET", path)

    assert (answer.status, answer.text) == (502, '{"message": "Internal server error"}')


def test_a_function_that_does_not_stream_has_no_head(account: Any) -> None:
    source = 'def run(event, context): return {"statusCode": 200, "body": "x"}'
    api = account.deploy({"GET /a": streaming(account.function("g", source))})

    assert account.call(api, "GET", "/a").status == 502


def test_a_function_that_may_not_be_called_is_500(
    account: Any, make_zip: Callable[..., bytes]
) -> None:
    code = {"ZipFile": make_zip({"handler.js": STREAMED})}
    arn = account.function(
        "f", "", permit=False, Runtime="nodejs20.x", Handler="handler.run", Code=code
    )
    api = account.deploy({"GET /{name}": streaming(arn)})

    assert account.call(api, "GET", "/head").status == 500


@pytest.mark.parametrize("path", ["dies", "late"])
def test_an_answer_that_is_cut_does_not_look_whole(account: Any, api: str, path: str) -> None:
    """The function ends, or the time of the integration is over: "transfer closed with outstanding read data"."""
    arn = account.lambda_.get_function_configuration(FunctionName="f")["FunctionArn"]
    methods = {"GET /{name}": streaming(arn, timeoutInMillis=1000)}
    short = account.deploy(methods, stage={"stageName": "prod"})
    account.call(short, "GET", "/head")
    request = f"GET /prod/{path} HTTP/1.1\r\nHost: {short}.execute-api.localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", account.port), timeout=15) as connection:
        connection.sendall(request.encode())
        got = b""
        while piece := connection.recv(65_536):
            got += piece
    assert got.startswith(b"HTTP/1.1 200 ")
    assert b"one " in got
    assert b"GET" not in got
    assert not got.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("leaves", ["after the head", "at once"])
def test_a_client_that_leaves_holds_no_function_back(account: Any, api: str, leaves: str) -> None:
    """Its handler writes on, to nobody, and is there for the next call."""
    account.call(api, "GET", "/head")
    request = f"GET /prod/long HTTP/1.1\r\nHost: {api}.execute-api.localhost\r\n\r\n"
    with socket.create_connection(("127.0.0.1", account.port), timeout=15) as connection:
        connection.sendall(request.encode())
        if leaves == "after the head":
            assert connection.recv(64).startswith(b"HTTP/1.1 200")
        off = struct.pack("ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, off)
    arn = account.lambda_.get_function_configuration(FunctionName="f")["FunctionArn"]
    pause, deadline = threading.Event(), time.monotonic() + 15
    while account.running.platform.plane.holdings().get(arn, (0,))[0]:
        assert time.monotonic() < deadline
        pause.wait(0.02)
    assert account.call(api, "GET", "/head").status == 203


def trial_of(client: Any, account: Any, name: str) -> tuple[dict[str, str], Any]:
    """A method with that path, which streams, and what was answered when it was integrated."""
    arn = account.lambda_.get_function_configuration(FunctionName="f")["FunctionArn"]
    made = client.create_rest_api(name="a")
    resource = client.create_resource(
        restApiId=made["id"], parentId=made["rootResourceId"], pathPart=name
    )
    place = {"restApiId": made["id"], "resourceId": resource["id"], "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    integration = streaming(arn)["methodIntegration"]
    del integration["httpMethod"]
    return place, client.put_integration(
        **place, integrationHttpMethod="POST", **integration, timeoutInMillis=60_000
    )


def test_a_test_shows_the_first_megabyte_of_an_answer(aws: Any, account: Any, api: str) -> None:
    """ "More than 1 MB of response payload has been buffered" is when AWS shows it; what is streamed may be 200 MB."""
    client = aws("apigateway")
    place, _ = trial_of(client, account, "long")

    answer = client.test_invoke_method(**place)

    assert answer["status"] == 200
    assert 1 << 20 < len(answer["body"]) <= 2 << 20
    assert len(account.call(api, "GET", "/long").body) > 12 << 20  # which holds for tests alone


def test_a_test_is_answered_in_one_piece(aws: Any, account: Any, api: str) -> None:
    client = aws("apigateway")
    place, told = trial_of(client, account, "head")

    answer = client.test_invoke_method(**place)

    assert told["responseTransferMode"] == "STREAM"
    assert (answer["status"], answer["body"]) == (203, "one GET")
    patch = {"op": "replace", "path": "/responseTransferMode", "value": "BUFFERED"}
    with pytest.raises(client.exceptions.BadRequestException) as refused:
        client.update_integration(**place, patchOperations=[patch])
    assert "Invalid ResponseTransferMode." in json.dumps(refused.value.response["Error"])
