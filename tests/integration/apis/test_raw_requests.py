"""What clients send that no client library would: APIs of both kinds answer it as AWS does, and come to no harm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

# Answers with its event, and writes down that it was called.
ECHO = """
import json
def run(event, context):
    return {"statusCode": 200, "headers": {"X-Echo": "1"}, "body": json.dumps(event)}
"""


@pytest.fixture
def api(tenant: Any, kind: str) -> Any:
    return tenant.api(kind, tenant.function("f", ECHO))


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a client sends is a fault of the platform's."""
    yield
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []


PATHS = [
    b"/a%2Fb",
    b"/../x",
    b"/..%2f..%2fx",
    b"/%2e%2e/x",
    b"//",
    b"//etc/passwd",
    b"/./",
    b"/a%0d%0aX-Injected:%201",
    b"/%00",
    b"/%",
    b"/%zz",
    b"/%ff%fe",
    b"/a;b=c",
    b"/a?x=%0d%0aX-Injected:%201",
    b"/a?%00=%ff&=&&x&%=1",
    b"/a?" + b"&" * 5000,
    b"/a?" + b"x=1&" * 2000,
]


def test_paths_reach_the_function_as_they_were_sent(api: Any) -> None:
    """Decoded where AWS decodes them, and with nothing taken away."""
    for target in PATHS:
        answer = api.call(target)
        assert answer.status == 200, target
        assert "x-injected" not in answer.headers
        path, _, query = target.decode().partition("?")
        event = answer.json
        if api.kind == "http":
            assert (event["rawPath"], event["rawQueryString"]) == (f"/prod{unquote(path)}", query)
        else:
            assert event["path"] == path
        assert event["requestContext"]["stage"] == "prod"


def test_targets_that_are_no_http_are_400(api: Any) -> None:
    for target in (b"/a\x00b", b"/a\rb", b"/a\nb", b"/a b", b"/\xff", b"/\x7f"):
        answer = api.call(target)
        assert (answer.status, answer.rest) == (400, b""), target
    assert api.call(b"/a\r\nX-Injected: 1\r\n\r\n").status == 400


SMUGGLING = [
    [b"Host: other.example"],
    [b"Content-Length: 1", b"Content-Length: 1"],
    [b"Content-Length: 1", b"Content-Length: 2"],
    [b"Content-Length: 1, 1"],
    [b"Content-Length: +1"],
    [b"Content-Length: -1"],
    [b"Content-Length: 0x1"],
    [b"Content-Length:"],
    [b"Content-Length: 4", b"Transfer-Encoding: chunked"],
    [b"Transfer-Encoding: chunked", b"Content-Length: 4"],
    [b"Transfer-Encoding : chunked"],
    [b"Transfer-Encoding: xchunked"],
    [b"Transfer-Encoding: chunked, identity"],
    [b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"],
    [b"Transfer-Encoding: identity, chunked"],
    [b"Transfer-Encoding: gzip, chunked"],
    [b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"],
    [b"Transfer-Encoding: \x0bchunked"],
    [b"X-A: b\r\n c"],
    [b"X-A: b\x00c"],
    [b"X-A: b\rX-B: c"],
    [b"X-A"],
    [b": b"],
    [b"X A: b"],
]


def test_smuggled_requests_are_refused(api: Any) -> None:
    """What could be read in two ways is read in none, and what follows it is not answered."""
    for fields in SMUGGLING:
        head = api.head(b"/a", *fields, method=b"POST")
        answer = api.tenant.send(head + b"0\r\n\r\n" + api.head(b"/smuggled"))
        assert (answer.status, answer.headers["connection"]) == (400, "close"), fields
        assert answer.rest == b"", fields


def test_pipelined_requests_are_answered_in_their_order(api: Any) -> None:
    first = api.tenant.send(api.head(b"/first") + api.head(b"/second"))

    assert "/first" in first.body.decode()
    assert first.rest.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"/second" in first.rest


def test_repeated_headers_arrive_with_all_their_values(api: Any) -> None:
    fields = (b"Authorization: one", b"authorization: two", b"X-Api-Key: three", b"X-API-KEY: four")
    event = api.call(b"/a", *fields).json

    if api.kind == "http":
        assert event["headers"]["authorization"] == "one,two"
        assert event["headers"]["x-api-key"] == "three,four"
    else:
        assert event["multiValueHeaders"]["Authorization"] == ["one", "two"]
        assert event["multiValueHeaders"]["X-Api-Key"] == ["three", "four"]
        assert event["headers"]["Authorization"] == "two"


def test_repeated_credentials_open_nothing(tenant: Any, kind: str) -> None:
    api = tenant.api(kind, tenant.function("f", ECHO), **_needs_iam(kind))

    for fields in (
        [b"Authorization: a", b"Authorization: b"],
        [b"Authorization: AWS4-HMAC-SHA256 Credential=a", b"Authorization: "],
        [b"X-Amz-Date: 1", b"X-Amz-Date: 2"],
        [b"X-Amz-Security-Token: \xff", b"X-Amz-Security-Token: "],
    ):
        assert api.call(b"/a", *fields).status == 403


def test_repeated_keys_are_one_key(tenant: Any) -> None:
    """The last one counts, for the guard as for the function."""
    api = tenant.api("rest", tenant.function("f", ECHO), apiKeyRequired=True)
    made = tenant.rest.create_api_key(name="k", enabled=True)
    plan = tenant.rest.create_usage_plan(name="p", apiStages=[{"apiId": api.id, "stage": "prod"}])
    tenant.rest.create_usage_plan_key(usagePlanId=plan["id"], keyId=made["id"], keyType="API_KEY")
    good, bad = b"X-Api-Key: " + made["value"].encode(), b"X-Api-Key: wrong"

    assert api.call(b"/a", bad, good).json["headers"]["X-Api-Key"] == made["value"]
    refused = api.call(b"/a", good, bad)
    assert (refused.status, refused.body) == (403, b'{"message":"Forbidden"}')


def test_heads_over_ten_kilobytes_are_431(api: Any) -> None:
    for target, fields in (
        (b"/a?" + b"x" * 10_300, []),
        (b"/" + b"a" * 10_300, []),
        (b"/a", [b"X-A: " + b"x" * 10_300]),
        (b"/a", [b"X-%d: " % n + b"x" * 1000 for n in range(11)]),
    ):
        answer = api.call(target, *fields)
        assert answer.status == 431
        if api.kind == "http":
            assert answer.json == {"message": "Request Header Fields Too Large"}
        else:
            assert answer.body == b"HTTP header is larger than 10240 bytes."
    # These do not even get to where APIs are known.
    for target, fields in (
        (b"/a?" + b"x" * 200_000, []),
        (b"/a", [b"X-A: " + b"x" * 200_000]),
        (b"/a", [b"X: 1"] * 20_000),
    ):
        assert api.call(target, *fields).status == 431


def test_heads_up_to_ten_kilobytes_are_answered(api: Any) -> None:
    assert api.call(b"/a?" + b"x" * 5000, b"X-A: " + b"y" * 5000).status == 200


def test_bodies_over_ten_megabytes_are_413(api: Any) -> None:
    size = 10_485_761
    head = api.head(b"/a", b"Transfer-Encoding: chunked", method=b"POST")
    chunks = head + b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"
    for answer in (
        api.call(b"/a", method=b"POST", body=b"x" * size),
        api.tenant.send(chunks),
    ):
        assert answer.status == 413
        if api.kind == "http":
            assert answer.json == {"message": "Request Entity Too Large"}
        else:
            assert answer.body == b"HTTP content length exceeded 10485760 bytes."


STRANGE = [
    b'Content-Type: \xff;;;;"',
    b"Content-Type: multipart/form-data",
    b"Accept: \xff;;;,,,q=",
    b"Accept-Encoding: gzip;q=zz",
    b"Cookie: \xff=;;;a",
    b"X-Forwarded-For: a, b,,, c",
    b"X-Forwarded-Proto: \xff",
    b"X-Amzn-Trace-Id: Root=;;;Sampled=" + b"9" * 5000,
    b"User-Agent:",
    b"Expect: 100-continue",
    b"Upgrade: websocket",
    b"Connection: close, x-api-key",
    b"Origin: null",
    b"X-HTTP-Method-Override: DELETE",
]


def test_strange_headers_are_handed_on(api: Any) -> None:
    for field in STRANGE:
        answer = api.call(b"/a", field, method=b"POST", body=b"\xff{")
        assert answer.status == 200, field


def test_hosts_are_the_same_in_any_case(api: Any) -> None:
    api.host = api.host.upper()

    assert api.call(b"/a").status == 200


def test_hosts_that_are_none_lead_nowhere(api: Any) -> None:
    right = api.host
    for host in (
        "{}/../x",
        "u@{}",
        "{}:x",
        "a.{}",
        "{}.example",
        "{}\\",
        "[{}]",
        "{0},{0}",
        "'{}'",
    ):
        api.host = host.format(right)
        answer = api.call(b"/a")
        assert (answer.status, "x-echo" in answer.headers) == (404, False), host


def test_paths_do_not_climb_out_of_a_backend(tenant: Any, kind: str) -> None:
    """What is filled into a URI stays below it: nothing is sent, to a port where nobody listens."""
    api = tenant.backed(kind, "http://127.0.0.1:1/base/{proxy}")
    text = "Bad Request" if kind == "http" else "Invalid path parameter"

    for path in (b"/../../admin", b"/..%2f..%2fadmin", b"/a/%2e%2e/%2e%2e/admin"):
        answer = api.call(path)
        assert (answer.status, answer.json) == (400, {"message": text}), path
    assert api.call(b"/in/side").status in (503, 504)


def _needs_iam(kind: str) -> dict[str, str]:
    return {"AuthorizationType" if kind == "http" else "authorizationType": "AWS_IAM"}


def test_wrong_json_is_no_fault_of_ours(tenant: Any, kind: str) -> None:
    """Bodies are texts to a proxy integration, whatever they say they are."""
    api = tenant.api(kind, tenant.function("f", ECHO))

    for body in (b'{"a":', b"[" * 10_000, b"\xff\xfe", b'{"a": 1e999}', b"null", b"\x00"):
        answer = api.call(b"/a", b"Content-Type: application/json", method=b"POST", body=body)
        assert answer.status == 200
        event = json.loads(answer.body)
        assert event["body"]


def test_json_that_nests_too_deeply_is_no_fault_of_ours(tenant: Any) -> None:
    """What reads bodies (templates, models, mappings) refuses what the JSON writer would choke on, as no JSON."""
    arn = tenant.function("f", "def run(event, context): return len(str(event))")
    api = tenant.api("rest", arn)
    validator = tenant.rest.create_request_validator(
        restApiId=api.id, name="v", validateRequestBody=True
    )
    tenant.rest.create_model(
        restApiId=api.id,
        name="Tree",
        contentType="application/json",
        schema=json.dumps({"type": "array", "items": {"$ref": "#"}}),
    )
    model = {"requestValidatorId": validator["id"], "requestModels": {"application/json": "Tree"}}
    (root,) = (
        each["id"]
        for each in tenant.rest.get_resources(restApiId=api.id)["items"]
        if each["path"] == "/"
    )
    for name, template, method in (
        ("whole", "$input.json('$')", {}),
        ("part", "{\"a\": $input.json('$[0]')}", {}),
        ("parsed", '{"a": "$util.parseJson($input.body).size()"}', {}),
        ("model", "{}", model),
    ):
        made = tenant.rest.create_resource(restApiId=api.id, parentId=root, pathPart=name)
        place = {"restApiId": api.id, "resourceId": made["id"], "httpMethod": "POST"}
        tenant.rest.put_method(**place, authorizationType="NONE", **method)
        tenant.rest.put_integration(
            **place,
            type="AWS",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
            requestTemplates={"application/json": template},
        )
        tenant.rest.put_method_response(**place, statusCode="200")
        tenant.rest.put_integration_response(**place, statusCode="200")
    tenant.rest.create_deployment(restApiId=api.id, stageName="prod")
    json_type = b"Content-Type: application/json"
    for depth, status in ((90, 200), (300, 400), (900, 400), (100_000, 400)):
        body = b"[" * depth + b"]" * depth
        for path in (b"/whole", b"/part", b"/model"):
            assert api.call(path, json_type, method=b"POST", body=body).status == status
        # The owner's template is at fault here: it does not have to parse.
        parsed = api.call(b"/parsed", json_type, method=b"POST", body=body).status
        assert parsed == (200 if status == 200 else 500)


def test_mappings_leave_out_what_nests_too_deeply(tenant: Any) -> None:
    api = tenant.api("http", tenant.function("f", ECHO))
    made = tenant.http.create_integration(
        ApiId=api.id,
        IntegrationType="HTTP_PROXY",
        IntegrationMethod="POST",
        IntegrationUri="http://127.0.0.1:1/",
        PayloadFormatVersion="1.0",
        RequestParameters={"append:header.x": "$request.body.a"},
    )
    target = f"integrations/{made['IntegrationId']}"
    tenant.http.create_route(ApiId=api.id, RouteKey="POST /m", Target=target)
    for depth in (50, 300, 900, 100_000):
        body = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
        answer = api.call(b"/m", method=b"POST", body=body)
        assert answer.status == 503  # nobody listens there
