"""Models, validators, authorizers, gateway responses, documentation, domain names and the account through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.services.apigateway.conftest import LAMBDA_URI

JSON = "application/json"


# --- models ---


def test_models_are_made_changed_and_deleted(
    client: Any, api: Any, body: Any, error_of: Any
) -> None:
    place = {"restApiId": api["id"], "modelName": "Pet"}
    schema = '{"type":"object","properties":{"name":{"type":"string"},"ages":{"type":"array","items":{"type":"integer"}}}}'  # noqa: E501
    made = body(
        client.create_model(restApiId=api["id"], name="Pet", contentType=JSON, schema=schema)
    )
    assert made == {"id": made["id"], "name": "Pet", "schema": schema, "contentType": JSON}
    assert body(client.get_model(**place)) == made
    assert [each["name"] for each in client.get_models(restApiId=api["id"])["items"]] == [
        "Empty",
        "Error",
        "Pet",
    ]
    template = client.get_model_template(**place)["value"]
    assert template.startswith("#set($inputRoot = $input.path('$'))\n{")
    assert '"name" : "foo"' in template
    assert "#foreach($elem in $inputRoot.ages)" in template
    patch = [{"op": "replace", "path": "/description", "value": "a pet"}]
    assert client.update_model(**place, patchOperations=patch)["description"] == "a pet"
    wrong = [{"op": "replace", "path": "/schema", "value": "no json"}]
    assert error_of(client.update_model, **place, patchOperations=wrong)[1] == "BadRequestException"
    client.delete_model(**place)
    assert error_of(client.get_model, **place) == (
        404,
        "NotFoundException",
        "Invalid model name specified: Pet",
    )


def test_models_that_are_refused(client: Any, api: Any, error_of: Any) -> None:
    request = {"restApiId": api["id"], "contentType": JSON}

    def refusal(**members: Any) -> Any:
        return error_of(client.create_model, **request, **members)

    conflict = refusal(name="Empty", schema="{}")
    assert conflict == (409, "ConflictException", "Model name already exists for this REST API")
    assert refusal(name="a-b", schema="{}")[2] == "Model name must be alphanumeric: a-b"
    assert refusal(name="Ab")[2] == "Model schema must have a valid schema: Null schema"
    assert refusal(name="Ab", schema="[]")[2].startswith("Invalid model specified: ")


def test_a_model_in_use_stays(client: Any, with_method: Any, error_of: Any) -> None:
    api_id = with_method["restApiId"]
    reference = f"https://apigateway.amazonaws.com/restapis/{api_id}/models/Pet"
    client.create_model(restApiId=api_id, name="Pet", contentType=JSON, schema='{"type":"object"}')
    client.create_model(
        restApiId=api_id,
        name="Pets",
        contentType=JSON,
        schema=json.dumps({"items": {"$ref": reference}}),
    )
    assert error_of(client.delete_model, restApiId=api_id, modelName="Pet")[:2] == (
        409,
        "ConflictException",
    )
    flat = json.loads(client.get_model(restApiId=api_id, modelName="Pets", flatten=True)["schema"])
    assert flat == {
        "items": {"$ref": "#/definitions/Pet"},
        "definitions": {"Pet": {"type": "object"}},
    }
    patch = [{"op": "add", "path": "/requestModels/application~1json", "value": "Pets"}]
    client.update_method(**with_method, patchOperations=patch)
    assert error_of(client.delete_model, restApiId=api_id, modelName="Pets")[0] == 409


# --- validators and authorizers ---


def test_request_validators(client: Any, api: Any, body: Any, error_of: Any) -> None:
    made = body(
        client.create_request_validator(restApiId=api["id"], name="v", validateRequestBody=True)
    )
    assert made == {
        "id": made["id"],
        "name": "v",
        "validateRequestBody": True,
        "validateRequestParameters": False,
    }
    place = {"restApiId": api["id"], "requestValidatorId": made["id"]}
    patch = [{"op": "replace", "path": "/validateRequestParameters", "value": "true"}]
    assert (
        client.update_request_validator(**place, patchOperations=patch)["validateRequestParameters"]
        is True
    )
    assert len(client.get_request_validators(restApiId=api["id"])["items"]) == 1
    client.delete_request_validator(**place)
    missing = (404, "NotFoundException", "Invalid Request Validator identifier specified")
    assert error_of(client.get_request_validator, **place) == missing


def test_authorizers(client: Any, with_method: Any, body: Any, error_of: Any) -> None:
    api_id = with_method["restApiId"]
    request = {"restApiId": api_id, "name": "a", "authorizerUri": LAMBDA_URI}
    made = body(
        client.create_authorizer(
            **request, type="TOKEN", identitySource="method.request.header.Token"
        )
    )
    assert made == {
        "id": made["id"],
        "name": "a",
        "type": "TOKEN",
        "authType": "custom",
        "authorizerUri": LAMBDA_URI,
        "identitySource": "method.request.header.Token",
    }  # As create-authorizer printed it in the guide to Gluon's Gateway (October 2024).
    place = {"restApiId": api_id, "authorizerId": made["id"]}
    patch = [{"op": "replace", "path": "/authorizerResultTtlInSeconds", "value": "0"}]
    assert (
        client.update_authorizer(**place, patchOperations=patch)["authorizerResultTtlInSeconds"]
        == 0
    )
    operations = [
        {"op": "replace", "path": "/authorizationType", "value": "CUSTOM"},
        {"op": "replace", "path": "/authorizerId", "value": made["id"]},
    ]
    assert (
        client.update_method(**with_method, patchOperations=operations)["authorizerId"]
        == made["id"]
    )
    assert error_of(client.delete_authorizer, **place)[:2] == (409, "ConflictException")
    client.update_method(
        **with_method,
        patchOperations=[{"op": "replace", "path": "/authorizationType", "value": "NONE"}],
    )
    assert "authorizerId" not in client.get_method(**with_method)
    client.delete_authorizer(**place)
    missing = (404, "NotFoundException", "Invalid Authorizer identifier specified")
    assert error_of(client.get_authorizer, **place) == missing


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"type": "COGNITO_USER_POOLS", "providerARNs": ["x"]},
            "Invalid ARN specified in the request",
        ),
        ({"type": "JWT"}, "Lambent does not support authorizers of type JWT yet"),
        ({"type": "COGNITO_USER_POOLS"}, "ProviderARNs cannot be empty"),
        ({"type": "TOKEN", "authorizerUri": LAMBDA_URI}, "IdentitySource cannot be empty"),
        (
            {"type": "TOKEN", "identitySource": "method.request.header.A"},
            "Authorizer Uri must be specified",
        ),
        (
            {"type": "TOKEN", "identitySource": "method.request.header.A", "authorizerUri": "x"},
            "Invalid Authorizer URI: x.",
        ),
        (
            {"type": "TOKEN", "identitySource": "A", "authorizerUri": LAMBDA_URI},
            "Invalid token source expression: A.",
        ),
        (
            {"type": "REQUEST", "authorizerUri": LAMBDA_URI},
            "Invalid request input",
        ),
        (
            {"type": "REQUEST", "identitySource": "context.path,x", "authorizerUri": LAMBDA_URI},
            "Invalid request identity source expression: context.path,x. The sources must be",
        ),
        (
            {
                "type": "REQUEST",
                "identitySource": "context.path",
                "authorizerUri": LAMBDA_URI,
                "authorizerResultTtlInSeconds": 3601,
            },
            "between 0 and 3600",
        ),
    ],
)
def test_authorizers_that_are_refused(
    client: Any, api: Any, error_of: Any, members: Any, message: str
) -> None:
    status, code, text = error_of(
        client.create_authorizer, restApiId=api["id"], name="a", **members
    )
    assert (status, code) == (400, "BadRequestException")
    assert message in text


# --- gateway responses ---


def test_gateway_responses_have_defaults(client: Any, api: Any, body: Any, error_of: Any) -> None:
    """Without templates of its own a response shows the default one (read back from AWS in 2026 by
    go-to-k/cdk-real-drift: tests/corpus/AWS__ApiGateway__GatewayResponse.GwResponse4E10BA47.json).
    """
    listed = client.get_gateway_responses(restApiId=api["id"])["items"]
    assert len(listed) == 21
    by_type = {each["responseType"]: each for each in listed}
    assert "statusCode" not in by_type["DEFAULT_4XX"]
    assert by_type["MISSING_AUTHENTICATION_TOKEN"] == {
        "responseType": "MISSING_AUTHENTICATION_TOKEN",
        "statusCode": "403",
        "responseParameters": {},
        "responseTemplates": {JSON: '{"message":$context.error.messageString}'},
        "defaultResponse": True,
    }
    place = {"restApiId": api["id"], "responseType": "THROTTLED"}
    made = body(
        client.put_gateway_response(**place, responseParameters={"gatewayresponse.header.A": "'b'"})
    )
    assert made == {
        "responseType": "THROTTLED",
        "statusCode": "429",
        "responseParameters": {"gatewayresponse.header.A": "'b'"},
        "responseTemplates": {JSON: '{"message":$context.error.messageString}'},
        "defaultResponse": False,
    }
    assert body(client.get_gateway_response(**place)) == made
    assert made in client.get_gateway_responses(restApiId=api["id"])["items"]
    patch = [
        {"op": "replace", "path": "/statusCode", "value": "420"},
        {"op": "add", "path": "/responseTemplates/text~1plain", "value": "calm"},
    ]
    changed = client.update_gateway_response(**place, patchOperations=patch)
    assert changed["statusCode"] == "420"
    assert changed["responseTemplates"] == {"text/plain": "calm"}
    client.delete_gateway_response(**place)
    assert client.get_gateway_response(**place)["defaultResponse"] is True
    assert error_of(client.delete_gateway_response, **place)[:2] == (404, "NotFoundException")
    assert (
        error_of(client.put_gateway_response, **place, statusCode="abc")[1] == "ValidationException"
    )
    wrong = {"restApiId": api["id"], "responseType": "WRONG"}
    assert error_of(client.put_gateway_response, **wrong)[1] == "ValidationException"


# --- documentation ---


def test_documentation_parts(client: Any, api: Any, body: Any, error_of: Any) -> None:
    location = {"type": "METHOD", "path": "/pets", "method": "GET"}
    request = {"restApiId": api["id"], "location": location}
    made = body(client.create_documentation_part(**request, properties='{"description":"x"}'))
    assert made == {"id": made["id"], "location": location, "properties": '{"description":"x"}'}
    conflict = error_of(client.create_documentation_part, **request, properties="{}")
    assert conflict[:2] == (409, "ConflictException")
    wrong = {"restApiId": api["id"], "location": {"type": "API", "path": "/"}, "properties": "{}"}
    assert error_of(client.create_documentation_part, **wrong)[1] == "BadRequestException"
    place = {"restApiId": api["id"], "documentationPartId": made["id"]}
    patch = [{"op": "replace", "path": "/properties", "value": '{"a":1}'}]
    assert (
        client.update_documentation_part(**place, patchOperations=patch)["properties"] == '{"a":1}'
    )
    imported = client.import_documentation_parts(
        restApiId=api["id"],
        mode="merge",
        body=json.dumps(
            {
                "documentationParts": [
                    {"location": {"type": "API"}, "properties": {}},
                    {"location": {"type": "NO"}},
                ]
            }
        ).encode(),
    )
    assert len(imported["ids"]) == 1
    assert imported["warnings"] == ["documentationParts[1]: Invalid documentation part location"]
    assert len(client.get_documentation_parts(restApiId=api["id"])["items"]) == 2
    assert len(client.get_documentation_parts(restApiId=api["id"], type="API")["items"]) == 1
    client.delete_documentation_part(**place)
    missing = (404, "NotFoundException", "Invalid Documentation part identifier specified")
    assert error_of(client.get_documentation_part, **place) == missing


def test_documentation_versions(client: Any, api: Any, error_of: Any) -> None:
    place = {"restApiId": api["id"], "documentationVersion": "1"}
    made = client.create_documentation_version(**place, description="d")
    assert (made["version"], made["description"]) == ("1", "d")
    assert error_of(client.create_documentation_version, **place)[0] == 409
    patch = [{"op": "replace", "path": "/description", "value": "e"}]
    assert client.update_documentation_version(**place, patchOperations=patch)["description"] == "e"
    assert len(client.get_documentation_versions(restApiId=api["id"])["items"]) == 1
    client.delete_documentation_version(**place)
    missing = (404, "NotFoundException", "Invalid Documentation version specified")
    assert error_of(client.get_documentation_version, **place) == missing


def test_a_stage_has_the_documentation_of_a_time(
    client: Any, deployed: Any, error_of: Any, platform: Any
) -> None:
    api_id = deployed["restApiId"]
    part = client.create_documentation_part(
        restApiId=api_id, location={"type": "API"}, properties='{"info":"then"}'
    )
    client.create_documentation_version(
        restApiId=api_id, documentationVersion="1", stageName="prod"
    )
    stage = client.get_stage(restApiId=api_id, stageName="prod")
    assert stage["documentationVersion"] == "1"
    assert platform.stages.find_api(api_id).stages["prod"].stage["documentationVersion"] == "1"
    client.delete_documentation_part(restApiId=api_id, documentationPartId=part["id"])
    exported = client.get_export(
        restApiId=api_id,
        stageName="prod",
        exportType="oas30",
        parameters={"extensions": "documentation"},
    )
    assert json.loads(exported["body"].read())["x-amazon-apigateway-documentation"] == {
        "version": "1",
        "documentationParts": [{"location": {"type": "API"}, "properties": {"info": "then"}}],
    }
    version = {"restApiId": api_id, "documentationVersion": "1"}
    assert error_of(client.delete_documentation_version, **version)[:2] == (
        409,
        "ConflictException",
    )
    wrong = {**deployed, "stageName": "test", "documentationVersion": "2"}
    assert error_of(client.create_stage, **wrong)[1] == "BadRequestException"
    nowhere = {"restApiId": api_id, "documentationVersion": "2", "stageName": "nope"}
    assert error_of(client.create_documentation_version, **nowhere)[0] == 404
    assert len(client.get_documentation_versions(restApiId=api_id)["items"]) == 1
    operations = [{"op": "replace", "path": "/documentationVersion", "value": ""}]
    stage = client.update_stage(restApiId=api_id, stageName="prod", patchOperations=operations)
    assert "documentationVersion" not in stage
    client.delete_documentation_version(**version)


# --- domain names ---


def test_a_domain_leads_to_a_stage(
    client: Any, deployed: Any, body: Any, error_of: Any, platform: Any
) -> None:
    name = f"{deployed['restApiId']}.example.com"
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/x"
    made = body(
        client.create_domain_name(
            domainName=name,
            regionalCertificateArn=arn,
            endpointConfiguration={"types": ["REGIONAL"]},
        )
    )
    assert made["domainNameStatus"] == "AVAILABLE"
    assert made["securityPolicy"] == "TLS_1_2"
    assert made["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    # The developer guide's update-domain-name of a regional one ("IP address types").
    assert "certificateUploadDate" in made
    assert error_of(client.create_domain_name, domainName=name)[:2] == (400, "BadRequestException")
    request = {"domainName": name, "restApiId": deployed["restApiId"]}
    mapping = body(client.create_base_path_mapping(**request, stage="prod"))
    assert mapping == {"basePath": "(none)", "restApiId": deployed["restApiId"], "stage": "prod"}
    assert platform.stages.domains.find(name).mappings == (("", deployed["restApiId"], "prod"),)
    conflict = error_of(client.create_base_path_mapping, **request, stage="prod")
    assert conflict == (409, "ConflictException", "Base path already exists for this domain name")
    assert (
        error_of(client.create_base_path_mapping, **request, basePath="a/b")[1]
        == "BadRequestException"
    )
    assert (
        error_of(client.create_base_path_mapping, **request, basePath="v1", stage="no")[1]
        == "BadRequestException"
    )
    patch = [
        {"op": "replace", "path": "/basePath", "value": "v1"},
        {"op": "replace", "path": "/stage", "value": ""},
    ]
    changed = body(
        client.update_base_path_mapping(domainName=name, basePath="(none)", patchOperations=patch)
    )
    assert changed == {"basePath": "v1", "restApiId": deployed["restApiId"]}
    assert platform.stages.domains.find(name).mappings == (("v1", deployed["restApiId"], ""),)
    assert (
        error_of(client.delete_rest_api, restApiId=deployed["restApiId"])[1]
        == "BadRequestException"
    )
    assert client.get_base_path_mappings(domainName=name)["items"] == [changed]
    client.delete_base_path_mapping(domainName=name, basePath="v1")
    missing = (404, "NotFoundException", "Invalid base path mapping identifier specified")
    assert error_of(client.get_base_path_mapping, domainName=name, basePath="v1") == missing
    client.delete_domain_name(domainName=name)
    assert platform.stages.domains.find(name) is None
    assert error_of(client.get_domain_name, domainName=name) == (
        404,
        "NotFoundException",
        "Invalid domain name identifier specified",
    )


def test_a_domain_moves_to_another_kind_of_endpoint(
    aws: Any, client: Any, api: Any, body: Any, error_of: Any
) -> None:
    """In one update, as Terraform sends it. Names have ARNs ("get-domain-names" of the AWS CLI's examples)."""
    name = f"{api['id']}.example.com"
    edge = "arn:aws:acm:us-east-1:123456789012:certificate/edge"
    regional = "arn:aws:acm:us-east-1:123456789012:certificate/regional"
    made = body(client.create_domain_name(domainName=name, certificateArn=edge))
    assert made["distributionDomainName"].endswith(".cloudfront.net")
    assert made["domainNameArn"] == f"arn:aws:apigateway:us-east-1::/domainnames/{name}"
    assert body(client.get_domain_name(domainName=name)) == made
    assert client.get_domain_names()["items"] == [made]

    def moved(kind: str) -> Any:
        patches = [
            {"op": "replace", "path": "/certificateArn", "value": ""},
            {"op": "replace", "path": "/endpointConfiguration/types/0", "value": kind},
            {"op": "replace", "path": "/regionalCertificateArn", "value": regional},
        ]
        return {"domainName": name, "patchOperations": patches}

    changed = body(client.update_domain_name(**moved("REGIONAL")))
    assert changed["regionalDomainName"].endswith(".execute-api.us-east-1.amazonaws.com")
    assert {"distributionDomainName", "certificateArn"} & set(changed) == set()
    seen = aws("apigatewayv2").get_domain_name(DomainName=name)["DomainNameConfigurations"]
    assert seen[0]["ApiGatewayDomainName"] == changed["regionalDomainName"]
    assert error_of(client.update_domain_name, **moved("PRIVATE"))[:2] == (
        400,
        "BadRequestException",
    )


def test_a_domain_of_another_account_is_taken(
    client: Any, running: Any, api: Any, error_of: Any
) -> None:
    import boto3

    name = f"{api['id']}.example.org"
    client.create_domain_name(domainName=name)
    credential = running.run(running.platform.iam.accounts.create())
    other = boto3.client(
        "apigateway",
        endpoint_url=running.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
    )
    assert (
        error_of(other.create_domain_name, domainName=name)[2]
        == "The domain name you provided already exists."
    )
    assert error_of(other.get_domain_name, domainName=name)[0] == 404


# --- the account and what is refused ---


def test_the_account(client: Any, body: Any, error_of: Any) -> None:
    assert body(client.get_account()) == {
        "throttleSettings": {"burstLimit": 5000, "rateLimit": 10000.0},
        "features": ["UsagePlans"],
        "apiKeyVersion": "4",
    }
    role = "arn:aws:iam::123456789012:role/logs"
    patch = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": role}]
    assert client.update_account(patchOperations=patch)["cloudwatchRoleArn"] == role
    assert client.get_account()["cloudwatchRoleArn"] == role
    patch[0]["value"] = "me"
    assert error_of(client.update_account, patchOperations=patch)[1] == "BadRequestException"
    wrong = [{"op": "replace", "path": "/throttleSettings/rateLimit", "value": "1"}]
    assert error_of(client.update_account, patchOperations=wrong)[1] == "BadRequestException"


def test_kinds_of_sdks_are_listed_and_none_is_made(
    client: Any, deployed: Any, error_of: Any
) -> None:
    kinds = {each["id"] for each in client.get_sdk_types()["items"]}
    assert kinds == {"android", "java", "javascript", "objectivec", "ruby", "swift"}
    assert client.get_sdk_type(id="javascript")["friendlyName"] == "JavaScript"
    assert error_of(client.get_sdk_type, id="cobol")[0] == 404
    request = {"restApiId": deployed["restApiId"], "stageName": "prod", "sdkType": "javascript"}
    assert error_of(client.get_sdk, **request)[:2] == (501, "NotImplementedException")


def test_what_is_not_there_says_so_by_name(client: Any, error_of: Any) -> None:
    status, code, message = error_of(client.create_vpc_link, name="v", targetArns=["x"])
    assert (status, code) == (501, "NotImplementedException")
    assert "CreateVpcLink" in message


def test_a_test_invocation_looks_for_its_method_first(
    client: Any, with_method: Any, error_of: Any
) -> None:
    nowhere = {**with_method, "httpMethod": "PUT"}
    assert error_of(client.test_invoke_method, **nowhere) == (
        404,
        "NotFoundException",
        "Invalid Method identifier specified",
    )
