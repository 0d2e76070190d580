"""Lambda proxy integrations: payload format 1.0, both ways."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ECHO = """
import json
def run(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""
# Returns what it is told to.
PARROT = """
import json
def run(event, context):
    return json.loads(event["body"])
"""


def test_the_path_and_its_parameters_are_in_the_event_as_sent(account: Any, proxy: Any) -> None:
    """github.com/serverless/serverless/issues/5037: `/posts/%40` is `%40`. AWS's own test tool of the .NET runtime has
    "rest uses encoded value for the path params"; the path's: github.com/middleapi/standard-server/pull/93.
    """
    api = account.deploy({"GET /posts/{id}/{rest+}": proxy(account.function("f", ECHO))})
    event = json.loads(account.call(api, "GET", "/posts/%40/a%20b/c%2Fd").body)
    assert event["path"] == "/posts/%40/a%20b/c%2Fd"
    assert event["pathParameters"] == {"id": "%40", "rest": "a%20b/c%2Fd"}


def test_event_has_every_member_of_payload_format_1(account: Any, proxy: Any) -> None:
    api = account.deploy({"GET /pets/{id}": proxy(account.function("f", ECHO))})

    answer = account.call(api, "GET", "/pets/7?a=1&a=2&b=", headers={"X-Own": "x"})

    assert answer.status == 200
    event = json.loads(answer.body)
    context = event.pop("requestContext")
    headers, multi_headers = event.pop("headers"), event.pop("multiValueHeaders")
    assert event == {
        "resource": "/pets/{id}",
        "path": "/pets/7",
        "httpMethod": "GET",
        "queryStringParameters": {"a": "2", "b": ""},
        "multiValueQueryStringParameters": {"a": ["1", "2"], "b": [""]},
        "pathParameters": {"id": "7"},
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }
    assert headers["X-Own"] == "x"
    assert multi_headers["X-Own"] == ["x"]
    assert headers["Host"] == f"{api}.execute-api.us-east-1.amazonaws.com"
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["X-Amzn-Trace-Id"].startswith("Root=1-")
    identity = context.pop("identity")
    assert list(context) == [
        "resourceId",
        "resourcePath",
        "httpMethod",
        "extendedRequestId",
        "requestTime",
        "path",
        "accountId",
        "protocol",
        "stage",
        "domainPrefix",
        "requestTimeEpoch",
        "requestId",
        "domainName",
        "deploymentId",
        "apiId",
    ]
    assert context["path"] == "/prod/pets/7"
    assert context["stage"] == "prod"
    assert context["apiId"] == context["domainPrefix"] == api
    assert context["accountId"] == account.id
    assert context["requestId"] == answer.headers["x-amzn-requestid"]
    assert context["extendedRequestId"] == answer.headers["x-amz-apigw-id"]
    assert identity == {
        "cognitoIdentityPoolId": None,
        "accountId": None,
        "cognitoIdentityId": None,
        "caller": None,
        "sourceIp": "127.0.0.1",
        "principalOrgId": None,
        "accessKey": None,
        "cognitoAuthenticationType": None,
        "cognitoAuthenticationProvider": None,
        "userArn": None,
        "userAgent": None,
        "user": None,
    }


def test_every_address_leads_to_the_stage(account: Any, proxy: Any) -> None:
    api = account.deploy({"ANY /{proxy+}": proxy(account.function("f", ECHO))})
    port = account.port

    by_localhost = account.call(api, "GET", "/prod/a", host=f"{api}.execute-api.localhost:{port}")
    by_path = account.call(api, "GET", f"/restapis/{api}/prod/_user_request_/a", host="127.0.0.1")
    by_own_path = account.call(api, "GET", f"/_aws/execute-api/{api}/prod/a", host="localhost")

    for answer in (by_localhost, by_path, by_own_path):
        event = json.loads(answer.body)
        assert (event["path"], event["pathParameters"]) == ("/a", {"proxy": "a"})


def test_repeated_headers_are_told_with_all_their_values(account: Any, proxy: Any) -> None:
    api = account.deploy({"GET /": proxy(account.function("f", ECHO))})

    got = account.raw(
        f"GET /prod/ HTTP/1.1\r\nHost: {api}.execute-api.us-east-1.amazonaws.com\r\n"
        "X-Many: 1\r\nx-many: 2\r\nConnection: close\r\n\r\n".encode()
    )

    event = json.loads(got.partition(b"\r\n\r\n")[2])
    assert event["headers"]["X-Many"] == "2"
    assert event["multiValueHeaders"]["X-Many"] == ["1", "2"]


def test_stage_variable_names_the_function(account: Any, proxy: Any) -> None:
    arn = account.function("f", ECHO)
    method = proxy(arn.removesuffix(":f") + ":${stageVariables.name}")
    api = account.deploy({"GET /": method}, stage={"variables": {"name": "f"}})

    event = json.loads(account.call(api, "GET", "/").body)

    assert event["stageVariables"] == {"name": "f"}


@pytest.mark.parametrize(
    "result",
    [
        None,
        "text",
        [],
        {},
        {"message": "no status"},
        {"statusCode": "ok", "body": ""},
        {"statusCode": 200, "body": {"an": "object"}},
        {"statusCode": 200, "body": "", "more": 1},
        {"statusCode": 200, "headers": {"X-Split": "a\r\nSet-Cookie: b"}},
        {"statusCode": 200, "headers": {"X Y": "a"}},
        {"statusCode": 200, "multiValueHeaders": {"X": "no list"}},
        {"statusCode": 99},
    ],
)
def test_malformed_results_are_502(parrot: Callable[[Any], Any], result: Any) -> None:
    answer = parrot(result)

    assert answer.status == 502
    assert answer.text == '{"message": "Internal server error"}'
    assert answer.headers["x-amzn-errortype"] == "InternalServerErrorException"


def test_result_becomes_the_answer(parrot: Callable[[Any], Any]) -> None:
    answer = parrot(
        {
            "statusCode": 418,
            "headers": {"X-One": "1", "X-Both": "lost", "Date": "then", "X-Number": 5},
            "multiValueHeaders": {"X-Both": ["a", "b"], "Set-Cookie": ["c=1", "d=2"]},
            "body": "tea",
        }
    )

    assert (answer.status, answer.text) == (418, "tea")
    fields = answer.fields
    assert ("X-One", "1") in fields
    assert ("X-Number", "5") in fields
    assert ("x-amzn-Remapped-Date", "then") in fields
    assert [value for name, value in fields if name == "X-Both"] == ["a", "b"]
    assert [value for name, value in fields if name == "Set-Cookie"] == ["c=1", "d=2"]
    assert answer.headers["content-type"] == "application/json"


def test_binary_media_types_decide_about_base64(account: Any, proxy: Any) -> None:
    arn = account.function(
        "f", ECHO.replace("json.dumps(event)", "event['body'], 'isBase64Encoded': True")
    )
    api = account.deploy({"POST /": proxy(arn)}, api={"binaryMediaTypes": ["image/*"]})
    headers = {"Content-Type": "image/png", "Accept": "image/png, text/html"}

    assert account.call(api, "POST", "/", b"\xff\x00", headers).body == b"\xff\x00"
    assert account.call(api, "POST", "/", b"\xff\x00", headers | {"Accept": "*/*"}).body == b"/wA="


def test_function_that_fails_is_502(account: Any, proxy: Any) -> None:
    api = account.deploy({"GET /": proxy(account.function("f", "def run(e, c): raise ValueError"))})

    answer = account.call(api, "GET", "/")

    assert (answer.status, answer.text) == (502, '{"message": "Internal server error"}')


def test_function_without_permission_is_500(account: Any, proxy: Any) -> None:
    arn = account.function("f", ECHO, permit=False)
    api = account.deploy({"GET /": proxy(arn), "GET /gone": proxy(f"{arn}gone")})

    for path in ("/", "/gone"):
        answer = account.call(api, "GET", path)
        assert (answer.status, answer.text) == (500, '{"message": "Internal server error"}')


def test_permission_may_be_for_one_method_only(account: Any, proxy: Any) -> None:
    arn = account.function("f", ECHO, permit=False)
    api = account.deploy({"GET /a/{id}": proxy(arn), "GET /b": proxy(arn)})
    source = f"arn:aws:execute-api:us-east-1:{account.id}:{api}/*/GET/a/*"
    account.permit("f", SourceArn=source)

    assert account.call(api, "GET", "/a/1").status == 200
    assert account.call(api, "GET", "/b").status == 500


def _role(iam: Any, name: str, service: str, action: str) -> str:
    """A role that a service may take on, with leave for one action."""

    def document(**members: Any) -> str:
        statement = {"Effect": "Allow", **members}
        return json.dumps({"Version": "2012-10-17", "Statement": statement})

    trust = document(Principal={"Service": service}, Action="sts:AssumeRole")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = document(Action=action, Resource="*")
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
    return str(role)


def test_a_role_may_be_taken_on_that_allows_the_call_and_trusts_the_service(
    account: Any, proxy: Any, aws: Any
) -> None:
    arn, iam, invoke = (
        account.function("f", ECHO, permit=False),
        aws("iam"),
        "lambda:InvokeFunction",
    )
    gateway = "apigateway.amazonaws.com"
    roles = {
        "/good": _role(iam, "good", gateway, invoke),
        "/weak": _role(iam, "weak", gateway, "lambda:GetFunction"),
        "/other": _role(iam, "other", "lambda.amazonaws.com", invoke),
        "/gone": f"arn:aws:iam::{account.id}:role/gone",
        "/none": "me",
    }
    paths = {f"GET {path}": proxy(arn, credentials=role) for path, role in roles.items()}
    api = account.deploy(paths)
    statuses = {path: account.call(api, "GET", path).status for path in roles}
    assert statuses == {"/good": 200, "/weak": 500, "/other": 500, "/gone": 500, "/none": 500}
    # Nobody takes on the roles of another account, though they trust the service.
    foreign = account.deploy(paths, account_id="999988887777")
    assert account.call(foreign, "GET", "/good").status == 500


def test_slow_integration_is_504(account: Any, proxy: Any) -> None:
    arn = account.function("f", "import time\ndef run(e, c): time.sleep(1)")
    api = account.deploy({"GET /": proxy(arn, timeoutInMillis=50)})

    answer = account.call(api, "GET", "/")

    assert (answer.status, answer.text) == (504, '{"message": "Endpoint request timed out"}')


@pytest.fixture
def parrot(account: Any, proxy: Any) -> Callable[[Any], Any]:
    """Calls a function that returns what it is given."""
    api = account.deploy({"POST /": proxy(account.function("f", PARROT))})
    return lambda result: account.call(api, "POST", "/", json.dumps(result))


def test_active_tracing_samples_the_first_request_of_a_second(account: Any, proxy: Any) -> None:
    """ "1 request per second, with 5 percent of requests sampled past that limit" (developer guide)."""
    source = """
import os
def run(event, context):
    return {"statusCode": 200, "body": os.environ["_X_AMZN_TRACE_ID"]}
"""
    method = proxy(account.function("f", source))
    api = account.deploy({"GET /pets": method}, stage={"tracingEnabled": True})
    passive = account.deploy({"GET /pets": method})
    given = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0"

    first = account.call(api, "GET", "/pets").text
    told = account.call(api, "GET", "/pets", headers={"X-Amzn-Trace-Id": given}).text

    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=1", first)
    assert told == given
    assert account.call(passive, "GET", "/pets").text.endswith(";Sampled=0")


def test_the_trace_header_of_the_caller_reaches_the_function(account: Any, proxy: Any) -> None:
    source = """
import os
def run(event, context):
    return {"statusCode": 200, "body": os.environ["_X_AMZN_TRACE_ID"]}
"""
    api = account.deploy({"GET /pets": proxy(account.function("f", source))})
    given = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

    answer = account.call(api, "GET", "/pets", headers={"X-Amzn-Trace-Id": given})
    assert answer.text == given
    assert answer.headers["x-amzn-trace-id"] == given
    answer = account.call(api, "GET", "/pets")
    # What Lambda answers, as AWS does: `Root=...;Parent=...;Sampled=0;Lineage=1:ead6d511:0` in curl's outputs of 2025,
    # in write-ups of CloudFront before API Gateway, and of a `GET /health` with Cognito.
    assert answer.headers["x-amzn-trace-id"] == answer.text
    assert re.fullmatch(
        r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0", answer.text
    )
