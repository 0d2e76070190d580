"""OpenAPI documents become HTTP APIs, and HTTP APIs documents."""

from __future__ import annotations

import json
from typing import Any

import yaml

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.1",
    "info": {"title": "Pets", "version": "7", "description": "d"},
    "servers": [{"url": "https://example.com/base/v1"}],
    "x-amazon-apigateway-cors": {"allowOrigins": ["*"], "allowMethods": ["GET"], "maxAge": 3},
    "paths": {
        "/pets/{id}": {
            "get": {
                "operationId": "pet",
                "security": [{"jwt": ["read"]}],
                "x-amazon-apigateway-integration": {
                    "$ref": "#/components/x-amazon-apigateway-integrations/f"
                },
            },
            "x-amazon-apigateway-any-method": {
                "x-amazon-apigateway-integration": {
                    "$ref": "#/components/x-amazon-apigateway-integrations/f"
                }
            },
        },
        "/$default": {
            "x-amazon-apigateway-any-method": {
                "x-amazon-apigateway-integration": {
                    "type": "http_proxy",
                    "httpMethod": "ANY",
                    "uri": "https://example.com/",
                    "payloadFormatVersion": "1.0",
                    "timeoutInMillis": 1000,
                }
            }
        },
        "/bare": {"get": {}},
    },
    "components": {
        "x-amazon-apigateway-integrations": {
            "f": {
                "type": "aws_proxy",
                "httpMethod": "POST",
                "uri": "arn:aws:lambda:us-east-1:123456789012:function:f",
                "payloadFormatVersion": "2.0",
            }
        },
        "securitySchemes": {
            "jwt": {
                "type": "oauth2",
                "x-amazon-apigateway-authorizer": {
                    "type": "jwt",
                    "jwtConfiguration": {"issuer": "https://issuer.example", "audience": ["me"]},
                    "identitySource": "$request.header.Authorization",
                },
            }
        },
    },
}


def test_a_document_becomes_an_api(client: Any) -> None:
    made = client.import_api(Body=json.dumps(DOCUMENT), Basepath="prepend")
    assert (made["Name"], made["Version"], made["Description"]) == ("Pets", "7", "d")
    assert made["CorsConfiguration"] == {
        "AllowCredentials": False,
        "AllowMethods": ["GET"],
        "AllowOrigins": ["*"],
        "MaxAge": 3,
    }
    assert made["Warnings"] == ["Route 'GET /base/v1/bare': no integration is defined"]
    routes = {each["RouteKey"]: each for each in client.get_routes(ApiId=made["ApiId"])["Items"]}
    assert set(routes) == {
        "GET /base/v1/pets/{id}",
        "ANY /base/v1/pets/{id}",
        "$default",
        "GET /base/v1/bare",
    }
    [authorizer] = client.get_authorizers(ApiId=made["ApiId"])["Items"]
    guarded = routes["GET /base/v1/pets/{id}"]
    assert guarded["AuthorizerId"] == authorizer["AuthorizerId"]
    assert guarded["AuthorizationScopes"] == ["read"]
    assert guarded["Target"] == routes["ANY /base/v1/pets/{id}"]["Target"]
    assert len(client.get_integrations(ApiId=made["ApiId"])["Items"]) == 2


def test_what_comes_out_goes_in_again(client: Any, body: Any) -> None:
    first = client.import_api(Body=json.dumps(DOCUMENT))["ApiId"]
    request = {"ApiId": first, "Specification": "OAS30", "OutputType": "JSON"}
    exported = client.export_api(**request)["body"].read()
    second = client.import_api(Body=exported.decode())["ApiId"]
    again = json.loads(client.export_api(**request | {"ApiId": second})["body"].read())
    once = json.loads(exported)
    assert again["paths"] == once["paths"]
    assert again["components"] == once["components"]
    cors = DOCUMENT["x-amazon-apigateway-cors"] | {"allowCredentials": False}
    assert again["x-amazon-apigateway-cors"] == cors
    text = client.export_api(**request | {"OutputType": "YAML"})["body"].read()
    assert yaml.safe_load(text) == once
    plain = client.export_api(**request, IncludeExtensions=False)["body"].read()
    assert "x-amazon" not in plain.decode().replace("x-amazon-apigateway-any-method", "")


def test_an_export_has_the_shape_of_awss(client: Any) -> None:
    """As in exports that public repositories keep: a version made of a date, `{basePath}`, parameters of paths, what no
    route leads to among the components, and time limits only where they are no usual ones.
    """
    made = client.create_api(
        Name="weather", ProtocolType="HTTP", CorsConfiguration={"AllowOrigins": ["*"]}
    )
    api_id, uri = made["ApiId"], "arn:aws:lambda:us-east-1:123456789012:function:f"
    proxy = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri, "PayloadFormatVersion": "2.0"}
    used, unused = (
        client.create_integration(ApiId=api_id, **proxy)["IntegrationId"] for _ in range(2)
    )
    for key in ("OPTIONS /auth/{proxy+}", "$default"):
        client.create_route(ApiId=api_id, RouteKey=key, Target=f"integrations/{used}")
    request = {"ApiId": api_id, "Specification": "OAS30", "OutputType": "JSON"}
    shown = {
        "connectionType": "INTERNET",
        "httpMethod": "POST",
        "payloadFormatVersion": "2.0",
        "type": "aws_proxy",
        "uri": uri,
    }

    def operation(key: str) -> dict[str, Any]:
        return {
            "responses": {"default": {"description": f"Default response for {key}"}},
            "x-amazon-apigateway-integration": shown,
        }

    exported = client.export_api(**request)["body"].read()
    assert json.loads(exported) == {
        "openapi": "3.0.1",
        "info": {"title": "weather", "version": f"{made['CreatedDate']:%Y-%m-%d %H:%M:%SUTC}"},
        "servers": [
            {
                "url": f"{made['ApiEndpoint']}/{{basePath}}",
                "variables": {"basePath": {"default": ""}},
            }
        ],
        "paths": {
            "/$default": {
                "x-amazon-apigateway-any-method": operation("$default") | {"isDefaultRoute": True}
            },
            "/auth/{proxy+}": {
                "options": operation("OPTIONS /auth/{proxy+}"),
                "parameters": [
                    {
                        "name": "proxy+",
                        "in": "path",
                        "description": "Generated path parameter for proxy+",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                ],
            },
        },
        "components": {"x-amazon-apigateway-integrations": {f"unusedIntegration_{unused}": shown}},
        "x-amazon-apigateway-cors": {"allowCredentials": False, "allowOrigins": ["*"]},
        "x-amazon-apigateway-importexport-version": "1.0",
    }
    again = client.import_api(Body=exported.decode())
    assert "Warnings" not in again
    integrations = client.get_integrations(ApiId=again["ApiId"])["Items"]
    assert [each["TimeoutInMillis"] for each in integrations] == [30_000] * 3


def test_an_api_is_imported_anew(client: Any) -> None:
    made = client.import_api(Body=json.dumps(DOCUMENT))["ApiId"]
    smaller = {
        "openapi": "3.0.1",
        "info": {"title": "Cats", "version": "1"},
        "paths": {"/c": {"get": DOCUMENT["paths"]["/$default"]["x-amazon-apigateway-any-method"]}},
    }
    changed = client.reimport_api(ApiId=made, Body=json.dumps(smaller))
    assert (changed["ApiId"], changed["Name"]) == (made, "Cats")
    assert "CorsConfiguration" not in changed
    assert [each["RouteKey"] for each in client.get_routes(ApiId=made)["Items"]] == ["GET /c"]
    assert client.get_authorizers(ApiId=made)["Items"] == []


def test_a_document_with_faults_changes_nothing(client: Any, error_of: Any) -> None:
    assert error_of(client.import_api, Body=json.dumps(DOCUMENT), FailOnWarnings=True) == (
        400,
        "BadRequestException",
        "Warnings found during import:\n\tRoute 'GET /bare': no integration is defined",
    )
    wrong = {"openapi": "3.0.1", "info": {"title": "x"}, "paths": {"/{a+}/b": {"get": {}}}}
    assert error_of(client.import_api, Body=json.dumps(wrong))[2] == (
        "Errors found during import:\n\tUnable to create route 'GET /{a+}/b': "
        "A greedy path variable is allowed only at the end of a route"
    )
    for text in (
        "",
        "[]",
        "{",
        '{"swagger": "2.0", "info": {"title": "x"}}',
        '{"openapi": "3.0.1"}',
    ):
        assert error_of(client.import_api, Body=text)[:2] == (400, "BadRequestException")
    assert client.get_apis()["Items"] == []


def test_the_default_endpoint_may_be_disabled_by_a_document(client: Any) -> None:
    disabled = {"disableExecuteApiEndpoint": True}
    server = {"url": "https://e.example", "x-amazon-apigateway-endpoint-configuration": disabled}
    for more in (
        {"servers": [server]},
        {"x-amazon-apigateway-endpoint-configuration": disabled},
    ):
        made = client.import_api(Body=json.dumps(DOCUMENT | more))
        assert made["DisableExecuteApiEndpoint"] is True
        request = {"ApiId": made["ApiId"], "Specification": "OAS30", "OutputType": "JSON"}
        exported = json.loads(client.export_api(**request)["body"].read())
        [shown] = exported["servers"]
        assert shown["x-amazon-apigateway-endpoint-configuration"] == disabled
        anew = client.reimport_api(ApiId=made["ApiId"], Body=json.dumps(DOCUMENT))
        assert anew["DisableExecuteApiEndpoint"] is False


def test_what_means_nothing_to_an_http_api_is_warned_of(client: Any, error_of: Any) -> None:
    integration = {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": "https://example.com/",
        "payloadFormatVersion": "1.0",
        "passthroughBehavior": "when_no_match",
    }
    document = {
        "openapi": "3.0.1",
        "info": {"title": "x"},
        "x-amazon-apigateway-policy": {},
        "paths": {
            "/a": {
                "get": {
                    "x-amazon-apigateway-request-validator": "all",
                    "x-amazon-apigateway-integration": integration,
                }
            }
        },
    }
    warnings = [
        "Ignoring extension 'x-amazon-apigateway-policy': HTTP APIs do not have it",
        "Ignoring extension 'x-amazon-apigateway-request-validator' of 'get /a': HTTP APIs do not have it",
        "Ignoring 'passthroughBehavior' of an integration: those of HTTP APIs do not have it",
    ]
    assert client.import_api(Body=json.dumps(document))["Warnings"] == warnings
    refused = error_of(client.import_api, Body=json.dumps(document), FailOnWarnings=True)
    assert refused[2] == "Warnings found during import:\n\t" + "\n\t".join(warnings)
