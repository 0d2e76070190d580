"""Clients and small policies for the tests of IAM through boto3."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

READ_LOGS: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "logs:Get*", "Resource": "*"}],
}
TRUST_LAMBDA: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


@pytest.fixture
def iam(aws: Callable[[str], IAMClient]) -> IAMClient:
    """An IAM client of the root of a fresh account."""
    return aws("iam")


@pytest.fixture
def read_logs() -> str:
    return json.dumps(READ_LOGS)


@pytest.fixture
def trust_lambda() -> str:
    return json.dumps(TRUST_LAMBDA)


@pytest.fixture
def account_id(aws: Callable[[str], IAMClient]) -> str:
    """The account of `iam`."""
    arn: str = aws("iam").get_user()["User"]["Arn"]
    return arn.split(":")[4]
