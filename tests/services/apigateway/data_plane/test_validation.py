"""Request validators: parameters and models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambent.services.apigateway.data_plane.models import body_fault

PET = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "owner": {"$ref": "https://apigateway.amazonaws.com/restapis/x/models/Owner"},
    },
    "required": ["name"],
}
OWNER = {"type": "object", "required": ["id"]}
EVIL = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a|aa)+$"}}}


@pytest.fixture
def deploy(account: Any, mock: Any) -> Any:
    def deployed(models: dict[str, str], **responses: Any) -> str:
        method = mock(
            "fine",
            requestValidatorId="v",
            requestParameters={
                "method.request.querystring.q": True,
                "method.request.header.X-Needed": True,
                "method.request.querystring.optional": False,
            },
            requestModels=models,
        )
        validator = {"id": "v", "validateRequestBody": True, "validateRequestParameters": True}
        schemas = {"Pet": PET, "Owner": OWNER, "Evil": EVIL}
        documents = [{"name": name, "schema": json.dumps(each)} for name, each in schemas.items()]
        return str(
            account.deploy(
                {"POST /": method},
                requestValidators=[validator],
                models=documents,
                gatewayResponses=responses,
            )
        )

    return deployed


def test_required_parameters_are_named(account: Any, deploy: Any) -> None:
    api = deploy({})

    answer = account.call(api, "POST", "/")

    assert answer.status == 400
    assert answer.text == '{"message": "Missing required request parameters: [q, X-Needed]"}'
    assert account.call(api, "POST", "/?q=1", headers={"x-needed": "1"}).status == 200


def test_required_parameters_that_are_blank_are_missing(account: Any, deploy: Any) -> None:
    """ "The required request parameters [...] are included and not blank." """
    api = deploy({})

    answer = account.call(api, "POST", "/?q=", headers={"x-needed": " "})

    assert answer.status == 400
    assert answer.text == '{"message": "Missing required request parameters: [q, X-Needed]"}'
    assert account.call(api, "POST", "/?q=&q=1", headers={"x-needed": "1"}).status == 200


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("{}", 'object has missing required properties (["name"])'),
        ("not json", "[Invalid JSON]"),
        ("", "[Unknown error parsing request body]"),
        (
            "[]",
            'instance type (array) does not match any allowed primitive type (allowed: ["object"])',
        ),
        ('{"name": "X"}', 'ECMA 262 regex "^[a-z]+$" does not match input string "X"'),
        ('{"name": "x", "owner": {}}', 'object has missing required properties (["id"])'),
    ],
)
def test_body_is_held_against_its_model(account: Any, deploy: Any, body: str, detail: str) -> None:
    template = {"responseTemplates": {"application/json": "$context.error.validationErrorString"}}
    api = deploy({"application/json": "Pet"})
    telling = deploy({"application/json": "Pet"}, BAD_REQUEST_BODY=template)
    headers = {"X-Needed": "1"}

    answer = account.call(api, "POST", "/?q=1", body, headers)

    assert (answer.status, answer.text) == (400, '{"message": "Invalid request body"}')
    assert detail in account.call(telling, "POST", "/?q=1", body, headers).text


NO_NULL = 'instance type (boolean) does not match any allowed primitive type (allowed: ["null"])'
WORDED = [
    (
        {"enum": ["dog", 1]},
        '"cat"',
        'instance value ("cat") not found in enum (possible values: ["dog",1])',
    ),
    (
        {"type": "number"},
        '"1"',
        'instance type (string) does not match any allowed primitive type (allowed: ["integer","number"])',
    ),
    (
        {"minimum": 1},
        "0",
        "numeric instance is lower than the required minimum (minimum: 1, found: 0)",
    ),
    (
        {"maximum": 500},
        "600.5",
        "numeric instance is greater than the required maximum (maximum: 500, found: 600.5)",
    ),
    (
        {"minimum": 1, "exclusiveMinimum": True},
        "1",
        "numeric instance is not strictly greater than the required minimum 1",
    ),
    (
        {"maximum": 1, "exclusiveMaximum": True},
        "1",
        "numeric instance is not strictly lower than the required maximum 1",
    ),
    ({"multipleOf": 2}, "5", "remainder of division is not zero (5 / 2)"),
    ({"minLength": 3}, '"ab"', 'string "ab" is too short (length: 2, required minimum: 3)'),
    ({"maxLength": 1}, '"ab"', 'string "ab" is too long (length: 2, maximum allowed: 1)'),
    (
        {"minItems": 1},
        "[]",
        "array is too short: must have at least 1 elements but instance has 0 elements",
    ),
    (
        {"maxItems": 1},
        "[1,2]",
        "array is too long: must have at most 1 elements but instance has 2 elements",
    ),
    ({"uniqueItems": True}, "[1,1]", "array must not contain duplicate elements"),
    (
        {"items": [{}], "additionalItems": False},
        "[1,2]",
        "schema only allows 1 elements in array but instance has 2 elements",
    ),
    (
        {"minProperties": 1},
        "{}",
        "object has too few properties (found 0 but schema requires at least 1)",
    ),
    (
        {"maxProperties": 1},
        '{"a":1,"b":2}',
        "object has too many properties (found 2 but schema requires at most 1)",
    ),
    ({"required": ["b", "a"]}, "{}", 'object has missing required properties (["a","b"])'),
    (
        {"properties": {"a": {}}, "patternProperties": {"^x": {}}, "additionalProperties": False},
        '{"a":1,"x1":1,"c":1,"b":2}',
        'object instance has properties which are not allowed by the schema: ["b","c"]',
    ),
    (
        {"dependencies": {"a": ["c", "b"]}},
        '{"a":1,"b":1}',
        'property "a" of object has missing property dependencies (schema requires ["b","c"]; missing: ["c"])',
    ),
    (
        {"allOf": [{}, {"type": "array"}]},
        "1",
        "instance failed to match all required schemas (matched only 1 out of 2)",
    ),
    (
        {"anyOf": [{"type": "null"}, {"type": "array"}]},
        "1",
        "instance failed to match at least one required schema among 2",
    ),
    (
        {"oneOf": [{}, {}, {"type": "null"}]},
        "1",
        "instance failed to match exactly one schema (matched 2 out of 3)",
    ),
    ({"not": {}}, "1", "instance matched a schema which it should not have"),
    (
        {"properties": {"a": {"type": "null"}, "b": {"type": "null"}}},
        '{"a":true,"b":true}',
        ", ".join([NO_NULL, NO_NULL]),
    ),
]


@pytest.mark.parametrize(("schema", "body", "detail"), WORDED)
def test_faults_are_worded_as_the_validator_of_aws_words_them(
    schema: dict[str, Any], body: str, detail: str
) -> None:
    assert body_fault("M", (("M", json.dumps(schema)),), body.encode()) == f"[{detail}]"


def test_default_stands_for_every_content_type(account: Any, deploy: Any) -> None:
    """ "To use the same model regardless of the content type, set the content type [...] to $default." """
    api = deploy({"$default": "Owner", "application/json": "Pet"})
    headers = {"X-Needed": "1", "Content-Type": "text/plain"}

    assert account.call(api, "POST", "/?q=1", "{}", headers).status == 400
    assert account.call(api, "POST", "/?q=1", '{"id": 1, "statusCode": 200}', headers).status == 200
    assert account.call(api, "POST", "/?q=1", '{"name": "x"}', {"X-Needed": "1"}).status == 200


def test_body_that_fits_or_has_no_model_passes(account: Any, deploy: Any) -> None:
    api = deploy({"application/json": "Pet"})
    fitting = {"name": "x", "owner": {"id": 1}}

    assert account.call(api, "POST", "/?q=1", json.dumps(fitting), {"X-Needed": "1"}).status == 200


def test_pattern_that_backtracks_for_ever_is_an_invalid_body(account: Any, deploy: Any) -> None:
    api = deploy({"application/json": "Evil"})

    answer = account.call(
        api, "POST", "/?q=1", json.dumps({"a": "a" * 60 + "!"}), {"X-Needed": "1"}
    )

    assert answer.status == 400
