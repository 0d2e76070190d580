"""Request validators: parameters and models."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
    assert account.call(api, "POST", "/?q=", headers={"x-needed": "1"}).status == 200


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("{}", 'object has missing required properties (["name"])'),
        ("not json", "Invalid JSON"),
        (
            "[]",
            'instance type (array) does not match any allowed primitive type (allowed: ["object"])',
        ),
        ('{"name": "X"}', "'X' does not match '^[a-z]+$'"),
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
