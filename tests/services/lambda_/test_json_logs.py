"""`LoggingConfig` with the JSON format, from the API to the log."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

    Create = Callable[..., dict[str, Any]]

SOURCE = """
import logging, os
def run(event, context):
    print("plain")
    logging.info("seen")
    logging.warning("warned")
    if event == "raise":
        raise ValueError("no good")
    if event == "exit":
        os._exit(3)
    return {name: os.environ.get(name) for name in ("AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL")}
"""


def _invoke(client: LambdaClient, event: str = "") -> tuple[Any, list[Any]]:
    """The answer, and the lines of the log: JSON where they are."""
    answer = client.invoke(FunctionName="f", LogType="Tail", Payload=json.dumps(event))
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    shown = [json.loads(line) if line.startswith("{") else line for line in lines]
    return json.load(answer["Payload"]), shown


@pytest.fixture
def warn(client: LambdaClient, create: Create) -> LambdaClient:
    levels: Any = {"ApplicationLogLevel": "WARN", "SystemLogLevel": "WARN"}
    create("f", SOURCE, LoggingConfig={"LogFormat": "JSON", **levels})
    return client


def test_the_whole_log_is_json_but_for_what_is_printed(
    client: LambdaClient, create: Create
) -> None:
    create("f", SOURCE, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"})
    variables, lines = _invoke(client)
    assert variables == {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    start, plain, seen, warned, done, report = lines
    request = start["record"]["requestId"]
    assert [each["type"] for each in (start, done, report)] == [
        *("platform.start", "platform.runtimeDone", "platform.report"),
    ]
    assert (plain, seen["message"], warned["level"]) == ("plain", "seen", "WARNING")
    assert {each["requestId"] for each in (seen, warned)} == {request}
    assert report["record"]["metrics"].keys() == {
        *("durationMs", "billedDurationMs", "memorySizeMB", "maxMemoryUsedMB", "initDurationMs"),
    }


def test_levels_leave_lines_out(warn: LambdaClient) -> None:
    _, (plain, warned) = _invoke(warn)
    assert (plain, warned["message"]) == ("plain", "warned")


def test_an_error_is_told_by_function_and_platform(warn: LambdaClient) -> None:
    payload, (_, _, error, done, report) = _invoke(warn, "raise")
    assert error["errorMessage"] == payload["errorMessage"] == "no good"
    assert (done["type"], report["type"]) == ("platform.runtimeDone", "platform.report")
    assert report["record"]["status"] == "error"
    assert report["record"]["errorType"] == "ValueError"


def test_a_crash_is_told_by_the_platform(warn: LambdaClient) -> None:
    _, (_, _, fault, _, report) = _invoke(warn, "exit")
    assert fault["type"] == "platform.fault"
    assert fault["record"].endswith(
        "Error: Runtime exited with error: exit status 3\nRuntime.ExitError"
    )
    assert report["record"]["errorType"] == "Runtime.ExitError"


def test_a_change_of_the_format_holds_for_the_next_call(warn: LambdaClient) -> None:
    _invoke(warn)
    warn.update_function_configuration(FunctionName="f", LoggingConfig={"LogFormat": "Text"})
    warn.get_waiter("function_updated_v2").wait(FunctionName="f")
    variables, lines = _invoke(warn)
    assert variables == {"AWS_LAMBDA_LOG_FORMAT": "Text", "AWS_LAMBDA_LOG_LEVEL": None}
    assert lines[0].startswith("START RequestId: ")
    assert lines[2].startswith("[WARNING]\t")
    assert lines[-1].startswith("REPORT RequestId: ")
