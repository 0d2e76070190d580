"""What functions find in `_X_AMZN_TRACE_ID`, by the way that they were called.

That each runtime hands it on is tested with the runtimes: tests/integration/execution and tests/sandbox.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Create = Callable[..., dict[str, Any]]

TELL = """
import os
def run(event, context):
    print("found", os.environ["_X_AMZN_TRACE_ID"])
    return os.environ["_X_AMZN_TRACE_ID"]
"""
ROOT = "Root=1-5759e988-bd862e3fe1be46a994272793"
PARENT = "Parent=53995c3f42cd8ad8"
NEW = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}"


@contextmanager
def sending(client: Any, name: str, value: str) -> Iterator[None]:
    """What the client sends has this header, too."""

    def add(request: Any, **_: Any) -> None:
        request.headers[name] = value

    client.meta.events.register("before-sign.lambda", add)
    yield
    client.meta.events.unregister("before-sign.lambda", add)


def found(client: Any, **request: Any) -> str:
    answer = client.invoke(FunctionName="f", **request)
    text: str = json.loads(answer["Payload"].read())
    return text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (f"{ROOT};{PARENT};Sampled=1", f"{ROOT};{PARENT};Sampled=1"),
        (f"{ROOT};{PARENT};Sampled=0;Own=x", f"{ROOT};{PARENT};Sampled=0;Own=x"),
        (ROOT, rf"{ROOT};Parent=[0-9a-f]{{16}};Sampled=0"),
    ],
)
def test_the_callers_is_passed_on(client: Any, create: Create, given: str, expected: str) -> None:
    create("f", TELL)
    with sending(client, "X-Amzn-Trace-Id", given):
        assert re.fullmatch(expected, found(client))
        assert re.fullmatch(expected, found(client))  # on a warm environment, by the short way


def test_without_one_a_trace_begins_that_nobody_records(client: Any, create: Create) -> None:
    create("f", TELL)
    first, second = found(client), found(client)
    for each in (first, second):
        assert re.fullmatch(rf"{NEW};Parent=[0-9a-f]{{16}};Sampled=0", each)
    assert first != second


@pytest.mark.parametrize(
    ("mode", "decision", "is_told"),
    [("Active", 1, True), ("Active", 0, False), ("PassThrough", 1, False)],
)
def test_report_names_a_trace_that_is_sampled(
    client: Any, create: Create, mode: str, decision: int, is_told: bool
) -> None:
    create("f", TELL, TracingConfig={"Mode": mode})
    with sending(client, "X-Amzn-Trace-Id", f"{ROOT};{PARENT};Sampled={decision}"):
        for _ in range(2):  # by both ways, long and short
            answer = client.invoke(FunctionName="f", LogType="Tail")
            log = base64.b64decode(answer["LogResult"]).decode()
            told = f"XRAY TraceId: {ROOT[5:]}\tSegmentId: {PARENT[7:]}\tSampled: true\t\n"
            assert (re.search(rf"\nREPORT .*\t\n{told}$", log) is not None) is is_told, log
            assert ("XRAY" in log) is is_told


def test_records_in_json_name_it_too(client: Any, create: Create) -> None:
    logging = {"LogFormat": "JSON", "SystemLogLevel": "DEBUG"}
    create("f", TELL, TracingConfig={"Mode": "Active"}, LoggingConfig=logging)
    with sending(client, "X-Amzn-Trace-Id", f"{ROOT};{PARENT};Sampled=1"):
        answer = client.invoke(FunctionName="f", LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    records = [json.loads(line) for line in lines if line.startswith("{")]
    told = {each["type"]: each["record"].get("tracing") for each in records}
    # PlatformReport of "Telemetry API event schema reference".
    assert (
        told["platform.report"]
        == told["platform.runtimeDone"]
        == {
            "spanId": PARENT[7:],
            "type": "X-Amzn-Trace-Id",
            "value": f"{ROOT};{PARENT};Sampled=1",
        }
    )


def test_that_of_w3c_counts_where_there_is_no_other(client: Any, create: Create) -> None:
    create("f", TELL)
    parent = f"00-5759e988bd862e3fe1be46a994272793-{PARENT[7:]}-01"
    with sending(client, "traceparent", parent):
        assert found(client) == f"{ROOT};{PARENT};Sampled=1"


def test_with_active_tracing_the_first_of_a_second_is_recorded(client: Any, create: Create) -> None:
    create("f", TELL, TracingConfig={"Mode": "Active"})
    assert found(client).endswith(";Sampled=1")
    with sending(client, "X-Amzn-Trace-Id", f"{ROOT};{PARENT};Sampled=0"):
        assert found(client) == f"{ROOT};{PARENT};Sampled=0"  # the caller has decided


def test_node_finds_it(client: Any, create: Create, make_zip: Callable[..., bytes]) -> None:
    code = make_zip({"handler.js": "exports.run = async () => process.env._X_AMZN_TRACE_ID"})
    create("f", Runtime="nodejs20.x", Code={"ZipFile": code})
    with sending(client, "X-Amzn-Trace-Id", f"{ROOT};{PARENT};Sampled=1"):
        assert found(client) == f"{ROOT};{PARENT};Sampled=1"


def test_a_streamed_invocation_has_it(client: Any, create: Create) -> None:
    create("f", TELL)
    with sending(client, "X-Amzn-Trace-Id", f"{ROOT};{PARENT};Sampled=1"):
        answer = client.invoke_with_response_stream(FunctionName="f")
    chunks = [
        each["PayloadChunk"]["Payload"] for each in answer["EventStream"] if "PayloadChunk" in each
    ]
    assert json.loads(b"".join(chunks)) == f"{ROOT};{PARENT};Sampled=1"


def test_an_asynchronous_invocation_has_it(
    client: Any, create: Create, aws: Callable[..., Any]
) -> None:
    create("f", TELL)
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    with sending(client, "X-Amzn-Trace-Id", f"{ROOT};{PARENT};Sampled=1"):
        client.invoke(FunctionName="f", InvocationType="Event")
    said = logged(client, aws)
    # The count of causes is what recursive loops are found by.
    assert re.fullmatch(rf"{ROOT};{PARENT};Sampled=1;Lineage=[0-9a-f]{{8}}:1", said)


def logged(client: Any, aws: Callable[..., Any]) -> str:
    """What the function has printed, once it has."""
    keys = client._request_signer._credentials
    logs = aws("logs", aws_access_key_id=keys.access_key, aws_secret_access_key=keys.secret_key)
    pause, deadline = threading.Event(), time.monotonic() + 15
    while time.monotonic() < deadline:
        try:
            events = logs.filter_log_events(logGroupName="/aws/lambda/f", filterPattern="found")
        except logs.exceptions.ResourceNotFoundException:
            events = {"events": []}
        if events["events"]:
            message: str = events["events"][0]["message"]
            return message.strip().removeprefix("found ")
        pause.wait(0.05)
    raise AssertionError("it has not printed anything")


def test_a_function_url_passes_it_on(client: Any, create: Create, running: Any) -> None:
    create("f", TELL)
    client.get_waiter("function_active_v2").wait(FunctionName="f")
    url = client.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"]
    for action, condition in (
        ("lambda:InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
        ("lambda:InvokeFunction", {"InvokedViaFunctionUrl": True}),
    ):
        statement = action.partition(":")[2]
        client.add_permission(
            FunctionName="f", StatementId=statement, Action=action, Principal="*", **condition
        )
    host = url.partition("//")[2].partition("/")[0]
    address, port = running.platform.address
    connection = http.client.HTTPConnection(address, port, timeout=20)
    given = f"{ROOT};{PARENT};Sampled=1"
    connection.request("GET", "/", headers={"Host": host, "X-Amzn-Trace-Id": given})
    answer = connection.getresponse()
    assert (answer.status, answer.read().decode()) == (200, given)
    connection.request("GET", "/", headers={"Host": host})
    assert re.fullmatch(
        rf"{NEW};Parent=[0-9a-f]{{16}};Sampled=0", connection.getresponse().read().decode()
    )
    # One that is longer than a trace's can be is nobody's: it would be kept for ever by some runtimes.
    for _ in range(2):
        long = {"Host": host, "X-Amzn-Trace-Id": given + ";Own=" + "\xe9" * 40_000}
        connection.request("GET", "/", headers=long)
        answer = connection.getresponse()
        assert re.fullmatch(rf"{NEW};Parent=[0-9a-f]{{16}};Sampled=0", answer.read().decode())
    connection.close()
