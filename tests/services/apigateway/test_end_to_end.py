"""From the control plane's operations to requests of clients: the tutorial's endpoint with an access key."""

from __future__ import annotations

import http.client
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.sandbox

# The tutorial's: two defaults, joined.
CONCATENATE = """
exports.handler = (event, context) => {
  const first = event.key1 || 'Hello World!';
  context.succeed(first + ' >> ' + (event.key2 || 'today'));
};
"""


class Endpoint:
    """What a user of the tutorial makes. Args: the account's clients, and where the platform is."""

    def __init__(self, aws: Callable[[str], Any]) -> None:
        self.lambda_, self.gateway = aws("lambda"), aws("apigateway")
        self.address = urlsplit(self.gateway.meta.endpoint_url)
        self.arn = self._function()
        self.api_id, self.resource_id = self._api()

    def _function(self) -> str:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("index.js", CONCATENATE)
        created = self.lambda_.create_function(
            FunctionName="Concatenate",
            Runtime="nodejs20.x",
            Role=execution_role(self.lambda_),
            Handler="index.handler",
            Code={"ZipFile": archive.getvalue()},
        )
        self.lambda_.add_permission(
            FunctionName="Concatenate",
            StatementId="api",
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
        )
        return str(created["FunctionArn"])

    def _api(self) -> tuple[str, str]:
        api = self.gateway.create_rest_api(name="LambdaMicroservice")
        resource = self.gateway.create_resource(
            restApiId=api["id"], parentId=api["rootResourceId"], pathPart="Concatenate"
        )
        place = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": "GET"}
        self.gateway.put_method(**place, authorizationType="NONE", apiKeyRequired=True)
        self.gateway.put_integration(
            **place,
            type="AWS",
            integrationHttpMethod="POST",
            uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{self.arn}/invocations",
        )
        self.gateway.put_method_response(**place, statusCode="200")
        self.gateway.put_integration_response(**place, statusCode="200")
        return str(api["id"]), str(resource["id"])

    def get(self, headers: dict[str, str], path: str = "") -> tuple[int, Any]:
        """GET by the path form of the address."""
        connection = http.client.HTTPConnection(
            self.address.hostname or "", self.address.port, timeout=15
        )
        target = path or f"/restapis/{self.api_id}/prod/_user_request_/Concatenate"
        connection.request("GET", target, headers=headers)
        answer = connection.getresponse()
        found = answer.status, json.loads(answer.read())
        connection.close()
        return found


@pytest.fixture
def endpoint(aws: Callable[[str], Any]) -> Endpoint:
    return Endpoint(aws)


def test_a_key_opens_the_endpoint_once_it_is_deployed_and_enabled(endpoint: Endpoint) -> None:
    gateway = endpoint.gateway
    key = gateway.create_api_key(name="friend", enabled=False)
    headers = {"x-api-key": key["value"]}
    assert endpoint.get(headers) == (403, {"message": "Forbidden"})  # not deployed
    gateway.create_deployment(restApiId=endpoint.api_id, stageName="prod")
    plan = gateway.create_usage_plan(
        name="p", apiStages=[{"apiId": endpoint.api_id, "stage": "prod"}]
    )
    gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    assert endpoint.get({}) == (403, {"message": "Forbidden"})
    assert endpoint.get(headers) == (403, {"message": "Forbidden"})
    gateway.update_api_key(
        apiKey=key["id"], patchOperations=[{"op": "replace", "path": "/enabled", "value": "true"}]
    )
    # A GET without a body gives the function {}, so its defaults apply.
    assert endpoint.get(headers) == (200, "Hello World! >> today")
    by_host = {"Host": f"{endpoint.api_id}.execute-api.us-east-1.amazonaws.com", **headers}
    assert endpoint.get(by_host, "/prod/Concatenate") == (200, "Hello World! >> today")


def test_the_test_button_needs_neither_a_key_nor_a_deployment(endpoint: Endpoint) -> None:
    answer = endpoint.gateway.test_invoke_method(
        restApiId=endpoint.api_id, resourceId=endpoint.resource_id, httpMethod="GET"
    )
    assert (answer["status"], json.loads(answer["body"])) == (200, "Hello World! >> today")
    assert answer["log"].startswith("Execution log for request ")
    assert "Method completed with status: 200" in answer["log"]
    assert answer["latency"] >= 0
