"""Layers, as boto3 sees them and as functions find them at /opt."""

from __future__ import annotations

import base64
import hashlib
import json
import urllib.request
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]
    MakeZip = Callable[[dict[str, str]], bytes]

READ = """
import os
def run(event, context):
    found = {}
    for directory, _, names in os.walk("/opt"):
        for name in names:
            if name.endswith(".txt"):
                found[name] = open(os.path.join(directory, name)).read()
    return found
"""


@pytest.fixture
def publish(client: Any, make_zip: MakeZip) -> Callable[..., dict[str, Any]]:
    def publish_layer(name: str, files: dict[str, str], **members: Any) -> dict[str, Any]:
        content = {"ZipFile": make_zip(files)}
        return dict(client.publish_layer_version(LayerName=name, Content=content, **members))

    return publish_layer


def test_the_life_of_a_layer(client: Any, publish: Any, make_zip: MakeZip, error_of: Any) -> None:
    archive = make_zip({"a.txt": "one"})
    first = publish("l", {"a.txt": "one"})
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 201
    arn = first["LayerArn"]
    assert arn.endswith(":layer:l")
    digest = base64.b64encode(hashlib.sha256(archive).digest()).decode()
    with urllib.request.urlopen(first["Content"]["Location"]) as download:
        assert download.read() == archive
    del first["ResponseMetadata"], first["Content"]["Location"]
    assert first == {
        "Content": {"CodeSha256": digest, "CodeSize": len(archive)},
        "LayerArn": arn,
        "LayerVersionArn": f"{arn}:1",
        "Description": "",
        "CreatedDate": first["CreatedDate"],
        "Version": 1,
    }
    usage = client.get_account_settings()["AccountUsage"]
    assert usage == {"TotalCodeSize": len(archive), "FunctionCount": 0}
    second = publish(
        "l",
        {"a.txt": "two"},
        Description="d",
        CompatibleRuntimes=["python3.12"],
        CompatibleArchitectures=["arm64"],
        LicenseInfo="MIT",
    )
    assert (second["Version"], second["LicenseInfo"]) == (2, "MIT")
    for answer in (
        client.get_layer_version(LayerName="l", VersionNumber=2),
        client.get_layer_version(LayerName=arn, VersionNumber=2),
        client.get_layer_version_by_arn(Arn=f"{arn}:2"),
    ):
        assert answer["CompatibleRuntimes"] == ["python3.12"]
        assert answer["CompatibleArchitectures"] == ["arm64"]
    listed = client.list_layer_versions(LayerName="l")["LayerVersions"]
    assert [version["Version"] for version in listed] == [2, 1]
    assert "Content" not in listed[0]
    client.delete_layer_version(LayerName="l", VersionNumber=2)
    client.delete_layer_version(LayerName="l", VersionNumber=2)
    missing = error_of(client.get_layer_version, LayerName="l", VersionNumber=2)
    assert missing == (
        404,
        "ResourceNotFoundException",
        "The resource you requested does not exist.",
    )
    assert error_of(client.get_layer_version_by_arn, Arn=f"{arn}:2") == missing
    assert publish("l", {"a.txt": "three"})["Version"] == 3
    assert client.list_layer_versions(LayerName="nothing")["LayerVersions"] == []


def test_lists_are_filtered_and_paged(client: Any, publish: Any) -> None:
    publish("a", {"a.txt": "1"}, CompatibleRuntimes=["python3.12"])
    publish("a", {"a.txt": "2"}, CompatibleRuntimes=["nodejs20.x"])
    publish("b", {"b.txt": "1"}, CompatibleArchitectures=["arm64"])

    def names(**request: str) -> list[tuple[str, int]]:
        return [
            (layer["LayerName"], layer["LatestMatchingVersion"]["Version"])
            for layer in client.list_layers(**request)["Layers"]
        ]

    assert names() == [("a", 2), ("b", 1)]
    assert names(CompatibleRuntime="python3.12") == [("a", 1)]
    assert names(CompatibleArchitecture="arm64") == [("b", 1)]
    assert names(CompatibleRuntime="java21") == []
    pages = client.get_paginator("list_layers").paginate(PaginationConfig={"PageSize": 1})
    assert [page["Layers"][0]["LayerName"] for page in pages] == ["a", "b"]
    pages = client.get_paginator("list_layer_versions").paginate(
        LayerName="a", PaginationConfig={"PageSize": 1}
    )
    assert [page["LayerVersions"][0]["Version"] for page in pages] == [2, 1]


def test_functions_find_layers_merged_in_order(client: Any, create: Create, publish: Any) -> None:
    one = publish("one", {"same.txt": "one", "d/one.txt": "1"})["LayerVersionArn"]
    two = publish("two", {"same.txt": "two", "d/two.txt": "2"})["LayerVersionArn"]
    created = create("f", READ, Layers=[one, two])
    assert [layer["Arn"] for layer in created["Layers"]] == [one, two]
    assert all(layer["CodeSize"] > 0 for layer in created["Layers"])

    def found() -> Any:
        return json.loads(client.invoke(FunctionName="f")["Payload"].read())

    assert found() == {"same.txt": "two", "one.txt": "1", "two.txt": "2"}
    client.update_function_configuration(FunctionName="f", Layers=[two, one])
    assert found()["same.txt"] == "one"
    # Deleted versions stay with the functions that use them, and may be named again by these.
    client.delete_layer_version(LayerName="one", VersionNumber=1)
    changed = client.update_function_configuration(FunctionName="f", Layers=[one])
    assert [layer["Arn"] for layer in changed["Layers"]] == [one]
    assert found() == {"same.txt": "one", "one.txt": "1"}
    version = client.publish_version(FunctionName="f")
    assert [layer["Arn"] for layer in version["Layers"]] == [one]
    cleared = client.update_function_configuration(FunctionName="f", Layers=[])
    assert "Layers" not in cleared
    assert found() == {}
    assert json.loads(client.invoke(FunctionName="f:1")["Payload"].read())["one.txt"] == "1"


def test_python_code_of_a_layer_is_imported(client: Any, create: Create, publish: Any) -> None:
    files = {"python/shared.py": "def answer(): return 42"}
    layer = publish("code", files, CompatibleRuntimes=["python3.12"])["LayerVersionArn"]
    source = "import shared\ndef run(event, context): return shared.answer()"
    create("f", source, Layers=[layer])
    assert client.invoke(FunctionName="f")["Payload"].read() == b"42"


def test_layers_that_cannot_be_used(
    client: Any, create: Create, publish: Any, error_of: Any
) -> None:
    arns = [publish(f"l{number}", {"a.txt": "x"})["LayerVersionArn"] for number in range(6)]
    again = publish("l0", {"a.txt": "y"})["LayerVersionArn"]
    create("f")

    def refusal(layers: list[str]) -> Any:
        call = client.update_function_configuration
        status, code, message = error_of(call, FunctionName="f", Layers=layers)
        assert (status, code) == (400, "InvalidParameterValueException")
        return message

    assert refusal(arns) == "Cannot reference more than 5 layers."
    assert refusal([arns[0], again]) == (
        "Two different versions of the same layer are not allowed to be referenced in the same "
        f"function. {arns[0]} and {again} versions are referenced."
    )
    missing = arns[0].removesuffix("1") + "77"
    assert refusal([missing]) == f"Layer version {missing} does not exist."
    assert refusal([arns[0].replace("us-east-1", "eu-west-1")]) == (
        "Layers are not in the same region as the function. "
        "Layers are expected to be in region us-east-1."
    )
    assert "Layers" not in client.get_function_configuration(FunctionName="f")
    status, code, _ = error_of(client.update_function_configuration, FunctionName="f", Layers=["x"])
    assert (status, code) == (400, "ValidationException")


def test_the_policy_of_a_layer_version(client: Any, publish: Any, error_of: Any) -> None:
    arn = publish("l", {"a.txt": "x"})["LayerVersionArn"]
    which = {"LayerName": "l", "VersionNumber": 1}
    no_policy = (
        404,
        "ResourceNotFoundException",
        "No policy is associated with the given resource.",
    )
    assert error_of(client.get_layer_version_policy, **which) == no_policy
    added = client.add_layer_version_permission(
        **which, StatementId="s1", Action="lambda:GetLayerVersion", Principal="*"
    )
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    statement = (
        '{"Sid":"s1","Effect":"Allow","Principal":"*","Action":"lambda:GetLayerVersion",'
        f'"Resource":"{arn}"}}'
    )
    assert added["Statement"] == statement
    policy = client.get_layer_version_policy(**which)
    assert (
        policy["Policy"] == f'{{"Version":"2012-10-17","Id":"default","Statement":[{statement}]}}'
    )
    assert policy["RevisionId"] == added["RevisionId"]
    again = {"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"}
    assert error_of(client.add_layer_version_permission, **which, **again) == (
        409,
        "ResourceConflictException",
        (
            "The statement id (s1) provided already exists. Please provide a new statement id, "
            "or remove the existing statement."
        ),
    )
    stale = error_of(
        client.add_layer_version_permission,
        **which,
        **(again | {"StatementId": "s2"}),
        RevisionId="x",
    )
    assert stale == (
        412,
        "PreconditionFailedException",
        (
            "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy "
            "API to retrieve the latest Revision Id"
        ),
    )
    shared = client.add_layer_version_permission(
        **which,
        StatementId="s2",
        Action="lambda:GetLayerVersion",
        Principal="*",
        OrganizationId="o-123abc4567",
        RevisionId=added["RevisionId"],
    )
    assert json.loads(shared["Statement"])["Condition"] == {
        "StringEquals": {"aws:PrincipalOrgID": "o-123abc4567"}
    }
    client.remove_layer_version_permission(**which, StatementId="s2")
    assert error_of(client.remove_layer_version_permission, **which, StatementId="s2")[2] == (
        "Statement s2 is not found in resource policy."
    )
    client.remove_layer_version_permission(**which, StatementId="s1")
    assert error_of(client.get_layer_version_policy, **which) == no_policy
    gone = arn.removesuffix("1") + "2"
    assert error_of(client.get_layer_version_policy, LayerName="l", VersionNumber=2) == (
        404,
        "ResourceNotFoundException",
        f"Layer version {gone} does not exist.",
    )


def test_other_accounts_need_permission(
    client: Any, running: Any, publish: Any, error_of: Any
) -> None:
    arn = publish("l", {"a.txt": "x"})["LayerVersionArn"]
    credential = running.run(running.platform.accounts.create())
    other: Any = boto3.client(
        "lambda",
        endpoint_url=running.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
    )
    status, code, message = error_of(other.get_layer_version_by_arn, Arn=arn)
    assert (status, code) == (403, "AccessDeniedException")
    assert message.endswith(
        "because no resource-based policy allows the lambda:GetLayerVersion action"
    )
    client.add_layer_version_permission(
        LayerName="l",
        VersionNumber=1,
        StatementId="s",
        Action="lambda:GetLayerVersion",
        Principal=credential.principal.account_id,
    )
    assert other.get_layer_version_by_arn(Arn=arn)["LayerVersionArn"] == arn
    # As github.com/mooyoul/serverless-latest-layer-version/issues/31 quotes it: no permission can help.
    layer = arn.removesuffix(":1")
    status, code, message = error_of(other.list_layer_versions, LayerName=layer)
    assert (status, code) == (403, "AccessDeniedException")
    assert message == (
        f"User: {credential.principal.arn} is not authorized to perform: lambda:ListLayerVersions "
        f"on resource: {layer} because no resource-based policy allows the lambda:ListLayerVersions action"
    )
