"""Whatever is asked about HTTP APIs, the answer is AWS's: never a 5xx of our own making."""

from __future__ import annotations

import json
import random
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError

from lambent.apis.domains import Domains
from lambent.services.apigatewayv2.live_apis import LiveApis
from lambent.services.apigatewayv2.service import ApiGatewayV2Service

MODEL = botocore.session.get_session().get_service_model("apigatewayv2")
_UNUSED: Any = None
SERVED = sorted(ApiGatewayV2Service(_UNUSED, LiveApis(Domains())).operations)
TEXTS = (
    "",
    " ",
    "x",
    "a/b",
    "../..",
    "%2F",
    "GET /{a}/{b+}",
    "$default",
    "ä\u0000\n",
    "-1",
    "9" * 30,
    "x" * 1000,
    "{",
    "null",
    "$request.body.a",
    "${context.x",
    "https://[",
    "arn:aws:iam::1:role/r",
    "arn:aws:apigateway:us-east-1::/apis/x",
    "\ud83d\ude00",
)
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 500)
KEYS = (
    "x-amazon-apigateway-integration",
    "x-amazon-apigateway-any-method",
    "x-amazon-apigateway-authorizer",
    "get",
    "type",
    "uri",
    "$ref",
    "jwtConfiguration",
    "issuer",
    "audience",
    "identitySource",
    "payloadFormatVersion",
    "requestParameters",
    "responseParameters",
    "tlsConfig",
    "timeoutInMillis",
    "url",
    "security",
)
PARTS: tuple[Any, ...] = (
    None,
    1,
    "x",
    "jwt",
    "http_proxy",
    "aws_proxy",
    [],
    {},
    ["x"],
    [{}],
    {"x": 1},
    "1.0",
)


class Asker:
    """Makes requests at random, about things that are there as often as not."""

    def __init__(self, seed: int, known: dict[str, list[str]]) -> None:
        self._random = random.Random(seed)
        self._known = known

    def request(self, name: str) -> dict[str, Any]:
        shape = MODEL.operation_model(name).input_shape
        return {} if shape is None else self._value(shape, "")

    def _value(self, shape: Any, name: str) -> Any:  # noqa: PLR0911 - a row per type
        chance = self._random
        if name in self._known and chance.random() < 0.85:
            return chance.choice(self._known[name])
        if name == "Body" and chance.random() < 0.9:
            return json.dumps(self._document())
        if shape.type_name == "structure":
            return {
                key: self._value(each, key)
                for key, each in shape.members.items()
                if key in shape.required_members or chance.random() < 0.4
            }
        if shape.type_name == "list":
            return [self._value(shape.member, name) for _ in range(chance.randrange(3))]
        if shape.type_name == "map":
            keys = [chance.choice(TEXTS) for _ in range(chance.randrange(3))]
            return {key: self._value(shape.value, "") for key in keys}
        if shape.type_name in ("integer", "long"):
            return chance.choice(NUMBERS)
        if shape.type_name == "double":
            return chance.choice((0.0, -1.5, 1e300))
        if shape.type_name == "boolean":
            return chance.random() < 0.5
        enum = getattr(shape, "enum", ())
        return chance.choice(enum) if enum and chance.random() < 0.9 else chance.choice(TEXTS)

    def _document(self) -> Any:
        """An OpenAPI document whose parts have been put in each other's places."""
        chance = self._random

        def anything(depth: int) -> Any:
            if depth > 3 or chance.random() < 0.2:
                return chance.choice(PARTS)
            return {chance.choice(KEYS): anything(depth + 1) for _ in range(chance.randrange(1, 5))}

        integration = {"x-amazon-apigateway-integration": anything(1)}
        scheme = {"x-amazon-apigateway-authorizer": anything(1)}
        return {
            "openapi": "3.0.1",
            "info": {"title": "t"},
            "paths": {"/a": {"get": integration}, "/b": anything(0), "/$default": anything(0)},
            "components": {"securitySchemes": {"s": scheme, "t": anything(0)}},
            "security": chance.choice(([{"s": []}], anything(2))),
            "servers": chance.choice(([{"url": "https://["}], anything(2))),
            "tags": anything(2),
            "x-amazon-apigateway-cors": anything(2),
        }


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(4))
def test_no_request_is_answered_with_a_fault_of_ours(aws: Any, seed: int) -> None:
    options: Any = {"retries": {"max_attempts": 0}, "parameter_validation": False}
    client = aws("apigatewayv2", config=Config(**options))
    api = client.create_api(Name="a", ProtocolType="HTTP", Target="https://example.com")["ApiId"]
    jwt = {"Issuer": "https://issuer.example", "Audience": ["a"]}
    authorizer = client.create_authorizer(
        ApiId=api,
        AuthorizerType="JWT",
        Name="j",
        IdentitySource=["$request.header.a"],
        JwtConfiguration=jwt,
    )
    known = {
        "ApiId": [api],
        "AuthorizerId": [authorizer["AuthorizerId"]],
        "IntegrationId": [client.get_integrations(ApiId=api)["Items"][0]["IntegrationId"]],
        "RouteId": [client.get_routes(ApiId=api)["Items"][0]["RouteId"]],
        "DeploymentId": [client.get_deployments(ApiId=api)["Items"][0]["DeploymentId"]],
        "StageName": ["$default", "dev"],
        "RouteKey": ["$default", "GET /a", "ANY /{p+}"],
        "IntegrationUri": ["https://example.com/{a}", "arn:aws:lambda:us-east-1:1:function:f"],
        "ResourceArn": [f"arn:aws:apigateway:us-east-1::/apis/{api}"],
        "OutputType": ["JSON", "YAML"],
        "Specification": ["OAS30"],
    }
    asker, asked = Asker(seed, known), random.Random(seed)
    answered = 0
    for _ in range(250):
        name = asked.choice(SERVED)
        if name == "DeleteApi":
            continue
        request = asker.request(name)
        try:
            client._make_api_call(name, request)
            answered += 1
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                pytest.fail(f"{name} {request}: {error}")
        except (ParamValidationError, HTTPClientError, ValueError, UnicodeError):
            continue  # botocore itself will not send it
    assert answered > 20
