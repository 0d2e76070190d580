"""Execution logs, access logs, metrics."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lambent.services.apigateway.data_plane.exchange import extended_request_id
from lambent.services.apigateway.data_plane.execution_log import ExecutionLog
from lambent.services.apigateway.stages_in_memory import ApiKey

SOURCE = 'def run(event, context): return {"statusCode": 201, "body": "done"}'


@pytest.fixture
def read(account: Any) -> Any:
    """Every line of a log group, in all its streams."""

    def lines(group: str, account_id: str) -> list[str]:
        logs = account.running.platform.segments

        async def collect() -> list[str]:
            await logs.flush()
            found = []
            for number in range(256):
                stream = account.stream(f"{number:02x}")
                events = await logs.read((account_id, "us-east-1", group, stream))
                found += [(event.timestamp_ms, event.position, event.text) for event in events]
            return [text for _, _, text in sorted(found)]

        return list(account.running.run(collect()))

    return lines


def test_execution_log_tells_what_happened(account: Any, proxy: Any, read: Any) -> None:
    settings = {"*/*": {"loggingLevel": "INFO", "dataTraceEnabled": True}}
    arn = account.function("f", SOURCE)
    api = account.deploy({"GET /a/{id}": proxy(arn)}, stage={"methodSettings": settings})

    answer = account.call(api, "GET", "/a/7?q=1")

    lines = read(f"API-Gateway-Execution-Logs_{api}/prod", account.id)
    prefix = f"({answer.headers['x-amzn-requestid']}) "
    assert all(line.startswith(prefix) for line in lines)
    texts = [line.removeprefix(prefix) for line in lines]
    assert texts[0] == f"Extended Request Id: {answer.headers['x-amz-apigw-id']}"
    for expected in (
        f"Starting execution for request: {answer.headers['x-amzn-requestid']}",
        "HTTP Method: GET, Resource Path: /a/7",
        "Method request path: {id=7}",
        "Method request query string: {q=1}",
        f"Endpoint request URI: https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/{arn}/invocations",
        'Endpoint response body before transformations: {"statusCode": 201, "body": "done"}',
        "Method response body after transformations: done",
        "Successfully completed execution",
    ):
        assert expected in texts
    # The ends of the logs in the tests of a parser of such logs (February 2019), and in notes of 2024.
    assert texts[-2] == "Method completed with status: 201"
    name, _, endpoint_request_id = texts[-1].partition(" : ")
    assert name == "AWS Integration Endpoint RequestId"
    [headers] = [text for text in texts if text.startswith("Endpoint response headers")]
    assert f"x-amzn-RequestId={endpoint_request_id}," in headers


def test_execution_log_tells_of_keys_and_shows_none(account: Any, mock: Any, read: Any) -> None:
    """As in brefphp/bref/issues/534 and, without a key, serverless-heaven/serverless-webpack/issues/314."""
    settings = {"*/*": {"loggingLevel": "INFO", "dataTraceEnabled": True}}
    methods = {"GET /a": mock(), "GET /b": mock(apiKeyRequired=True)}
    api = account.deploy(methods, stage={"methodSettings": settings}, account_id="123456789012")
    value = "a-key-of-at-least-twenty-BeFFOj"
    key = ApiKey(
        "123456789012", "us-east-1", "v7y79n2re7", value, "k", True, "", frozenset({f"{api}/prod"})
    )

    async def put() -> None:
        account.running.platform.stages.put_keys([key])

    account.running.run(put())

    free = account.call(api, "GET", "/a")
    keyed = account.call(api, "GET", "/b", headers={"x-api-key": value, "Authorization": "secret1"})

    lines = read(f"API-Gateway-Execution-Logs_{api}/prod", "123456789012")
    told = {
        answer: [each.removeprefix(f"({id_}) ") for each in lines if each.startswith(f"({id_}) ")]
        for answer, id_ in (
            ("free", free.headers["x-amzn-requestid"]),
            ("keyed", keyed.headers["x-amzn-requestid"]),
        )
    }
    assert told["free"][1:5] == [
        (
            f"Verifying Usage Plan for request: {free.headers['x-amzn-requestid']}. "
            f"API Key:  API Stage: {api}/prod"
        ),
        (
            "API Key  authorized because method 'GET /a' does not require API Key. Request will not "
            "contribute to throttle or quota limits"
        ),
        f"Usage Plan check succeeded for API Key  and API Stage {api}/prod",
        f"Starting execution for request: {free.headers['x-amzn-requestid']}",
    ]
    shown = "*" * 25 + "BeFFOj"
    assert told["keyed"][1:7] == [
        (
            f"Verifying Usage Plan for request: {keyed.headers['x-amzn-requestid']}. "
            f"API Key: {shown} API Stage: {api}/prod"
        ),
        f"Usage Plan check succeeded for API Key {shown} and API Stage {api}/prod",
        f"Starting execution for request: {keyed.headers['x-amzn-requestid']}",
        "HTTP Method: GET, Resource Path: /b",
        f"API Key: {shown}",
        "API Key ID: v7y79n2re7",
    ]
    headers = next(each for each in told["keyed"] if each.startswith("Method request headers"))
    assert f"x-api-key={shown}" in headers
    assert "Authorization=*ecret1" in headers
    assert value not in "".join(lines)


def test_execution_log_says_why_an_answer_is_502(account: Any, proxy: Any, read: Any) -> None:
    settings = {"a/GET": {"loggingLevel": "ERROR"}}
    arn = account.function("f", "def run(event, context): return 'no answer'")
    api = account.deploy(
        {"GET /a": proxy(arn), "GET /b": proxy(arn)}, stage={"methodSettings": settings}
    )

    account.call(api, "GET", "/a")
    account.call(api, "GET", "/b")  # does not log

    lines = read(f"API-Gateway-Execution-Logs_{api}/prod", account.id)
    texts = [line.partition(") ")[2] for line in lines]
    assert texts == [
        "Execution failed due to configuration error: Malformed Lambda proxy response",
        "Malformed Lambda proxy response: the function's answer is no object",
        "Gateway response type: DEFAULT_5XX with status code: 502",
    ]


def test_execution_log_says_which_limit_was_exceeded(account: Any, mock: Any, read: Any) -> None:
    """As the tests of a parser of such logs have it, from February 2019."""
    limits = {"throttlingRateLimit": 1.0, "throttlingBurstLimit": 0}
    settings = {"*/*": {"loggingLevel": "INFO", **limits}}
    api = account.deploy({"GET /a": mock()}, stage={"methodSettings": settings})
    assert account.call(api, "GET", "/a").status == 429

    lines = read(f"API-Gateway-Execution-Logs_{api}/prod", "123456789012")
    [line] = [line for line in lines if "limit exceeded" in line]
    assert line.partition(") ")[2] == (
        f"Key throttle limit exceeded for RestApi {api}, Stage prod, Resource r0, "
        "HttpMethod GET. Limit: 1.00 Burst: 0"
    )


def test_access_logs_tell_the_request_id_of_the_function(
    account: Any, proxy: Any, mock: Any, read: Any
) -> None:
    """ "The AWS endpoint's request ID from the x-amz-request-id or x-amzn-requestId header" (developer guide)."""
    settings = {
        "destinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:endpoints",
        "format": "$context.path $context.awsEndpointRequestId $context.integration.requestId "
        "$context.requestId",
    }
    source = """
def run(event, context):
    return {"statusCode": 200, "body": context.aws_request_id}
"""
    methods = {"GET /a": proxy(account.function("f", source)), "GET /b": mock()}
    api = account.deploy(methods, stage={"accessLogSettings": settings})

    own = account.call(api, "GET", "/a").text
    account.call(api, "GET", "/b")

    lines = sorted(line.split()[:3] for line in read("endpoints", account.id))
    assert lines == [["/prod/a", own, own], ["/prod/b", "-", "-"]]


AUTHORIZER = """
def run(event, context):
    token = event["authorizationToken"]
    if token == "nobody":
        raise Exception("Unauthorized")
    effect = "Allow" if token == "friend" else "Deny"
    return {
        "principalId": token,
        "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}]},
        "context": {"request": context.aws_request_id},
    }
"""


def test_access_logs_tell_of_the_phases_of_authorizers(
    account: Any, proxy: Any, mock: Any, uri: Any, read: Any
) -> None:
    """ "Variables for access logging" (developer guide)."""
    names = ["status", "error", "integrationStatus"]
    parts = ["$context.path", *(f"$context.authorizer.{name}" for name in names)]
    parts += ["$context.authorize.status", "$context.authorize.error", "$context.endpointType"]
    parts += ["$context.authorizer.requestId", "$context.authorizer.request", "$context.requestId"]
    settings = {
        "destinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:phases",
        "format": "|".join(parts),
    }
    authorizer = {
        "id": "auth1",
        "name": "a",
        "type": "TOKEN",
        "identitySource": "method.request.header.Authorization",
        "authorizerUri": uri(account.function("authorizer", AUTHORIZER)),
    }
    guarded = mock(authorizationType="CUSTOM", authorizerId="auth1")
    methods = {f"GET /{name}": guarded for name in ("friend", "foe", "nobody", "none")}
    api = account.deploy(
        {**methods, "GET /open": mock()},
        stage={"accessLogSettings": settings},
        api={"endpointConfiguration": {"types": ["REGIONAL"]}},
        authorizers=[authorizer],
    )

    for name in ("friend", "foe", "nobody"):
        account.call(api, "GET", f"/{name}", headers={"Authorization": name})
    account.call(api, "GET", "/none")
    account.call(api, "GET", "/open")

    lines = {line.split("|")[0]: line.split("|")[1:-1] for line in read("phases", account.id)}
    request_id = lines["/prod/friend"][-1]
    denied = "User is not authorized to access this resource with an explicit deny in an identity-based policy"
    assert request_id.count("-") == 4
    assert lines["/prod/friend"] == [
        "200",
        "-",
        "200",
        "200",
        "-",
        "REGIONAL",
        request_id,
        request_id,
    ]
    assert lines["/prod/foe"][:6] == ["200", "-", "200", "403", denied, "REGIONAL"]
    assert lines["/prod/nobody"][:6] == ["401", "Unauthorized", "200", "-", "-", "REGIONAL"]
    assert lines["/prod/none"][:6] == ["401", "Unauthorized", "-", "-", "-", "REGIONAL"]
    assert lines["/prod/open"] == ["-", "-", "-", "-", "-", "REGIONAL", "-", "-"]


def test_access_logs_tell_of_authentication(account: Any, mock: Any, read: Any) -> None:
    settings = {
        "destinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:iam",
        "format": "$context.authenticate.status|$context.authenticate.error|$context.authorize.status"
        "|$context.requestId",
    }
    methods = {"GET /a": mock(authorizationType="AWS_IAM")}
    api = account.deploy(methods, stage={"accessLogSettings": settings})

    account.call(api, "GET", "/a")

    [line] = read("iam", "123456789012")
    assert line.split("|")[:3] == ["403", "Missing Authentication Token", "-"]


def test_access_logs_tell_the_status_of_the_function_from_that_of_lambda(
    account: Any, proxy: Any, read: Any
) -> None:
    """ "For Lambda proxy integrations, this is the status code that your Lambda function code returns." """
    settings = {
        "destinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:statuses",
        "format": "$context.path|$context.integration.status|$context.integration.integrationStatus"
        "|$context.integrationStatus|$context.integration.error|$context.requestId",
    }
    methods = {
        "GET /good": proxy(account.function("good", SOURCE)),
        "GET /bad": proxy(account.function("bad", "def run(event, context): return 1")),
    }
    api = account.deploy(methods, stage={"accessLogSettings": settings})

    account.call(api, "GET", "/good")
    account.call(api, "GET", "/bad")

    lines = sorted(line.split("|")[:5] for line in read("statuses", account.id))
    why = "Execution failed due to configuration error: Malformed Lambda proxy response"
    assert lines == [
        ["/prod/bad", "200", "200", "200", why],
        ["/prod/good", "201", "200", "200", "-"],
    ]


def test_access_log_follows_its_format(account: Any, mock: Any, read: Any) -> None:
    settings = {
        "destinationArn": "arn:aws:logs:us-east-1:123456789012:log-group:access",
        "format": '{"id":"$context.requestId","m":"$context.httpMethod","s":$context.status,'
        '"l":$context.responseLength,"e":"$context.error.message","n":"$context.none"}',
    }
    api = account.deploy({"GET /a": mock("four")}, stage={"accessLogSettings": settings})

    good = account.call(api, "GET", "/a")
    bad = account.call(api, "GET", "/none")

    lines = {entry["id"]: entry for entry in map(json.loads, read("access", "123456789012"))}
    assert lines[good.headers["x-amzn-requestid"]] | {"id": ""} == {
        "id": "",
        "m": "GET",
        "s": 200,
        "l": 4,
        "e": "-",
        "n": "-",
    }
    assert lines[bad.headers["x-amzn-requestid"]]["e"] == "Missing Authentication Token"


def test_lines_are_cut_at_a_kilobyte(running: Any) -> None:
    log = ExecutionLog("id", running.platform.clock.calendar)

    log.info("x" * 2000)

    # So the lines of test-invoke-method were in June 2024: a kilobyte, and that there was more.
    assert log.lines[0][1] == "x" * 1024 + " [TRUNCATED]"


def test_extended_request_ids_look_like_those_of_aws() -> None:
    """Such as `G8LU1F3joAMFq_Q=`, in the log of a test of March 2025."""
    for _ in range(200):
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", extended_request_id())
