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


@pytest.mark.parametrize(
    "document",
    [
        _trust({"Service": "ec2.amazonaws.com"}),
        _trust(LAMBDA, Condition={"StringEquals": {"aws:SourceAccount": "999999999999"}}),
    ],
)
def test_a_role_that_does_not_trust_lambda_lends_it_nothing(
    role: Callable[..., dict[str, str]],
    credentials: Callable[[str, str], dict[str, str]],
    document: str,
) -> None:
    given = credentials("f", role("r", document)["Arn"])
    assert given["aws_access_key_id"] == "placeholder"


def test_a_role_of_another_account_lends_it_nothing(
    platform: Any, running: Any, credentials: Callable[[str, str], dict[str, str]]
) -> None:
    import boto3

    other = running.run(platform.accounts.create())
    make_client: Any = boto3.client
    iam = make_client(
        "iam",
        endpoint_url=platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=other.access_key_id,
        aws_secret_access_key=other.secret_access_key,
    )
    theirs = iam.create_role(RoleName="r", AssumeRolePolicyDocument=_trust(LAMBDA))["Role"]
    given = credentials("f", theirs["Arn"])
    assert given["aws_access_key_id"] == "placeholder"
