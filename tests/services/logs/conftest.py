"""Clients for the tests of CloudWatch Logs through boto3."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient
    from types_boto3_logs.client import CloudWatchLogsClient

T = TypeVar("T")


@pytest.fixture
def logs(aws: Callable[[str], CloudWatchLogsClient]) -> CloudWatchLogsClient:
    """A CloudWatch Logs client of a fresh account."""
    return aws("logs")


@pytest.fixture
def functions(aws: Callable[[str], LambdaClient]) -> LambdaClient:
    """A Lambda client of the same account."""
    return aws("lambda")


@pytest.fixture
def account(logs: CloudWatchLogsClient) -> str:
    """The account's id, as ARNs have it."""
    logs.create_log_group(logGroupName="whose")
    (group,) = logs.describe_log_groups(logGroupNamePrefix="whose")["logGroups"]
    logs.delete_log_group(logGroupName="whose")
    return group["arn"].split(":")[4]


@pytest.fixture
def stream(logs: CloudWatchLogsClient) -> Callable[..., dict[str, str]]:
    """Makes a group and a stream in it, and returns both as parameters of further calls."""

    def make(group: str = "g", name: str = "s") -> dict[str, str]:
        found = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        if group not in {each["logGroupName"] for each in found}:
            logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        return {"logGroupName": group, "logStreamName": name}

    return make


@pytest.fixture
def put(logs: CloudWatchLogsClient) -> Callable[..., dict[str, Any]]:
    """Puts messages into a stream, a millisecond apart from `start_ms`, or ending about now."""

    def put_events(
        where: dict[str, str], *messages: str, start_ms: int | None = None
    ) -> dict[str, Any]:
        if start_ms is None:
            start_ms = now_ms() - len(messages)
        events: Any = [
            {"timestamp": start_ms + number, "message": message}
            for number, message in enumerate(messages)
        ]
        call: Any = logs.put_log_events
        return dict(call(**where, logEvents=events))

    return put_events


@pytest.fixture
def create_function(
    functions: LambdaClient, make_zip: Callable[[dict[str, str]], bytes]
) -> Callable[..., dict[str, Any]]:
    """Create a Python function from its source; further members as given."""

    def create(name: str, source: str, **members: Any) -> dict[str, Any]:
        call: Any = functions.create_function
        return dict(
            call(
                **{
                    "FunctionName": name,
                    "Runtime": "python3.12",
                    "Role": execution_role(functions),
                    "Handler": "handler.run",
                    "Code": {"ZipFile": make_zip({"handler.py": source})},
                    **members,
                }
            )
        )

    return create


@pytest.fixture
def error_of() -> Callable[..., tuple[int, str, Any]]:
    """Call an operation that must fail; returns status, code and message."""

    def error(call: Callable[..., Any], **request: Any) -> tuple[int, str, Any]:
        with pytest.raises(ClientError) as answered:
            call(**request)
        response: dict[str, Any] = dict(answered.value.response)
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return status, response["Error"]["Code"], response["Error"]["Message"]

    return error


def now_ms() -> int:
    return int(time.time() * 1000)


def until(found: Callable[[], T], patience_s: float = 10.0) -> T:
    """What `found` returns, once that is something: for what comes by itself, soon."""
    deadline = time.monotonic() + patience_s
    while not (result := found()):
        assert time.monotonic() < deadline, "it did not come"
    return result
