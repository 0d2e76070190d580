"""What the data plane finds of what the control plane has put."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lambent.apis.domains import Domain
from lambent.services.apigateway.stages_in_memory import ApiKey, Live, Stages, UsagePlan

ACCOUNT, REGION, API = "123456789012", "eu-west-1", "abcdefghij"


def _live(stage: str = "prod", **members: Any) -> Live:
    return Live(ACCOUNT, REGION, API, {"stageName": stage, **members}, {"resources": []})


@pytest.fixture
def stages() -> Stages:
    return Stages()


def test_a_stage_is_found_in_its_account_and_region_alone(stages: Stages) -> None:
    stages.put_stage(_live())
    found = stages.find(ACCOUNT, REGION, API, "prod")
    assert found is not None
    assert found.stage_name == "prod"
    assert stages.find("210987654321", REGION, API, "prod") is None
    assert stages.find(ACCOUNT, "us-east-1", API, "prod") is None
    assert stages.find(ACCOUNT, REGION, API, "test") is None


def test_every_change_of_a_stage_moves_its_generation(stages: Stages) -> None:
    stages.put_stage(_live())
    stages.put_stage(_live("other"))
    before = stages.find(ACCOUNT, REGION, API, "prod")
    stages.put_stage(_live(description="new"))
    after = stages.find(ACCOUNT, REGION, API, "prod")
    assert before is not None
    assert after is not None
    assert after.generation > before.generation
    assert "description" not in before.stage
    stages.clear()
    stages.put_stage(_live())
    again = stages.find(ACCOUNT, REGION, API, "prod")
    assert again is not None
    assert again.generation > after.generation


def test_an_api_without_stages_is_there_until_it_is_removed(stages: Stages) -> None:
    assert stages.find_api(API) is None
    stages.put_api(ACCOUNT, REGION, API)
    stages.put_stage(_live())
    stages.put_api(ACCOUNT, REGION, API)
    api = stages.find_api(API)
    assert api is not None
    assert list(api.stages) == ["prod"]
    stages.remove_stage(API, "prod")
    api = stages.find_api(API)
    assert api is not None
    assert not api.stages
    stages.remove_api(API)
    assert stages.find_api(API) is None


def test_a_key_is_found_by_its_value_with_its_plans(stages: Stages) -> None:
    plan = UsagePlan("plan01", {"apiStages": [{"apiId": API, "stage": "prod"}]})
    key = ApiKey(ACCOUNT, REGION, "key1234567", "v" * 40, plans=(plan,))
    stages.put_keys([key])
    found = stages.key(ACCOUNT, REGION, "v" * 40)
    assert found is not None
    assert found.opens(API, "prod")
    assert found.plan(API, "prod") is plan
    assert not found.opens(API, "test")
    assert stages.key(ACCOUNT, "us-east-1", "v" * 40) is None
    stages.put_keys([replace(key, is_enabled=False)])
    found = stages.key(ACCOUNT, REGION, "v" * 40)
    assert found is not None
    assert not found.opens(API, "prod")
    stages.remove_key(ACCOUNT, REGION, "key1234567")
    assert stages.key(ACCOUNT, REGION, "v" * 40) is None


def test_a_stage_key_opens_a_stage_without_a_plan() -> None:
    key = ApiKey(ACCOUNT, REGION, "key1234567", "v" * 40, stage_keys=frozenset({f"{API}/prod"}))
    assert key.opens(API, "prod")
    assert not key.opens(API, "test")
    assert "v" * 40 not in repr(key)


def test_a_domain_is_found_by_host_whatever_its_case(stages: Stages) -> None:
    stages.domains.put(Domain(ACCOUNT, REGION, "api.example.com", (("", API, "prod"),)))
    stages.domains.put(Domain(ACCOUNT, REGION, "*.example.org"))
    found = stages.domains.find("API.Example.com")
    assert found is not None
    assert found.mappings == (("", API, "prod"),)
    assert stages.domains.find("a.example.org") is not None
    assert stages.domains.find("a.b.example.org") is None
    stages.domains.remove("api.example.com")
    assert stages.domains.find("api.example.com") is None
