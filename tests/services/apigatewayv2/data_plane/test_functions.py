"""Functions behind HTTP APIs: their events, what their results mean, routes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core import ids
from lambent.services.apigatewayv2.data_plane.exchange import fresh_request_id

if TYPE_CHECKING:
    from collections.abc import Callable


def test_request_ids_look_like_those_of_aws() -> None:
    """Such as `U9euFi_ySQ0EPsw=` (December 2025, curl) and `cGMi_haHjoEEPmw=` (August 2024, HTTPie)."""
    for _ in range(200):
        assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", fresh_request_id())


def test_an_event_of_format_2(account: Any, echo: str) -> None:
    arn = account.function("f", echo)
    api = account.api("POST /pets/{id}/{rest+}", arn=arn)
    account.client.update_stage(ApiId=api, StageName="$default", StageVariables={"a": "1"})
    answer = account.call(
        api,
        "POST",
        "/pets/7/a/b%20c?x=1&x=2&y=%26",
        b'{"q":1}',
        {
            "Content-Type": "application/json",
            "Cookie": "a=1; b=2",
            "X-Twice": "1",
            "User-Agent": "t",
        },
    )
    assert answer.status == 200
    event = answer.json
    context = event.pop("requestContext")
    headers = event.pop("headers")
    assert event == {
        "version": "2.0",
        "routeKey": "POST /pets/{id}/{rest+}",
        "rawPath": "/pets/7/a/b c",
        "rawQueryString": "x=1&x=2&y=%26",
        "cookies": ["a=1", "b=2"],
        "queryStringParameters": {"x": "1,2", "y": "&"},
        "pathParameters": {"id": "7", "rest": "a/b c"},
        "stageVariables": {"a": "1"},
        "body": '{"q":1}',
        "isBase64Encoded": False,
    }
    host = f"{api}.execute-api.us-east-1.amazonaws.com"
    assert headers["host"] == host
    assert headers["x-twice"] == "1"
    assert headers["content-length"] == "7"
    assert "cookie" not in headers
    assert context["http"] == {
        "method": "POST",
        "path": "/pets/7/a/b c",
        "protocol": "HTTP/1.1",
        "sourceIp": "127.0.0.1",
        "userAgent": "t",
    }
    account_id = arn.split(":")[4]
    assert {name: context[name] for name in ("accountId", "apiId", "domainName", "stage")} == {
        "accountId": account_id,
        "apiId": api,
        "domainName": host,
        "stage": "$default",
    }
    assert context["requestId"] == answer.headers["apigw-requestid"]
    assert isinstance(context["timeEpoch"], int)
    # As HTTPie and curl show it, with this name of the request and no other: makeops' webhook of August 2024.
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert "x-amzn-requestid" not in answer.headers


def test_the_raw_path_is_decoded(account: Any, echo: str) -> None:
    """github.com/fastify/aws-lambda-fastify/issues/169: `/a%2Fb` is `/a/b`; honojs/hono/issues/2156."""
    api = account.api("$default", arn=account.function("f", echo))
    event = account.call(api, "GET", "/RSC/%40id%2Fassets%2Frsf0.js%23save.txt?a=%20").json
    assert event["rawPath"] == "/RSC/@id/assets/rsf0.js#save.txt"
    assert event["requestContext"]["http"]["path"] == event["rawPath"]
    assert event["rawQueryString"] == "a=%20"


def test_an_event_of_format_1(account: Any, echo: str) -> None:
    api = account.api("GET /pets/{id}", arn=account.function("f", echo), version="1.0")
    event = account.call(api, "GET", "/pets/7?x=1&x=2").json
    context = event.pop("requestContext")
    headers = event.pop("multiValueHeaders")
    assert event.pop("headers") == {name: values[-1] for name, values in headers.items()}
    assert event == {
        "version": "1.0",
        "resource": "/pets/{id}",
        "path": "/pets/7",
        "httpMethod": "GET",
        "queryStringParameters": {"x": "2"},
        "multiValueQueryStringParameters": {"x": ["1", "2"]},
        "pathParameters": {"id": "7"},
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }
    assert (context["resourceId"], context["resourcePath"]) == ("GET /pets/{id}", "/pets/{id}")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert "authorizer" not in context


def test_names_of_headers_in_format_1(account: Any, echo: str) -> None:
    """As in events that AWS has sent for requests over HTTP/1.1, and that public repositories keep: one of a webhook
    (Razorpay-Webhook/v1, 2023) and one of PostmanRuntime/7.28.4 (2021).
    """
    api = account.api("GET /pets", arn=account.function("f", echo), version="1.0")
    sent = {
        "Accept": "*/*",
        "Accept-Encoding": "gzip",
        "Cache-Control": "no-cache",
        "Postman-Token": "8aa35c46",
        "User-Agent": "PostmanRuntime/7.28.4",
        "content-type": "application/json",
    }
    event = account.call(api, "GET", "/pets", headers=sent).json
    assert list(event["headers"]) == [
        "Content-Length",
        "Content-Type",
        "Host",
        "Postman-Token",
        "User-Agent",
        "X-Amzn-Trace-Id",
        "X-Forwarded-For",
        "X-Forwarded-Port",
        "X-Forwarded-Proto",
        "accept",
        "accept-encoding",
        "cache-control",
    ]
    assert event["headers"]["Content-Length"] == "0"


def test_a_greedy_variable_may_be_empty_behind_a_slash(account: Any, echo: str) -> None:
    """As `"path": "/handler/", "pathParameters": {"proxy": ""}` in an event of AWS's for `ANY /handler/{proxy+}` that
    a public repository keeps beside one of format 2.0.
    """
    api = account.api("ANY /handler/{proxy+}", arn=account.function("f", echo))
    assert account.call(api, "GET", "/handler/").json["pathParameters"] == {"proxy": ""}
    assert account.call(api, "GET", "/handler").status == 404


def test_a_request_without_a_body_has_a_content_length(account: Any, echo: str) -> None:
    """`"content-length": "0"` of a GET: awsdocs/aws-lambda-developer-guide, sample-apps/nodejs-apig/event-v2.json."""
    api = account.api("$default", arn=account.function("f", echo))
    assert account.call(api, "GET", "/").json["headers"]["content-length"] == "0"


def test_a_binary_body_comes_in_base64(account: Any, echo: str) -> None:
    api = account.api("$default", arn=account.function("f", echo))
    event = account.call(api, "PUT", "/", b"\xff\x00", {"Content-Type": "image/png"}).json
    assert (event["body"], event["isBase64Encoded"]) == ("/wA=", True)


RESULTS = """
RESULTS = {
    "text": "hello",
    "object": {"a": 1},
    "none": None,
    "full": {"statusCode": "201", "headers": {"X-A": 1}, "cookies": ["a=1", "b=2"], "body": "x"},
    "binary": {"statusCode": 200, "isBase64Encoded": True, "body": "/wA="},
    "status": {"statusCode": "oops"},
    "header": {"statusCode": 200, "headers": {"a": "x\\r\\ny: z"}},
    "several": {"statusCode": 200, "multiValueHeaders": {"X-A": ["1", "2"]}, "body": "m"},
}
def run(event, context):
    path = event.get("rawPath") or event["path"]
    if path == "/raise":
        raise ValueError("x")
    return RESULTS[path[1:]]
"""


def test_what_results_of_format_2_mean(account: Any) -> None:
    api = account.api("$default", arn=account.function("f", RESULTS))
    text = account.call(api, "GET", "/text")
    assert (text.status, text.body, text.headers["content-type"]) == (
        200,
        b"hello",
        "application/json",
    )
    assert account.call(api, "GET", "/object").json == {"a": 1}
    assert account.call(api, "GET", "/none").body == b"null"
    full = account.call(api, "GET", "/full")
    assert (full.status, full.body, full.headers["x-a"]) == (201, b"x", "1")
    assert [value for name, value in full.fields if name.lower() == "set-cookie"] == ["a=1", "b=2"]
    assert account.call(api, "GET", "/binary").body == b"\xff\x00"
    for path in ("/status", "/header", "/raise"):
        answer = account.call(api, "GET", path)
        assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})
    head = account.call(api, "HEAD", "/full")
    assert (head.status, head.body) == (201, b"")


def test_what_results_of_format_1_mean(account: Any) -> None:
    api = account.api("$default", arn=account.function("f", RESULTS), version="1.0")
    several = account.call(api, "GET", "/several")
    assert [value for name, value in several.fields if name.lower() == "x-a"] == ["1", "2"]
    for path in ("/text", "/object", "/none"):
        assert account.call(api, "GET", path).status == 500


def test_the_most_specific_route_answers(account: Any, echo: str) -> None:
    keys = (
        "GET /pets/dog/1",
        "GET /pets/dog/{id}",
        "ANY /pets/dog/{id}",
        "GET /pets/{proxy+}",
        "ANY /{proxy+}",
        "$default",
    )
    api = account.api(*keys, arn=account.function("f", echo))

    def route(method: str, path: str) -> str:
        return str(account.call(api, method, path).json["routeKey"])

    assert route("GET", "/pets/dog/1") == "GET /pets/dog/1"
    assert route("GET", "/pets/dog/2") == "GET /pets/dog/{id}"
    assert route("POST", "/pets/dog/1") == "ANY /pets/dog/{id}"
    assert route("GET", "/pets/cat") == "GET /pets/{proxy+}"
    assert route("POST", "/pets/cat/x") == "ANY /{proxy+}"
    assert route("GET", "/") == "$default"


def test_stages_and_addresses(account: Any, echo: str) -> None:
    api = account.api("GET /a", arn=account.function("f", echo))
    account.client.create_stage(ApiId=api, StageName="dev", AutoDeploy=True)
    assert account.call(api, "GET", "/a").json["requestContext"]["stage"] == "$default"
    named = account.call(api, "GET", "/dev/a").json
    assert (named["requestContext"]["stage"], named["rawPath"]) == ("dev", "/dev/a")
    local = f"{api}.execute-api.us-east-1.localhost:{account.port}"
    assert account.call(api, "GET", "/a", host=local).status == 200
    local = f"{api}.execute-api.localhost:{account.port}"
    assert account.call(api, "GET", "/a", host=local).status == 200
    host = f"127.0.0.1:{account.port}"
    path = f"/_aws/execute-api/{api}/dev/a"
    assert account.call(api, "GET", path, host=host).json["rawPath"] == "/dev/a"
    path = f"/_aws/execute-api/{api}/$default/a"
    assert account.call(api, "GET", path, host=host).json["rawPath"] == "/a"
    missing = account.call(api, "GET", "/b")
    assert (missing.status, missing.json) == (404, {"message": "Not Found"})
    assert len(missing.headers["apigw-requestid"]) == 16
    account.client.update_api(ApiId=api, DisableExecuteApiEndpoint=True)
    assert account.call(api, "GET", "/a").status == 404


def test_a_custom_domain_name_leads_to_the_api(account: Any, echo: str) -> None:
    api = account.api("GET /a", arn=account.function("f", echo))
    name = f"{ids.hex_id(8)}.example.com"
    account.client.create_domain_name(DomainName=name)
    account.client.create_api_mapping(
        DomainName=name, ApiId=api, Stage="$default", ApiMappingKey="x/y"
    )
    event = account.call(api, "GET", "/x/y/a", host=name).json
    assert (event["rawPath"], event["requestContext"]["domainName"]) == ("/a", name)
    assert account.call(api, "GET", "/x/a", host=name).status == 403


def test_a_function_without_permission_is_not_called(account: Any, echo: str) -> None:
    api = account.api("$default", arn=account.function("f", echo, permit=False))
    answer = account.call(api, "GET", "/")
    assert (answer.status, answer.json) == (500, {"message": "Internal Server Error"})


def test_a_role_may_let_the_function_be_called(
    account: Any, echo: str, aws: Callable[..., Any]
) -> None:
    def document(**members: Any) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", **members}})

    arn, iam = account.function("f", echo, permit=False), aws("iam")
    trust = document(Principal={"Service": "apigateway.amazonaws.com"}, Action="sts:AssumeRole")
    role = iam.create_role(Path="/of/apis/", RoleName="gw", AssumeRolePolicyDocument=trust)["Role"]
    api = account.api()
    target = account.integration(
        api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=arn,
        PayloadFormatVersion="2.0",
        CredentialsArn=role["Arn"],
    )
    account.client.create_route(ApiId=api, RouteKey="$default", Target=target)
    assert account.call(api, "GET", "/").status == 500
    policy = document(Action="lambda:InvokeFunction", Resource=arn)
    iam.put_role_policy(RoleName="gw", PolicyName="p", PolicyDocument=policy)
    assert account.call(api, "GET", "/").status == 200


def test_limits_of_rate_hold(account: Any, echo: str) -> None:
    api = account.api("GET /a", "GET /b", arn=account.function("f", echo))
    account.client.update_stage(
        ApiId=api,
        StageName="$default",
        RouteSettings={"GET /a": {"ThrottlingRateLimit": 0.001, "ThrottlingBurstLimit": 1}},
    )
    assert account.call(api, "GET", "/a").status == 200
    answer = account.call(api, "GET", "/a")
    assert (answer.status, answer.json) == (429, {"message": "Too Many Requests"})
    assert account.call(api, "GET", "/b").status == 200


def test_too_large_a_body_and_too_slow_a_function(account: Any) -> None:
    slow = "import time\ndef run(event, context):\n    time.sleep(2)\n"
    api = account.api("$default", arn=account.function("f", slow))
    [integration] = account.client.get_integrations(ApiId=api)["Items"]
    account.client.update_integration(
        ApiId=api, IntegrationId=integration["IntegrationId"], TimeoutInMillis=50
    )
    answer = account.call(api, "GET", "/")
    assert (answer.status, answer.json) == (503, {"message": "Service Unavailable"})
    answer = account.call(api, "POST", "/", b"x" * 10_485_761)
    assert (answer.status, answer.json) == (413, {"message": "Request Entity Too Large"})


def test_cors_is_the_gateways_business(account: Any) -> None:
    source = (
        "def run(event, context):\n"
        "    return {'statusCode': 200, 'headers': {'access-control-allow-origin': 'x'}}\n"
    )
    cors = {
        "AllowOrigins": ["https://a.example"],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["x-a"],
        "MaxAge": 7,
    }
    api = account.api("GET /a", arn=account.function("f", source), CorsConfiguration=cors)
    asked = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    answer = account.call(api, "OPTIONS", "/nowhere", headers=asked)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == "https://a.example"
    assert answer.headers["access-control-allow-methods"] == "GET,POST"
    assert answer.headers["access-control-allow-headers"] == "x-a"
    assert answer.headers["access-control-max-age"] == "7"
    other = account.call(api, "OPTIONS", "/a", headers=asked | {"Origin": "https://b.example"})
    assert (other.status, "access-control-allow-origin" in other.headers) == (204, False)
    plain = account.call(api, "GET", "/a", headers={"Origin": "https://a.example"})
    assert plain.headers["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-origin" not in account.call(api, "GET", "/a").headers


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /a%2Fb/%00/..%2f.. HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"GET /a%0d%0aX-Injected:%201 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
        b"GET /a?%ff=%zz&=&&x HTTP/1.1\r\nHost: {host}\r\nX-A: 1\r\nx-a: \xff\r\nConnection: close\r\n\r\n",
        b"GET /?" + b"q=" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 50\r\n\r\nhello",
        b"OPTIONS * HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n",
    ],
)
def test_bad_input_is_no_fault_of_ours(account: Any, sent: bytes) -> None:
    source = "def run(event, context):\n    return {'statusCode': 200, 'body': event['rawPath']}\n"
    api = account.api("$default", arn=account.function("f", source))
    host = f"{api}.execute-api.us-east-1.amazonaws.com".encode()
    got = account.raw(sent.replace(b"{host}", host))
    head = got.partition(b"\r\n\r\n")[0]
    assert got == b"" or got[9:10] in b"24"
    assert b"x-injected" not in head.lower()


def test_the_trace_header_of_the_caller_reaches_the_function(account: Any) -> None:
    source = "import os\ndef run(event, context): return {'found': os.environ['_X_AMZN_TRACE_ID']}"
    api = account.api("GET /pets", arn=account.function("f", source))
    given = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
    answer = account.call(api, "GET", "/pets", b"", {"X-Amzn-Trace-Id": given})
    assert answer.json == {"found": given}
    traceparent = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
    answer = account.call(api, "GET", "/pets", b"", {"traceparent": traceparent})
    assert answer.json == {"found": given}
    answer = account.call(api, "GET", "/pets")
    pattern = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0"
    assert re.fullmatch(pattern, answer.json["found"])
