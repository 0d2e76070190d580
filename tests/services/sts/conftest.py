"""Clients, users and roles for the tests of STS through boto3."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningPlatform
    from types_boto3_iam.client import IAMClient

    ErrorOf = Callable[..., tuple[int, str, str]]


def policy(action: str | list[str], resource: str = "*", **members: Any) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal: Any, action: Any = "sts:AssumeRole", **members: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(aws: Callable[[str], IAMClient]) -> IAMClient:
    """An IAM client of the root of a fresh account."""
    return aws("iam")


@pytest.fixture
def account_id(iam: IAMClient) -> str:
    """The account of `iam`."""
    return iam.get_user()["User"]["Arn"].split(":")[4]


@pytest.fixture
def as_user(iam: IAMClient, aws: Callable[..., Any]) -> Callable[[str], Callable[..., Any]]:
    """`as_user("ann")("sts")` is a client of a user, who is made."""

    def user(name: str) -> Callable[..., Any]:
        iam.create_user(UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return lambda service: aws(
            service,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    return user


@pytest.fixture
def as_session(aws: Callable[..., Any]) -> Callable[[Any], Callable[..., Any]]:
    """`as_session(answer)("sts")` is a client with the credentials of an answer of STS."""

    def session(answer: Any) -> Callable[..., Any]:
        given = answer["Credentials"]
        return lambda service, **options: aws(
            service,
            **{
                "aws_access_key_id": given["AccessKeyId"],
                "aws_secret_access_key": given["SecretAccessKey"],
                "aws_session_token": given["SessionToken"],
                **options,
            },
        )

    return session


@pytest.fixture
def other(running: RunningPlatform) -> Callable[[str], Any]:
    """`other("iam")` is a client of the root of another account."""
    credential = running.run(running.platform.accounts.create())
    make_client: Any = boto3.client
    return lambda service: make_client(
        service,
        endpoint_url=running.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
    )
