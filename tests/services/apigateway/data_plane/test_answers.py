"""What APIs answer by themselves: MOCK, CORS, gateway responses, addresses that lead nowhere."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from lambent.apis.domains import Domain
from lambent.core import ids

CORS = {
    "methodIntegration": {
        "type": "MOCK",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "passthroughBehavior": "WHEN_NO_MATCH",
        "integrationResponses": {
            "200": {
                "statusCode": "200",
                "responseParameters": {
                    "method.response.header.Access-Control-Allow-Headers": "'Content-Type,X-Api-Key'",
                    "method.response.header.Access-Control-Allow-Methods": "'POST,OPTIONS'",
                    "method.response.header.Access-Control-Allow-Origin": "'*'",
                },
            }
        },
    }
}


def test_preflight_is_answered_by_mock(account: Any) -> None:
    api = account.deploy({"OPTIONS /notes": CORS})
    headers = {"Origin": "null", "Access-Control-Request-Method": "POST"}

    answer = account.call(api, "OPTIONS", "/notes", headers=headers)

    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == "POST,OPTIONS"
    assert answer.headers["content-type"] == "application/json"
    assert "x-amzn-errortype" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/a", 200),
        ("GET", "/a/", 200),
        ("HEAD", "/any", 200),
        ("POST", "/a", 403),
        ("GET", "/", 403),
        ("GET", "/a//", 403),
        ("GET", "/a/b", 403),
        ("GET", "/a%2Fb", 403),
        ("GET", "/../prod/a", 403),
    ],
)
def test_paths_lead_to_resources(
    account: Any, mock: Any, method: str, path: str, status: int
) -> None:
    api = account.deploy({"GET /a": mock("a"), "ANY /any": mock("any")})

    answer = account.call(api, method, path)

    assert answer.status == status
    if status == 403:
        assert answer.text == '{"message":"Missing Authentication Token"}'
        assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"


@pytest.mark.parametrize("stage", ["none", "", "%00", "prod%2Fa"])
def test_stage_that_is_not_there_is_forbidden(account: Any, mock: Any, stage: str) -> None:
    api = account.deploy({"GET /": mock()})
    host = f"{api}.execute-api.us-east-1.amazonaws.com"

    answer = account.call(api, "GET", f"/{stage}/", host=host)

    assert (answer.status, answer.text) == (403, '{"message":"Forbidden"}')
    assert answer.headers["x-amzn-errortype"] == "ForbiddenException"


def test_api_of_another_region_is_forbidden(account: Any, mock: Any) -> None:
    api = account.deploy({"GET /": mock()})
    host = f"{api}.execute-api.eu-west-1.amazonaws.com"

    assert account.call(api, "GET", "/prod/", host=host).status == 403


def test_stage_that_is_removed_is_gone_at_once(account: Any, mock: Any) -> None:
    api = account.deploy({"GET /": mock()})
    assert account.call(api, "GET", "/").status == 200

    async def remove() -> None:
        account.running.platform.stages.remove_stage(api, "prod")

    account.running.run(remove())

    assert account.call(api, "GET", "/").status == 403


def test_custom_domain_serves_by_base_path(account: Any, mock: Any) -> None:
    told = "$context.path $context.domainName $context.customDomain.basePathMatched"
    api = account.deploy({"GET /": mock("$context.path"), "GET /a": mock(told)})
    name = f"{ids.hex_id(8)}.example.com"
    domain = Domain("123456789012", "us-east-1", name, (("base", api, "prod"), ("", api, "")))

    async def put() -> None:
        account.running.platform.stages.domains.put(domain)

    account.running.run(put())

    assert account.call(api, "GET", "/base/a", host=name).text == f"/base/a {name} base"
    # An event that a public repository keeps, of March 2021, says "(none)" where there is no base path.
    assert account.call(api, "GET", "/prod/a", host=f"{name}:80").text == f"/prod/a {name} (none)"
    assert (
        account.call(api, "GET", "/a").text == f"/prod/a {api}.execute-api.us-east-1.amazonaws.com "
    )
    assert account.call(api, "GET", "/none/a", host=name).status == 403


def test_gateway_responses_say_what_they_are_told(account: Any, mock: Any) -> None:
    template = (
        '{"e":$context.error.messageString,"t":"$context.error.responseType",'
        '"s":"$stageVariables.v$context.none"}'
    )
    api = account.deploy(
        {"GET /a": mock()},
        gatewayResponses={
            "MISSING_AUTHENTICATION_TOKEN": {
                "statusCode": "404",
                "responseParameters": {
                    "gatewayresponse.header.Access-Control-Allow-Origin": "'*'",
                    "gatewayresponse.header.X-Path": "method.request.header.X-Own",
                    "gatewayresponse.header.X-Split": "method.request.querystring.q",
                },
                "responseTemplates": {"application/json": template},
            }
        },
        stage={"variables": {"v": "w"}},
    )

    answer = account.call(api, "GET", "/none?q=a%0d%0aSet-Cookie:x", headers={"X-Own": "o"})

    assert answer.status == 404
    text = '{"e":"Missing Authentication Token","t":"MISSING_AUTHENTICATION_TOKEN","s":"w"}'
    assert answer.text == text
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["x-path"] == "o"
    assert "x-split" not in answer.headers
    assert "set-cookie" not in answer.headers


def test_default_gateway_response_stands_for_all(account: Any, mock: Any) -> None:
    default = {"responseTemplates": {"text/plain": "no: $context.error.message"}}
    api = account.deploy({"GET /a": mock()}, gatewayResponses={"DEFAULT_4XX": default})

    answer = account.call(api, "GET", "/none")

    assert (answer.status, answer.text) == (403, "no: Missing Authentication Token")
    assert answer.headers["content-type"] == "text/plain"


def test_body_over_ten_megabytes_is_413(account: Any, mock: Any) -> None:
    api = account.deploy({"POST /": mock()})

    answer = account.call(api, "POST", "/", b"x" * 10_485_761)

    assert (answer.status, answer.text) == (413, "HTTP content length exceeded 10485760 bytes.")


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate, br", "gzip"),
        ("br, gzip", "gzip"),
        ("deflate;q=0.5, gzip;q=1.0", "gzip"),
        ("deflate,gzip;q=0.5", "deflate"),
        ("br;q=1.0, gzip;q=0.8", ""),
        ("gzip;q=0.5, identity;q=1", ""),
        ("gzip;q=0", ""),
        ("gzip;q=much", ""),
        ("*", ""),
        ("identity", ""),
        ("", ""),
    ],
)
def test_answers_are_packed_as_the_client_likes_best(
    account: Any, mock: Any, accepted: str, coding: str
) -> None:
    """ "The highest-priority content encoding must be one supported by API Gateway." """
    api = account.deploy({"GET /": mock("x" * 2000)}, api={"minimumCompressionSize": 0})

    answer = account.call(api, "GET", "/", headers={"Accept-Encoding": accepted})

    assert answer.headers.get("content-encoding", "") == coding
    unpack: dict[str, Any] = {"gzip": gzip.decompress, "deflate": zlib.decompress, "": bytes}
    assert unpack[coding](answer.body) == b"x" * 2000


ECHO = """
import json
def run(event, context):
    names = [name.lower() for name in event["headers"]]
    told = [event["body"], "content-encoding" in names]
    return {"statusCode": 200, "body": json.dumps(told)}
"""


def test_bodies_are_unpacked(account: Any, proxy: Any) -> None:
    method = proxy(account.function("f", ECHO))
    api = account.deploy({"POST /": method}, api={"minimumCompressionSize": 20})
    plain = account.deploy({"POST /": method})
    text = b"a" * 400
    packed = gzip.compress(text)

    def told(api: str, body: bytes, coding: str) -> tuple[int, Any]:
        answer = account.call(api, "POST", "/", body, {"Content-Encoding": coding})
        return answer.status, json.loads(answer.body)

    assert told(api, packed, "gzip") == (200, [text.decode(), False])
    assert told(api, zlib.compress(text * 9), "DEFLATE") == (200, [text.decode() * 9, False])
    assert told(api, text, "identity") == (200, [text.decode(), False])
    assert told(api, b"short", "gzip") == (200, ["short", True])
    assert told(plain, b"as it is", "gzip") == (200, ["as it is", True])


@pytest.mark.parametrize(
    ("body", "coding", "status"),
    [
        (b"this is not packed at all", "gzip", 415),
        (gzip.compress(b"a" * 9000)[:-9], "gzip", 415),
        (b"whatever it may be", "br", 415),
        (gzip.compress(b"a" * 10_485_761), "gzip", 413),
    ],
    # Packed bytes have the time in them: names of tests must not.
    ids=["not packed", "cut short", "unknown coding", "too large"],
)
def test_bodies_that_cannot_be_unpacked(
    account: Any, mock: Any, body: bytes, coding: str, status: int
) -> None:
    """ "If the specified coding isn't supported or the supplied payload isn't compressed with specified coding, API
    Gateway returns the 415 Unsupported Media Type error response."
    """
    api = account.deploy({"POST /": mock()}, api={"minimumCompressionSize": 0})

    answer = account.call(api, "POST", "/", body, {"Content-Encoding": coding})

    assert answer.status == status
    if status == 415:
        assert answer.text == '{"message": "Unsupported Media Type"}'


def test_large_answers_are_compressed_for_those_who_take_it(account: Any, mock: Any) -> None:
    api = account.deploy({"GET /": mock("x" * 2000)}, api={"minimumCompressionSize": 1000})

    packed = account.call(api, "GET", "/", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == b"x" * 2000
    assert "content-encoding" not in account.call(api, "GET", "/").headers


def test_canary_takes_its_part(account: Any, mock: Any) -> None:
    api = account.deploy(
        {"GET /": mock("old")}, stage={"canarySettings": {"percentTraffic": 100.0}}
    )
    other = account.deploy({"GET /": mock("new")})
    stages = account.running.platform.stages

    async def put() -> None:
        canary = stages.find_api(other).stages["prod"].snapshot
        stages.put_stage(replace(stages.find_api(api).stages["prod"], canary=canary))

    account.running.run(put())

    assert account.call(api, "GET", "/").text == "new"
