"""Deployments and stages through boto3, and what the data plane finds in memory."""

from __future__ import annotations

from typing import Any

import pytest


def _live(platform: Any, api_id: str, stage: str = "prod") -> Any:
    return platform.stages.find_api(api_id).stages[stage]


def test_an_api_without_methods_is_not_deployed(client: Any, api: Any, error_of: Any) -> None:
    assert error_of(client.create_deployment, restApiId=api["id"]) == (
        400,
        "BadRequestException",
        "The REST API doesn't contain any methods",
    )
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    assert error_of(client.create_deployment, restApiId=api["id"], stageName="prod") == (
        400,
        "BadRequestException",
        "No integration defined for method",
    )
    assert client.get_stages(restApiId=api["id"])["item"] == []


def test_a_deployment_makes_its_stage(client: Any, with_method: Any, body: Any) -> None:
    api_id = with_method["restApiId"]
    made = body(
        client.create_deployment(
            restApiId=api_id,
            stageName="prod",
            stageDescription="live",
            description="first",
            variables={"name": "f"},
        )
    )
    assert set(made) == {"id", "description", "createdDate"}
    assert len(made["id"]) == 6
    stage = body(client.get_stage(restApiId=api_id, stageName="prod"))
    times = {name: stage.pop(name) for name in ("createdDate", "lastUpdatedDate")}
    assert times["createdDate"] == times["lastUpdatedDate"]
    assert stage == {
        "deploymentId": made["id"],
        "stageName": "prod",
        "description": "live",
        "cacheClusterEnabled": False,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": {},
        "variables": {"name": "f"},
        "tracingEnabled": False,
    }
    found = client.get_deployment(restApiId=api_id, deploymentId=made["id"], embed=["apisummary"])
    assert found["apiSummary"] == {
        "/": {"GET": {"authorizationType": "NONE", "apiKeyRequired": False}}
    }


def test_changes_are_live_after_the_next_deployment_only(
    client: Any, deployed: Any, platform: Any
) -> None:
    api_id = deployed["restApiId"]
    before = _live(platform, api_id)
    root = client.get_rest_api(restApiId=api_id)["rootResourceId"]
    place = {"restApiId": api_id, "resourceId": root, "httpMethod": "POST"}
    client.put_method(**place, authorizationType="NONE")
    client.put_integration(**place, type="MOCK")
    assert _live(platform, api_id) is before
    assert set(before.snapshot["resources"][0]["resourceMethods"]) == {"GET"}
    client.create_deployment(restApiId=api_id, stageName="prod")
    after = _live(platform, api_id)
    assert after.generation > before.generation
    assert set(after.snapshot["resources"][0]["resourceMethods"]) == {"GET", "POST"}
    back = [{"op": "replace", "path": "/deploymentId", "value": deployed["deploymentId"]}]
    client.update_stage(restApiId=api_id, stageName="prod", patchOperations=back)
    assert set(_live(platform, api_id).snapshot["resources"][0]["resourceMethods"]) == {"GET"}


def test_a_snapshot_holds_all_that_the_data_plane_needs(
    client: Any, with_method: Any, platform: Any
) -> None:
    api_id = with_method["restApiId"]
    client.update_rest_api(
        restApiId=api_id,
        patchOperations=[{"op": "replace", "path": "/policy", "value": '{"Version":"2012-10-17"}'}],
    )
    client.put_gateway_response(restApiId=api_id, responseType="THROTTLED", statusCode="420")
    client.create_request_validator(restApiId=api_id, name="v")
    client.create_deployment(restApiId=api_id, stageName="prod")
    snapshot = _live(platform, api_id).snapshot
    assert snapshot["restApi"]["id"] == api_id
    root = snapshot["resources"][0]
    assert root["resourceMethods"]["GET"]["methodIntegration"]["type"] == "MOCK"
    assert {each["name"] for each in snapshot["models"]} == {"Empty", "Error"}
    assert snapshot["authorizers"] == []
    assert snapshot["requestValidators"][0]["name"] == "v"
    assert snapshot["gatewayResponses"]["THROTTLED"]["statusCode"] == "420"
    assert snapshot["policy"] == '{"Version":"2012-10-17"}'


def test_a_deployment_that_is_in_use_stays(client: Any, deployed: Any, error_of: Any) -> None:
    assert error_of(client.delete_deployment, **deployed) == (
        400,
        "BadRequestException",
        "Active stages pointing to this deployment must be moved or deleted",
    )
    client.delete_stage(restApiId=deployed["restApiId"], stageName="prod")
    client.delete_deployment(**deployed)
    assert error_of(client.get_deployment, **deployed) == (
        404,
        "NotFoundException",
        "Invalid Deployment identifier specified",
    )


def test_stages_are_made_and_deleted(
    client: Any, deployed: Any, error_of: Any, platform: Any
) -> None:
    made = client.create_stage(
        **deployed, stageName="test", description="d", variables={"a": "1"}, tags={"t": "x"}
    )
    assert made["tags"] == {"t": "x"}
    assert made["description"] == "d"
    assert error_of(client.create_stage, **deployed, stageName="test") == (
        409,
        "ConflictException",
        "Stage already exists",
    )
    listed = client.get_stages(**deployed)["item"]
    assert [each["stageName"] for each in listed] == ["prod", "test"]
    assert client.get_stages(restApiId=deployed["restApiId"], deploymentId="no")["item"] == []
    assert _live(platform, deployed["restApiId"], "test").stage["variables"] == {"a": "1"}
    client.delete_stage(restApiId=deployed["restApiId"], stageName="test")
    assert "test" not in platform.stages.find_api(deployed["restApiId"]).stages
    request = {"restApiId": deployed["restApiId"], "stageName": "test"}
    missing = (404, "NotFoundException", "Invalid stage identifier specified")
    assert error_of(client.get_stage, **request) == missing


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"stageName": "a b"}, "Stage name only allows a-zA-Z0-9_"),
        ({"deploymentId": "nope"}, "Deployment id does not exist"),
        (
            {"variables": {"a-b": "1"}},
            "Invalid stage variable name: a-b.  Please use names with only word characters.",
        ),
        (
            {"canarySettings": {"percentTraffic": 101}},
            "Canary percent traffic must be between 0 and 100",
        ),
    ],
)
def test_stages_that_are_refused(
    client: Any, deployed: Any, error_of: Any, members: Any, message: str
) -> None:
    request = {**deployed, "stageName": "test", **members}
    assert error_of(client.create_stage, **request) == (400, "BadRequestException", message)


def test_a_stage_has_a_cache_of_a_size(client: Any, deployed: Any, error_of: Any) -> None:
    members = ("cacheClusterEnabled", "cacheClusterSize", "cacheClusterStatus")
    none = {"cacheClusterEnabled": False, "cacheClusterStatus": "NOT_AVAILABLE"}
    place = {"restApiId": deployed["restApiId"], "stageName": "prod"}

    def told(stage: dict[str, Any]) -> dict[str, Any]:
        return {name: stage[name] for name in members if name in stage}

    def patched(*pairs: tuple[str, str]) -> dict[str, Any]:
        operations = [{"op": "replace", "path": path, "value": value} for path, value in pairs]
        return told(client.update_stage(**place, patchOperations=operations))

    made = client.create_stage(
        **deployed, stageName="test", cacheClusterEnabled=True, cacheClusterSize="1.6"
    )
    assert told(made) == {
        "cacheClusterEnabled": True,
        "cacheClusterSize": "1.6",
        "cacheClusterStatus": "AVAILABLE",
    }
    assert told(client.get_stage(**place)) == none
    on = {**told(made), "cacheClusterSize": "0.5"}
    assert patched(("/cacheClusterEnabled", "true")) == on
    assert patched(("/cacheClusterSize", "6.1")) == {**on, "cacheClusterSize": "6.1"}
    assert patched(("/cacheClusterEnabled", "false")) == none
    operations = [{"op": "replace", "path": "/cacheClusterSize", "value": "7"}]
    refused = error_of(client.update_stage, **place, patchOperations=operations)
    assert refused[:2] == (400, "BadRequestException")
    client.create_deployment(**place, cacheClusterEnabled=True, cacheClusterSize="0.5")
    assert told(client.get_stage(**place)) == on
    client.flush_stage_cache(**place)


def test_active_tracing_is_a_setting_of_the_stage(client: Any, deployed: Any) -> None:
    made = client.create_stage(**deployed, stageName="test", tracingEnabled=True)
    place = {"restApiId": deployed["restApiId"], "stageName": "prod"}
    patch = {"op": "replace", "path": "/tracingEnabled"}

    on = client.update_stage(**place, patchOperations=[{**patch, "value": "true"}])
    off = client.update_stage(**place, patchOperations=[{**patch, "value": "false"}])
    client.create_deployment(**place, tracingEnabled=True)

    assert [each["tracingEnabled"] for each in (made, on, off)] == [True, True, False]
    assert client.get_stage(**place)["tracingEnabled"] is True


def test_settings_of_methods_are_patched(client: Any, deployed: Any, error_of: Any) -> None:
    request = {"restApiId": deployed["restApiId"], "stageName": "prod"}
    role = "arn:aws:iam::123456789012:role/logs"
    client.update_account(
        patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    )
    operations = [
        {"op": "replace", "path": "/*/*/throttling/rateLimit", "value": "2.5"},
        {"op": "replace", "path": "/*/*/throttling/burstLimit", "value": "3"},
        {"op": "replace", "path": "/~1pets~1{id}/GET/logging/loglevel", "value": "INFO"},
        {"op": "replace", "path": "/~1/GET/metrics/enabled", "value": "true"},
        {"op": "replace", "path": "/variables/a", "value": "1"},
        {"op": "add", "path": "/accessLogSettings/format", "value": "$context.requestId"},
    ]
    changed = client.update_stage(**request, patchOperations=operations)
    assert changed["methodSettings"]["*/*"] == {
        "metricsEnabled": False,
        "dataTraceEnabled": False,
        "throttlingBurstLimit": 3,
        "throttlingRateLimit": 2.5,
        "cachingEnabled": False,
        "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": False,
        "requireAuthorizationForCacheControl": True,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    }
    assert changed["methodSettings"]["~1pets~1{id}/GET"]["loggingLevel"] == "INFO"
    assert changed["methodSettings"]["~1/GET"]["metricsEnabled"] is True
    assert changed["variables"] == {"a": "1"}
    assert changed["accessLogSettings"] == {"format": "$context.requestId"}
    operations = [
        {"op": "remove", "path": "/*/*"},
        {"op": "remove", "path": "/variables/a"},
        {"op": "remove", "path": "/accessLogSettings"},
    ]
    changed = client.update_stage(**request, patchOperations=operations)
    assert set(changed["methodSettings"]) == {"~1pets~1{id}/GET", "~1/GET"}
    assert changed["variables"] == {}
    assert "accessLogSettings" not in changed
    for path in (
        "/nonsense",
        "/pets/GET//throttling/rateLimit",
        "/GET/throttling/rateLimit",
        "/pets/ANY/throttling/rateLimit",
    ):
        wrong = [{"op": "replace", "path": path, "value": "1"}]
        status, code, message = error_of(client.update_stage, **request, patchOperations=wrong)
        assert (status, code) == (400, "BadRequestException")
        assert message.startswith(
            f"Invalid method setting path: {path}. Must be one of: [/deploymentId, /description, "
        )


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/*/*/logging/loglevel", "INFO"),
        ("/accessLogSettings/destinationArn", "arn:aws:logs:us-east-1:123456789012:log-group:a"),
    ],
)
def test_nothing_is_logged_without_a_role_for_it(
    client: Any, deployed: Any, error_of: Any, path: str, value: str
) -> None:
    request = {"restApiId": deployed["restApiId"], "stageName": "prod"}
    operations = [{"op": "replace", "path": path, "value": value}]
    assert error_of(client.update_stage, **request, patchOperations=operations) == (
        400,
        "BadRequestException",
        "CloudWatch Logs role ARN must be set in account settings to enable logging",
    )


def test_settings_of_a_stage_need_a_stage(client: Any, deployed: Any, error_of: Any) -> None:
    api_id = deployed["restApiId"]
    refused = error_of(client.create_deployment, restApiId=api_id, variables={"a": "1"})
    assert refused[2] == "variables can be set only if stageName is specified"
    assert len(client.get_deployments(restApiId=api_id)["items"]) == 1


def test_a_canary_is_promoted(client: Any, deployed: Any, platform: Any) -> None:
    api_id = deployed["restApiId"]
    request = {"restApiId": api_id, "stageName": "prod"}
    canary = client.create_deployment(
        **request, canarySettings={"percentTraffic": 10.0, "stageVariableOverrides": {"a": "2"}}
    )
    stage = client.get_stage(**request)
    assert stage["deploymentId"] == deployed["deploymentId"]
    assert stage["canarySettings"] == {
        "percentTraffic": 10.0,
        "deploymentId": canary["id"],
        "stageVariableOverrides": {"a": "2"},
        "useStageCache": False,
    }
    assert _live(platform, api_id).canary["restApi"]["id"] == api_id
    operations = [
        {"op": "copy", "from": "/canarySettings/deploymentId", "path": "/deploymentId"},
        {"op": "copy", "from": "/canarySettings/stageVariableOverrides", "path": "/variables"},
        {"op": "remove", "path": "/canarySettings"},
    ]
    stage = client.update_stage(**request, patchOperations=operations)
    assert stage["deploymentId"] == canary["id"]
    assert stage["variables"] == {"a": "2"}
    assert "canarySettings" not in stage
    assert _live(platform, api_id).canary is None


def test_what_is_deployed_is_there_after_a_restart(
    client: Any, deployed: Any, running: Any, platform: Any
) -> None:
    from lambent.services.apigateway.publishing import Publisher
    from lambent.services.apigateway.stages_in_memory import Stages

    key = client.create_api_key(
        name="k",
        enabled=True,
        stageKeys=[{"restApiId": deployed["restApiId"], "stageName": "prod"}],
    )
    stages = Stages()
    running.run(Publisher(stages).load(platform.database))
    api = stages.find_api(deployed["restApiId"])
    assert api is not None
    assert api.stages["prod"].snapshot == _live(platform, deployed["restApiId"]).snapshot
    found = stages.key(api.account_id, api.region, key["value"])
    assert found is not None
    assert found.opens(deployed["restApiId"], "prod")


def test_a_flush_of_the_authorizer_cache_moves_the_generation(
    client: Any, deployed: Any, platform: Any
) -> None:
    before = _live(platform, deployed["restApiId"]).generation
    client.flush_stage_authorizers_cache(restApiId=deployed["restApiId"], stageName="prod")
    after = _live(platform, deployed["restApiId"]).generation
    assert after > before
    client.flush_stage_cache(restApiId=deployed["restApiId"], stageName="prod")
    assert _live(platform, deployed["restApiId"]).generation == after
    assert platform.stages.flushes[deployed["restApiId"], "prod"] == 1


@pytest.mark.slow
def test_a_reset_forgets_everything(start_platform: Any) -> None:
    import boto3

    with start_platform(test_mode=True, isolation="none") as running:
        credential = running.run(running.platform.iam.accounts.create())
        client = boto3.client(
            "apigateway",
            endpoint_url=running.platform.endpoint,
            region_name="us-east-1",
            aws_access_key_id=credential.access_key_id,
            aws_secret_access_key=credential.secret_access_key,
        )
        api = client.create_rest_api(name="pets")
        client.create_api_key(name="k")
        running.run(running.platform.apigateway.reset())
        assert client.get_rest_apis()["items"] == []
        assert client.get_api_keys()["items"] == []
        assert running.platform.stages.find_api(api["id"]) is None


def test_access_logs_to_firehose_are_refused(client: Any, deployed: Any, error_of: Any) -> None:
    stream = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-logs"
    path = "/accessLogSettings/destinationArn"
    assert error_of(
        client.update_stage,
        restApiId=deployed["restApiId"],
        stageName="prod",
        patchOperations=[{"op": "replace", "path": path, "value": stream}],
    ) == (
        400,
        "BadRequestException",
        "Lambent does not support access logs to Firehose yet: name a log group of CloudWatch Logs.",
    )
