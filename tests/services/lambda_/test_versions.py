"""Versions and aliases, as boto3 sees them."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

    Create = Callable[..., dict[str, Any]]
    MakeZip = Callable[[dict[str, str]], bytes]

WHICH = """
number = {number}
def run(event, context):
    return [number, context.function_version, context.invoked_function_arn, context.log_stream_name]
"""


@pytest.fixture
def two_versions(client: LambdaClient, create: Create, make_zip: MakeZip) -> str:
    """A function `f` with versions 1 and 2; returns its ARN."""
    arn = str(create("f", WHICH.format(number=1))["FunctionArn"])
    client.publish_version(FunctionName="f")
    code = make_zip({"handler.py": WHICH.format(number=2)})
    assert (
        client.update_function_code(FunctionName="f", ZipFile=code, Publish=True)["Version"] == "2"
    )
    return arn


def _error(call: Callable[..., Any], **request: Any) -> tuple[int, str, str]:
    with pytest.raises(ClientError) as answered:
        call(**request)
    response: dict[str, Any] = dict(answered.value.response)
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    return status, response["Error"]["Code"], response["Error"]["Message"]


def test_a_version_is_a_copy_that_does_not_change(
    client: LambdaClient, create: Create, make_zip: MakeZip
) -> None:
    arn = create("f", WHICH.format(number=1))["FunctionArn"]
    published = client.publish_version(FunctionName="f", Description="first")
    assert published["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (published["Version"], published["FunctionArn"]) == ("1", f"{arn}:1")
    assert (published["Description"], published["State"]) == ("first", "Active")
    assert published["LastUpdateStatus"] == "Successful"
    latest = client.get_function_configuration(FunctionName="f")
    assert latest["RevisionId"] != published["RevisionId"]
    assert latest["Description"] == ""
    again = client.publish_version(FunctionName="f", Description="second")
    assert (again["Version"], again["Description"]) == ("1", "first")
    client.update_function_code(
        FunctionName="f", ZipFile=make_zip({"handler.py": WHICH.format(number=2)})
    )
    for qualifier, expected in (("1", [1, "1"]), ("$LATEST", [2, "$LATEST"])):
        answer = client.invoke(FunctionName="f", Qualifier=qualifier)
        assert answer["ExecutedVersion"] == expected[1]
        number, version, invoked, stream = json.loads(answer["Payload"].read())
        assert ([number, version], invoked) == (expected, f"{arn}:{qualifier}")
        assert f"[{expected[1]}]" in stream


def test_publishing_with_the_function(client: LambdaClient, create: Create) -> None:
    created = create("f", WHICH.format(number=1), Publish=True)
    assert (created["Version"], created["State"]) == ("1", "Pending")
    assert not created["FunctionArn"].endswith(":1")
    assert client.invoke(FunctionName="f:1")["ExecutedVersion"] == "1"
    shown = client.get_function(FunctionName="f", Qualifier="1")["Configuration"]
    assert (shown["State"], shown["LastUpdateStatus"]) == ("Active", "Successful")
    assert shown["RevisionId"] == created["RevisionId"]
    assert client.publish_version(FunctionName="f")["Version"] == "1"


def test_versions_are_listed_and_deleted(client: Any, two_versions: str) -> None:
    listed = client.list_versions_by_function(FunctionName="f")["Versions"]
    assert [version["FunctionArn"] for version in listed] == [
        f"{two_versions}:{qualifier}" for qualifier in ("$LATEST", "1", "2")
    ]
    assert all("State" not in version for version in listed)
    everything = client.list_functions(FunctionVersion="ALL")["Functions"]
    assert [each["Version"] for each in everything] == ["$LATEST", "1", "2"]
    pages = client.get_paginator("list_versions_by_function").paginate(
        FunctionName="f", PaginationConfig={"PageSize": 2}
    )
    assert [[each["Version"] for each in page["Versions"]] for page in pages] == [
        ["$LATEST", "1"],
        ["2"],
    ]
    pages_of_all = client.get_paginator("list_functions").paginate(
        FunctionVersion="ALL", PaginationConfig={"PageSize": 2}
    )
    assert [[each["Version"] for each in page["Functions"]] for page in pages_of_all] == [
        ["$LATEST", "1"],
        ["2"],
    ]
    client.delete_function(FunctionName="f", Qualifier="2")
    missing = (404, "ResourceNotFoundException", f"Function not found: {two_versions}:2")
    assert _error(client.get_function, FunctionName="f", Qualifier="2") == missing
    assert _error(client.invoke, FunctionName="f", Qualifier="2") == missing
    # A number is never given twice.
    assert client.publish_version(FunctionName="f")["Version"] == "3"


def test_publishing_checks_what_it_is_told(client: LambdaClient, create: Create) -> None:
    arn = create("f")["FunctionArn"]
    digest = client.get_function_configuration(FunctionName="f")["CodeSha256"]
    assert _error(client.publish_version, FunctionName="f", CodeSha256="x") == (
        400,
        "InvalidParameterValueException",
        (
            f"CodeSHA256 (x) is different from current CodeSHA256 in $LATEST ({digest}). "
            "Please try again with the CodeSHA256 in $LATEST."
        ),
    )
    assert _error(client.publish_version, FunctionName="f", RevisionId="x")[:2] == (
        412,
        "PreconditionFailedException",
    )
    assert _error(client.publish_version, FunctionName="g")[2] == (
        f"Function not found: {arn.removesuffix('f')}g"
    )
    assert _error(client.list_versions_by_function, FunctionName="g")[0] == 404
    assert client.publish_version(FunctionName="f", CodeSha256=digest)["Version"] == "1"


def test_the_life_of_an_alias(client: Any, two_versions: str) -> None:
    created = client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert created.pop("ResponseMetadata")["HTTPStatusCode"] == 201
    arn = f"{two_versions}:live"
    assert created == {
        "AliasArn": arn,
        "Name": "live",
        "FunctionVersion": "1",
        "Description": "",
        "RevisionId": created["RevisionId"],
    }
    answer = client.invoke(FunctionName=arn)
    assert answer["ExecutedVersion"] == "1"
    assert json.loads(answer["Payload"].read())[:3] == [1, "1", arn]
    shown = client.get_function(FunctionName="f", Qualifier="live")["Configuration"]
    assert (shown["FunctionArn"], shown["Version"]) == (arn, "1")
    moved = client.update_alias(FunctionName="f", Name="live", FunctionVersion="2", Description="d")
    assert moved["RevisionId"] != created["RevisionId"]
    assert client.invoke(FunctionName="f:live")["ExecutedVersion"] == "2"
    assert client.get_alias(FunctionName="f", Name="live")["Description"] == "d"
    client.create_alias(FunctionName="f", Name="dev", FunctionVersion="$LATEST")
    names = [alias["Name"] for alias in client.list_aliases(FunctionName="f")["Aliases"]]
    assert names == ["dev", "live"]
    only = client.list_aliases(FunctionName="f", FunctionVersion="2")["Aliases"]
    assert [alias["Name"] for alias in only] == ["live"]
    assert _error(client.delete_function, FunctionName="f", Qualifier="2") == (
        409,
        "ResourceConflictException",
        "Unable to delete version because the following aliases reference it: [live]",
    )
    for _ in range(2):
        deleted = client.delete_alias(FunctionName="f", Name="live")
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert _error(client.invoke, FunctionName="f:live") == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {arn}",
    )


def test_weights_steer_real_invocations(client: Any, two_versions: str) -> None:
    weights = {"AdditionalVersionWeights": {"2": 0.5}}
    created = client.create_alias(
        FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=weights
    )
    assert created["RoutingConfig"] == weights

    def call(_: int) -> str:
        return str(client.invoke(FunctionName="f:live")["ExecutedVersion"])

    with ThreadPoolExecutor(4) as threads:
        counted = Counter(threads.map(call, range(60)))
    # One in 2^59 runs sees only one of them.
    assert counted.keys() == {"1", "2"}
    client.update_alias(
        FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}}
    )
    assert {call(number) for number in range(10)} == {"2"}
    plain = client.update_alias(
        FunctionName="f", Name="live", RoutingConfig={"AdditionalVersionWeights": {}}
    )
    assert "RoutingConfig" not in plain
    assert {call(number) for number in range(10)} == {"1"}


@pytest.mark.parametrize(
    ("request_", "status", "code", "message"),
    [
        ({"FunctionVersion": "9"}, 404, "ResourceNotFoundException", "Function not found: {arn}:9"),
        ({"FunctionVersion": "1", "Name": "there"}, 409, "ResourceConflictException",
         "Alias already exists: {arn}:there"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5, "2": 0.5}}}, 400, "InvalidParameterValueException",
         "Number of items in AdditionalVersionWeights cannot be greater than 1"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}, 400, "InvalidParameterValueException",
         "Invalid function version 1. Function version 1 is already included in routing configuration."),
        ({"FunctionVersion": "$LATEST", "RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}}, 400,
         "InvalidParameterValueException", "$LATEST is not supported for an alias pointing to more than 1 version"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"7": 0.5}}}, 404, "ResourceNotFoundException",
         "Function not found: {arn}:7"),
        ({"RoutingConfig": {"AdditionalVersionWeights": {"2": 2.0}}}, 400, "ValidationException", None),
        ({"Name": "123"}, 400, "ValidationException", None),
        ({"FunctionName": "nope"}, 404, "ResourceNotFoundException", None),
    ],
)  # fmt: skip
def test_aliases_that_cannot_be(
    client: Any, two_versions: str, request_: dict[str, Any], status: int, code: str, message: Any
) -> None:  # fmt: skip
    client.create_alias(FunctionName="f", Name="there", FunctionVersion="1")
    members = {"FunctionName": "f", "Name": "new", "FunctionVersion": "1", **request_}
    answered = _error(client.create_alias, **members)
    assert answered[:2] == (status, code)
    if message is not None:
        assert answered[2] == message.format(arn=two_versions)
    assert len(client.list_aliases(FunctionName="f")["Aliases"]) == 1


def test_updating_and_reading_what_is_not_there(client: Any, two_versions: str) -> None:
    missing = {"FunctionName": "f", "Name": "no"}
    assert _error(client.get_alias, **missing)[2] == f"Cannot find alias arn: {two_versions}:no"
    assert _error(client.update_alias, **missing)[2] == f"Alias not found: {two_versions}:no"
    client.create_alias(FunctionName="f", Name="a", FunctionVersion="1")
    stale = _error(client.update_alias, FunctionName="f", Name="a", RevisionId="x")
    assert stale[:2] == (412, "PreconditionFailedException")


def test_deleting_the_function_takes_everything_along(
    client: LambdaClient, create: Create, two_versions: str
) -> None:
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    client.delete_function(FunctionName="f")
    assert client.list_functions(FunctionVersion="ALL")["Functions"] == []
    create("f")
    assert client.list_aliases(FunctionName="f")["Aliases"] == []
    assert client.publish_version(FunctionName="f")["Version"] == "1"
