"""Answers that a stage keeps."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from tests.services.apigateway.data_plane.conftest import Account

COUNTER = """
calls = 0
def run(event, context):
    global calls
    calls += 1
    query = event["queryStringParameters"] or {}
    status = int(query.get("status", 200))
    return {"statusCode": status, "headers": {"X-A": "b"}, "body": f"{calls} {query.get('a')}"}
"""
ON = {"cachingEnabled": True, "cacheTtlInSeconds": 60}
STAGE = {"cacheClusterEnabled": True, "cacheClusterSize": "0.5", "cacheClusterStatus": "AVAILABLE"}


@pytest.fixture
def deploy(account: Any, proxy: Any) -> Any:
    functions: list[str] = []

    def deployed(settings: dict[str, Any], stage: dict[str, Any] = STAGE, **method: Any) -> str:
        keys = ["method.request.querystring.a", "method.request.path.id"]
        functions.append(account.function(f"f{len(functions)}", COUNTER))
        made = {**proxy(functions[-1], cacheKeyParameters=keys), **method}
        methods = {"GET /pets/{id}": made, "POST /pets/{id}": made}
        return str(account.deploy(methods, stage={**stage, "methodSettings": settings}))

    return deployed


def test_answers_are_kept_under_their_key(account: Any, deploy: Any) -> None:
    api = deploy({"*/*": ON})

    first = account.call(api, "GET", "/pets/1?a=x&b=1")
    again = account.call(api, "GET", "/pets/1?a=x&b=2")

    assert (first.text, again.text) == ("1 x", "1 x")
    assert again.headers["x-a"] == "b"
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["x-amzn-requestid"] != first.headers["x-amzn-requestid"]
    assert account.call(api, "GET", "/pets/1?a=y").text == "2 y"
    assert account.call(api, "GET", "/pets/2?a=x").text == "3 x"


def test_other_methods_need_settings_of_their_own(account: Any, deploy: Any) -> None:
    """ "When you enable caching for a stage, only GET methods have caching enabled by default." """
    general = deploy({"*/*": ON})
    own = deploy({"~1pets~1{id}/POST": ON})

    assert [account.call(general, "POST", "/pets/1").text for _ in "ab"] == ["1 None", "2 None"]
    assert [account.call(own, "POST", "/pets/1").text for _ in "ab"] == ["1 None", "1 None"]
    assert [account.call(own, "GET", "/pets/1").text for _ in "ab"] == ["2 None", "3 None"]


@pytest.mark.parametrize(
    ("settings", "stage"),
    [
        ({"*/*": ON}, {}),
        ({}, STAGE),
        ({"*/*": {**ON, "cacheTtlInSeconds": 0}}, STAGE),
        ({"*/*": ON, "pets/{id}/GET": {"cachingEnabled": False}}, STAGE),
    ],
)
def test_answers_are_not_kept_without_being_asked_for(
    account: Any, deploy: Any, settings: dict[str, Any], stage: dict[str, Any]
) -> None:
    api = deploy(settings, stage)

    assert [account.call(api, "GET", "/pets/1").text for _ in "ab"] == ["1 None", "2 None"]


def test_failures_are_not_kept(account: Any, deploy: Any) -> None:
    api = deploy({"*/*": ON})

    calls = [account.call(api, "GET", "/pets/1?status=500&a=x") for _ in "ab"]

    assert [(call.status, call.text) for call in calls] == [(500, "1 x"), (500, "2 x")]


@pytest.mark.slow
def test_answers_are_kept_for_their_time(start_platform: Any, mock: Any) -> None:
    """On a platform of its own: others do not want their calendar moved."""
    with start_platform(isolation="none") as running:
        account = Account(running, lambda _service: None)
        api = account.deploy(
            {"GET /": mock("$context.requestId")}, stage={**STAGE, "methodSettings": {"*/*": ON}}
        )
        clock = running.platform.clock

        first = account.call(api, "GET", "/").text
        clock.advance(timedelta(seconds=59))
        assert account.call(api, "GET", "/").text == first
        clock.advance(timedelta(seconds=2))
        assert account.call(api, "GET", "/").text != first


def test_answers_of_a_stage_are_flushed(account: Any, deploy: Any) -> None:
    api, other = deploy({"*/*": ON}), deploy({"*/*": ON})
    for each in (api, other):
        account.call(each, "GET", "/pets/1")

    async def flush() -> None:
        account.running.platform.stages.flush_answers(api, "prod")

    account.running.run(flush())

    assert account.call(api, "GET", "/pets/1").text == "2 None"
    assert account.call(other, "GET", "/pets/1").text == "1 None"


def test_clients_may_have_an_answer_made_anew_where_nobody_is_asked(
    account: Any, deploy: Any
) -> None:
    api = deploy({"*/*": {**ON, "requireAuthorizationForCacheControl": False}})
    anew = {"Cache-Control": "max-age=0"}

    assert account.call(api, "GET", "/pets/1").text == "1 None"
    assert account.call(api, "GET", "/pets/1", headers=anew).text == "2 None"
    assert account.call(api, "GET", "/pets/1").text == "2 None"


@pytest.mark.parametrize(
    ("strategy", "status", "warns"),
    [
        ({}, 200, True),
        ({"unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER"}, 200, True),
        ({"unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITHOUT_RESPONSE_HEADER"}, 200, False),
        ({"unauthorizedCacheControlHeaderStrategy": "FAIL_WITH_403"}, 403, False),
    ],
)
def test_who_may_not_is_treated_as_the_stage_says(
    account: Any, deploy: Any, strategy: dict[str, str], status: int, warns: bool
) -> None:
    api = deploy({"*/*": {**ON, **strategy}})
    account.call(api, "GET", "/pets/1")

    answer = account.call(api, "GET", "/pets/1", headers={"Cache-Control": "max-age=0"})

    assert (answer.status, "warning" in answer.headers) == (status, warns)
    assert status == 403 or answer.text == "1 None"
    assert "warning" not in account.call(api, "GET", "/pets/1").headers


def test_hits_and_misses_are_logged_as_calls_of_the_integration(account: Any, deploy: Any) -> None:
    log = "arn:aws:logs:us-east-1:123456789012:log-group:cache"
    access = {"destinationArn": log, "format": "$context.integrationLatency $context.requestId"}
    api = deploy({"*/*": ON}, {**STAGE, "accessLogSettings": access})

    for _ in "abc":
        account.call(api, "GET", "/pets/1")

    async def lines() -> list[str]:
        segments = account.running.platform.segments
        await segments.flush()
        found = []
        for number in range(256):
            key = (account.id, "us-east-1", "cache", account.stream(f"{number:02x}"))
            found += [event.text for event in await segments.read(key)]
        return found

    told = sorted(line.partition(" ")[0] for line in account.running.run(lines()))
    assert told[:2] == ["-", "-"]
    assert told[2].isdecimal()


def test_keys_may_be_what_the_integration_gets(account: Any, mapped: Any, uri: Any) -> None:
    source = "import uuid\ndef run(event, context): return uuid.uuid4().hex"
    method = mapped(
        "AWS",
        uri=uri(account.function("g", source)),
        httpMethod="POST",
        requestParameters={"integration.request.header.X-Key": "method.request.querystring.k"},
        cacheKeyParameters=["integration.request.header.X-Key"],
    )
    settings = {"*/*": ON}
    api = account.deploy({"GET /": method}, stage={**STAGE, "methodSettings": settings})

    first, again = (account.call(api, "GET", f"/?k=1&n={n}").text for n in (1, 2))

    assert json.loads(first) == json.loads(again)
    assert account.call(api, "GET", "/?k=2").text != first
