"""TestInvokeMethod and TestInvokeAuthorizer."""

from __future__ import annotations

import json
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
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["multiValueHeaders"]["X-Amzn-Trace-Id"][0].startswith("Root=1-")
    assert isinstance(answer["latency"], int)
    head, *lines = answer["log"].splitlines()
    assert head == f"Execution log for request {context['requestId']}"
    texts = [line.partition(" UTC ")[2].partition(" : ")[2] for line in lines]
    assert texts[0] == f"Starting execution for request: {context['requestId']}"
    assert texts[1] == "HTTP Method: GET, Resource Path: /pets/7"
    assert texts[2] == "Method request path: {id=7}"
    # sbarski/serverless-architectures-aws/issues/11 has headers as AWS shows them: {name=value, ...}
    told = f"X-Amzn-Trace-Id={answer['headers']['X-Amzn-Trace-Id']}, Content-Type=application/json"
    assert texts[-3] == f"Method response headers: {{{told}}}"
    assert texts[-2:] == ["Successfully completed execution", "Method completed with status: 200"]


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
        assert texts[-1] == f"Unauthorized request: {request_id}"
