"""Resources, methods, integrations and their responses through boto3."""

from __future__ import annotations

from typing import Any

import pytest
from tests.services.apigateway.conftest import LAMBDA_URI


def _child(client: Any, api: Any, part: str, parent: str = "") -> Any:
    parent_id = parent or api["rootResourceId"]
    return client.create_resource(restApiId=api["id"], parentId=parent_id, pathPart=part)


# --- resources ---


def test_resources_make_a_tree(client: Any, api: Any, body: Any) -> None:
    pets = body(_child(client, api, "pets"))
    one = body(_child(client, api, "{id}", pets["id"]))
    assert len(pets["id"]) == 6
    assert pets == {
        "id": pets["id"],
        "parentId": api["rootResourceId"],
        "pathPart": "pets",
        "path": "/pets",
    }
    assert one["path"] == "/pets/{id}"
    assert body(client.get_resource(restApiId=api["id"], resourceId=one["id"])) == one
    root = body(client.get_resource(restApiId=api["id"], resourceId=api["rootResourceId"]))
    assert root == {"id": api["rootResourceId"], "path": "/"}
    client.delete_resource(restApiId=api["id"], resourceId=pets["id"])
    assert [each["path"] for each in client.get_resources(restApiId=api["id"])["items"]] == ["/"]


@pytest.mark.parametrize(
    "part", ["", "a b", "a/b", "{a", "a}", "{}", "{a+}b", "pre{a}", "ä", "{+}"]
)
def test_path_parts_that_are_refused(client: Any, api: Any, error_of: Any, part: str) -> None:
    request = {"restApiId": api["id"], "parentId": api["rootResourceId"], "pathPart": part}
    assert error_of(client.create_resource, **request) == (
        400,
        "BadRequestException",
        (
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly "
            "braces at the beginning and the end."
        ),
    )


def test_siblings_that_would_be_ambiguous(client: Any, api: Any, error_of: Any) -> None:
    first = _child(client, api, "{id}")
    _child(client, api, "pets")
    request = {"restApiId": api["id"], "parentId": api["rootResourceId"]}
    assert error_of(client.create_resource, **request, pathPart="pets") == (
        409,
        "ConflictException",
        "Another resource with the same parent already has this name: pets",
    )
    assert error_of(client.create_resource, **request, pathPart="{proxy+}") == (
        400,
        "BadRequestException",
        (
            f"A sibling ({first['pathPart']}) of this resource already has a variable path part -- only one "
            "is allowed"
        ),
    )


def test_nothing_stands_under_a_greedy_resource(client: Any, api: Any, error_of: Any) -> None:
    greedy = _child(client, api, "{proxy+}")
    request = {"restApiId": api["id"], "parentId": greedy["id"], "pathPart": "a"}
    assert error_of(client.create_resource, **request) == (
        400,
        "BadRequestException",
        "Cannot create a child of a resource with a greedy path variable: {proxy+}",
    )


def test_a_moved_resource_takes_those_under_it_along(client: Any, api: Any, error_of: Any) -> None:
    a, b = _child(client, api, "a"), _child(client, api, "b")
    under = _child(client, api, "under", a["id"])
    operations = [
        {"op": "replace", "path": "/parentId", "value": b["id"]},
        {"op": "replace", "path": "/pathPart", "value": "{x}"},
    ]
    moved = client.update_resource(
        restApiId=api["id"], resourceId=a["id"], patchOperations=operations
    )
    assert moved["path"] == "/b/{x}"
    found = client.get_resource(restApiId=api["id"], resourceId=under["id"])
    assert found["path"] == "/b/{x}/under"
    into_itself = [{"op": "replace", "path": "/parentId", "value": under["id"]}]
    request = {"restApiId": api["id"], "resourceId": b["id"], "patchOperations": into_itself}
    assert error_of(client.update_resource, **request)[1] == "BadRequestException"
    root = {"restApiId": api["id"], "resourceId": api["rootResourceId"]}
    rename = [{"op": "replace", "path": "/pathPart", "value": "x"}]
    assert error_of(client.update_resource, **root, patchOperations=rename)[0] == 400
    assert error_of(client.delete_resource, **root)[0] == 400


# --- methods ---


def test_a_method_with_everything(client: Any, api: Any, body: Any) -> None:
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"], "httpMethod": "POST"}
    validator = client.create_request_validator(
        restApiId=api["id"], name="all", validateRequestBody=True
    )
    made = body(
        client.put_method(
            **place,
            authorizationType="AWS_IAM",
            apiKeyRequired=True,
            operationName="Make",
            requestParameters={"method.request.querystring.q": True},
            requestModels={"application/json": "Error"},
            requestValidatorId=validator["id"],
        )
    )
    assert made == {
        "httpMethod": "POST",
        "authorizationType": "AWS_IAM",
        "apiKeyRequired": True,
        "operationName": "Make",
        "requestParameters": {"method.request.querystring.q": True},
        "requestModels": {"application/json": "Error"},
        "requestValidatorId": validator["id"],
    }
    assert body(client.get_method(**place)) == made
    listed = client.get_resources(restApiId=api["id"])["items"][0]
    assert listed["resourceMethods"] == {"POST": {}}
    listed = client.get_resources(restApiId=api["id"], embed=["methods"])["items"][0]
    assert listed["resourceMethods"] == {"POST": made}


def test_methods_that_are_refused(client: Any, api: Any, with_method: Any, error_of: Any) -> None:
    place = {"restApiId": api["id"], "resourceId": api["rootResourceId"]}

    def refusal(http_method: str = "PUT", authorization: str = "NONE", **members: Any) -> Any:
        return error_of(
            client.put_method,
            **place,
            httpMethod=http_method,
            authorizationType=authorization,
            **members,
        )

    assert refusal("GET") == (409, "ConflictException", "Method already exists for this resource")
    assert refusal("BREW")[2] == (
        "Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"
    )
    assert refusal(authorization="CUSTOM")[2] == (
        "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or "
        "COGNITO_USER_POOLS requires a valid authorizer."
    )
    assert refusal(authorization="COGNITO_USER_POOLS")[2] == refusal(authorization="CUSTOM")[2]
    assert refusal(requestParameters={"method.request.cookie.a": True})[2] == (
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
        "[Invalid mapping expression specified: method.request.cookie.a]"
    )
    assert refusal(requestModels={"application/json": "Nope"})[2] == (
        "Invalid model identifier specified: Nope"
    )
    assert refusal(requestValidatorId="nope")[2] == "Invalid Request Validator identifier specified"
    assert error_of(client.get_method, **place, httpMethod="PUT") == (
        404,
        "NotFoundException",
        "Invalid Method identifier specified",
    )
    nowhere = {"restApiId": api["id"], "resourceId": "nope", "httpMethod": "GET"}
    assert error_of(client.get_method, **nowhere) == (
        404,
        "NotFoundException",
        "Invalid Resource identifier specified",
    )


def test_patches_change_a_method(client: Any, with_method: Any, error_of: Any) -> None:
    operations = [
        {"op": "replace", "path": "/apiKeyRequired", "value": "true"},
        {"op": "replace", "path": "/authorizationType", "value": "AWS_IAM"},
        {"op": "add", "path": "/requestParameters/method.request.header.X-A", "value": "false"},
        {"op": "add", "path": "/requestModels/application~1json", "value": "Empty"},
    ]
    changed = client.update_method(**with_method, patchOperations=operations)
    assert changed["apiKeyRequired"] is True
    assert changed["authorizationType"] == "AWS_IAM"
    assert changed["requestParameters"] == {"method.request.header.X-A": False}
    assert changed["requestModels"] == {"application/json": "Empty"}
    gone = [{"op": "remove", "path": "/requestParameters/method.request.header.X-B"}]
    assert error_of(client.update_method, **with_method, patchOperations=gone)[0] == 404


# --- integrations ---


def test_a_mock_integration_is_answered_with_its_defaults(
    client: Any, with_method: Any, body: Any
) -> None:
    assert body(client.get_integration(**with_method)) == {
        "type": "MOCK",
        "requestTemplates": {"application/json": "{}"},
        "passthroughBehavior": "WHEN_NO_MATCH",
        "timeoutInMillis": 29000,
        "cacheNamespace": with_method["resourceId"],
        "cacheKeyParameters": [],
    }


def test_an_integration_of_a_backend_tells_its_connection(
    client: Any, with_method: Any, body: Any
) -> None:
    """As put-integration printed, without having been asked for it.

    In the developer guide's "Create a REST API using AWS SDKs or the AWS CLI".
    """
    for kind in ("HTTP", "HTTP_PROXY"):
        client.put_integration(
            **with_method, type=kind, integrationHttpMethod="GET", uri="http://example.com/pets"
        )
        assert body(client.get_integration(**with_method))["connectionType"] == "INTERNET"


def test_a_lambda_integration(client: Any, with_method: Any) -> None:
    made = client.put_integration(
        **with_method, type="AWS_PROXY", integrationHttpMethod="POST", uri=LAMBDA_URI
    )
    assert made["httpMethod"] == "POST"
    assert made["uri"] == LAMBDA_URI
    assert "requestTemplates" not in made
    client.put_integration(
        **with_method,
        type="AWS",
        integrationHttpMethod="POST",
        uri=LAMBDA_URI.replace("function:f", "function:${stageVariables.name}"),
    )
    client.put_integration(
        **with_method,
        type="HTTP_PROXY",
        integrationHttpMethod="ANY",
        uri="http://${stageVariables.host}/pets",
    )


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"type": "AWS"}, "Enumeration value for HttpMethod must be non-empty"),
        (
            {"type": "HTTP", "integrationHttpMethod": "GET"},
            "Invalid HTTP endpoint specified for URI",
        ),
        (
            {"type": "HTTP", "integrationHttpMethod": "GET", "uri": "ftp://a/b"},
            "Invalid HTTP endpoint specified for URI",
        ),
        (
            {"type": "AWS", "integrationHttpMethod": "POST", "uri": "nonsense"},
            "Invalid ARN specified in the request",
        ),
        (
            {
                "type": "AWS",
                "integrationHttpMethod": "POST",
                "uri": "arn:aws:apigateway:us-east-1:lambda:nothing",
            },
            "AWS ARN for integration must contain path or action",
        ),
        (
            {
                "type": "AWS_PROXY",
                "integrationHttpMethod": "POST",
                "uri": "arn:aws:apigateway:us-east-1:sqs:path/x",
            },
            "Integrations of type 'AWS_PROXY' currently only supports Lambda function and Firehose stream invocations.",
        ),
        ({"type": "MOCK", "timeoutInMillis": 49}, "Timeout should be between 50 ms and 29000 ms"),
        ({"type": "MOCK", "credentials": "me"}, "Invalid ARN specified in the request"),
        (
            {"type": "MOCK", "requestParameters": {"integration.request.header.A": "context"}},
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression specified: context]",  # noqa: E501
        ),
        (
            {
                "type": "MOCK",
                "requestParameters": {"integration.request.header.A": "method.request.header.A"},
            },
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping expression parameter specified: method.request.header.A]",  # noqa: E501
        ),
        (
            {
                "type": "HTTP",
                "integrationHttpMethod": "GET",
                "uri": "http://a",
                "connectionType": "VPC_LINK",
                "connectionId": "x",
            },
            "Lambent does not support connectionType VPC_LINK yet: there are no VPCs.",
        ),
    ],
)
def test_integrations_that_are_refused(
    client: Any, with_method: Any, error_of: Any, members: Any, message: str
) -> None:
    expected = (400, "BadRequestException", message)
    assert error_of(client.put_integration, **with_method, **members) == expected
    assert client.get_integration(**with_method)["type"] == "MOCK"


def test_patches_change_an_integration(client: Any, with_method: Any, error_of: Any) -> None:
    operations = [
        {"op": "add", "path": "/requestTemplates/text~1plain", "value": "x"},
        {"op": "remove", "path": "/requestTemplates/application~1json"},
        {"op": "replace", "path": "/timeoutInMillis", "value": "100"},
        {"op": "replace", "path": "/passthroughBehavior", "value": "NEVER"},
    ]
    changed = client.update_integration(**with_method, patchOperations=operations)
    assert changed["requestTemplates"] == {"text/plain": "x"}
    assert changed["timeoutInMillis"] == 100
    assert changed["passthroughBehavior"] == "NEVER"
    wrong = [{"op": "replace", "path": "/timeoutInMillis", "value": "soon"}]
    assert error_of(client.update_integration, **with_method, patchOperations=wrong)[0] == 400
    client.delete_integration(**with_method)
    assert error_of(client.get_integration, **with_method) == (
        404,
        "NotFoundException",
        "Invalid Integration identifier specified",
    )


# --- responses ---


def test_responses_of_methods_and_integrations(
    client: Any, with_method: Any, body: Any, error_of: Any
) -> None:
    place = {**with_method, "statusCode": "200"}
    missing = (404, "NotFoundException", "Invalid Response status code specified")
    assert error_of(client.put_integration_response, **place) == missing
    answer = client.put_method_response(
        **place,
        responseParameters={"method.response.header.X-A": False},
        responseModels={"application/json": "Empty"},
    )
    assert body(answer) == {
        "statusCode": "200",
        "responseParameters": {"method.response.header.X-A": False},
        "responseModels": {"application/json": "Empty"},
    }
    conflict = error_of(client.put_method_response, **place)
    assert conflict == (409, "ConflictException", "Response already exists for this resource")
    made = body(
        client.put_integration_response(
            **place,
            selectionPattern="2..",
            responseParameters={"method.response.header.X-A": "'*'"},
            responseTemplates={"application/json": ""},
        )
    )
    assert made == {
        "statusCode": "200",
        "selectionPattern": "2..",
        "responseParameters": {"method.response.header.X-A": "'*'"},
        "responseTemplates": {"application/json": None},
    }
    assert body(client.get_integration_response(**place)) == made
    method = client.get_method(**with_method)
    assert method["methodIntegration"]["integrationResponses"] == {"200": made}
    found = client.get_resources(restApiId=with_method["restApiId"], embed=["methods"])
    (resource,) = found["items"]
    embedded = resource["resourceMethods"]["GET"]["methodIntegration"]
    assert embedded["integrationResponses"] == {"200": made}
    assert method["methodResponses"]["200"]["statusCode"] == "200"
    undeclared = {"method.response.header.X-B": "'*'"}
    refused = error_of(client.put_integration_response, **place, responseParameters=undeclared)
    assert refused[2].endswith(
        "[Invalid mapping expression parameter specified: method.response.header.X-B]"
    )
    patch = [{"op": "replace", "path": "/selectionPattern", "value": "4.."}]
    changed = client.update_integration_response(**place, patchOperations=patch)
    assert changed["selectionPattern"] == "4.."
    client.delete_integration_response(**place)
    client.delete_method_response(**place)
    assert error_of(client.get_method_response, **place) == missing
    assert "methodResponses" not in client.get_method(**with_method)
