"""Function URLs: configured through boto3, called over plain HTTP."""

from __future__ import annotations

import base64
import http.client
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

MISSING = (404, "ResourceNotFoundException", "The resource you requested does not exist.")
FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)
ANSWER = """
def run(event, context):
    if "body" not in event or not event["body"].startswith("{"):
        return event
    import json
    return json.loads(event["body"]).get("answer")
"""


class Answer:
    """What came back over HTTP."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def fetch(running: Any) -> Callable[..., Answer]:
    """Send a request to a function URL; the name in it need not resolve."""

    def send(
        url: str, method: str = "GET", path: str = "/", body: Any = None, **headers: str
    ) -> Answer:
        host = url.partition("//")[2].partition("/")[0]
        address, port = running.platform.address
        connection = http.client.HTTPConnection(address, port, timeout=20)
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": host, **fields})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    return send


def _open(client: Any, function: str = "f", **members: Any) -> str:
    """A URL that everybody may call."""
    created = client.create_function_url_config(
        **({"FunctionName": function, "AuthType": "NONE"} | members)
    )
    _permit(client, function, "*", "NONE")
    return str(created["FunctionUrl"])


def _permit(client: Any, function: str, principal: str, auth_type: str) -> None:
    """The two permissions that a URL asks for."""
    client.add_permission(
        FunctionName=function,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal=principal,
        FunctionUrlAuthType=auth_type,
    )
    client.add_permission(
        FunctionName=function,
        StatementId="url-invoke",
        Action="lambda:InvokeFunction",
        Principal=principal,
        InvokedViaFunctionUrl=True,
    )


def test_the_configuration_of_a_url(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f")["FunctionArn"]
    for call in (client.get_function_url_config, client.delete_function_url_config):
        assert error_of(call, FunctionName="f") == MISSING
    assert error_of(client.update_function_url_config, FunctionName="f", AuthType="NONE") == MISSING
    created = client.create_function_url_config(FunctionName="f", AuthType="NONE")
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    del created["ResponseMetadata"]
    assert created == {
        "FunctionUrl": created["FunctionUrl"],
        "FunctionArn": arn,
        "AuthType": "NONE",
        "CreationTime": created["CreationTime"],
        "InvokeMode": "BUFFERED",
    }
    assert ".lambda-url.us-east-1.localhost:" in created["FunctionUrl"]
    again = error_of(client.create_function_url_config, FunctionName="f", AuthType="NONE")
    assert again == (
        409,
        "ResourceConflictException",
        (
            f"Failed to create function url config for [functionArn = {arn}]. Error message:  "
            "FunctionUrlConfig exists for this Lambda function"
        ),
    )
    cors = {"AllowOrigins": ["https://a.example"], "MaxAge": 5}
    updated = client.update_function_url_config(FunctionName="f", AuthType="AWS_IAM", Cors=cors)
    assert (updated["AuthType"], updated["Cors"]) == ("AWS_IAM", cors)
    assert updated["LastModifiedTime"]
    assert client.get_function_url_config(FunctionName="f")["FunctionUrl"] == created["FunctionUrl"]
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    alias = client.create_function_url_config(FunctionName="f", Qualifier="live", AuthType="NONE")
    assert alias["FunctionArn"] == f"{arn}:live"
    listed = client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"]
    assert [each["FunctionArn"] for each in listed] == [arn, f"{arn}:live"]
    client.delete_alias(FunctionName="f", Name="live")
    assert error_of(client.get_function_url_config, FunctionName="f", Qualifier="live") == MISSING
    client.delete_function_url_config(FunctionName="f")
    assert client.list_function_url_configs(FunctionName="f")["FunctionUrlConfigs"] == []
    gone = (404, "ResourceNotFoundException", "Function does not exist")
    create_url = client.create_function_url_config
    assert error_of(create_url, FunctionName="g", AuthType="NONE") == gone
    assert error_of(create_url, FunctionName="f", Qualifier="no", AuthType="NONE") == gone
    for qualifier in ("$LATEST", "1"):
        refused = error_of(create_url, FunctionName="f", Qualifier=qualifier, AuthType="NONE")
        assert refused[:2] == (400, "ValidationException")


def test_the_event_of_a_request(client: Any, create: Create, fetch: Any) -> None:
    create("f", ANSWER)
    url = _open(client)
    answer = fetch(
        url,
        "POST",
        "/a%20b/c?x=1&x=2&y=",
        "text",
        Content_Type="text/plain",
        Cookie="a=1; b=2",
        X_Mine="v",
    )
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    event = answer.json()
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert (event["rawPath"], event["rawQueryString"]) == ("/a%20b/c", "x=1&x=2&y=")
    assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
    assert event["cookies"] == ["a=1", "b=2"]
    assert event["headers"]["x-mine"] == "v"
    assert "cookie" not in event["headers"]
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    context = event["requestContext"]
    assert context["accountId"] == "anonymous"
    assert context["http"]["method"] == "POST"
    assert context["http"]["path"] == "/a%20b/c"
    assert context["domainPrefix"] == context["apiId"]
    assert context["domainName"].startswith(context["apiId"] + ".lambda-url.")
    assert answer.headers["x-amzn-RequestId"] == context["requestId"]
    binary = fetch(url, "PUT", "/", b"\xff\x00").json()
    assert binary["isBase64Encoded"] is True
    assert base64.b64decode(binary["body"]) == b"\xff\x00"
    plain = fetch(url).json()
    assert "body" not in plain
    assert "queryStringParameters" not in plain
    # The name that AWS gives leads to the same place.
    aws_name = url.replace(".localhost", ".on.aws").rpartition(":")[0]
    assert fetch(aws_name).status == 200


@pytest.mark.parametrize(
    ("result", "status", "content_type", "body"),
    [
        ({"a": 1}, 200, "application/json", b'{"a": 1}'),
        ("text", 200, "application/json", b"text"),
        (None, 200, "application/json", b"null"),
        ({"statusCode": 201, "body": "x"}, 201, "application/json", b"x"),
        ({"statusCode": "404", "headers": {"content-type": "text/plain"}}, 404, "text/plain", b""),
        ({"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}, 200, "application/json", b"\xff\x00"),
        ({"statusCode": 200, "body": {"k": 1}}, 200, "application/json", b'{"k":1}'),
        ({"statusCode": "many"}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": 200, "headers": {"X": "a\r\nEvil: b"}}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": 200, "body": "?", "isBase64Encoded": True}, 502, "application/json", b"Internal Server Error"),
        ({"statusCode": 200, "headers": []}, 200, "application/json", b""),
        ({"statusCode": 200, "headers": [1]}, 502, "application/json", b"Internal Server Error"),
    ],
)  # fmt: skip
def test_what_a_handler_may_return(
    client: Any, create: Create, fetch: Any, result: Any, status: int, content_type: str, body: bytes
) -> None:  # fmt: skip
    create("f", ANSWER)
    url = _open(client)
    answer = fetch(
        url, "POST", "/", json.dumps({"answer": result}), Content_Type="application/json"
    )
    assert (answer.status, answer.headers["Content-Type"], answer.body) == (
        status,
        content_type,
        body,
    )


def test_cookies_and_errors(client: Any, create: Create, fetch: Any) -> None:
    create("f", ANSWER)
    url = _open(client)
    result = {"statusCode": 200, "cookies": ["a=1", "b=2"], "headers": {"X-One": "1"}}
    answer = fetch(
        url, "POST", "/", json.dumps({"answer": result}), Content_Type="application/json"
    )
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.headers["X-One"] == "1"
    create("broken", "def run(event, context): raise KeyError('x')")
    broken = fetch(_open(client, "broken"))
    assert (broken.status, broken.body) == (502, b"Internal Server Error")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    throttled = fetch(url)
    assert throttled.status == 429
    assert throttled.json() == {
        "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
        "Type": "User",
        "message": "Rate Exceeded.",
    }


def test_hosts_count_without_case(client: Any, create: Create, fetch: Any) -> None:
    create("f", ANSWER)
    host = _open(client).partition("//")[2]
    assert fetch(f"http://{host.upper()}").status == fetch(f"http://{host}").status == 200


def test_who_may_call(client: Any, create: Create, fetch: Any) -> None:
    create("f", ANSWER)
    nobody = fetch("http://" + "0" * 32 + ".lambda-url.us-east-1.localhost:1/")
    assert (nobody.status, nobody.json()) == (403, {"Message": None})
    assert nobody.headers["x-amzn-ErrorType"] == "AccessDeniedException"
    url = str(client.create_function_url_config(FunctionName="f", AuthType="NONE")["FunctionUrl"])
    refused = fetch(url)
    assert (refused.status, refused.json()) == (403, {"Message": FORBIDDEN})
    client.update_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    unsigned = fetch(url)
    assert (unsigned.status, unsigned.json()) == (403, {"Message": FORBIDDEN})
    keys = client._request_signer._credentials
    headers = _signed(url, keys.access_key, keys.secret_key)
    signed = fetch(url, **headers)
    assert signed.status == 200
    caller = signed.json()["requestContext"]["authorizer"]["iam"]
    assert caller["accessKey"] == keys.access_key
    forged = fetch(url, **_signed(url, keys.access_key, "wrong" * 8))
    assert (forged.status, forged.headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


def test_another_account_needs_permission(
    client: Any, create: Create, fetch: Any, running: Any
) -> None:
    create("f", ANSWER)
    created = client.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    url = str(created["FunctionUrl"])
    other = running.run(running.platform.accounts.create())
    headers = _signed(url, other.access_key_id, other.secret_access_key)
    assert fetch(url, **headers).status == 403
    _permit(client, "f", other.principal.account_id, "AWS_IAM")
    assert fetch(url, **headers).status == 200
    client.remove_permission(FunctionName="f", StatementId="url-invoke")
    assert fetch(url, **headers).status == 403


def test_cors_is_answered_for_the_function(client: Any, create: Create, fetch: Any) -> None:
    create("f", ANSWER)
    cors = {
        "AllowOrigins": ["https://a.example"],
        "AllowMethods": ["GET", "POST"],
        "AllowHeaders": ["x-mine"],
        "ExposeHeaders": ["x-theirs"],
        "AllowCredentials": True,
        "MaxAge": 60,
    }
    url = _open(client, Cors=cors)
    preflight = fetch(
        url, "OPTIONS", Origin="https://a.example", Access_Control_Request_Method="POST"
    )
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://a.example"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET,POST"
    assert preflight.headers["Access-Control-Allow-Headers"] == "x-mine"
    assert preflight.headers["Access-Control-Max-Age"] == "60"
    own = {"statusCode": 200, "headers": {"access-control-allow-origin": "https://evil.example"}}
    body = json.dumps({"answer": own})
    answer = fetch(
        url, "POST", "/", body, Origin="https://a.example", Content_Type="application/json"
    )
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["https://a.example"]
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Access-Control-Expose-Headers"] == "x-theirs"
    elsewhere = fetch(url, Origin="https://b.example")
    assert "Access-Control-Allow-Origin" not in elsewhere.headers


STREAMED = """
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
    if (event.rawPath === "/head") {
        const head = {statusCode: 203, headers: {"X-One": "1"}, cookies: ["a=1"]};
        stream = awslambda.HttpResponseStream.from(stream, head);
    } else if (event.rawPath === "/bad") {
        stream = awslambda.HttpResponseStream.from(stream, {statusCode: "many"});
    } else {
        stream.setContentType("text/plain");
    }
    stream.write("one ");
    stream.write("two");
    stream.end();
});
"""


def test_streams_are_answers(client: Any, create: Create, make_zip: Any, fetch: Any) -> None:
    code = {"ZipFile": make_zip({"handler.js": STREAMED})}
    create("f", Runtime="nodejs20.x", Handler="handler.handler", Code=code)
    url = _open(client, InvokeMode="RESPONSE_STREAM")
    plain = fetch(url)
    assert (plain.status, plain.headers["Content-Type"], plain.body) == (
        200,
        "text/plain",
        b"one two",
    )
    assert "Content-Length" not in plain.headers
    headed = fetch(url, path="/head")
    assert (headed.status, headed.headers["X-One"], headed.body) == (203, "1", b"one two")
    assert headed.headers.get_all("Set-Cookie") == ["a=1"]
    bad = fetch(url, path="/bad")
    assert (bad.status, bad.body) == (502, b"Internal Server Error")
    create("g", "def run(event, context): return {'statusCode': 201}")
    whole = fetch(_open(client, "g", InvokeMode="RESPONSE_STREAM"))
    assert (whole.status, whole.json()) == (200, {"statusCode": 201})
    create("h", "def run(event, context): raise KeyError('x')")
    failed = fetch(_open(client, "h", InvokeMode="RESPONSE_STREAM"))
    assert (failed.status, failed.body) == (502, b"Internal Server Error")


def _signed(url: str, key: str, secret: str) -> dict[str, str]:
    request = AWSRequest("GET", url)
    SigV4Auth(Credentials(key, secret), "lambda", "us-east-1").add_auth(request)
    return {
        "Authorization": request.headers["Authorization"],
        "X_Amz_Date": request.headers["X-Amz-Date"],
    }


def test_changes_hold_at_once_for_a_url_that_has_been_called(
    client: Any, create: Create, fetch: Callable[..., Answer]
) -> None:
    """What a URL leads to is in memory, and its function has an idle environment."""
    create("f", source=ANSWER)
    url = _open(client)

    def call(origin: str = "https://a") -> Answer:
        body = json.dumps({"answer": {"statusCode": 201, "body": "x"}})
        return fetch(url, "POST", body=body, Origin=origin, Content_Type="application/json")

    assert [call().status for _ in range(3)] == [201] * 3
    client.update_function_url_config(FunctionName="f", Cors={"AllowOrigins": ["https://a"]})
    assert call().headers["Access-Control-Allow-Origin"] == "https://a"
    assert call("https://b").headers["Access-Control-Allow-Origin"] is None
    client.remove_permission(FunctionName="f", StatementId="url")
    refused = call()
    assert (refused.status, refused.json()) == (403, {"Message": FORBIDDEN})
    assert refused.headers["Access-Control-Allow-Origin"] == "https://a"
    client.remove_permission(FunctionName="f", StatementId="url-invoke")
    _permit(client, "f", "*", "NONE")
    assert call().status == 201
    client.update_function_url_config(FunctionName="f", AuthType="AWS_IAM")
    assert call().status == 403
    client.update_function_url_config(FunctionName="f", AuthType="NONE")
    assert call().status == 201
    client.delete_function_url_config(FunctionName="f")
    assert call().status == 403


def test_a_url_that_has_been_called_goes_with_its_alias_and_its_function(
    client: Any, create: Create, fetch: Callable[..., Answer]
) -> None:
    create("f", source=ANSWER)
    version = client.publish_version(FunctionName="f")["Version"]
    client.create_alias(FunctionName="f", Name="live", FunctionVersion=version)
    urls = []
    for qualifier in ({}, {"Qualifier": "live"}):
        created = client.create_function_url_config(FunctionName="f", AuthType="NONE", **qualifier)
        urls.append(str(created["FunctionUrl"]))
        for action, of_url in (
            ("InvokeFunctionUrl", {"FunctionUrlAuthType": "NONE"}),
            ("InvokeFunction", {"InvokedViaFunctionUrl": True}),
        ):
            client.add_permission(
                FunctionName="f",
                StatementId=action,
                Action=f"lambda:{action}",
                Principal="*",
                **of_url,
                **qualifier,
            )
    plain, of_alias = urls
    for url in (plain, of_alias, plain, of_alias):
        assert fetch(url).status == 200
    client.delete_alias(FunctionName="f", Name="live")
    assert [fetch(url).status for url in urls] == [200, 403]
    client.delete_function(FunctionName="f")
    assert [fetch(url).status for url in urls] == [403, 403]


def test_a_url_whose_function_is_at_its_limit(
    client: Any, create: Create, fetch: Callable[..., Answer]
) -> None:
    create("f", source=ANSWER)
    url = _open(client)
    assert [fetch(url).status for _ in range(2)] == [200, 200]
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    refused = fetch(url)
    assert refused.status == 429
    assert refused.json()["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    client.delete_function_concurrency(FunctionName="f")
    assert fetch(url).status == 200
