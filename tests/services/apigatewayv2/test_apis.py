"""HTTP APIs through boto3: APIs themselves, and what quick create makes."""

from __future__ import annotations

from typing import Any


def test_an_api_is_made_shown_changed_and_deleted(client: Any, body: Any, error_of: Any) -> None:
    made = body(client.create_api(Name="pets", ProtocolType="HTTP", Tags={"a": "b"}))
    api_id = made["ApiId"]
    port = client.meta.endpoint_url.rpartition(":")[2]
    assert made == {
        "ApiEndpoint": f"http://{api_id}.execute-api.us-east-1.localhost:{port}",
        "ApiId": api_id,
        "ApiKeySelectionExpression": "$request.header.x-api-key",
        "CreatedDate": made["CreatedDate"],
        "DisableExecuteApiEndpoint": False,
        "IpAddressType": "ipv4",
        "Name": "pets",
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": "$request.method $request.path",
        "Tags": {"a": "b"},
    }
    assert body(client.get_api(ApiId=api_id)) == made
    changed = body(client.update_api(ApiId=api_id, Name="cats", Description="d", Version="2"))
    assert changed == made | {"Name": "cats", "Description": "d", "Version": "2"}
    assert [each["ApiId"] for each in client.get_apis()["Items"]] == [api_id]
    client.delete_api(ApiId=api_id)
    status, code, message = error_of(client.get_api, ApiId=api_id)
    assert (status, code) == (404, "NotFoundException")
    assert message.startswith("Invalid API identifier specified")
    assert client.get_apis()["Items"] == []


def test_tags_that_are_not_there_are_told_where_an_api_is_read(client: Any, body: Any) -> None:
    """As the outputs of a cloud computing course have it (March 2026), and the CLI's own examples."""
    made = body(client.create_api(Name="pets", ProtocolType="HTTP"))
    assert "Tags" not in made
    read = made | {"Tags": {}}
    assert body(client.get_api(ApiId=made["ApiId"])) == read
    assert body(client.update_api(ApiId=made["ApiId"], Name="pets")) == read
    assert body(client.get_apis())["Items"] == [read]


def test_an_integration_of_a_function_may_be_for_any_method(client: Any, function_arn: str) -> None:
    """As the outputs of a cloud computing course have it (March 2026); it is called with POST all the same."""
    api_id = client.create_api(Name="pets", ProtocolType="HTTP")["ApiId"]
    made = client.create_integration(
        ApiId=api_id,
        IntegrationType="AWS_PROXY",
        IntegrationUri=function_arn,
        IntegrationMethod="ANY",
        PayloadFormatVersion="2.0",
    )
    assert made["IntegrationMethod"] == "ANY"


def test_quick_create_makes_all_that_a_call_needs(
    client: Any, body: Any, function_arn: str
) -> None:
    api_id = client.create_api(Name="q", ProtocolType="HTTP", Target=function_arn)["ApiId"]
    [integration] = client.get_integrations(ApiId=api_id)["Items"]
    assert integration == {
        "ApiGatewayManaged": True,
        "ConnectionType": "INTERNET",
        "IntegrationId": integration["IntegrationId"],
        "IntegrationMethod": "POST",
        "IntegrationType": "AWS_PROXY",
        "IntegrationUri": function_arn,
        "PayloadFormatVersion": "2.0",
        "TimeoutInMillis": 30000,
    }
    [route] = client.get_routes(ApiId=api_id)["Items"]
    assert route == {
        "ApiGatewayManaged": True,
        "ApiKeyRequired": False,
        "AuthorizationType": "NONE",
        "RouteId": route["RouteId"],
        "RouteKey": "$default",
        "Target": f"integrations/{integration['IntegrationId']}",
    }
    stage = body(client.get_stage(ApiId=api_id, StageName="$default"))
    [deployment] = client.get_deployments(ApiId=api_id)["Items"]
    assert stage == {
        "ApiGatewayManaged": True,
        "AutoDeploy": True,
        "CreatedDate": stage["CreatedDate"],
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "DeploymentId": deployment["DeploymentId"],
        "LastDeploymentStatusMessage": (
            f"Successfully deployed stage with deployment ID '{deployment['DeploymentId']}'"
        ),
        "LastUpdatedDate": stage["LastUpdatedDate"],
        "RouteSettings": {},
        "StageName": "$default",
        "StageVariables": {},
        "Tags": {},
    }
    assert (deployment["AutoDeployed"], deployment["DeploymentStatus"]) == (True, "DEPLOYED")


def test_quick_create_leads_to_an_address(client: Any, error_of: Any) -> None:
    made = client.create_api(
        Name="q", ProtocolType="HTTP", Target="https://example.com/", RouteKey="GET /a"
    )
    [integration] = client.get_integrations(ApiId=made["ApiId"])["Items"]
    assert (integration["IntegrationType"], integration["IntegrationMethod"]) == (
        "HTTP_PROXY",
        "ANY",
    )
    assert client.get_routes(ApiId=made["ApiId"])["Items"][0]["RouteKey"] == "GET /a"
    client.update_api(ApiId=made["ApiId"], Target="https://example.org/", RouteKey="GET /b")
    [changed] = client.get_integrations(ApiId=made["ApiId"])["Items"]
    assert changed == integration | {"IntegrationUri": "https://example.org/"}
    assert client.get_routes(ApiId=made["ApiId"])["Items"][0]["RouteKey"] == "GET /b"
    plain = client.create_api(Name="p", ProtocolType="HTTP")["ApiId"]
    assert error_of(client.update_api, ApiId=plain, Target="https://example.org/")[:2] == (
        400,
        "BadRequestException",
    )


def test_what_is_not_served_is_refused_by_name(client: Any, error_of: Any) -> None:
    assert error_of(client.create_api, Name="w", ProtocolType="WEBSOCKET") == (
        400,
        "BadRequestException",
        "Lambent does not support WebSocket APIs yet: only HTTP APIs.",
    )
    status, code, message = error_of(client.create_vpc_link, Name="v", SubnetIds=["s"])
    assert (status, code) == (501, "NotImplementedException")
    assert "CreateVpcLink" in message


def test_cors_is_kept_and_deleted(client: Any, api: Any, error_of: Any) -> None:
    """What is kept is in another case than what came, and credentials are said: Terraform's tests of
    aws_apigatewayv2_api against AWS (`allow_methods = ["GET", "put"]`, `allow_origins = ["HTTP://WWW.EXAMPLE.ORG"`),
    and the AWS CLI's example of update-api.
    """
    given = {
        "AllowOrigins": ["HTTP://WWW.EXAMPLE.ORG", "https://a.example"],
        "AllowHeaders": ["X-A"],
        "AllowMethods": ["GET", "put"],
        "MaxAge": 5,
    }
    changed = client.update_api(ApiId=api["ApiId"], CorsConfiguration=given)
    assert changed["CorsConfiguration"] == given | {
        "AllowCredentials": False,
        "AllowHeaders": ["x-a"],
        "AllowMethods": ["GET", "PUT"],
        "AllowOrigins": ["http://www.example.org", "https://a.example"],
    }
    replaced = client.update_api(ApiId=api["ApiId"], CorsConfiguration={"AllowMethods": ["*"]})
    assert replaced["CorsConfiguration"] == {"AllowCredentials": False, "AllowMethods": ["*"]}
    # Nothing is cleared by an empty one (measured: go-to-k/cdkd#1163).
    kept = client.update_api(ApiId=api["ApiId"], CorsConfiguration={})
    assert kept["CorsConfiguration"] == replaced["CorsConfiguration"]
    client.delete_cors_configuration(ApiId=api["ApiId"])
    assert "CorsConfiguration" not in client.get_api(ApiId=api["ApiId"])
    for wrong in (
        {"AllowOrigins": ["a.example"]},
        {"AllowMethods": ["SEND"]},
        {"AllowOrigins": ["*"], "AllowCredentials": True},
        {"MaxAge": 86_401},
    ):
        refused = error_of(client.update_api, ApiId=api["ApiId"], CorsConfiguration=wrong)
        assert refused[:2] == (400, "BadRequestException")


def test_lists_come_in_pages(client: Any, error_of: Any) -> None:
    made = sorted(
        client.create_api(Name=f"a{number}", ProtocolType="HTTP")["ApiId"] for number in range(5)
    )
    found, token = [], ""
    while True:
        more = {"NextToken": token} if token else {}
        answer = client.get_apis(MaxResults="2", **more)
        assert len(answer["Items"]) <= 2
        found += [each["ApiId"] for each in answer["Items"]]
        token = answer.get("NextToken", "")
        if not token:
            break
    assert found == made
    assert error_of(client.get_apis, MaxResults="x")[1] == "BadRequestException"
    assert error_of(client.get_apis, NextToken="\x00")[1] == "BadRequestException"


def test_tags_of_apis_and_stages(client: Any, api: Any) -> None:
    client.create_stage(ApiId=api["ApiId"], StageName="dev")
    for path in (f"/apis/{api['ApiId']}", f"/apis/{api['ApiId']}/stages/dev"):
        arn = f"arn:aws:apigateway:us-east-1::{path}"
        client.tag_resource(ResourceArn=arn, Tags={"a": "1", "b": "2"})
        client.untag_resource(ResourceArn=arn, TagKeys=["a"])
        assert client.get_tags(ResourceArn=arn)["Tags"] == {"b": "2"}
