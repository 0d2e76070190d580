"""API keys, usage plans and usage through boto3."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest


def _known(platform: Any, api_id: str, value: str) -> Any:
    api = platform.stages.find_api(api_id)
    return platform.stages.key(api.account_id, api.region, value)


def test_a_key_has_forty_characters_and_is_not_enabled(client: Any, body: Any) -> None:
    made = body(client.create_api_key())
    assert set(made) == {"id", "value", "enabled", "createdDate", "lastUpdatedDate", "stageKeys"}
    assert len(made["value"]) == 40
    assert made["value"].isalnum()
    assert made["enabled"] is False
    assert made["stageKeys"] == []
    hidden = body(client.get_api_key(apiKey=made["id"]))
    assert "value" not in hidden
    assert body(client.get_api_key(apiKey=made["id"], includeValue=True)) == made
    assert "value" not in client.get_api_keys()["items"][0]
    assert client.get_api_keys(includeValues=True)["items"] == [made]


def test_keys_are_looked_for_by_name_and_customer(client: Any) -> None:
    client.create_api_key(name="alpha", customerId="c1")
    client.create_api_key(name="beta", customerId="c2")
    names = [each["name"] for each in client.get_api_keys(nameQuery="al")["items"]]
    assert names == ["alpha"]
    names = [each["name"] for each in client.get_api_keys(customerId="c2")["items"]]
    assert names == ["beta"]


def test_keys_that_are_refused(client: Any, error_of: Any) -> None:
    assert error_of(client.create_api_key, value="short") == (
        400,
        "BadRequestException",
        "API Key value should be at least 20 characters",
    )
    client.create_api_key(value="v" * 20)
    conflict = error_of(client.create_api_key, value="v" * 20)
    assert conflict == (409, "ConflictException", "API Key already exists")
    missing = (404, "NotFoundException", "Invalid API Key identifier specified")
    for call in (client.get_api_key, client.delete_api_key, client.update_api_key):
        assert error_of(call, apiKey="nope") == missing


def test_a_key_opens_the_stage_it_is_given(client: Any, deployed: Any, platform: Any) -> None:
    api_id = deployed["restApiId"]
    key = client.create_api_key(name="k", stageKeys=[{"restApiId": api_id, "stageName": "prod"}])
    assert key["stageKeys"] == [f"{api_id}/prod"]
    assert not _known(platform, api_id, key["value"]).opens(api_id, "prod")
    enable = [{"op": "replace", "path": "/enabled", "value": "true"}]
    assert client.update_api_key(apiKey=key["id"], patchOperations=enable)["enabled"] is True
    assert _known(platform, api_id, key["value"]).opens(api_id, "prod")
    take = [{"op": "remove", "path": "/stages", "value": f"{api_id}/prod"}]
    assert client.update_api_key(apiKey=key["id"], patchOperations=take)["stageKeys"] == []
    assert not _known(platform, api_id, key["value"]).opens(api_id, "prod")
    client.delete_api_key(apiKey=key["id"])
    assert _known(platform, api_id, key["value"]) is None


def test_keys_are_imported_from_a_file(client: Any, error_of: Any) -> None:
    plan = client.create_usage_plan(name="gold")
    text = (
        "Name,key,description,Enabled,usageplanIds\n"
        f'one,{"a" * 20},first,TRUE,"{plan["id"]}"\n'
        "two,short,,,\n"
    )
    answer = client.import_api_keys(body=text.encode(), format="csv")
    assert len(answer["ids"]) == 1
    assert answer["warnings"] == ["Line 3: API Key value should be at least 20 characters"]
    key = client.get_api_key(apiKey=answer["ids"][0], includeValue=True)
    assert (key["name"], key["value"], key["enabled"]) == ("one", "a" * 20, True)
    inside = client.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert [each["id"] for each in inside] == answer["ids"]
    text = text.replace("a" * 20, "b" * 20)
    refused = error_of(
        client.import_api_keys, body=text.encode(), format="csv", failOnWarnings=True
    )
    assert refused[:2] == (400, "BadRequestException")
    assert len(client.get_api_keys()["items"]) == 1
    assert error_of(client.import_api_keys, body=b"\xff", format="csv")[0] == 400


def test_a_plan_opens_its_stages_to_its_keys(
    client: Any, deployed: Any, platform: Any, error_of: Any, body: Any
) -> None:
    api_id = deployed["restApiId"]
    plan = body(
        client.create_usage_plan(
            name="gold",
            apiStages=[{"apiId": api_id, "stage": "prod"}],
            throttle={"rateLimit": 1.5, "burstLimit": 2},
            quota={"limit": 10, "period": "DAY"},
        )
    )
    assert plan == {
        "id": plan["id"],
        "name": "gold",
        "apiStages": [{"apiId": api_id, "stage": "prod"}],
        "throttle": {"rateLimit": 1.5, "burstLimit": 2},
        "quota": {"limit": 10, "offset": 0, "period": "DAY"},
    }
    key = client.create_api_key(name="k", enabled=True)
    assert not _known(platform, api_id, key["value"]).opens(api_id, "prod")
    request = {"usagePlanId": plan["id"], "keyId": key["id"]}
    made = body(client.create_usage_plan_key(**request, keyType="API_KEY"))
    assert made == {"id": key["id"], "type": "API_KEY", "value": key["value"], "name": "k"}
    found = _known(platform, api_id, key["value"])
    assert found.plan(api_id, "prod").document["quota"]["limit"] == 10
    assert body(client.get_usage_plan_key(**request)) == made
    assert [each["id"] for each in client.get_usage_plans(keyId=key["id"])["items"]] == [plan["id"]]
    assert error_of(client.create_usage_plan_key, **request, keyType="API_KEY")[0] == 409
    assert error_of(client.delete_usage_plan, usagePlanId=plan["id"])[1] == "BadRequestException"
    client.delete_usage_plan_key(**request)
    assert not _known(platform, api_id, key["value"]).opens(api_id, "prod")


def test_a_key_opens_a_stage_by_one_plan(client: Any, deployed: Any, error_of: Any) -> None:
    stage = {"apiId": deployed["restApiId"], "stage": "prod"}
    plans = [client.create_usage_plan(name=n, apiStages=[stage])["id"] for n in ("one", "two")]
    key = {"keyId": client.create_api_key(enabled=True)["id"], "keyType": "API_KEY"}
    client.create_usage_plan_key(usagePlanId=plans[0], **key)
    assert error_of(client.create_usage_plan_key, usagePlanId=plans[1], **key) == (
        409,
        "ConflictException",
        (
            f"Usage Plan {plans[1]} cannot be added because API Key cannot reference multiple Usage "
            f"Plans with the same API stage: {stage['apiId']}:prod"
        ),
    )


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("~1pets~1cats/GET", "/pets/cats/GET"),
        ("/pets/cats/GET", "/pets/cats/GET"),
        ("/pets/GET", "/pets/GET"),
    ],
)
def test_a_method_of_a_stage_is_throttled(
    client: Any, deployed: Any, written: str, kept: str
) -> None:
    """Terraform's aws_api_gateway_usage_plan sends paths as they are written there ("for example /test/GET")."""
    stage = {"apiId": deployed["restApiId"], "stage": "prod"}
    limits = {"burstLimit": 9, "rateLimit": 9}
    made = client.create_usage_plan(name="p", apiStages=[stage], throttle=limits)
    plan = {"usagePlanId": made["id"]}
    place = f"/apiStages/{stage['apiId']}:prod/throttle/{written}"
    patch = [{"op": "replace", "path": f"{place}/rateLimit", "value": "3"}]
    changed = client.update_usage_plan(**plan, patchOperations=patch)
    assert changed["apiStages"][0]["throttle"] == {kept: {"burstLimit": 0, "rateLimit": 3.0}}
    changed = client.update_usage_plan(**plan, patchOperations=[{"op": "remove", "path": place}])
    assert "throttle" not in changed["apiStages"][0]


def test_a_stage_that_is_gone_is_in_no_plan(client: Any, deployed: Any, platform: Any) -> None:
    api_id = deployed["restApiId"]
    plan = client.create_usage_plan(name="gold", apiStages=[{"apiId": api_id, "stage": "prod"}])
    key = client.create_api_key(enabled=True)
    client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert _known(platform, api_id, key["value"]).opens(api_id, "prod")
    client.delete_stage(restApiId=api_id, stageName="prod")
    assert client.get_usage_plan(usagePlanId=plan["id"])["apiStages"] == []
    assert not _known(platform, api_id, key["value"]).opens(api_id, "prod")
    client.delete_usage_plan(usagePlanId=plan["id"])
    assert _known(platform, api_id, key["value"]).plans == ()


def test_patches_change_a_plan(client: Any, deployed: Any, error_of: Any) -> None:
    api_id = deployed["restApiId"]
    plan = client.create_usage_plan(name="gold")
    assert plan["apiStages"] == []
    operations = [
        {"op": "replace", "path": "/name", "value": "silver"},
        {"op": "add", "path": "/apiStages", "value": f"{api_id}:prod"},
        {"op": "add", "path": f"/apiStages/{api_id}:prod/throttle/~1/GET/rateLimit", "value": "2"},
        {"op": "add", "path": "/throttle/rateLimit", "value": "10"},
        {"op": "add", "path": "/quota/limit", "value": "7"},
        {"op": "add", "path": "/quota/period", "value": "WEEK"},
    ]
    changed = client.update_usage_plan(usagePlanId=plan["id"], patchOperations=operations)
    assert changed["name"] == "silver"
    assert changed["apiStages"] == [
        {
            "apiId": api_id,
            "stage": "prod",
            "throttle": {"//GET": {"burstLimit": 0, "rateLimit": 2.0}},
        }
    ]
    assert changed["quota"]["limit"] == 7
    remove = [{"op": "remove", "path": "/apiStages", "value": f"{api_id}:prod"}]
    changed = client.update_usage_plan(usagePlanId=plan["id"], patchOperations=remove)
    assert changed["apiStages"] == []
    wrong = [{"op": "add", "path": "/apiStages", "value": f"{api_id}:nope"}]
    assert error_of(client.update_usage_plan, usagePlanId=plan["id"], patchOperations=wrong) == (
        404,
        "NotFoundException",
        f"API Stage not found: {api_id}:nope",
    )


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        ({"limit": 0, "period": "DAY"}, "Usage Plan quota limit must be a non-negative numeric"),
        (
            {"limit": 1, "offset": 1, "period": "DAY"},
            "Usage Plan quota offset must be zero in the DAY period",
        ),
        (
            {"limit": 1, "offset": 7, "period": "WEEK"},
            "Usage Plan quota offset must be between 0 and 6 inclusive in the WEEK period",
        ),
    ],
)
def test_quotas_that_are_refused(client: Any, error_of: Any, quota: Any, message: str) -> None:
    expected = (400, "BadRequestException", message)
    assert error_of(client.create_usage_plan, name="p", quota=quota) == expected


def test_usage_takes_no_other_operation(client: Any, error_of: Any) -> None:
    """github.com/boto/boto3/issues/2504: `add` has no path at all."""
    plan, key = client.create_usage_plan(name="p")["id"], client.create_api_key()["id"]
    client.create_usage_plan_key(usagePlanId=plan, keyId=key, keyType="API_KEY")
    patch = [{"op": "add", "path": "/remaining", "value": "10"}]
    request = {"usagePlanId": plan, "keyId": key, "patchOperations": patch}
    assert error_of(client.update_usage, **request) == (
        400,
        "BadRequestException",
        "Invalid patch path  '/remaining' specified for op 'add'. Please choose supported operations",
    )


def test_usage_is_what_was_counted(client: Any, running: Any, platform: Any, error_of: Any) -> None:
    plan = client.create_usage_plan(name="gold", quota={"limit": 10, "period": "DAY"})
    key = client.create_api_key(name="k", enabled=True)
    request = {"usagePlanId": plan["id"], "keyId": key["id"]}
    client.create_usage_plan_key(**request, keyType="API_KEY")
    today = platform.clock.calendar().date()
    dates = {"startDate": str(today - timedelta(2)), "endDate": str(today)}
    usage = client.get_usage(usagePlanId=plan["id"], **dates)
    assert usage["items"] == {key["id"]: [[0, 10], [0, 10], [0, 10]]}

    async def call(times: int) -> list[bool]:
        counts = platform.apigateway.usage
        return [counts.count(plan["id"], key["id"], plan["quota"]) for _ in range(times)]

    assert running.run(call(4)) == [True] * 4
    usage = client.get_usage(**request, **dates)
    assert usage["items"] == {key["id"]: [[0, 10], [0, 10], [4, 6]]}
    patch = [{"op": "replace", "path": "/remaining", "value": "1"}]
    assert client.update_usage(**request, patchOperations=patch)["items"] == {key["id"]: [[4, 1]]}
    assert running.run(call(2)) == [True, False]
    usage = client.get_usage(**request, startDate=str(today), endDate=str(today))
    assert usage["items"] == {key["id"]: [[5, 0]]}
    wrong = {"usagePlanId": plan["id"], "startDate": "yesterday", "endDate": str(today)}
    assert error_of(client.get_usage, **wrong)[1] == "BadRequestException"
    wrong = {"usagePlanId": plan["id"], "startDate": "2026-01-02", "endDate": "2026-01-01"}
    assert error_of(client.get_usage, **wrong)[1] == "BadRequestException"
