"""Clients and APIs for the tests of API Gateway through boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = dict[str, Any]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
LAMBDA_URI = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"


@pytest.fixture
def client(aws: Callable[[str], Any]) -> Any:
    """A client of a fresh account."""
    return aws("apigateway")


@pytest.fixture
def api(client: Any) -> Any:
    """An API without methods."""
    return client.create_rest_api(name="pets")


@pytest.fixture
def with_method(client: Any, api: Any) -> Any:
    """An API whose root has GET with a MOCK integration."""
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "GET"}
    client.put_method(**place, authorizationType="NONE")
    client.put_integration(**place, type="MOCK", requestTemplates={"application/json": "{}"})
    return place


@pytest.fixture
def deployed(client: Any, with_method: Any) -> Any:
    """The same API, deployed to the stage `prod`; the answer of CreateDeployment with the API's id."""
    deployment = client.create_deployment(restApiId=with_method["restApiId"], stageName="prod")
    return {"restApiId": with_method["restApiId"], "deploymentId": deployment["id"]}
