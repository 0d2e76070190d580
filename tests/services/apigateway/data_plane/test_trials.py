"""TestInvokeMethod and TestInvokeAuthorizer."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from lambent.core.context import Principal
from lambent.services.apigateway.data_plane.trials import Trial

ECHO = """
import json
def run(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""
AUTHORIZER = """
def run(event, context):
    if event["authorizationToken"] == "no":
        raise Exception("Unauthorized")
    return {"principalId": "me", "policyDocument": {"Version": "2012-10-17", "Statement": []}}
"""


@pytest.fixture
def trial(account: Any) -> Any:
    """Makes a trial of an API that is in the store, whether or not anybody could call it."""

    def made(api: str, **members: Any) -> Trial:
        live = account.running.platform.stages.find_api(api).stages["prod"]
        caller = Principal("user", live.account_id, "arn:aws:iam::1:user/me", "AIDAME", "AKIAME")
        return Trial(live.account_id, live.region, api, live.snapshot, caller, **members)

    return made


def test_method_is_tried_with_its_log(account: Any, proxy: Any, trial: Any) -> None:
    arn = account.function("f", ECHO)
    method = {**proxy(arn), "apiKeyRequired": True, "authorizationType": "CUSTOM"}
    api = account.deploy({"GET /pets/{id}": method})
    trials = account.running.platform.rest_apis.trials
    given = trial(
        api,
        path="/pets/7?q=1",
        headers=[("X-Own", "a"), ("X-Own", "b")],
        stage_variables={"v": "w"},
        user_agent="aws-cli/2.0",
    )

    answer = account.running.run(trials.method(given, "r0", "GET"))

    event = json.loads(answer["body"])
    assert answer["status"] == 200
    assert event["multiValueHeaders"] == {"X-Own": ["a", "b"]}
    assert event["pathParameters"] == {"id": "7"}
    assert event["stageVariables"] == {"v": "w"}
    context = event["requestContext"]
    assert (context["stage"], context["path"]) == ("test-invoke-stage", "/pets/7")
    assert context["domainName"] == "testPrefix.testDomainName"
    assert context["identity"]["apiKey"] == "test-invoke-api-key"
    assert context["identity"]["sourceIp"] == "test-invoke-source-ip"
    assert context["identity"]["userAgent"] == "aws-cli/2.0"
    assert "deploymentId" not in context
    # Only what the function says, and its trace: so test-invoke-method answered in the write-ups named below.
    assert set(answer["headers"]) == {"X-Amzn-Trace-Id"}
    [trace] = answer["multiValueHeaders"]["X-Amzn-Trace-Id"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", trace)
    assert isinstance(answer["latency"], int)
    head, *lines = answer["log"].splitlines()
    assert head == f"Execution log for request {context['requestId']}"
    texts = [line.partition(" UTC ")[2].partition(" : ")[2] for line in lines]
    assert texts[0] == f"Starting execution for request: {context['requestId']}"
    assert texts[1] == "HTTP Method: GET, Resource Path: /pets/7"
    assert texts[2] == "Method request path: {id=7}"
    assert texts[-3] == f"Method response headers: {{X-Amzn-Trace-Id={trace}}}"
    assert texts[-2:] == ["Successfully completed execution", "Method completed with status: 200"]


# As AWS's own tests told it: of June 2024 (a README on a Terraform exercise with employees, by the CLI), of March 2025
# (a README on "Generate and evaluate images in Amazon Bedrock", by the console; questions about `appointment-dev`, of a
# function that failed). AWS's trace goes on with `Lineage`, and its endpoint's request with a signature.
def test_what_passes_between_the_api_and_a_function_is_told(
    account: Any, proxy: Any, trial: Any
) -> None:
    source = """
def run(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain", "X-A": "b"}, "body": ""}
"""
    arn = account.function("f", source)
    api = account.deploy({"GET /": proxy(arn)})
    trials = account.running.platform.rest_apis.trials

    answer = account.running.run(trials.method(trial(api), "r0", "GET"))

    told = _headers_told(answer["log"])
    sent = told["Endpoint request headers"]
    assert list(sent) == [
        "x-amzn-apigateway-api-id",
        "Accept",
        "User-Agent",
        "Host",
        "X-Amzn-Trace-Id",
        "x-amzn-lambda-integration-tag",
        "X-Amz-Source-Arn",
    ]
    assert sent["Host"] == "lambda.us-east-1.amazonaws.com"
    got = told["Endpoint response headers"]
    assert got == {
        "Date": got["Date"],
        "Content-Type": "application/json",
        "Content-Length": got["Content-Length"],
        "Connection": "keep-alive",
        "x-amzn-RequestId": got["x-amzn-RequestId"],
        "x-amzn-Remapped-Content-Length": "0",
        "X-Amz-Executed-Version": "$LATEST",
        "X-Amzn-Trace-Id": got["X-Amzn-Trace-Id"],
    }
    assert got["Date"].endswith(" GMT")
    assert got["X-Amzn-Trace-Id"].startswith(f"{sent['X-Amzn-Trace-Id']};Parent=")
    # A function's own headers come before the trace (a write-up of the CDK's hello world, March 2022).
    answered = told["Method response headers"]
    assert list(answered) == ["Content-Type", "X-A", "X-Amzn-Trace-Id"]
    assert answered == answer["headers"]
    assert answered["X-Amzn-Trace-Id"] == got["X-Amzn-Trace-Id"]


def test_the_trace_comes_first_in_mapped_answers(
    account: Any, mapped: Any, uri: Any, trial: Any
) -> None:
    """As "An introduction to AWS Lambda functions in Go" prints it (November 2020), and READMEs of 2016 and 2019 do."""
    arn = account.function("f", "def run(event, context): return 1")
    api = account.deploy({"GET /": mapped("AWS", uri=uri(arn), httpMethod="POST")})
    trials = account.running.platform.rest_apis.trials

    answer = account.running.run(trials.method(trial(api), "r0", "GET"))

    told = _headers_told(answer["log"])["Method response headers"]
    assert list(told) == ["X-Amzn-Trace-Id", "Content-Type"]
    assert told == answer["headers"]


def test_a_function_that_fails_is_told_with_its_request_id(
    account: Any, proxy: Any, trial: Any
) -> None:
    arn = account.function("f", "def run(event, context): raise ValueError('no')")
    api = account.deploy({"GET /": proxy(arn)})
    trials = account.running.platform.rest_apis.trials

    answer = account.running.run(trials.method(trial(api), "r0", "GET"))

    got = _headers_told(answer["log"])["Endpoint response headers"]
    assert list(got)[4:6] == ["x-amzn-RequestId", "X-Amz-Function-Error"]
    assert got["X-Amz-Function-Error"] == "Unhandled"
    texts = [line.partition(" : ")[2] for line in answer["log"].splitlines()]
    assert texts[-2:] == [
        (
            "Lambda execution failed with status 200 due to customer function error: no. "
            f"Lambda request id: {got['x-amzn-RequestId']}"
        ),
        "Method completed with status: 502",
    ]


def _headers_told(log: str) -> dict[str, dict[str, str]]:
    texts = [line.partition(" : ")[2] for line in log.splitlines()]
    pairs = [text.removesuffix("}").split(": {", 1) for text in texts if " headers: {" in text]
    # A comma and a space are in dates, too.
    return {
        name: dict(each.split("=", 1) for each in re.split(r", (?=[\w-]+=)", values) if each)
        for name, values in pairs
    }


def test_failed_trial_says_why(account: Any, proxy: Any, trial: Any) -> None:
    arn = account.function("f", ECHO, permit=False)
    api = account.deploy({"GET /": proxy(arn)})
    trials = account.running.platform.rest_apis.trials

    answer = account.running.run(trials.method(trial(api), "r0", "GET"))

    assert (answer["status"], answer["body"]) == (500, '{"message": "Internal server error"}')
    why = "Execution failed due to configuration error: Invalid permissions on Lambda function"
    # As AWS's "How do I resolve HTTP 502 errors from API Gateway REST APIs with Lambda proxy integration?" shows it:
    # nothing stands between why it failed and the status.
    texts = [line.partition(" : ")[2] for line in answer["log"].splitlines()]
    assert texts[-2:] == [why, "Method completed with status: 500"]
    with pytest.raises(LookupError):
        account.running.run(trials.method(trial(api), "r0", "POST"))


def test_a_function_is_called_with_post_alone(account: Any, proxy: Any, trial: Any) -> None:
    """The lines are those of AWS's "Why did I receive 'Execution failed due to configuration' errors from API Gateway
    after I used a CloudFormation template?".
    """
    arn = account.function("f", ECHO)
    methods = {"GET /": proxy(arn, httpMethod="GET"), "POST /": proxy(arn, httpMethod="ANY")}
    api = account.deploy(methods)
    trials = account.running.platform.rest_apis.trials

    answer = account.running.run(trials.method(trial(api), "r0", "GET"))

    assert (answer["status"], answer["body"]) == (500, '{"message": "Internal server error"}')
    texts = answer["log"].partition(" : Received response. ")[2]
    told = (
        "Endpoint response body before transformations: <AccessDeniedException>\n"
        "  <Message>Unable to determine service/operation name to be authorized</Message>\n"
        "</AccessDeniedException>\n"
    )
    assert texts.startswith("Status: 403, Integration latency: ")
    assert "Content-Length=130, Connection=keep-alive, x-amzn-RequestId=" in texts
    assert told in texts
    lines = [line.partition(" : ")[2] for line in texts.splitlines()]
    assert lines[-3].startswith("Lambda invocation failed with status: 403. Lambda request id: ")
    assert lines[-2:] == [
        "Execution failed due to configuration error: ",
        "Method completed with status: 500",
    ]
    assert account.call(api, "GET", "/").status == 500
    assert account.call(api, "POST", "/", b"{}").status == 200


@pytest.mark.parametrize(("token", "status"), [("yes", 200), ("no", 401), ("", 401)])
def test_authorizer_is_tried(
    account: Any, mock: Any, trial: Any, uri: Any, token: str, status: int
) -> None:
    authorizer = {
        "id": "a1",
        "type": "TOKEN",
        "identitySource": "method.request.header.Authorization",
        "authorizerUri": uri(account.function("auth", AUTHORIZER)),
    }
    api = account.deploy({"GET /": mock()}, authorizers=[authorizer])
    trials = account.running.platform.rest_apis.trials
    headers = [("authorization", token)] if token else []

    answer = account.running.run(trials.authorizer(trial(api, headers=headers), "a1"))

    assert answer["clientStatus"] == status
    assert answer["log"].startswith("Execution log for request ")
    assert isinstance(answer["latency"], int)
    if status == 200:
        assert answer["principalId"] == "me"
        assert json.loads(answer["policy"])["Statement"] == []
        # The first four are quoted in sbarski/serverless-architectures-aws/issues/11.
        texts = [line.partition(" : ")[2] for line in answer["log"].splitlines()]
        assert [text.partition(": ")[0].partition(" https")[0] for text in texts[1:]] == [
            "Starting authorizer",
            "Incoming identity",
            "Endpoint request URI",
            "Endpoint request headers",
            "Endpoint request body after transformations",
            "Sending request to",
            "Authorizer result body before parsing",
            "Using valid authorizer policy for principal",
            "Successfully completed authorizer execution",
        ]
    else:
        texts = [line.partition(" : ")[2] for line in answer["log"].splitlines()]
        request_id = answer["log"].split()[4]
        said = ["Unauthorized"] if token else []  # by the function
        assert texts[-1 - len(said) :] == [f"Unauthorized request: {request_id}", *said]


def test_request_authorizer_is_tried_with_an_event_of_its_own(
    account: Any, mock: Any, trial: Any, uri: Any
) -> None:
    """As a log of September 2019 has it, in notes on `AuthorizerConfigurationException`, and events that are kept in
    the tests of authorizers since: nothing is null in them, and the stage of the ARN is another.
    """
    source = """
import json
def run(event, context):
    policy = {"Version": "2012-10-17", "Statement": []}
    return {"principalId": "me", "policyDocument": policy, "context": {"event": json.dumps(event)}}
"""
    authorizer = {
        "id": "a1",
        "type": "REQUEST",
        "identitySource": "method.request.header.Hash, method.request.header.More",
        "authorizerUri": uri(account.function("auth", source)),
    }
    api = account.deploy({"GET /": mock()}, authorizers=[authorizer])
    trials = account.running.platform.rest_apis.trials
    headers = [("Hash", "aaaaaaaaaaaaaa"), ("More", "bcdefghi")]

    answer = account.running.run(trials.authorizer(trial(api, headers=headers), "a1"))

    texts = [line.partition(" : ")[2] for line in answer["log"].splitlines()]
    assert texts[2] == (
        "Incoming identity: "
        "{method.request.header.Hash=********aaaaaa, method.request.header.More=**defghi}"
    )
    [result] = [text for text in texts if text.startswith("Authorizer result body")]
    assert "test-invoke-resource-id" in result
    assert "/ESTestInvoke-stage/GET/" in result
    for name in ("queryStringParameters", "pathParameters", "stageVariables"):
        assert f'\\"{name}\\": {{}}' in result
