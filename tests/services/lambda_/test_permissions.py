"""Resource policies and tags, as boto3 sees them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

S3 = {
    "FunctionName": "f",
    "StatementId": "s3",
    "Action": "lambda:InvokeFunction",
    "Principal": "s3.amazonaws.com",
}
STALE = (
    412,
    "PreconditionFailedException",
    (
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to "
        "retrieve the latest Revision Id"
    ),
)
MISSING = (404, "ResourceNotFoundException", "The resource you requested does not exist.")


@pytest.mark.parametrize(
    ("members", "principal", "condition"),
    [
        ({}, '{"Service":"s3.amazonaws.com"}', ""),
        ({"Principal": "*"}, '"*"', ""),
        ({"Principal": "111122223333"}, '{"AWS":"arn:aws:iam::111122223333:root"}', ""),
        (
            {"Principal": "arn:aws:iam::111122223333:user/u"},
            '{"AWS":"arn:aws:iam::111122223333:user/u"}',
            "",
        ),
        (
            {"SourceArn": "arn:aws:s3:::bucket", "SourceAccount": "111122223333"},
            '{"Service":"s3.amazonaws.com"}',
            (
                '{"StringEquals":{"AWS:SourceAccount":"111122223333"},'
                '"ArnLike":{"AWS:SourceArn":"arn:aws:s3:::bucket"}}'
            ),
        ),
        (
            {"EventSourceToken": "t", "Principal": "alexa-appkit.amazon.com"},
            '{"Service":"alexa-appkit.amazon.com"}',
            '{"StringEquals":{"lambda:EventSourceToken":"t"}}',
        ),
        (
            {"PrincipalOrgID": "o-1234567890", "Principal": "*"},
            '"*"',
            '{"StringEquals":{"aws:PrincipalOrgID":"o-1234567890"}}',
        ),
        (
            {
                "Action": "lambda:InvokeFunctionUrl",
                "FunctionUrlAuthType": "NONE",
                "Principal": "*",
            },
            '"*"',
            '{"StringEquals":{"lambda:FunctionUrlAuthType":"NONE"}}',
        ),
    ],
)
def test_statements_are_those_of_aws(
    client: Any, create: Create, members: dict[str, str], principal: str, condition: str
) -> None:
    arn = create("f")["FunctionArn"]
    request = S3 | members
    added = client.add_permission(**request)
    assert added["ResponseMetadata"]["HTTPStatusCode"] == 201
    expected = (
        f'{{"Sid":"s3","Effect":"Allow","Principal":{principal},"Action":"{request["Action"]}",'
        f'"Resource":"{arn}"' + (f',"Condition":{condition}' if condition else "") + "}"
    )
    assert added["Statement"] == expected
    assert client.get_policy(FunctionName="f")["Policy"] == (
        f'{{"Version":"2012-10-17","Id":"default","Statement":[{expected}]}}'
    )


def test_the_life_of_a_policy(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f")["FunctionArn"]
    client.publish_version(FunctionName="f")
    before = client.get_function_configuration(FunctionName="f")["RevisionId"]
    assert error_of(client.get_policy, FunctionName="f") == MISSING
    assert error_of(client.remove_permission, FunctionName="f", StatementId="s3") == (
        404,
        "ResourceNotFoundException",
        "No policy is associated with the given resource.",
    )
    client.add_permission(**S3, RevisionId=before)
    after = client.get_function_configuration(FunctionName="f")["RevisionId"]
    assert after != before
    assert client.get_policy(FunctionName="f")["RevisionId"] == after
    assert (
        error_of(client.add_permission, **(S3 | {"StatementId": "x"}), RevisionId=before) == STALE
    )
    assert error_of(client.add_permission, **S3) == (
        409,
        "ResourceConflictException",
        (
            "The statement id (s3) provided already exists. Please provide a new statement id, or "
            "remove the existing statement."
        ),
    )
    # A policy for each qualifier.
    version = client.add_permission(**S3, Qualifier="1")
    assert json.loads(version["Statement"])["Resource"] == f"{arn}:1"
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    client.add_permission(**(S3 | {"FunctionName": "f:live", "StatementId": "alias"}))
    policy = json.loads(client.get_policy(FunctionName="f", Qualifier="live")["Policy"])
    assert [each["Sid"] for each in policy["Statement"]] == ["alias"]
    assert error_of(client.remove_permission, FunctionName="f", StatementId="no")[2] == (
        "Statement no is not found in resource policy."
    )
    client.remove_permission(FunctionName="f", StatementId="s3", RevisionId=after)
    assert error_of(client.get_policy, FunctionName="f") == MISSING
    assert client.get_policy(FunctionName="f", Qualifier="1")


def test_permissions_that_cannot_be_given(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f")["FunctionArn"]

    def refusal(**members: str) -> Any:
        return error_of(client.add_permission, **(S3 | members))

    assert refusal(Qualifier="$LATEST") == (
        400,
        "InvalidParameterValueException",
        "We currently do not support adding policies for $LATEST.",
    )
    assert refusal(Principal="nobody") == (
        400,
        "InvalidParameterValueException",
        "The provided principal was invalid. Please check the principal and try again.",
    )
    assert refusal(FunctionUrlAuthType="NONE")[2] == (
        "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
    )
    assert refusal(FunctionName="g") == (
        404,
        "ResourceNotFoundException",
        f"Function not found: {arn.removesuffix('f')}g",
    )
    assert refusal(Qualifier="7")[2] == f"Function not found: {arn}:7"
    assert refusal(Qualifier="no")[2] == f"Cannot find alias arn: {arn}:no"
    assert refusal(Action="s3:Get")[:2] == (400, "ValidationException")
    assert refusal(RevisionId="x") == STALE
    assert error_of(client.get_policy, FunctionName="f") == MISSING


def test_a_policy_has_20_kb(client: Any, create: Create, error_of: Any) -> None:
    create("f")
    for number in range(10):
        client.add_permission(
            **(S3 | {"StatementId": f"s{number}"}), SourceArn="arn:aws:s3:::" + "x" * 1800
        )
    too_long = error_of(
        client.add_permission,
        **(S3 | {"StatementId": "more"}),
        SourceArn="arn:aws:s3:::" + "x" * 1800,
    )
    assert too_long[:2] == (400, "PolicyLengthExceededException")


def test_a_whole_policy_is_put_read_and_deleted(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f")["FunctionArn"]
    statement = {
        "Sid": "a",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["lambda:InvokeFunction"],
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    put = client.put_resource_policy(ResourceArn=arn, Policy=policy)
    assert json.loads(put["Policy"])["Statement"] == [statement]
    shown = client.get_resource_policy(ResourceArn=arn)
    assert (shown["Policy"], shown["RevisionId"]) == (put["Policy"], put["RevisionId"])
    for bad in (
        "{",
        "[]",
        '{"Statement":[{"Effect":"Maybe"}]}',
        '{"Statement":[{"Effect":"Allow"}]}',
    ):
        assert error_of(client.put_resource_policy, ResourceArn=arn, Policy=bad)[:2] == (
            400,
            "InvalidParameterValueException",
        )
    client.delete_resource_policy(ResourceArn=arn)
    assert error_of(client.get_resource_policy, ResourceArn=arn) == MISSING


def test_the_tags_of_a_function(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f", Tags={"a": "1"})["FunctionArn"]
    assert client.list_tags(Resource=arn)["Tags"] == {"a": "1"}
    assert (
        client.tag_resource(Resource=arn, Tags={"b": "2"})["ResponseMetadata"]["HTTPStatusCode"]
        == 204
    )
    assert client.get_function(FunctionName="f")["Tags"] == {"a": "1", "b": "2"}
    client.untag_resource(Resource=arn, TagKeys=["a", "c"])
    assert client.list_tags(Resource=arn)["Tags"] == {"b": "2"}
    client.untag_resource(Resource=arn, TagKeys=["b"])
    assert client.list_tags(Resource=arn)["Tags"] == {}
    assert "Tags" not in client.get_function(FunctionName="f")
    for call, members in (
        (client.tag_resource, {"Tags": {"a": "1"}}),
        (client.untag_resource, {"TagKeys": ["a"]}),
        (client.list_tags, {}),
    ):
        assert error_of(call, Resource=f"{arn}:1", **members) == (
            400,
            "InvalidParameterValueException",
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        )
        assert error_of(call, Resource=f"{arn}x", **members)[2] == f"Function not found: {arn}x"
    many = {str(number): "x" for number in range(51)}
    too_many = (400, "InvalidParameterValueException", "Number of tags exceeds resource tag limit.")
    assert error_of(client.tag_resource, Resource=arn, Tags=many) == too_many
    refused = "aws: prefixed tag key names are not allowed for external use."
    answer = error_of(client.tag_resource, Resource=arn, Tags={"aws:a": "1"})
    assert answer == (400, "InvalidParameterValueException", refused)
    assert error_of(create, name="g", Tags=many) == too_many
