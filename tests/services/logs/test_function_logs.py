"""What functions log: their groups and streams come by themselves, and nothing of it is missing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient
    from types_boto3_logs.client import CloudWatchLogsClient

    Create = Callable[..., dict[str, Any]]

_SPEAKS = """
import sys
def run(event, context):
    print("first line")
    print("out of two\\nlines")
    print("to stderr", file=sys.stderr)
    return context.log_stream_name
"""


def lines(logs: CloudWatchLogsClient, group: str, **more: Any) -> list[str]:
    call: Any = logs.filter_log_events
    return [event["message"] for event in call(logGroupName=group, **more)["events"]]


def test_the_first_line_makes_group_and_stream(
    logs: CloudWatchLogsClient, functions: LambdaClient, create_function: Create
) -> None:
    arn = create_function("f", _SPEAKS)["RuntimeVersionConfig"]["RuntimeVersionArn"]
    answer = functions.invoke(FunctionName="f")
    name = json.loads(answer["Payload"].read())
    (group,) = logs.describe_log_groups()["logGroups"]
    assert group["logGroupName"] == "/aws/lambda/f"
    assert "retentionInDays" not in group
    (stream,) = logs.describe_log_streams(logGroupName="/aws/lambda/f")["logStreams"]
    assert stream["logStreamName"] == name
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", name)
    request_id = answer["ResponseMetadata"]["RequestId"]
    found = [text.rstrip("\n") for text in lines(logs, "/aws/lambda/f")]
    # As in "Identifying Lambda runtime version changes" of the developer guide, whose rule counts the words.
    assert re.fullmatch(rf"INIT_START Runtime Version: \S+\tRuntime Version ARN: {arn}", found[0])
    assert found[1] == f"START RequestId: {request_id} Version: $LATEST"
    assert found[-2] == f"END RequestId: {request_id}"
    assert found[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert {"first line", "to stderr"} <= set(found)


def test_a_log_group_of_ones_own_choice(
    logs: CloudWatchLogsClient, functions: LambdaClient, create_function: Create
) -> None:
    create_function("f", _SPEAKS, LoggingConfig={"LogGroup": "/shared", "LogFormat": "JSON"})
    name = json.loads(functions.invoke(FunctionName="f")["Payload"].read())
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/f\[\$LATEST\][0-9a-f]{32}", name)
    reports = lines(logs, "/shared", filterPattern='{ $.type = "platform.report" }')
    assert len(reports) == 1
    assert json.loads(reports[0])["record"]["status"] == "success"


@pytest.mark.parametrize(
    ("source", "last_word"),
    [
        ("def run(event, context): print('alive'); import os; os._exit(1)", "exit status 1"),
        ("def run(event, context): print('alive'); import time; time.sleep(60)", "timed out"),
    ],
)
def test_the_log_of_a_function_that_dies_is_complete(
    logs: CloudWatchLogsClient,
    functions: LambdaClient,
    create_function: Create,
    source: str,
    last_word: str,
) -> None:
    create_function("f", source, Timeout=1)
    functions.invoke(FunctionName="f")
    found = "".join(lines(logs, "/aws/lambda/f"))
    assert "alive\n" in found
    assert last_word in found
    assert "REPORT RequestId" in found


def test_a_long_event_is_one(
    logs: CloudWatchLogsClient, functions: LambdaClient, create_function: Create
) -> None:
    create_function("f", "def run(event, context): print('x' * 200_000)")
    functions.invoke(FunctionName="f")
    (found,) = lines(logs, "/aws/lambda/f", filterPattern="xxxxx")
    assert found == "x" * 200_000 + "\n"


def test_deleting_the_group_of_a_function_that_goes_on(
    logs: CloudWatchLogsClient, functions: LambdaClient, create_function: Create
) -> None:
    create_function("f", _SPEAKS)
    functions.invoke(FunctionName="f")
    before = len(lines(logs, "/aws/lambda/f"))
    logs.delete_log_group(logGroupName="/aws/lambda/f")
    assert logs.describe_log_groups()["logGroups"] == []
    functions.invoke(FunctionName="f")
    # Without the line of INIT: it is the same environment.
    assert len(lines(logs, "/aws/lambda/f")) == before - 1
