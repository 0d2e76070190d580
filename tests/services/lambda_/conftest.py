"""Clients and packages for the tests of Lambda through boto3."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

ECHO = "def run(event, context): return event"


@pytest.fixture
def client(aws: Callable[[str], LambdaClient]) -> LambdaClient:
    """A Lambda client of a fresh account."""
    return aws("lambda")


@pytest.fixture
def make_zip() -> Callable[[dict[str, str]], bytes]:
    """Bytes of a zip with these files."""
    return zip_of


@pytest.fixture
def create(client: LambdaClient) -> Callable[..., dict[str, Any]]:
    """Create a Python function from its source and return the answer; further members as given."""

    def create_function(name: str, source: str = ECHO, **members: Any) -> dict[str, Any]:
        answer = client.create_function(
            **{
                "FunctionName": name,
                "Runtime": "python3.12",
                "Role": execution_role(client),
                "Handler": "handler.run",
                "Code": {"ZipFile": zip_of({"handler.py": source})},
                **members,
            }
        )
        return dict(answer)

    return create_function


def zip_of(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return buffer.getvalue()


@pytest.fixture
def error_of() -> Callable[..., tuple[int, str, Any]]:
    """Call an operation that must fail; returns status, code and message."""

    def error(call: Callable[..., Any], **request: Any) -> tuple[int, str, Any]:
        with pytest.raises(ClientError) as answered:
            call(**request)
        response: dict[str, Any] = dict(answered.value.response)
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        return status, response["Error"]["Code"], response["Error"]["Message"]

    return error
