"""Subscription filters really deliver to functions, if these let them."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.logs.conftest import now_ms, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient
    from types_boto3_logs.client import CloudWatchLogsClient

    Error = Callable[..., tuple[int, str, Any]]
    Stream = Callable[..., Any]
    Put = Callable[..., dict[str, Any]]

_SUBSCRIBER = """
import json
def run(event, context):
    print("GOT", json.dumps(event))
"""


@pytest.fixture
def subscriber(
    functions: LambdaClient, create_function: Callable[..., dict[str, Any]], account: str
) -> str:
    """The ARN of a function that prints what it gets, and lets group `g` invoke it."""
    arn: str = create_function("subscriber", _SUBSCRIBER)["FunctionArn"]
    functions.add_permission(
        FunctionName="subscriber",
        StatementId="logs",
        Action="lambda:InvokeFunction",
        Principal="logs.amazonaws.com",
        SourceArn=f"arn:aws:logs:us-east-1:{account}:log-group:g:*",
        SourceAccount=account,
    )
    return arn


def delivered(logs: CloudWatchLogsClient) -> list[dict[str, Any]]:
    """What the subscriber has got, unpacked."""
    if not logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/subscriber")["logGroups"]:
        return []
    found = logs.filter_log_events(logGroupName="/aws/lambda/subscriber", filterPattern="GOT")
    packed = [
        json.loads(event["message"].removeprefix("GOT "))["awslogs"]["data"]
        for event in found["events"]
    ]
    return [json.loads(gzip.decompress(base64.b64decode(each))) for each in packed]


def test_matching_events_are_delivered(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, subscriber: str, account: str
) -> None:
    where = stream()
    put(where, "ERROR before")
    logs.put_subscription_filter(
        logGroupName="g", filterName="f", filterPattern="ERROR", destinationArn=subscriber
    )
    start = now_ms() - 100
    put(where, "ERROR one", "fine", "ERROR two", start_ms=start)
    (message,) = until(lambda: delivered(logs))
    ids = [event.pop("id") for event in message["logEvents"]]
    found = logs.filter_log_events(logGroupName="g", filterPattern="ERROR -before")["events"]
    assert ids == [event["eventId"] for event in found]
    assert message == {
        "messageType": "DATA_MESSAGE",
        "owner": account,
        "logGroup": "g",
        "logStream": "s",
        "subscriptionFilters": ["f"],
        "logEvents": [
            {"timestamp": start, "message": "ERROR one"},
            {"timestamp": start + 2, "message": "ERROR two"},
        ],
    }


def test_fields_of_a_space_delimited_pattern_go_along(
    logs: CloudWatchLogsClient, stream: Stream, put: Put, subscriber: str
) -> None:
    where = stream()
    logs.put_subscription_filter(
        logGroupName="g", filterName="f", filterPattern="[verb, size]", destinationArn=subscriber
    )
    put(where, "put 5")
    (message,) = until(lambda: delivered(logs))
    assert message["logEvents"][0]["extractedFields"] == {"verb": "put", "size": "5"}


def test_filters_are_described_and_deleted(
    logs: CloudWatchLogsClient, stream: Stream, subscriber: str, error_of: Error
) -> None:
    stream()
    request: dict[str, Any] = {"logGroupName": "g", "destinationArn": subscriber}
    for name in ("b", "a"):
        logs.put_subscription_filter(**request, filterName=name, filterPattern="")
    third = error_of(logs.put_subscription_filter, **request, filterName="c", filterPattern="x")
    assert third == (400, "LimitExceededException", "Resource limit exceeded.")
    logs.put_subscription_filter(**request, filterName="a", filterPattern="changed")
    first, second = logs.describe_subscription_filters(logGroupName="g")["subscriptionFilters"]
    assert abs(first.pop("creationTime") - now_ms()) < 60_000
    assert first == {
        "filterName": "a",
        "logGroupName": "g",
        "filterPattern": "changed",
        "destinationArn": subscriber,
        "distribution": "ByLogStream",
        "applyOnTransformedLogs": False,
    }
    assert second["filterName"] == "b"
    logs.delete_subscription_filter(logGroupName="g", filterName="a")
    assert error_of(logs.delete_subscription_filter, logGroupName="g", filterName="a") == (
        400,
        "ResourceNotFoundException",
        "The specified subscription filter does not exist.",
    )


def test_a_function_that_does_not_let_the_group_in(
    logs: CloudWatchLogsClient, subscriber: str, error_of: Error
) -> None:
    logs.create_log_group(logGroupName="other")
    refused = (
        400,
        "InvalidParameterException",
        (
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs "
            "permission to execute your function."
        ),
    )
    foreign = subscriber.replace("us-east-1", "eu-west-1")
    for arn in (subscriber, subscriber + "-that-is-not-there", foreign):
        assert refused == error_of(
            logs.put_subscription_filter,
            logGroupName="other",
            filterName="f",
            filterPattern="",
            destinationArn=arn,
        )


@pytest.mark.parametrize(
    ("vendor", "role", "status", "part"),
    [
        ("kinesis", None, 400, "destinationArn for vendor kinesis cannot be used without roleArn"),
        ("kinesis", "arn:aws:iam::1:role/r", 501, "deliver to Lambda functions only"),
        ("firehose", "arn:aws:iam::1:role/r", 501, "deliver to Lambda functions only"),
        ("logs", None, 501, "deliver to Lambda functions only"),
        ("lambda", "arn:aws:iam::1:role/r", 400, "destinationArn for vendor lambda cannot be used"),
        ("sqs", None, 400, "cannot work with destinationArn for vendor sqs"),
        ("sns", None, 400, "cannot work with destinationArn for vendor sns"),
    ],
)
def test_other_destinations_are_refused(
    logs: CloudWatchLogsClient,
    stream: Stream,
    error_of: Error,
    vendor: str,
    role: str | None,
    status: int,
    part: str,
) -> None:
    stream()
    more = {"roleArn": role} if role else {}
    answer = error_of(
        logs.put_subscription_filter,
        logGroupName="g",
        filterName="f",
        filterPattern="",
        destinationArn=f"arn:aws:{vendor}:us-east-1:111111111111:x",
        **more,
    )
    assert answer[0] == status
    assert part in answer[2]


def test_what_a_function_prints_is_delivered_too(
    logs: CloudWatchLogsClient,
    functions: LambdaClient,
    create_function: Callable[..., dict[str, Any]],
    subscriber: str,
) -> None:
    create_function("f", "def run(event, context): print('needle', event)")
    functions.add_permission(
        FunctionName="subscriber",
        StatementId="all",
        Action="lambda:InvokeFunction",
        Principal="logs.us-east-1.amazonaws.com",
    )
    logs.create_log_group(logGroupName="/aws/lambda/f")
    logs.put_subscription_filter(
        logGroupName="/aws/lambda/f",
        filterName="f",
        filterPattern="needle",
        destinationArn=subscriber,
    )
    for number in range(3):
        functions.invoke(FunctionName="f", Payload=json.dumps(number))

    def texts() -> list[str]:
        found = [event["message"] for each in delivered(logs) for event in each["logEvents"]]
        return found if len(found) >= 3 else []

    assert sorted(until(texts)) == [f"needle {number}\n" for number in range(3)]


def test_a_function_may_ask_for_the_group_in_any_way_that_policies_know(
    logs: CloudWatchLogsClient,
    functions: LambdaClient,
    create_function: Callable[..., dict[str, Any]],
    account: str,
    error_of: Error,
) -> None:
    arn = create_function("subscriber", _SUBSCRIBER)["FunctionArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "logs.amazonaws.com"},
            "Action": "lambda:Invoke*",
            "Resource": "*",
            "Condition": {
                "StringLike": {"aws:SourceArn": "arn:aws:logs:*:log-group:team-*"},
                "StringEqualsIfExists": {"aws:SourceAccount": account},
            },
        },
    }
    functions.put_resource_policy(ResourceArn=arn, Policy=json.dumps(policy))
    for name, is_let_in in (("team-a", True), ("others", False)):
        logs.create_log_group(logGroupName=name)
        request: dict[str, Any] = {"logGroupName": name, "filterName": "f", "filterPattern": ""}
        if is_let_in:
            logs.put_subscription_filter(**request, destinationArn=arn)
        else:
            refused = error_of(logs.put_subscription_filter, **request, destinationArn=arn)
            assert "Could not execute the lambda function" in refused[2]


def test_a_function_is_not_sent_its_own_logs(
    logs: CloudWatchLogsClient, subscriber: str, error_of: Error
) -> None:
    """The words as users of Terraform and of the console quote them in public repositories."""
    logs.create_log_group(logGroupName="/aws/lambda/subscriber")
    assert error_of(
        logs.put_subscription_filter,
        logGroupName="/aws/lambda/subscriber",
        filterName="loop",
        filterPattern="",
        destinationArn=subscriber,
    ) == (
        400,
        "InvalidParameterException",
        "The log group provided is reserved for the function logs of the destination function.",
    )
