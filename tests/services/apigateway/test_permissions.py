"""Users of an account through boto3: what their policies let them do with APIs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.fixture
def as_user(aws: Callable[..., Any]) -> Callable[..., Any]:
    """An API Gateway client of a user who has these statements for a policy."""

    def client(*statements: dict[str, Any]) -> Any:
        iam = aws("iam")
        iam.create_user(UserName="ann")
        document = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", **each} for each in statements],
        }
        iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName="ann")["AccessKey"]
        return aws(
            "apigateway",
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    return client


def test_actions_are_methods_and_resources_are_paths(
    client: Any, api: Any, as_user: Any, error_of: Any
) -> None:
    path = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    ann = as_user({"Action": "apigateway:GET", "Resource": path})
    assert ann.get_rest_api(restApiId=api["id"])["name"] == "pets"
    for call, request in (
        (ann.delete_rest_api, {"restApiId": api["id"]}),
        (ann.get_resources, {"restApiId": api["id"]}),
        (ann.get_rest_apis, {}),
    ):
        assert error_of(call, **request)[:2] == (403, "AccessDeniedException")


def test_roles_of_an_imported_document_must_be_passed(
    client: Any, as_user: Any, error_of: Any
) -> None:
    integration = {"type": "mock", "credentials": ROLE}
    operation = {"responses": {}, "x-amazon-apigateway-integration": integration}
    document = {
        "swagger": "2.0",
        "info": {"title": "t"},
        "paths": {"/": {"get": operation}},
    }
    body = json.dumps(document).encode()
    ann = as_user({"Action": "apigateway:*", "Resource": "*"})
    status, code, message = error_of(ann.import_rest_api, body=body)
    assert (status, code) == (403, "AccessDeniedException")
    assert message.endswith(
        f"is not authorized to perform: iam:PassRole on resource: {ROLE} "
        "because no identity-based policy allows the iam:PassRole action"
    )
    assert client.get_rest_apis()["items"] == []
    assert client.import_rest_api(body=body)["name"] == "t"
