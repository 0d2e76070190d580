"""Clients and APIs for the tests of HTTP APIs through boto3."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

Answer = dict[str, Any]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


@pytest.fixture
def client(aws: Callable[[str], Any]) -> Any:
    """A client of a fresh account."""
    return aws("apigatewayv2")


@pytest.fixture
def api(client: Any) -> Any:
    """An API without routes."""
    return client.create_api(Name="pets", ProtocolType="HTTP")


@pytest.fixture
def function_arn() -> str:
    """The ARN of a function that need not be there."""
    return FUNCTION
