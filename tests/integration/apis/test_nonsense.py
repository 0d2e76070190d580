"""Functions that answer nonsense, and logs that say what was wrong with it."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

# Returns what it is sent.
PARROT = "import json\ndef run(event, context):\n    return json.loads(event['body'])\n"
_AWS_SAYS = "Execution failed due to configuration error: Malformed Lambda proxy response"
# What a function returns -> what the log of a REST API says of it, and that of an HTTP API; None: it is an answer.
NONSENSE: list[tuple[Any, str | None, str | None]] = [
    ({"statusCode": "ok"}, "statusCode must be", "statusCode"),
    ({"statusCode": 99}, "statusCode must be", "statusCode"),
    ({"statusCode": 600}, "statusCode must be", "statusCode"),
    ({"statusCode": 200.5}, "statusCode must be", "statusCode"),
    ({"statusCode": True}, "statusCode must be", "statusCode"),
    ({"statusCode": None}, "statusCode must be", "statusCode"),
    ({"statusCode": [200]}, "statusCode must be", "statusCode"),
    ({"statusCode": 10**400}, "no JSON", "no JSON"),
    ({"statusCode": 200, "body": {"a": 1}}, "body must be", "body"),
    ({"statusCode": 200, "body": 5}, "body must be", "body"),
    ({"statusCode": 200, "body": ["a"]}, "body must be", "body"),
    ({"statusCode": 200, "headers": "a: b"}, "must be objects", "headers"),
    ({"statusCode": 200, "headers": ["a"]}, "must be objects", "headers"),
    ({"statusCode": 200, "headers": {"a": {"b": 1}}}, "the header 'a' must be", "headers"),
    ({"statusCode": 200, "headers": {"a": ["b"]}}, "the header 'a' must be", "headers"),
    ({"statusCode": 200, "headers": {"a b": "c"}}, "'a b' cannot be sent", "cannot be sent"),
    ({"statusCode": 200, "headers": {"": "c"}}, "'' cannot be sent", "cannot be sent"),
    ({"statusCode": 200, "headers": {"a": "b\r\nSet-Cookie: c"}}, "cannot be sent", "cannot be"),
    ({"statusCode": 200, "headers": {"a\r\nb": "c"}}, "cannot be sent", "cannot be sent"),
    ({"statusCode": 200, "headers": {"a": "\u20ac"}}, "cannot be sent", "cannot be sent"),
    ({"statusCode": 200, "headers": {"a": "x" * 70_000}}, "over 65536 bytes", "over 65536 bytes"),
    ({"statusCode": 200, "headers": {f"a{n}": "x" * 1000 for n in range(70)}}, "over", "over"),
    ({"statusCode": 200, "multiValueHeaders": {"a": "b"}}, "must be a list", None),
    ({"statusCode": 200, "multiValueHeaders": "a"}, "must be objects", None),
    ({"statusCode": 200, "cookies": "a=b"}, "there is no member 'cookies'", "cookies"),
    ({"statusCode": 200, "cookies": [{"a": "b"}]}, "there is no member 'cookies'", "cookies"),
    ({"statusCode": 200, "isBase64Encoded": "yes", "body": "YQ=="}, "true or false", "isBase64"),
    ({"statusCode": 200, "isBase64Encoded": True, "body": "%"}, "Unable to base64", "Unable to"),
    ({"statusCode": 200, "body": "ok", "more": 1}, "there is no member 'more'", None),
    ("text", "no object", None),
    (5, "no object", None),
    (None, "no object", None),
    ([{"statusCode": 200}], "no object", None),
    ({}, "statusCode must be", None),
    ({"statusCode": 200, "headers": None, "multiValueHeaders": None, "body": None}, None, None),
    ({"statusCode": 200, "headers": {"a": None, "b": 1, "c": True}, "body": ""}, None, None),
    ({"statusCode": 200, "headers": {"Content-Length": "7", "Connection": "x"}}, None, None),
    ({"statusCode": 200, "headers": {"Transfer-Encoding": "chunked"}, "body": "x"}, None, None),
]


class Logged:
    """An API whose requests are written down, and who reads that."""

    def __init__(self, tenant: Any, kind: str, source: str) -> None:
        self.api = tenant.api(kind, tenant.function("f", source))
        self._tenant = tenant
        if kind == "http":
            self._group = "access"
            tenant.logs.create_log_group(logGroupName="access")
            (group,) = tenant.logs.describe_log_groups(logGroupNamePrefix="access")["logGroups"]
            tenant.http.update_stage(
                ApiId=self.api.id,
                StageName="prod",
                AccessLogSettings={
                    "DestinationArn": group["arn"].removesuffix(":*"),
                    "Format": "$context.requestId $context.integrationErrorMessage"
                    " $context.authorizer.error",
                },
            )
        else:
            self._group = f"API-Gateway-Execution-Logs_{self.api.id}/prod"
            role = tenant.iam.get_role(RoleName="r")["Role"]["Arn"]
            patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
            tenant.rest.update_account(patchOperations=[patch])
            patch = {"op": "replace", "path": "/*/*/logging/loglevel", "value": "ERROR"}
            tenant.rest.update_stage(
                restApiId=self.api.id, stageName="prod", patchOperations=[patch]
            )

    def lines(self, answer: Any) -> list[str]:
        """What the logs say of a request."""
        id_ = answer.headers.get("apigw-requestid") or answer.headers["x-amzn-requestid"]
        events = self._tenant.logs.filter_log_events(
            logGroupName=self._group, filterPattern=f'"{id_}"'
        )["events"]
        return [event["message"].partition(" ")[2] for event in events]


def test_nonsense_is_answered_as_aws_does_and_the_log_says_why(tenant: Any, kind: str) -> None:
    logged = Logged(tenant, kind, PARROT)
    if kind == "http":
        status, body = 500, b'{"message":"Internal Server Error"}'
    else:
        status, body = 502, b'{"message": "Internal server error"}'
    for result, said_of_rest, said_of_http in NONSENSE:
        said = said_of_http if kind == "http" else said_of_rest
        sent = json.dumps(result).encode()
        fields = (b"Content-Type: application/json", b"Accept: image/png")

        answer = logged.api.call(b"/a", *fields, method=b"POST", body=sent)

        assert "set-cookie" not in answer.headers
        assert "transfer-encoding" not in answer.headers
        if said is None:
            assert answer.status == 200, result
            continue
        assert (answer.status, answer.body) == (status, body), result
        lines = logged.lines(answer)
        assert any(said in line for line in lines), (result, lines)
        if kind == "rest" and "Unable" not in said:
            assert _AWS_SAYS in lines


@pytest.mark.parametrize(
    ("source", "said_of_rest"),
    [
        ("def run(event, context): raise ValueError('no')", "customer function error: no"),
        ("import os\ndef run(event, context): os._exit(1)", "customer function error"),
        ("def run(event, context): return 'x' * 7_000_000", "customer function error"),
        ("def run(event, context): return {1: {2}}", "customer function error"),
        ("def walk(event, context): pass", "customer function error"),
    ],
    ids=["raises", "exits", "too-large", "no-json", "no-handler"],
)
def test_functions_that_fail_are_named_in_the_log(
    tenant: Any, kind: str, source: str, said_of_rest: str
) -> None:
    logged = Logged(tenant, kind, source)

    answer = logged.api.call(b"/a")

    lines = logged.lines(answer)
    if kind == "http":
        assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})
        assert lines == ["The Lambda function returned an error -"]
    else:
        assert (answer.status, answer.json) == (502, {"message": "Internal server error"})
        assert any(said_of_rest in line for line in lines), lines


# Returns what the token is.
AUTHORIZER = """
import json
def run(event, context):
    return json.loads(event.get("authorizationToken") or event["identitySource"][0])
"""
_ALLOW = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}


def _grant(*statements: Any, **members: Any) -> Any:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"principalId": "p", "policyDocument": document, **members}


def test_authorizers_that_answer_nonsense_open_nothing(tenant: Any, kind: str) -> None:
    """They are at fault, so it is a 500, and no function is called."""
    arn = tenant.function("a", AUTHORIZER)
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    logged = Logged(tenant, kind, "def run(event, context): return event['body']")
    api = logged.api
    if kind == "http":
        _guard_http(tenant, api.id, uri)
        body = b'{"message":"Internal Server Error"}'
    else:
        _guard_rest(tenant, api.id, uri)
        body = b'{"message":null}'
    for result in (
        None,
        "Allow",
        [_grant(_ALLOW)],
        {},
        {"principalId": "p"},
        {"policyDocument": _grant(_ALLOW)["policyDocument"]},
        _grant(_ALLOW, principalId=5),
        _grant(_ALLOW, policyDocument=json.dumps(_ALLOW)),
        _grant(_ALLOW, context="x"),
        _grant("Allow"),
        _grant({**_ALLOW, "Effect": "Maybe"}),
        _grant({**_ALLOW, "Action": 5}),
        _grant({**_ALLOW, "Resource": {}}),
        _grant({**_ALLOW, "Condition": {"Bogus": {"a": "b"}}}),
    ):
        answer = api.call(b"/a", b"Authorization: " + json.dumps(result).encode())
        assert (answer.status, answer.body) == (500, body), result
        lines = logged.lines(answer)
        if kind == "http":
            (line,) = lines
            assert line.startswith("- The authorizer's "), line
        else:
            assert lines[0].startswith("Execution failed due to configuration error: "), lines


def _guard_http(tenant: Any, api_id: str, uri: str) -> None:
    made = tenant.http.create_authorizer(
        ApiId=api_id,
        Name="a",
        AuthorizerType="REQUEST",
        AuthorizerUri=uri,
        IdentitySource=["$request.header.Authorization"],
        AuthorizerPayloadFormatVersion="2.0",
    )
    (route,) = tenant.http.get_routes(ApiId=api_id)["Items"]
    tenant.http.update_route(
        ApiId=api_id,
        RouteId=route["RouteId"],
        AuthorizationType="CUSTOM",
        AuthorizerId=made["AuthorizerId"],
    )


def _guard_rest(tenant: Any, api_id: str, uri: str) -> None:
    made = tenant.rest.create_authorizer(
        restApiId=api_id,
        name="a",
        type="TOKEN",
        authorizerUri=uri,
        identitySource="method.request.header.Authorization",
    )
    patches = [
        {"op": "replace", "path": path, "value": value}
        for path, value in (("/authorizationType", "CUSTOM"), ("/authorizerId", made["id"]))
    ]
    for resource in tenant.rest.get_resources(restApiId=api_id)["items"]:
        place = {"restApiId": api_id, "resourceId": resource["id"], "httpMethod": "ANY"}
        tenant.rest.update_method(**place, patchOperations=patches)
    tenant.rest.create_deployment(restApiId=api_id, stageName="prod")
