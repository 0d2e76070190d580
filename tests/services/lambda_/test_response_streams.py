"""Streamed answers of Node handlers, through boto3."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Any]

WRITES = """
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  stream.setContentType('text/plain');
  for (const part of event.parts) stream.write(part);
  stream.end();
});
"""


@pytest.fixture
def stream(client: Any, make_zip: Any) -> Make:
    """Deploy a handler; returns how to call it."""

    def deploy(source: str, **settings: Any) -> Callable[..., Any]:
        client.create_function(
            FunctionName="f",
            Runtime="nodejs20.x",
            Handler="index.handler",
            Role=execution_role(client),
            Code={"ZipFile": make_zip({"index.js": source})},
            **settings,
        )
        client.get_waiter("function_active_v2").wait(FunctionName="f")

        def call(event: Any = None, **parameters: Any) -> Any:
            return client.invoke_with_response_stream(
                FunctionName="f", Payload=json.dumps(event), **parameters
            )

        return call

    return deploy


def chunks(answer: Any) -> tuple[bytes, dict[str, str]]:
    """All of the payload, and the last event."""
    *pieces, last = list(answer["EventStream"])
    return b"".join(piece["PayloadChunk"]["Payload"] for piece in pieces), last["InvokeComplete"]


def test_the_answer_is_what_the_handler_writes(stream: Make) -> None:
    answer = stream(WRITES)({"parts": ["a", "é", "c" * 3_000_000]}, LogType="Tail")
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    payload, complete = chunks(answer)
    assert payload.decode() == "aé" + "c" * 3_000_000
    assert b"REPORT RequestId" in base64.b64decode(complete["LogResult"])
    assert "ErrorCode" not in complete


def test_the_first_bytes_arrive_while_the_handler_runs(stream: Make, running: Any) -> None:
    call = stream(
        """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('first');
  await new Promise((resolve) => setTimeout(resolve, 1000));
  stream.end('last');
});
"""
    )
    events = iter(call()["EventStream"])
    first = next(events)
    assert first["PayloadChunk"]["Payload"] == b"first"
    assert running.run(running.platform.plane.describe())["running"] >= 1
    assert [next(iter(event)) for event in events] == ["PayloadChunk", "InvokeComplete"]


PROVIDED = """#!/usr/bin/python3
import http.client, json, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    event, call = json.loads(answer.read()), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    def pieces():
        yield b"first"
        time.sleep(event["pause_s"])
        for number in range(event["megabytes"]):
            yield bytes([number]) * 1_000_000
    api.request("POST", f"/2018-06-01/runtime/invocation/{call}/response", pieces(), {
        "Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked",
        "Content-Type": "text/plain"}, encode_chunked=True)
    api.getresponse().read()
"""


def test_what_a_custom_runtime_streams_is_passed_on_at_once(client: Any, running: Any) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo("bootstrap")
        info.external_attr = 0o755 << 16
        archive.writestr(info, PROVIDED)
    client.create_function(
        FunctionName="f",
        Runtime="provided.al2023",
        Handler="any",
        Role=execution_role(client),
        Code={"ZipFile": buffer.getvalue()},
        Timeout=30,
    )
    event = json.dumps({"megabytes": 20, "pause_s": 1})
    answer = client.invoke_with_response_stream(FunctionName="f", Payload=event)
    events = iter(answer["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"first"
    assert running.run(running.platform.plane.describe())["running"] >= 1
    *pieces, last = events
    payload = b"".join(piece["PayloadChunk"]["Payload"] for piece in pieces)
    assert payload == b"".join(bytes([number]) * 1_000_000 for number in range(20))
    assert last["InvokeComplete"] == {}


def test_a_handler_that_does_not_stream_answers_in_one_piece(stream: Make) -> None:
    call = stream("exports.handler = async (event) => event;")
    payload, complete = chunks(call({"a": 1}))
    assert (json.loads(payload), complete) == ({"a": 1}, {})


def test_an_ordinary_invoke_gathers_what_is_streamed(stream: Make, client: Any) -> None:
    stream(WRITES)
    event = json.dumps({"parts": ['{"a":', "1}"]})
    answer = client.invoke(FunctionName="f", Payload=event)
    assert answer["Payload"].read() == b'{"a":1}'
    event = json.dumps({"parts": ["x" * 2_000_000] * 4})
    answer = client.invoke(FunctionName="f", Payload=event.replace("x" * 2_000_000, "x"))
    assert answer["Payload"].read() == b"xxxx"


def test_more_than_6_mb_are_too_much_for_an_ordinary_invoke(stream: Make, client: Any) -> None:
    stream(
        """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let n = 0; n < 7; n += 1) stream.write('x'.repeat(1000000));
  stream.end();
});
"""
    )
    answer = client.invoke(FunctionName="f")
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


@pytest.mark.parametrize("before", ["", "stream.write('some');"])
def test_an_error_is_told_by_the_last_event(stream: Make, before: str) -> None:
    call = stream(
        f"exports.handler = awslambda.streamifyResponse(async (event, stream) => {{ {before}\n"
        "  await new Promise(setImmediate); throw new TypeError('no'); });"
    )
    payload, complete = chunks(call())
    assert payload == (b"some" if before else b"")
    assert complete["ErrorCode"] == "Unhandled"
    details = json.loads(complete["ErrorDetails"])
    assert (details["errorType"], details["errorMessage"]) == ("TypeError", "no")


def test_status_and_headers_go_before_the_body(stream: Make) -> None:
    call = stream(
        """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const http = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });
  http.write('body');
  http.end();
});
"""
    )
    payload, _ = chunks(call())
    assert payload == b'{"statusCode":201}' + bytes(8) + b"body"


def test_a_handler_may_forget_to_end_its_stream(stream: Make) -> None:
    call = stream(
        "exports.handler = awslambda.streamifyResponse(async (e, s) => { s.write('x'); });"
    )
    assert chunks(call())[0] == b"x"
    assert chunks(call())[0] == b"x"


def test_a_handler_that_streams_must_be_async(stream: Make) -> None:
    call = stream("exports.handler = awslambda.streamifyResponse((e, s) => { s.end('x'); });")
    _, complete = chunks(call())
    assert "does not support non-async" in complete["ErrorDetails"]


def test_a_timeout_ends_the_stream(stream: Make) -> None:
    call = stream(
        """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  stream.write('some');
  await new Promise((resolve) => setTimeout(resolve, 60000));
});
""",
        Timeout=1,
    )
    payload, complete = chunks(call())
    assert payload == b"some"
    assert "Task timed out after 1.00 seconds" in complete["ErrorDetails"]


def test_a_long_answer_arrives_whole(stream: Make) -> None:
    call = stream(
        """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  for (let n = 0; n < 40; n += 1) stream.write(Buffer.alloc(500000, n));
  stream.end();
});
""",
        MemorySize=256,
    )
    payload, complete = chunks(call())
    assert (len(payload), complete) == (20_000_000, {})
    assert payload[-1] == 39


def test_200_mb_are_the_most(stream: Make) -> None:
    call = stream(
        """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const piece = Buffer.alloc(1000000);
  for (let n = 0; n < 220; n += 1) {
    if (!stream.write(piece)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  stream.end();
});
""",
        MemorySize=512,
        Timeout=60,
    )
    size = 0
    complete: dict[str, str] = {}
    for event in call()["EventStream"]:
        size += len(event.get("PayloadChunk", {}).get("Payload", b""))
        complete = event.get("InvokeComplete", complete)
    assert 200_000_000 < size <= 200 << 20
    assert "Function.ResponseSizeTooLarge" in complete["ErrorDetails"]


def test_a_dry_run_and_a_missing_function(stream: Make, client: Any) -> None:
    call = stream(WRITES)
    dry = call({}, InvocationType="DryRun")
    assert dry["ResponseMetadata"]["HTTPStatusCode"] == 204
    dry["EventStream"].close()
    with pytest.raises(ClientError) as missing:
        client.invoke_with_response_stream(FunctionName="nobody")
    assert missing.value.response["Error"]["Code"] == "ResourceNotFoundException"
