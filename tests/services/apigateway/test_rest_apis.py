"""APIs through boto3: created, listed, changed, cloned, deleted."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
    ],
}


def test_an_api_is_answered_with_its_defaults_and_nothing_absent(
    client: Any, body: Callable[[Any], Any]
) -> None:
    made = body(client.create_rest_api(name="pets"))
    assert set(made) == {
        "id",
        "name",
        "createdDate",
        "apiKeySource",
        "endpointConfiguration",
        "disableExecuteApiEndpoint",
        "rootResourceId",
        "securityPolicy",
        "apiStatus",
    }
    # As GetRestApis answered in 2026, in write-ups of CloudGoat's sns_secrets.
    assert (made["securityPolicy"], made["apiStatus"]) == ("TLS_1_0", "AVAILABLE")
    assert len(made["id"]) == 10
    assert made["id"].isalnum()
    assert made["id"] == made["id"].lower()
    assert made["apiKeySource"] == "HEADER"
    assert made["endpointConfiguration"] == {"types": ["EDGE"], "ipAddressType": "ipv4"}
    # The guide to Gluon's Gateway (October 2024) prints import-rest-api without tags, and update-rest-api with {};
    # the developer guide's tutorial create-rest-api without, an inventory of January 2026 get-rest-api with {}.
    place = {"restApiId": made["id"]}
    read = made | {"tags": {}}
    assert body(client.get_rest_api(**place)) == read
    assert body(client.update_rest_api(**place, patchOperations=[])) == read
    assert body(client.get_rest_apis())["items"] == [read]


def test_everything_that_is_given_is_kept(client: Any, body: Callable[[Any], Any]) -> None:
    made = client.create_rest_api(
        name="pets",
        description="of the shop",
        version="v1",
        binaryMediaTypes=["image/png"],
        minimumCompressionSize=0,
        apiKeySource="AUTHORIZER",
        endpointConfiguration={"types": ["REGIONAL"]},
        policy=json.dumps(POLICY),
        tags={"a": "b"},
        disableExecuteApiEndpoint=True,
    )
    assert made["description"] == "of the shop"
    assert made["version"] == "v1"
    assert made["binaryMediaTypes"] == ["image/png"]
    assert made["minimumCompressionSize"] == 0
    assert made["apiKeySource"] == "AUTHORIZER"
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert json.loads(f'"{made["policy"]}"') == json.dumps(POLICY, separators=(",", ":"))
    assert made["tags"] == {"a": "b"}
    assert made["disableExecuteApiEndpoint"] is True


def test_a_policy_names_its_api_and_escapes_slashes(client: Any, aws: Any) -> None:
    """github.com/hashicorp/terraform/issues/26541, github.com/go-to-k/cdk-real-drift/pull/721; inventories in public
    repositories have the slashes.
    """

    def policy(*resources: str) -> str:
        one = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}
        statements = [
            one | {"Resource": resources[0]},
            one | {"NotResource": [*resources[1:], "arn:aws:execute-api:*:*:other/*"]},
        ]
        document = {"Version": "2012-10-17", "Statement": statements}
        return json.dumps(document, separators=(",", ":"))

    def escaped(text: str) -> str:
        return json.dumps(text)[1:-1].replace("/", "\\/")

    short = policy("execute-api:/*", "execute-api:/prod/GET/pets")
    made = client.create_rest_api(name="pets", policy=short)
    account = aws("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:execute-api:us-east-1:{account}:{made['id']}"
    written_out = escaped(policy(f"{arn}/*", f"{arn}/prod/GET/pets"))
    assert made["policy"] == written_out
    patch = {"op": "replace", "path": "/policy", "value": policy("execute-api:/a", "*")}
    changed = client.update_rest_api(restApiId=made["id"], patchOperations=[patch])
    assert changed["policy"] == escaped(policy(f"{arn}/a", "*"))
    document = {
        "openapi": "3.0.1",
        "info": {"title": "pets"},
        "x-amazon-apigateway-policy": json.loads(short),
    }
    body = json.dumps(document).encode()
    again = client.put_rest_api(restApiId=made["id"], mode="overwrite", body=body)
    assert again["policy"] == written_out


def test_a_policy_is_shown_in_the_order_of_its_grammar(client: Any) -> None:
    """Whatever order it came in: a statement of CDK's, Action first, was read back from AWS in 2026 as it is here
    (go-to-k/cdk-real-drift: tests/corpus/AWS__ApiGateway__RestApi.HuntPrivateApi97541614.json).
    """
    given = {
        "Statement": [
            {
                "Action": "execute-api:Invoke",
                "Condition": {"StringEquals": {"aws:sourceVpce": "vpce-1"}},
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Resource": "*",
                "Sid": "one",
            }
        ],
        "Version": "2012-10-17",
    }
    made = client.create_rest_api(name="pets", policy=json.dumps(given))
    assert json.loads(f'"{made["policy"]}"') == (
        '{"Version":"2012-10-17","Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":"*"},'
        '"Action":"execute-api:Invoke","Resource":"*",'
        '"Condition":{"StringEquals":{"aws:sourceVpce":"vpce-1"}}}]}'
    )


def test_a_policy_that_names_no_api_is_about_its_own(client: Any, with_method: Any) -> None:
    """ "execute-api:/stage/METHOD/path", as the developer guide's examples have it."""
    allow = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke"}

    def status(resource: str) -> int:
        statement = allow | {"Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        patch = {"op": "replace", "path": "/policy", "value": policy}
        client.update_rest_api(restApiId=with_method["restApiId"], patchOperations=[patch])
        client.create_deployment(restApiId=with_method["restApiId"], stageName="prod")
        address = urlsplit(client.meta.endpoint_url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=15)
        connection.request("GET", f"/restapis/{with_method['restApiId']}/prod/_user_request_/")
        answer = connection.getresponse().status
        connection.close()
        return answer

    assert status("execute-api:/dev/*") == 403
    assert (
        status("execute-api:/prod/GET/") == 500
    )  # allowed: the integration's template has no status


def test_an_api_that_is_not_there(client: Any, aws: Any, api: Any, error_of: Any) -> None:
    other = aws("apigateway", region_name="eu-west-1")
    for call in (other.get_rest_api, other.delete_rest_api, other.get_resources):
        status, code, message = error_of(call, restApiId=api["id"])
        assert (status, code) == (404, "NotFoundException")
        assert message.startswith("Invalid API identifier specified ")
        assert message.endswith(":" + api["id"])


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"minimumCompressionSize": -1},
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            {"policy": "no json"},
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        ),
        (
            {"endpointConfiguration": {"types": ["EDGE", "REGIONAL"]}},
            "Cannot create a RestApi with multiple Endpoint Types.",
        ),
        (
            {"securityPolicy": "TLS_1_2"},
            "Lambent does not support securityPolicy TLS_1_2 yet: TLS ends before this platform.",
        ),
        (
            {"tags": {f"k{n}": "" for n in range(51)}},
            "Number of tags exceeds the limit of 50 tags per resource",
        ),
    ],
)
def test_what_an_api_cannot_be_made_with(
    client: Any, error_of: Any, members: Any, message: str
) -> None:
    before = client.get_rest_apis()["items"]
    expected = (400, "BadRequestException", message)
    assert error_of(client.create_rest_api, name="pets", **members) == expected
    assert client.get_rest_apis()["items"] == before


def test_a_wrong_enumeration_names_the_member_of_the_input(client: Any, error_of: Any) -> None:
    status, code, message = error_of(client.create_rest_api, name="pets", apiKeySource="WRONG")
    assert (status, code) == (400, "ValidationException")
    assert message == (
        "1 validation error detected: Value 'WRONG' at 'createRestApiInput.apiKeySource' failed "
        "to satisfy constraint: Member must satisfy enum value set: [AUTHORIZER, HEADER]"
    )


def test_apis_are_listed_in_pages(client: Any, error_of: Any) -> None:
    made = {client.create_rest_api(name=f"api{n}")["id"] for n in range(5)}
    seen: list[str] = []
    request: dict[str, Any] = {"limit": 2}
    sizes = []
    while True:
        page = client.get_rest_apis(**request)
        sizes.append(len(page["items"]))
        seen += [each["id"] for each in page["items"]]
        if "position" not in page:
            break
        request["position"] = page["position"]
    assert sizes == [2, 2, 1]
    assert set(seen) == made
    assert error_of(client.get_rest_apis, position="%%%")[1] == "BadRequestException"
    assert error_of(client.get_rest_apis, limit=0)[1] == "BadRequestException"


def test_patches_change_an_api(client: Any, api: Any) -> None:
    operations = [
        {"op": "replace", "path": "/name", "value": "animals"},
        {"op": "replace", "path": "/description", "value": "all"},
        {"op": "add", "path": "/binaryMediaTypes/image~1png"},
        {"op": "add", "path": "/binaryMediaTypes/image~1gif"},
        {"op": "remove", "path": "/binaryMediaTypes/image~1png"},
        {"op": "replace", "path": "/minimumCompressionSize", "value": "100"},
        {"op": "replace", "path": "/disableExecuteApiEndpoint", "value": "true"},
        {"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "REGIONAL"},
        {"op": "replace", "path": "/policy", "value": json.dumps(POLICY)},
    ]
    changed = client.update_rest_api(restApiId=api["id"], patchOperations=operations)
    assert changed["name"] == "animals"
    assert changed["description"] == "all"
    assert changed["binaryMediaTypes"] == ["image/gif"]
    assert changed["minimumCompressionSize"] == 100
    assert changed["disableExecuteApiEndpoint"] is True
    assert changed["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert "policy" in changed
    operations = [
        {"op": "remove", "path": "/binaryMediaTypes/image~1gif"},
        {"op": "replace", "path": "/minimumCompressionSize"},
        {"op": "replace", "path": "/description", "value": ""},
        {"op": "replace", "path": "/policy", "value": ""},
    ]
    changed = client.update_rest_api(restApiId=api["id"], patchOperations=operations)
    gone = {"binaryMediaTypes", "minimumCompressionSize", "description", "policy"}
    assert gone.isdisjoint(changed)


def test_a_patch_with_a_wrong_path_changes_nothing(client: Any, api: Any, error_of: Any) -> None:
    operations = [
        {"op": "replace", "path": "/name", "value": "animals"},
        {"op": "replace", "path": "/wrong", "value": "x"},
    ]
    status, code, message = error_of(
        client.update_rest_api, restApiId=api["id"], patchOperations=operations
    )
    assert (status, code) == (400, "BadRequestException")
    assert message.startswith(
        "Invalid patch path  '/wrong' specified for op 'replace'. Must be one of: [/name, "
    )
    assert client.get_rest_api(restApiId=api["id"])["name"] == "pets"


def test_a_path_is_read_from_its_beginning(client: Any, with_method: Any, error_of: Any) -> None:
    """An example of `aws apigateway update-integration` has `path='requestTemplates/application~1json'`."""
    patch = [{"op": "replace", "path": "requestTemplates/application~1json", "value": "x"}]
    changed = client.update_integration(**with_method, patchOperations=patch)
    assert changed["requestTemplates"] == {"application/json": "x"}
    api_id = with_method["restApiId"]
    wrong = [{"op": "replace", "path": "what/name", "value": "x"}]
    _, _, message = error_of(client.update_rest_api, restApiId=api_id, patchOperations=wrong)
    assert message.startswith("Invalid patch path  'what/name' specified for op 'replace'.")
    assert client.get_rest_api(restApiId=api_id)["name"] == "pets"


def test_an_api_cannot_lose_its_name(client: Any, api: Any, error_of: Any) -> None:
    patch = [{"op": "replace", "path": "/name", "value": " "}]
    made = error_of(client.create_rest_api, name=" ")
    assert error_of(client.update_rest_api, restApiId=api["id"], patchOperations=patch) == made
    assert made == (400, "BadRequestException", "Name must not be blank")


def test_a_clone_has_the_definition_and_ids_of_its_own(client: Any, with_method: Any) -> None:
    source = with_method["restApiId"]
    child = client.create_resource(
        restApiId=source, parentId=with_method["resourceId"], pathPart="a"
    )
    client.create_resource(restApiId=source, parentId=child["id"], pathPart="b")
    client.create_model(restApiId=source, name="Pet", contentType="application/json", schema="{}")
    clone = client.create_rest_api(name="copy", cloneFrom=source)
    ours = client.get_resources(restApiId=clone["id"], embed=["methods"])["items"]
    theirs = client.get_resources(restApiId=source)["items"]
    assert {each["path"] for each in ours} == {"/", "/a", "/a/b"}
    assert {each["id"] for each in ours}.isdisjoint(each["id"] for each in theirs)
    root = next(each for each in ours if each["path"] == "/")
    assert root["id"] == clone["rootResourceId"]
    assert root["resourceMethods"]["GET"]["methodIntegration"]["type"] == "MOCK"
    assert client.get_model(restApiId=clone["id"], modelName="Pet")["name"] == "Pet"


def test_a_deleted_api_is_gone_with_all_that_belongs_to_it(
    client: Any, deployed: Any, error_of: Any, platform: Any
) -> None:
    api_id = deployed["restApiId"]
    answer = client.delete_rest_api(restApiId=api_id)
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert error_of(client.get_stage, restApiId=api_id, stageName="prod")[0] == 404
    assert platform.stages.find_api(api_id) is None


def test_tags_of_an_api(client: Any, api: Any, error_of: Any) -> None:
    arn = f"arn:aws:apigateway:us-east-1::/restapis/{api['id']}"
    client.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    client.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert client.get_tags(resourceArn=arn)["tags"] == {"b": "2"}
    assert client.get_rest_api(restApiId=api["id"])["tags"] == {"b": "2"}
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    assert error_of(client.get_tags, resourceArn=elsewhere)[1] == "NotFoundException"
    assert error_of(client.get_tags, resourceArn="nonsense")[1] == "BadRequestException"


def test_ids_are_those_of_one_account(client: Any, aws: Any, api: Any) -> None:
    assert api["id"] in {each["id"] for each in client.get_rest_apis()["items"]}
    assert client.get_models(restApiId=api["id"])["items"][0]["name"] == "Empty"
