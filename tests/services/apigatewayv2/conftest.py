"""Clients and APIs for the tests of HTTP APIs through boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = dict[str, Any]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def client(aws: Callable[[str], Any]) -> Any:
    """A client of a fresh account."""
    return aws("apigatewayv2")


@pytest.fixture
def body() -> Callable[[Any], Answer]:
    """An answer without what boto3 adds to it."""

    def without_metadata(answer: Any) -> Answer:
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    return without_metadata


@pytest.fixture
def error_of() -> Callable[..., tuple[int, str, str]]:
    """Call an operation that must fail; returns status, code and message."""

    def error(call: Callable[..., Any], **request: Any) -> tuple[int, str, str]:
        with pytest.raises(ClientError) as answered:
            call(**request)
        response: Any = answered.value.response
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return status, response["Error"]["Code"], response["Error"]["Message"]

    return error


@pytest.fixture
def api(client: Any) -> Any:
    """An API without routes."""
    return client.create_api(Name="pets", ProtocolType="HTTP")


@pytest.fixture
def function_arn() -> str:
    """The ARN of a function that need not be there."""
    return FUNCTION
