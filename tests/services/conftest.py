"""What the tests of every service want of boto3's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


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
def body() -> Callable[[Any], dict[str, Any]]:
    """An answer without what boto3 adds to it."""

    def without_metadata(answer: Any) -> dict[str, Any]:
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    return without_metadata
