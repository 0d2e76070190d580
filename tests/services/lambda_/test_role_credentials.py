"""What a function is to AWS: a session of its execution role."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = """
import os

def run(event, context):
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return {name.lower(): os.environ[name] for name in names}
"""


def _trust(principal: dict[str, str], **members: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


LAMBDA = {"Service": "lambda.amazonaws.com"}


@pytest.fixture
def role(aws: Callable[..., Any]) -> Callable[..., dict[str, str]]:
    def make(name: str, document: str = "", **members: Any) -> dict[str, str]:
        trust = document or _trust(LAMBDA)
        iam = aws("iam")
        made: dict[str, str] = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust, **members
        )["Role"]
        return made

    return make


@pytest.fixture
def credentials(client: Any, create: Callable[..., Any]) -> Callable[[str, str], dict[str, str]]:
    """What a function with that role has, as options of a client."""

    def of(name: str, role_arn: str) -> dict[str, str]:
        create(name, SOURCE, Role=role_arn)
        answer: dict[str, str] = json.loads(client.invoke(FunctionName=name)["Payload"].read())
        return answer

    return of


def test_a_function_is_a_session_of_its_role(
    aws: Callable[..., Any],
    role: Callable[..., dict[str, str]],
    credentials: Callable[[str, str], dict[str, str]],
) -> None:
    made = role("reader", Path="/service-role/")
    account_id = made["Arn"].split(":")[4]
    who = aws("sts", **credentials("hello", made["Arn"])).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::{account_id}:assumed-role/reader/hello"
    assert (who["UserId"], who["Account"]) == (f"{made['RoleId']}:hello", account_id)


def test_a_condition_on_the_account_or_the_function_holds(
    role: Callable[..., dict[str, str]],
    create: Callable[..., Any],
    client: Any,
    error_of: Callable[..., Any],
    make_zip: Callable[..., bytes],
) -> None:
    account_id = role("any")["Arn"].split(":")[4]
    own = f"arn:aws:lambda:us-east-1:{account_id}:function:f"
    for_f = _trust(LAMBDA, Condition={"ArnEquals": {"aws:SourceArn": own}})
    elsewhere = _trust(LAMBDA, Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}})
    create("f", SOURCE, Role=role("for-f", for_f)["Arn"])
    given = json.loads(client.invoke(FunctionName="f")["Payload"].read())
    assert given["aws_access_key_id"].startswith("ASIA")
    update = client.update_function_configuration
    other = role("elsewhere", elsewhere)["Arn"]
    assert error_of(update, FunctionName="f", Role=other) == REFUSED


def test_the_sdk_in_a_handler_may_do_what_the_role_may(
    aws: Callable[..., Any],
    client: Any,
    create: Callable[..., Any],
    role: Callable[..., dict[str, str]],
) -> None:
    source = """
import boto3

def run(event, context):
    client = boto3.client("lambda")
    try:
        return [each["FunctionName"] for each in client.list_functions()["Functions"]]
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Message"]
"""
    made = role("lister")
    account_id = made["Arn"].split(":")[4]
    create("f", source, Role=made["Arn"], Timeout=20)
    who = f"arn:aws:sts::{account_id}:assumed-role/lister/f"
    refused = json.loads(client.invoke(FunctionName="f")["Payload"].read())
    assert refused == (
        f"User: {who} is not authorized to perform: lambda:ListFunctions on resource: * because no "
        "identity-based policy allows the lambda:ListFunctions action"
    )
    aws("iam").attach_role_policy(
        RoleName="lister", PolicyArn="arn:aws:iam::aws:policy/AWSLambda_ReadOnlyAccess"
    )
    assert json.loads(client.invoke(FunctionName="f")["Payload"].read()) == ["f"]


REFUSED = (
    400,
    "InvalidParameterValueException",
    "The role defined for the function cannot be assumed by Lambda.",
)


def test_a_function_is_given_a_role_that_trusts_lambda(
    client: Any,
    create: Callable[..., Any],
    role: Callable[..., dict[str, str]],
    error_of: Callable[..., Any],
    make_zip: Callable[..., bytes],
) -> None:
    good = role("good")["Arn"]
    bad = role("bad", _trust({"Service": "ec2.amazonaws.com"}))["Arn"]
    request = {
        "FunctionName": "f",
        "Runtime": "python3.12",
        "Handler": "handler.run",
        "Code": {"ZipFile": make_zip({"handler.py": SOURCE})},
    }
    for arn in (bad, f"{good}-gone"):
        assert error_of(client.create_function, **request, Role=arn) == REFUSED
    theirs = "arn:aws:iam::123456789012:role/r"
    crossing = error_of(client.create_function, **request, Role=theirs)
    assert crossing[:2] == (403, "AccessDeniedException")
    create("f", Role=good)
    update = client.update_function_configuration
    assert error_of(update, FunctionName="f", Role=bad) == REFUSED
    assert client.get_function_configuration(FunctionName="f")["Role"] == good


def test_a_role_that_is_deleted_lends_nothing_any_more(
    aws: Callable[..., Any],
    client: Any,
    create: Callable[..., Any],
    role: Callable[..., dict[str, str]],
) -> None:
    create("f", SOURCE, Role=role("r2")["Arn"])
    aws("iam").delete_role(RoleName="r2")
    given = json.loads(client.invoke(FunctionName="f")["Payload"].read())
    assert given["aws_access_key_id"] == "placeholder"


def test_environments_that_start_together_share_a_session_until_its_role_changes(
    aws: Callable[..., Any],
    client: Any,
    create: Callable[..., Any],
    role: Callable[..., dict[str, str]],
) -> None:
    made = role("shared")
    create("f", SOURCE, Role=made["Arn"])
    create("g", SOURCE, Role=made["Arn"])
    generation = 0

    def key_id(name: str) -> str:
        """Of a new environment."""
        nonlocal generation
        generation += 1
        variables = {"GENERATION": str(generation)}
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
        given = json.loads(client.invoke(FunctionName=name)["Payload"].read())
        return str(given["aws_access_key_id"])

    first = key_id("f")
    assert first.startswith("ASIA")
    assert key_id("f") == first
    assert key_id("g") != first
    trust = aws("iam").update_assume_role_policy
    trust(RoleName="shared", PolicyDocument=_trust({"Service": "ec2.amazonaws.com"}))
    assert key_id("f") == "placeholder"
    trust(RoleName="shared", PolicyDocument=_trust(LAMBDA))
    assert key_id("f") not in (first, "placeholder")
