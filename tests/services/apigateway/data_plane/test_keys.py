"""API keys, usage plans and throttling."""

from __future__ import annotations

from typing import Any

import pytest

from lambent.core import ids
from lambent.services.apigateway.stages_in_memory import ApiKey, UsagePlan


@pytest.fixture
def put_key(account: Any) -> Any:
    """Puts a key into the account; returns it."""

    def put(**members: Any) -> ApiKey:
        key = ApiKey("123456789012", "us-east-1", ids.hex_id(10), ids.hex_id(40), **members)

        async def store() -> None:
            account.running.platform.stages.put_keys([key])

        account.running.run(store())
        return key

    return put


def plan_of(api: str, **members: Any) -> UsagePlan:
    stages = [{"apiId": api, "stage": "prod", **members.pop("stage", {})}]
    return UsagePlan(ids.hex_id(6), {"apiStages": stages, **members})


@pytest.fixture
def api(account: Any, mock: Any) -> str:
    """An API with a method that needs a key."""
    return str(account.deploy({"GET /": mock("$context.identity.apiKey", apiKeyRequired=True)}))


def test_method_that_needs_a_key_is_closed_without_one(
    account: Any, api: str, put_key: Any
) -> None:
    plan = plan_of(api)
    disabled = put_key(plans=(plan,), is_enabled=False)
    other = put_key()

    for headers in (
        {},
        {"x-api-key": "wrong"},
        {"x-api-key": disabled.value},
        {"x-api-key": other.value},
    ):
        answer = account.call(api, "GET", "/", headers=headers)
        assert (answer.status, answer.text) == (403, '{"message":"Forbidden"}')
        assert answer.headers["x-amzn-errortype"] == "ForbiddenException"


def test_key_opens_what_its_plan_or_itself_names(account: Any, api: str, put_key: Any) -> None:
    by_plan = put_key(plans=(plan_of(api),))
    by_stage = put_key(stage_keys=frozenset({f"{api}/prod"}))

    for key in (by_plan, by_stage):
        answer = account.call(api, "GET", "/", headers={"X-API-Key": key.value})
        assert (answer.status, answer.text) == (200, key.value)


def test_quota_is_exact_and_comes_back_with_the_period(
    account: Any, api: str, put_key: Any
) -> None:
    quota = {"limit": 3, "period": "DAY", "offset": 1}
    key = put_key(plans=(plan_of(api, quota=quota),))
    headers = {"x-api-key": key.value}

    answers = [account.call(api, "GET", "/", headers=headers) for _ in range(3)]

    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[2].text == '{"message":"Limit Exceeded"}'
    assert answers[2].headers["x-amzn-errortype"] == "LimitExceededException"


def test_plan_throttles_before_it_counts(account: Any, api: str, put_key: Any) -> None:
    throttle = {"rateLimit": 0.001, "burstLimit": 2}
    plan = plan_of(api, throttle=throttle, quota={"limit": 100, "period": "DAY"})
    key = put_key(plans=(plan,))
    headers = {"x-api-key": key.value}

    answers = [account.call(api, "GET", "/", headers=headers) for _ in range(4)]

    assert [answer.status for answer in answers] == [200, 200, 429, 429]
    assert answers[3].text == '{"message":"Too Many Requests"}'
    assert answers[3].headers["x-amzn-errortype"] == "TooManyRequestsException"
    used = account.running.platform.apigateway.usage.days(plan.id, key.id)
    assert list(used.values()) == [2]


def test_plan_throttles_a_method_of_a_stage(account: Any, mock: Any, put_key: Any) -> None:
    api = account.deploy({"GET /a": mock(apiKeyRequired=True), "GET /b": mock(apiKeyRequired=True)})
    throttle = {"/a/GET": {"rateLimit": 0.001, "burstLimit": 1}}
    key = put_key(plans=(plan_of(api, stage={"throttle": throttle}),))
    headers = {"x-api-key": key.value}

    statuses = [
        account.call(api, "GET", path, headers=headers).status for path in ("/a", "/a", "/b", "/b")
    ]

    assert statuses == [200, 429, 200, 200]


def test_stage_throttles_its_methods(account: Any, mock: Any) -> None:
    settings = {
        "*/*": {"throttlingRateLimit": 0.001, "throttlingBurstLimit": 1},
        "~1b/GET": {"throttlingRateLimit": -1.0, "throttlingBurstLimit": -1},
    }
    api = account.deploy({"GET /a": mock(), "GET /b": mock()}, stage={"methodSettings": settings})

    assert [account.call(api, "GET", "/a").status for _ in range(2)] == [200, 429]
    assert [account.call(api, "GET", "/b").status for _ in range(3)] == [200, 200, 200]
