"""Invoke through boto3, with real functions."""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

    Create = Callable[..., dict[str, Any]]
    MakeZip = Callable[[dict[str, str]], bytes]

CONTEXT = """
import os
def run(event, context):
    return {
        "arn": context.invoked_function_arn, "version": context.function_version, "request": context.aws_request_id,
        "memory": context.memory_limit_in_mb, "client": context.client_context and context.client_context.custom,
        "variable": os.environ["A1"], "region": os.environ["AWS_REGION"], "group": context.log_group_name,
    }
"""


def test_a_function_answers(client: LambdaClient, create: Create) -> None:
    create("f")
    answer = client.invoke(FunctionName="f", Payload=b'{"a": [1, "\\u00e9"]}')
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert "LogResult" not in answer
    assert json.loads(answer["Payload"].read()) == {"a": [1, "\u00e9"]}
    assert client.invoke(FunctionName="f")["Payload"].read() == b"{}"


def test_the_handler_is_told_who_it_is(client: LambdaClient, create: Create) -> None:
    created = create("f", CONTEXT, Environment={"Variables": {"A1": "b"}}, MemorySize=256)
    context = base64.b64encode(b'{"custom":{"k":"v"}}').decode()
    answer = client.invoke(FunctionName="f", Qualifier="$LATEST", ClientContext=context)
    arn = created["FunctionArn"]
    assert json.loads(answer["Payload"].read()) == {
        "arn": f"{arn}:$LATEST",
        "version": "$LATEST",
        "request": answer["ResponseMetadata"]["RequestId"],
        "memory": "256",
        "client": {"k": "v"},
        "variable": "b",
        "region": arn.split(":")[3],
        "group": "/aws/lambda/f",
    }


def test_the_log_has_start_end_and_report(client: LambdaClient, create: Create) -> None:
    create("f", "def run(event, context): print('hello log')")
    answer = client.invoke(FunctionName="f", LogType="Tail")
    assert answer["Payload"].read() == b"null"
    log = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert log.startswith(f"START RequestId: {request_id} Version: $LATEST\n")
    assert "hello log\n" in log
    assert f"END RequestId: {request_id}\n" in log
    assert f"REPORT RequestId: {request_id}" in log
    assert "Memory Size: 128 MB" in log


def test_of_a_long_log_the_last_4_kb_come_back(client: LambdaClient, create: Create) -> None:
    create("f", "def run(event, context): print('x' * 10_000)")
    answer = client.invoke(FunctionName="f", LogType="Tail")
    log = base64.b64decode(answer["LogResult"])
    assert len(log) == 4096
    assert b"REPORT RequestId: " in log


def test_an_exception_is_a_function_error(client: LambdaClient, create: Create) -> None:
    create("f", "def run(event, context): raise KeyError('gone')")
    answer = client.invoke(FunctionName="f")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    error = json.loads(answer["Payload"].read())
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'gone'")
    assert error["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert "run" in error["stackTrace"][0]


def test_an_update_holds_from_its_answer_on(
    client: LambdaClient, create: Create, make_zip: MakeZip
) -> None:
    create("f")
    for number in range(5):
        code = make_zip({"handler.py": f"def run(event, context): return {number}"})
        client.update_function_code(FunctionName="f", ZipFile=code)
        assert client.invoke(FunctionName="f")["Payload"].read() == str(number).encode()


def test_calls_at_the_same_time_all_get_their_own_answer(
    client: LambdaClient, create: Create
) -> None:
    create("f")

    def call(number: int) -> bytes:
        return client.invoke(FunctionName="f", Payload=str(number).encode())["Payload"].read()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(call, range(40))) == [str(number).encode() for number in range(40)]


def test_a_dry_run_runs_nothing(client: LambdaClient, create: Create) -> None:
    create("f", "raise SystemExit")
    answer = client.invoke(FunctionName="f", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert "ExecutedVersion" not in answer


@pytest.mark.parametrize(
    ("request_", "status", "code", "message"),
    [
        ({"Payload": b"not json"}, 400, "InvalidRequestContentException", "Could not parse request body into json"),
        ({"Payload": b"[" + b"1," * 50_000}, 400, "InvalidRequestContentException", "Could not parse request body"),
        ({"ClientContext": "####"}, 400, "InvalidRequestContentException", "Client context must be a valid Base64"),
        ({"Qualifier": "prod"}, 404, "ResourceNotFoundException", ":function:f:prod"),
        ({"FunctionName": "nope"}, 404, "ResourceNotFoundException", ":function:nope:$LATEST"),
        ({"TenantId": "t"}, 400, "InvalidParameterValueException", "Remove the tenant ID"),
    ],
)  # fmt: skip
def test_errors_are_those_of_aws(
    client: LambdaClient, create: Create, request_: dict[str, Any], status: int, code: str, message: str
) -> None:  # fmt: skip
    create("f")
    with pytest.raises(ClientError) as answered:
        client.invoke(**{"FunctionName": "f", **request_})
    response = answered.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (
        status,
        code,
    )
    assert message in response["Error"]["Message"]


def test_an_event_may_have_6_mb(client: LambdaClient, create: Create) -> None:
    create("f", "def run(event, context): return len(event)", MemorySize=512)
    largest = b'"' + b"x" * (6_291_456 - 2) + b'"'
    assert client.invoke(FunctionName="f", Payload=largest)["Payload"].read() == b"6291454"
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName="f", Payload=largest + b" ")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert refused.value.response["Error"]["Code"] == "RequestEntityTooLargeException"


SEEN = """
import json, os
def run(event, context):
    if event == "read":
        return sorted(open("/tmp/seen").read().split()) if os.path.exists("/tmp/seen") else []
    with open("/tmp/seen", "a") as seen:
        print(event, file=seen)
"""


def test_events_are_accepted_and_run(client: LambdaClient, create: Create, running: Any) -> None:
    create("f", SEEN)
    # One environment: what it has seen can be asked of it.
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    for number in range(12):
        payload = str(number).encode()
        answer = client.invoke(FunctionName="f", InvocationType="Event", Payload=payload)
        assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
        assert "ExecutedVersion" not in answer
    assert client.invoke_async(FunctionName="f", InvokeArgs=b"12")["Status"] == 202
    while len(_rows_of(running, client)) > 0:
        running.run(running.platform.lambda_._queue.settled())
    seen = json.loads(client.invoke(FunctionName="f", Payload=b'"read"')["Payload"].read())
    assert sorted(map(int, seen)) == list(range(13))


def _rows_of(running: Any, client: LambdaClient) -> list[Any]:
    from lambent.services.lambda_ import events

    account_id = client.get_function(FunctionName="f")["Configuration"]["FunctionArn"].split(":")[4]
    lanes = running.run(running.platform.database.read(events.lanes))
    return [lane for lane in lanes if lane[0] == account_id]
