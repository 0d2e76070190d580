"""OpenAPI documents in and out through boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from tests.services.apigateway.conftest import LAMBDA_URI

MOCK = {
    "type": "mock",
    "requestTemplates": {"application/json": '{"statusCode": 200}'},
    "responses": {
        "default": {
            "statusCode": "200",
            "responseParameters": {"method.response.header.X-Total": "'3'"},
            "responseTemplates": {"application/json": "[]"},
        },
        "4..": {"statusCode": "400"},
    },
    "passthroughBehavior": "when_no_match",
}
PROXY = {
    "type": "aws_proxy",
    "uri": LAMBDA_URI,
    "httpMethod": "POST",
    "timeoutInMillis": 1000,
}
SWAGGER: dict[str, Any] = {
    "swagger": "2.0",
    "info": {"title": "Pet Shop", "version": "1.2", "description": "All pets"},
    "basePath": "/shop/v1",
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "paths": {
        "/pets": {
            "get": {
                "operationId": "ListPets",
                "parameters": [
                    {"name": "page", "in": "query", "type": "integer"},
                    {"name": "X-Who", "in": "header", "type": "string", "required": True},
                ],
                "responses": {
                    "200": {
                        "description": "ok",
                        "schema": {"$ref": "#/definitions/Pets"},
                        "headers": {"X-Total": {"type": "integer"}},
                    },
                    "400": {"description": "no"},
                },
                "security": [{"key": []}],
                "x-amazon-apigateway-integration": MOCK,
            },
            "post": {
                "parameters": [
                    {"in": "body", "name": "pet", "schema": {"$ref": "#/definitions/Pet"}}
                ],
                "responses": {"201": {"description": "made"}},
                "security": [{"auth": []}],
                "x-amazon-apigateway-request-validator": "all",
                "x-amazon-apigateway-integration": PROXY,
            },
        },
        "/pets/{id}": {
            "parameters": [{"name": "id", "in": "path", "required": True, "type": "string"}],
            "x-amazon-apigateway-any-method": {
                "responses": {},
                "security": [{"iam": []}],
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy",
                    "uri": "http://example.com/{id}",
                    "httpMethod": "ANY",
                    "requestParameters": {"integration.request.path.id": "method.request.path.id"},
                },
            },
        },
    },
    "securityDefinitions": {
        "key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
        "iam": {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
        },
        "auth": {
            "type": "apiKey",
            "name": "Token",
            "in": "header",
            "x-amazon-apigateway-authtype": "custom",
            "x-amazon-apigateway-authorizer": {
                "type": "token",
                "authorizerUri": LAMBDA_URI,
                "authorizerResultTtlInSeconds": 60,
            },
        },
    },
    "definitions": {
        "Pet": {"type": "object", "properties": {"name": {"type": "string"}}},
        "Pets": {"type": "array", "items": {"$ref": "#/definitions/Pet"}},
    },
    "x-amazon-apigateway-request-validators": {
        "all": {"validateRequestBody": True, "validateRequestParameters": True}
    },
    "x-amazon-apigateway-binary-media-types": ["image/png"],
    "x-amazon-apigateway-gateway-responses": {
        "DEFAULT_4XX": {"responseTemplates": {"application/json": "{}"}}
    },
    "x-amazon-apigateway-api-key-source": "AUTHORIZER",
    "x-amazon-apigateway-policy": {"Version": "2012-10-17", "Statement": []},
    "x-amazon-apigateway-documentation": {
        "documentationParts": [{"location": {"type": "API"}, "properties": {"info": "x"}}]
    },
}
OPEN_API: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "Pet Shop", "version": "1"},
    "servers": [
        {"url": "https://example.com/{basePath}", "variables": {"basePath": {"default": "v1"}}}
    ],
    "paths": {
        "/pets": {
            "post": {
                "parameters": [{"$ref": "#/components/parameters/page"}],
                "requestBody": {"$ref": "#/components/requestBodies/pet"},
                "responses": {
                    "200": {
                        "description": "ok",
                        "headers": {"X-Total": {"schema": {"type": "integer"}}},
                        "content": {
                            "application/json": {"schema": {"type": "array"}},
                        },
                    }
                },
                "x-amazon-apigateway-integration": {
                    "type": "mock",
                    "responses": {"default": {"statusCode": "200"}},
                },
            }
        }
    },
    "components": {
        "parameters": {
            "page": {"name": "page", "in": "query", "schema": {"type": "string"}},
        },
        "requestBodies": {
            "pet": {
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}
            }
        },
        "schemas": {"Pet": {"type": "object"}},
    },
}


def _tree(client: Any, api_id: str) -> dict[str, Any]:
    items = client.get_resources(restApiId=api_id, embed=["methods"])["items"]
    return {each["path"]: each for each in items}


def test_a_swagger_document_becomes_an_api(client: Any) -> None:
    api = client.import_rest_api(body=json.dumps(SWAGGER).encode())
    assert (api["name"], api["version"], api["description"]) == ("Pet Shop", "1.2", "All pets")
    assert api["binaryMediaTypes"] == ["image/png"]
    assert api["apiKeySource"] == "AUTHORIZER"
    assert json.loads(json.loads(f'"{api["policy"]}"'))["Version"] == "2012-10-17"
    assert "warnings" not in api
    tree = _tree(client, api["id"])
    assert set(tree) == {"/", "/pets", "/pets/{id}"}
    assert tree["/"]["id"] == api["rootResourceId"]
    get = tree["/pets"]["resourceMethods"]["GET"]
    assert get["operationName"] == "ListPets"
    assert get["apiKeyRequired"] is True
    assert get["requestParameters"] == {
        "method.request.querystring.page": False,
        "method.request.header.X-Who": True,
    }
    assert get["methodResponses"]["200"] == {
        "statusCode": "200",
        "responseParameters": {"method.response.header.X-Total": False},
        "responseModels": {"application/json": "Pets"},
    }
    integration = get["methodIntegration"]
    assert integration["type"] == "MOCK"
    assert integration["passthroughBehavior"] == "WHEN_NO_MATCH"
    assert "selectionPattern" not in integration["integrationResponses"]["200"]
    assert integration["integrationResponses"]["400"]["selectionPattern"] == "4.."
    post = tree["/pets"]["resourceMethods"]["POST"]
    assert post["requestModels"] == {"application/json": "Pet"}
    assert post["authorizationType"] == "CUSTOM"
    authorizer = client.get_authorizer(restApiId=api["id"], authorizerId=post["authorizerId"])
    assert authorizer["identitySource"] == "method.request.header.Token"
    assert authorizer["authorizerResultTtlInSeconds"] == 60
    validator = client.get_request_validator(
        restApiId=api["id"], requestValidatorId=post["requestValidatorId"]
    )
    assert validator["validateRequestBody"] is True
    assert post["methodIntegration"]["timeoutInMillis"] == 1000
    anything = tree["/pets/{id}"]["resourceMethods"]["ANY"]
    assert anything["authorizationType"] == "AWS_IAM"
    assert anything["requestParameters"] == {"method.request.path.id": True}
    pets = client.get_model(restApiId=api["id"], modelName="Pets")
    reference = f"https://apigateway.amazonaws.com/restapis/{api['id']}/models/Pet"
    assert json.loads(pets["schema"])["items"] == {"$ref": reference}
    response = client.get_gateway_response(restApiId=api["id"], responseType="DEFAULT_4XX")
    assert response["defaultResponse"] is False
    assert client.get_documentation_parts(restApiId=api["id"])["items"][0]["location"] == {
        "type": "API"
    }


def test_a_document_of_openapi_3_becomes_an_api_from_yaml(client: Any) -> None:
    body = yaml.safe_dump(OPEN_API).encode()
    api = client.import_rest_api(
        body=body, parameters={"basepath": "prepend", "endpointConfigurationTypes": "REGIONAL"}
    )
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    tree = _tree(client, api["id"])
    assert set(tree) == {"/", "/v1", "/v1/pets"}
    post = tree["/v1/pets"]["resourceMethods"]["POST"]
    assert post["requestParameters"] == {"method.request.querystring.page": False}
    assert post["requestModels"] == {"application/json": "Pet"}
    assert post["methodIntegration"]["integrationResponses"]["200"] == {"statusCode": "200"}
    inline = post["methodResponses"]["200"]["responseModels"]["application/json"]
    assert json.loads(client.get_model(restApiId=api["id"], modelName=inline)["schema"]) == {
        "type": "array"
    }
    client.create_deployment(restApiId=api["id"], stageName="prod")


@pytest.mark.parametrize(
    ("mode", "paths"),
    [
        ("ignore", {"/", "/pets", "/pets/{id}"}),
        ("split", {"/", "/v1", "/v1/pets", "/v1/pets/{id}"}),
    ],
)
def test_what_becomes_of_the_base_path(client: Any, mode: str, paths: set[str]) -> None:
    api = client.import_rest_api(body=json.dumps(SWAGGER).encode(), parameters={"basepath": mode})
    assert set(_tree(client, api["id"])) == paths


def test_a_merge_keeps_what_the_document_does_not_say(client: Any, with_method: Any) -> None:
    api_id = with_method["restApiId"]
    before = _tree(client, api_id)
    changed = client.put_rest_api(restApiId=api_id, mode="merge", body=json.dumps(SWAGGER).encode())
    assert changed["name"] == "Pet Shop"
    tree = _tree(client, api_id)
    assert set(tree) == {"/", "/pets", "/pets/{id}"}
    assert tree["/"] == before["/"]
    names = {each["name"] for each in client.get_models(restApiId=api_id)["items"]}
    assert names == {"Empty", "Error", "Pet", "Pets"}
    again = client.put_rest_api(restApiId=api_id, mode="merge", body=json.dumps(SWAGGER).encode())
    assert again["id"] == api_id
    assert {path: each["id"] for path, each in _tree(client, api_id).items()} == {
        path: each["id"] for path, each in tree.items()
    }


def test_an_overwrite_leaves_only_what_the_document_says(client: Any, deployed: Any) -> None:
    api_id = deployed["restApiId"]
    document = json.dumps(OPEN_API).encode()
    client.put_rest_api(restApiId=api_id, mode="merge", body=json.dumps(SWAGGER).encode())
    pets = _tree(client, api_id)["/pets"]["id"]
    changed = client.put_rest_api(restApiId=api_id, mode="overwrite", body=document)
    assert "binaryMediaTypes" not in changed
    assert "policy" not in changed
    tree = _tree(client, api_id)
    assert set(tree) == {"/", "/pets"}
    assert tree["/pets"]["id"] == pets
    assert set(tree["/pets"]["resourceMethods"]) == {"POST"}
    assert "resourceMethods" not in tree["/"]
    assert client.get_stage(restApiId=api_id, stageName="prod")["stageName"] == "prod"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"swagger": "2.0", ',
        b"\xff\xfe",
        b"a: [",
        b'{"swagger": "1.2"}',
        b'{"openapi": "2.9"}',
        b'{"swagger": "2.0"}',
        b"just text",
        b"!!python/object/apply:os.system ['true']",
        b"a: &a [*a]",
        b"[" * 100_000,
        (
            "a: &a0 [x]\n"
            + "".join(f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 10)}]\n" for n in range(9))
        ).encode(),
        (
            "a0: &a0 {x: 1}\n"
            + "".join(
                f"a{n + 1}: &a{n + 1} {{<<: [{', '.join([f'*a{n}'] * 10)}]}}\n" for n in range(9)
            )
        ).encode(),
    ],
    ids=range(15),
)
def test_documents_that_are_none(client: Any, error_of: Any, body: bytes) -> None:
    if body:
        assert error_of(client.import_rest_api, body=body)[:2] == (400, "BadRequestException")
    assert client.get_rest_apis()["items"] == []


def test_an_integration_that_is_malformed(client: Any, error_of: Any) -> None:
    """With a function of CloudFormation left in it: stackoverflow.com/questions/53582820."""
    document = json.loads(json.dumps(SWAGGER))
    integration = document["paths"]["/pets"]["get"]["x-amazon-apigateway-integration"]
    integration["uri"] = {"Fn::Sub": "${LambdaFunction.Arn}"}
    assert error_of(client.import_rest_api, body=json.dumps(document).encode()) == (
        400,
        "BadRequestException",
        "Unable to parse API definition because of a malformed integration at path /pets.",
    )
    assert client.get_rest_apis()["items"] == []


def test_everything_that_is_wrong_is_told_and_nothing_stays(
    client: Any, api: Any, error_of: Any
) -> None:
    document = json.loads(json.dumps(SWAGGER))
    document["paths"]["/pets"]["get"]["x-amazon-apigateway-integration"] = {
        "type": "aws",
        "uri": "x",
        "httpMethod": "POST",
    }
    document["paths"]["/pets"]["delete"] = {
        "parameters": [{"name": "a b", "in": "query", "type": "string"}],
        "responses": {},
    }
    document["paths"]["/a b"] = {"get": {"responses": {}}}
    document["definitions"]["not-a-name"] = {}
    document["definitions"]["elsewhere"] = {"items": {"$ref": "./schemas/PortfolioStep.yaml"}}
    body = json.dumps(document).encode()
    status, code, message = error_of(client.import_rest_api, body=body)
    assert (status, code) == (400, "BadRequestException")
    assert message.split("\n\t") == [
        "Errors found during import:",
        # github.com/api-platform/core/issues/3193, github.com/dod-ccpo/atat-web-api/pull/350
        "Unable to create model for 'not-a-name': Model name must be alphanumeric: not-a-name",
        (
            "Unable to create model for 'elsewhere': Invalid model specified: Validation Result: warnings : [], "
            "errors : [Model reference must be in canonical form]"
        ),
        "Unable to put integration on 'GET' for resource at path '/pets': Invalid ARN specified in the request",
        (
            "Unable to put method 'DELETE' on resource at path '/pets': Invalid mapping expression specified: "
            "Validation Result: warnings : [], errors : [Invalid mapping expression specified: "
            "method.request.querystring.a b]"
        ),
        (
            "Unable to create resource at path '/a b': Resource's path part only allow a-zA-Z0-9._-: or "
            "a valid greedy path variable and curly braces at the beginning and the end."
        ),
    ]
    assert len(client.get_rest_apis()["items"]) == 1
    before = _tree(client, api["id"])
    assert error_of(client.put_rest_api, restApiId=api["id"], mode="overwrite", body=body)[0] == 400
    assert _tree(client, api["id"]) == before
    assert client.get_models(restApiId=api["id"])["items"] != []


def test_warnings_refuse_an_import_if_the_client_says_so(client: Any, error_of: Any) -> None:
    document = json.loads(json.dumps(SWAGGER))
    document["paths"]["/pets"]["get"]["responses"]["default"] = {"description": "rest"}
    document["x-amazon-apigateway-cors"] = {"allowOrigins": ["*"]}
    body = json.dumps(document).encode()
    message = error_of(client.import_rest_api, body=body, failOnWarnings=True)[2]
    assert message == (
        "Warnings found during import:"
        "\n\tIgnoring extension 'x-amazon-apigateway-cors': REST APIs do not have it"
        "\n\tIgnoring response 'default' of 'GET': a method response has a status code"
    )
    assert client.get_rest_apis()["items"] == []
    assert len(client.import_rest_api(body=body)["warnings"]) == 2


def test_what_is_not_there_is_left_out_with_a_warning(client: Any) -> None:
    """github.com/amazon-archives/aws-apigateway-importer/issues/194 (a model), github.com/awsdocs/
    amazon-api-gateway-developer-guide/issues/65 (an integration); the others are of an import of SwaggerHub's that a
    public repository keeps.
    """
    answers = {
        "200": {"description": "", "content": _content({"$ref": "#/components/schemas/Pet"})},
        "201": {"description": "", "content": _content({"type": "string"})},
        "202": {"description": "", "content": _content({"type": "array", "items": {}})},
    }
    operation = {
        "requestBody": {"content": _content({"$ref": "#/components/schemas/Pet"})},
        "responses": answers,
        "x-amazon-apigateway-integration": {"$ref": "#/components/a"},
    }
    document = {
        "openapi": "3.0.1",
        "info": {"title": "x"},
        "servers": [{"url": "https://a.example.com"}, {"url": "https://b.example.com"}],
        "paths": {"/events": {"post": operation}},
    }
    body = json.dumps(document).encode()
    made = client.import_rest_api(body=body)
    missing = "Reference to model 'Pet' not found. Ignoring."
    assert made["warnings"] == [
        (
            "More than one server provided. Ignoring all but the first for defining endpoint "
            "configuration"
        ),
        missing,
        missing,
        "Unsupported model type 'StringSchema' in 201 response to method 'POST /events'. Ignoring.",
        "Unknown integration type 'null' for 'POST /events'. Ignoring.",
    ]
    method = _tree(client, made["id"])["/events"]["resourceMethods"]["POST"]
    assert {"requestModels", "methodIntegration"} & set(method) == set()
    responses = method["methodResponses"]
    assert [name for name in responses if "responseModels" in responses[name]] == ["202"]


def _content(schema: Any) -> Any:
    return {"application/json": {"schema": schema}}


def test_what_means_nothing_to_a_rest_api_is_warned_of(client: Any) -> None:
    integration = {"type": "mock", "payloadFormatVersion": "2.0", "integrationSubtype": "SQS-Send"}
    operation = {
        "x-amazon-apigateway-cors": {},
        "x-amazon-apigateway-request-validator": "all",
        "x-amazon-apigateway-integration": integration,
    }
    document = {
        "openapi": "3.0.1",
        "info": {"title": "x"},
        "x-amazon-apigateway-request-validators": {"all": {}},
        "paths": {"/a": {"get": operation}},
    }
    where = "'GET' for resource at path '/a'"
    made = client.import_rest_api(body=json.dumps(document).encode())
    assert made["warnings"] == [
        f"Ignoring extension 'x-amazon-apigateway-cors' of {where}: REST APIs do not have it",
        *(
            f"Ignoring '{name}' of the integration of {where}: those of REST APIs do not have it"
            for name in ("integrationSubtype", "payloadFormatVersion")
        ),
    ]
    integration["payloadFormatVersion"] = "1.0"
    del integration["integrationSubtype"], operation["x-amazon-apigateway-cors"]
    assert "warnings" not in client.import_rest_api(body=json.dumps(document).encode())


# --- exports ---


@pytest.fixture
def stage(client: Any) -> dict[str, str]:
    """An imported API, deployed."""
    api = client.import_rest_api(body=json.dumps(SWAGGER).encode())
    client.create_deployment(restApiId=api["id"], stageName="prod")
    return {"restApiId": api["id"], "stageName": "prod"}


def test_an_export_says_what_is_deployed(client: Any, stage: Any) -> None:
    answer = client.get_export(**stage, exportType="swagger")
    assert answer["contentType"] == "application/json"
    assert answer["contentDisposition"].startswith('attachment; filename="swagger_')
    document = json.loads(answer["body"].read())
    assert document["swagger"] == "2.0"
    assert document["info"] == {"title": "Pet Shop", "description": "All pets", "version": "1.2"}
    assert document["host"] == f"{stage['restApiId']}.execute-api.us-east-1.amazonaws.com"
    assert document["basePath"] == "/prod"
    get = document["paths"]["/pets"]["get"]
    assert get["produces"] == ["application/json"]
    assert get["responses"]["200"]["schema"] == {"$ref": "#/definitions/Pets"}
    assert get["security"] == [{"api_key": []}]
    assert "x-amazon-apigateway-integration" not in get
    assert document["definitions"]["Pets"]["items"] == {"$ref": "#/definitions/Pet"}
    assert "x-amazon-apigateway-any-method" in document["paths"]["/pets/{id}"]


def test_gateway_responses_are_exported_as_they_were_put(client: Any, api: Any) -> None:
    """Statuses as numbers, and no templates where there are none: exports that facebookresearch/dynabench and others
    have in their repositories (`"AUTHORIZER_FAILURE" : { "statusCode" : 401, ...`).
    """
    template = {"application/json": '{"message":$context.error.messageString}'}
    header = {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}
    place = {"restApiId": api["id"], "responseParameters": header}
    client.put_gateway_response(**place, responseType="DEFAULT_5XX")
    client.put_gateway_response(
        **place, responseType="AUTHORIZER_FAILURE", statusCode="401", responseTemplates=template
    )
    client.put_method(
        restApiId=api["id"],
        resourceId=api["rootResourceId"],
        httpMethod="GET",
        authorizationType="NONE",
    )
    client.put_integration(
        restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", type="MOCK"
    )
    client.create_deployment(restApiId=api["id"], stageName="prod")
    answer = client.get_export(
        restApiId=api["id"],
        stageName="prod",
        exportType="oas30",
        parameters={"extensions": "apigateway"},
    )
    document = json.loads(answer["body"].read())
    assert document["x-amazon-apigateway-gateway-responses"] == {
        "AUTHORIZER_FAILURE": {
            "statusCode": 401,
            "responseParameters": header,
            "responseTemplates": template,
        },
        "DEFAULT_5XX": {"responseParameters": header},
    }


def test_cache_namespaces_are_exported_with_the_parameters_of_the_key(
    client: Any, api: Any
) -> None:
    """As "/{proxy+}" of the console is exported: its ANY method has both, the OPTIONS beside it neither."""
    proxy = client.create_resource(
        restApiId=api["id"], parentId=api["rootResourceId"], pathPart="{proxy+}"
    )
    place = {"restApiId": api["id"], "resourceId": proxy["id"]}
    for name in ("ANY", "OPTIONS"):
        client.put_method(
            **place,
            httpMethod=name,
            authorizationType="NONE",
            requestParameters={"method.request.path.proxy": True},
        )
        client.put_integration(
            **place,
            httpMethod=name,
            type="MOCK",
            cacheKeyParameters=["method.request.path.proxy"] if name == "ANY" else [],
        )
    client.create_deployment(restApiId=api["id"], stageName="prod")
    answer = client.get_export(
        restApiId=api["id"],
        stageName="prod",
        exportType="oas30",
        parameters={"extensions": "integrations"},
    )
    methods = json.loads(answer["body"].read())["paths"]["/{proxy+}"]
    both = methods["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"]
    assert both["cacheNamespace"] == proxy["id"]
    assert both["cacheKeyParameters"] == ["method.request.path.proxy"]
    neither = methods["options"]["x-amazon-apigateway-integration"]
    assert not {"cacheNamespace", "cacheKeyParameters"} & set(neither)


@pytest.mark.parametrize("kind", ["swagger", "oas30"])
def test_an_export_has_the_models_that_are_used(client: Any, api: Any, kind: str) -> None:
    """As the developer guide's "sample API as an Amazon S3 proxy" is exported: no Error, no $schema."""
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    reference = f"https://apigateway.amazonaws.com/restapis/{api['id']}/models/Pet"
    for name, schema in (("Pet", {}), ("Pets", {"items": {"$ref": reference}}), ("Other", {})):
        text = json.dumps(schema)
        client.create_model(
            restApiId=api["id"], name=name, contentType="application/json", schema=text
        )
    client.put_method(**place, authorizationType="NONE", requestModels={"application/json": "Pets"})
    client.put_integration(**place, type="MOCK")
    client.put_method_response(
        **place, statusCode="200", responseModels={"application/json": "Empty"}
    )
    client.create_deployment(restApiId=api["id"], stageName="prod")
    answer = client.get_export(restApiId=api["id"], stageName="prod", exportType=kind)
    document = json.loads(answer["body"].read())
    schemas = document.get("definitions") or document["components"]["schemas"]
    assert set(schemas) == {"Empty", "Pet", "Pets"}
    assert schemas["Empty"] == {"type": "object", "title": "Empty Schema"}


@pytest.mark.parametrize("kind", ["swagger", "oas30"])
@pytest.mark.parametrize("accepts", ["application/json", "application/yaml"])
def test_an_export_with_extensions_can_be_imported(
    client: Any, stage: Any, kind: str, accepts: str
) -> None:
    answer = client.get_export(
        **stage, exportType=kind, accepts=accepts, parameters={"extensions": "apigateway"}
    )
    assert answer["contentType"] == accepts
    again = client.import_rest_api(body=answer["body"].read(), failOnWarnings=True)
    ours, theirs = _tree(client, again["id"]), _tree(client, stage["restApiId"])
    assert set(ours) == set(theirs)
    for path, resource in theirs.items():
        for name, method in resource.get("resourceMethods", {}).items():
            copied = ours[path]["resourceMethods"][name]
            for own in ("authorizerId", "requestValidatorId"):
                assert (method.pop(own, None) is None) == (copied.pop(own, None) is None)
            for each in (method, copied):
                each["methodIntegration"].pop("cacheNamespace")
            assert copied == method
    assert again["binaryMediaTypes"] == ["image/png"]
    assert again["policy"] == client.get_rest_api(restApiId=stage["restApiId"])["policy"]


EXPORTED = """
  /shorten:
    x-amazon-apigateway-any-method:
      responses:
        "200":
          description: "200 response"
          content: {}
      x-amazon-apigateway-integration:
        type: "aws_proxy"
        httpMethod: "POST"
        uri: "URI"
        responses:
          ".*":
            statusCode: "200"
        passthroughBehavior: "when_no_match"
        responseTransferMode: "BUFFERED"
    options:
      responses:
        "200":
          description: "200 response"
          content: {}
      x-amazon-apigateway-integration:
        type: "mock"
        responses:
          default:
            statusCode: "200"
        requestTemplates:
          application/json: "{\\"statusCode\\": 200}"
        passthroughBehavior: "when_no_match"
components: {}
x-amazon-apigateway-security-policy: "TLS_1_0"
"""


def test_an_export_in_yaml_reads_as_those_of_aws(client: Any, api: Any) -> None:
    """As one of May 2026 that a public repository keeps (a shortener of URLs), but for the order of members."""
    id_ = client.create_resource(
        restApiId=api["id"], parentId=api["rootResourceId"], pathPart="shorten"
    )["id"]
    uri = LAMBDA_URI
    kinds: tuple[tuple[str, Any, Any], ...] = (
        ("ANY", {"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri}, ".*"),
        (
            "OPTIONS",
            {"type": "MOCK", "requestTemplates": {"application/json": '{"statusCode": 200}'}},
            "",
        ),
    )
    for http_method, integration, pattern in kinds:
        place = {"restApiId": api["id"], "resourceId": id_, "httpMethod": http_method}
        client.put_method(**place, authorizationType="NONE")
        made = client.put_integration(**place, **integration)
        assert made.get("responseTransferMode") == (None if pattern == "" else "BUFFERED")
        client.put_method_response(**place, statusCode="200")
        client.put_integration_response(**place, statusCode="200", selectionPattern=pattern)
    client.create_deployment(restApiId=api["id"], stageName="prod")
    answer = client.get_export(
        restApiId=api["id"],
        stageName="prod",
        exportType="oas30",
        accepts="application/yaml",
        parameters={"extensions": "apigateway"},
    )
    text = answer["body"].read().decode()
    assert text.startswith('openapi: "3.0.1"\ninfo:\n  title: "pets"\n  version: "20')
    assert text.partition("paths:")[2] == EXPORTED.replace("URI", uri)


def test_exports_that_are_refused(client: Any, stage: Any, error_of: Any) -> None:
    assert error_of(client.get_export, **stage, exportType="wadl") == (
        400,
        "BadRequestException",
        "No API exporter for type 'wadl'",
    )
    postman = {"extensions": "postman"}
    refused = error_of(client.get_export, **stage, exportType="oas30", parameters=postman)
    assert "postman" in refused[2]
    nowhere = {**stage, "stageName": "nope"}
    assert error_of(client.get_export, **nowhere, exportType="oas30")[0] == 404


def test_an_api_has_a_thousand_resources(client: Any, error_of: Any) -> None:
    """github.com/boto/boto3/issues/1296; the figure is of "Quotas for configuring and running a REST API"."""

    def document(paths: int) -> bytes:
        body = {
            "openapi": "3.0.1",
            "info": {"title": "t"},
            "paths": {f"/{n}": {} for n in range(paths)},
        }
        return json.dumps(body).encode()

    refusal = (
        429,
        "LimitExceededException",
        (
            "Maximum number of Resources for this API has been reached.  Please contact AWS if you need "
            "additional Resources."
        ),
    )
    assert error_of(client.import_rest_api, body=document(1000)) == refusal
    api = client.import_rest_api(body=document(999))
    place = {"restApiId": api["id"], "parentId": api["rootResourceId"]}
    assert error_of(client.create_resource, **place, pathPart="more") == refusal
