"""Whatever is asked, the answer is AWS's: never a 5xx of our own making."""

from __future__ import annotations

import json
import random
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError

MODEL = botocore.session.get_session().get_service_model("apigateway")
TEXTS = (
    "",
    " ",
    "x",
    "a/b",
    "../..",
    "%2F",
    "{proxy+}",
    "ä\u0000\n",
    "*",
    "0",
    "-1",
    "9" * 30,
    "x" * 1000,
    "nan",
    "{",
    "[]",
    "{}",
    "null",
    "'",
    "$context",
    "arn:aws:iam::1:role/r",
    "\ud83d\ude00",
)
NUMBERS = (0, 1, -1, 2**31 - 1, -(2**31), 500)
PATHS = (
    "",
    "/",
    "//",
    "/name",
    "/description",
    "/~1",
    "/*/*/throttling/rateLimit",
    "/x/*/logging/loglevel",
    "/apiStages",
    "/apiStages/a:b/throttle/x/GET/rateLimit",
    "/variables/x",
    "/canarySettings/percentTraffic",
    "/canarySettings/deploymentId",
    "/canarySettings/stageVariableOverrides/a",
    "/features",
    "/stages",
    "/deploymentId",
    "/uri",
    "/type",
    "/requestTemplates/a",
    "/policy",
    "/minimumCompressionSize",
    "/responseTemplates/a",
    "/statusCode",
    "/quota/limit",
    "/throttle/burstLimit",
    "/schema",
    "/properties",
    "/basePath",
    "/accessLogSettings/format",
    "/cacheKeyParameters/x",
    "/endpointConfiguration/types/0",
    "/remaining",
)


class Asker:
    """Makes requests at random, about things that are there as often as not."""

    def __init__(self, seed: int, known: dict[str, list[str]]) -> None:
        self._random = random.Random(seed)
        self._known = known

    def request(self, name: str) -> dict[str, Any]:
        shape = MODEL.operation_model(name).input_shape
        return {} if shape is None else self._value(shape, "", 0)

    def _value(self, shape: Any, name: str, depth: int) -> Any:  # noqa: C901, PLR0911 - a row per type
        chance = self._random
        if name in self._known and chance.random() < 0.85:
            return chance.choice(self._known[name])
        if name == "patchOperations":
            return [self._operation() for _ in range(chance.randrange(2))]
        if name == "body" and shape.type_name == "blob":
            return chance.choice((b"{}", b"[]", b"\x00", json.dumps(self._document()).encode()))
        if shape.type_name == "structure":
            wanted = [
                (key, each)
                for key, each in shape.members.items()
                if key in shape.required_members or chance.random() < 0.4
            ]
            return {key: self._value(each, key, depth + 1) for key, each in wanted}
        if shape.type_name == "list":
            return [self._value(shape.member, name, depth + 1) for _ in range(chance.randrange(2))]
        if shape.type_name == "map":
            count = chance.randrange(3)
            return {
                chance.choice(TEXTS): self._value(shape.value, "", depth + 1) for _ in range(count)
            }
        if shape.type_name in ("integer", "long"):
            return chance.choice(NUMBERS)
        if shape.type_name == "double":
            return chance.choice((0.0, -1.5, 1e300))
        if shape.type_name == "boolean":
            return chance.random() < 0.5
        if shape.type_name == "blob":
            return b"\x00\xff"
        enum = getattr(shape, "enum", ())
        return chance.choice(enum) if enum and chance.random() < 0.9 else chance.choice(TEXTS)

    def _operation(self) -> dict[str, str]:
        chance = self._random
        operation = {
            "op": chance.choice(("add", "replace", "remove", "copy")),
            "path": chance.choice(PATHS),
        }
        if chance.random() < 0.8:
            operation["value"] = chance.choice(
                (*TEXTS, *(each for some in self._known.values() for each in some))
            )
        if chance.random() < 0.2:
            operation["from"] = chance.choice(PATHS)
        return operation

    def _document(self) -> Any:
        """An OpenAPI document whose parts have been put in each other's places."""
        chance = self._random
        parts: list[Any] = [
            None,
            1,
            "x",
            [],
            {},
            ["x"],
            {"x": 1},
            {"$ref": "#/paths"},
            {"$ref": 1},
            {"type": "mock"},
        ]

        def anything(depth: int) -> Any:
            if depth > 4 or chance.random() < 0.2:
                return chance.choice(parts)
            keys = (
                "get",
                "responses",
                "200",
                "default",
                "schema",
                "parameters",
                "in",
                "name",
                "$ref",
                "security",
                "headers",
                "content",
                "type",
                "uri",
                "x-amazon-apigateway-integration",
                "x-amazon-apigateway-authorizer",
                "application/json",
                "servers",
                "url",
                "documentationParts",
                "location",
                "properties",
            )
            return {chance.choice(keys): anything(depth + 1) for _ in range(chance.randrange(1, 4))}

        document = {
            "info": {"title": "t"},
            "paths": {"/a": {"get": anything(0), "parameters": [anything(2)]}, "/b": anything(0)},
            "definitions": {"M": anything(2)},
            "components": {"schemas": {"M": anything(2)}, "securitySchemes": {"s": anything(2)}},
            "securityDefinitions": {"s": anything(2)},
            "security": [anything(3)],
            "servers": anything(3),
            "x-amazon-apigateway-request-validators": anything(2),
            "x-amazon-apigateway-gateway-responses": {"THROTTLED": anything(2)},
            "x-amazon-apigateway-documentation": {"documentationParts": [anything(2)]},
            "x-amazon-apigateway-policy": anything(3),
            "x-amazon-apigateway-binary-media-types": anything(3),
        }
        version = chance.choice(({"swagger": "2.0"}, {"openapi": "3.0.1"}))
        for key in chance.sample(sorted(document), 3):
            document[key] = anything(1)
        return {**version, **document}


def test_what_nests_without_end_is_refused(client: Any, api: Any, error_of: Any) -> None:
    deep = '{"a":' * 900 + "1" + "}" * 900
    place = {"restApiId": api["id"]}
    document = '{"swagger":"2.0","info":{"title":"t"},"definitions":{"M":' + deep + "}}"
    for call, request in (
        (client.create_rest_api, {"name": "x", "policy": deep}),
        (client.create_model, {**place, "name": "M", "contentType": "a/b", "schema": deep}),
        (
            client.create_documentation_part,
            {**place, "location": {"type": "API"}, "properties": deep},
        ),
        (client.import_rest_api, {"body": document.encode()}),
        (client.import_rest_api, {"body": document.replace('"swagger"', "swagger").encode()}),
    ):
        assert error_of(call, **request)[:2] == (400, "BadRequestException")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(2))
def test_no_request_is_too_strange(aws: Any, seed: int) -> None:
    config = Config(parameter_validation=False, retries={"total_max_attempts": 1})
    client = aws("apigateway", config=config)
    known = _known_things(client)
    asker = Asker(seed, known)
    names = [name for name in MODEL.operation_names if not name.startswith("Delete")]
    statuses: dict[int, int] = {}
    for number in range(8 * len(names)):
        name = names[number % len(names)]
        request = asker.request(name)
        status = _status(client, name, request)
        statuses[status] = statuses.get(status, 0) + 1
        assert status in (501, 0) or status < 500, (name, request)
    assert statuses[400] > 60
    assert sum(statuses.get(each, 0) for each in (200, 201, 202, 204)) > 60


def _status(client: Any, name: str, request: dict[str, Any]) -> int:
    """Of the answer; 0 for a request that boto3 cannot send."""
    method = getattr(client, {v: k for k, v in client.meta.method_to_api_mapping.items()}[name])
    try:
        answer = method(**request)
    except ClientError as error:
        return int(error.response["ResponseMetadata"]["HTTPStatusCode"])
    except (
        ParamValidationError,
        HTTPClientError,
        UnicodeError,
        AttributeError,
        TypeError,
        ValueError,
    ):
        return 0
    return int(answer["ResponseMetadata"]["HTTPStatusCode"])


def _known_things(client: Any) -> dict[str, list[str]]:
    """One of everything, by the names that requests have for it."""
    api = client.create_rest_api(name="pets")
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    client.put_integration(**place, type="MOCK")
    client.put_method_response(**place, statusCode="200")
    client.put_integration_response(**place, statusCode="200")
    deployment = client.create_deployment(restApiId=api["id"], stageName="prod")
    key = client.create_api_key(name="k")
    plan = client.create_usage_plan(name="p", quota={"limit": 5, "period": "MONTH"})
    client.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    validator = client.create_request_validator(restApiId=api["id"], name="v")
    part = client.create_documentation_part(
        restApiId=api["id"], location={"type": "API"}, properties="{}"
    )
    client.create_documentation_version(restApiId=api["id"], documentationVersion="1")
    domain = f"{api['id']}.example.net"
    client.create_domain_name(domainName=domain)
    client.create_base_path_mapping(domainName=domain, restApiId=api["id"])
    return {
        "restApiId": [api["id"]],
        "apiId": [api["id"]],
        "cloneFrom": [api["id"]],
        "resourceId": [api["rootResourceId"]],
        "parentId": [api["rootResourceId"]],
        "httpMethod": ["GET", "POST"],
        "statusCode": ["200", "400"],
        "deploymentId": [deployment["id"]],
        "stageName": ["prod"],
        "stage": ["prod"],
        "apiKey": [key["id"]],
        "keyId": [key["id"]],
        "keyType": ["API_KEY"],
        "usagePlanId": [plan["id"]],
        "modelName": ["Empty", "Error"],
        "requestValidatorId": [validator["id"]],
        "documentationPartId": [part["id"]],
        "documentationVersion": ["1"],
        "domainName": [domain],
        "basePath": ["(none)"],
        "resourceArn": [f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"],
        "startDate": ["2026-01-01"],
        "endDate": ["2026-01-03"],
        "exportType": ["swagger", "oas30"],
        "schema": [
            "{}",
            '{"type":"object","properties":{"a":{"type":"array","items":1}}}',
            '{"properties":[]}',
        ],
    }
