"""Clients and packages for the tests of Lambda through boto3."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

ECHO = "def run(event, context): return event"
# Where a function finds the platform.
INSIDE = "http://127.0.0.1:4566"
# For functions that keep their environments busy until the function `release` exists, which they ask the platform.
HOLDS = """
import time, urllib.error, urllib.request
def hold(event):
    while True:
        try:
            return urllib.request.urlopen(event["until"]).status
        except urllib.error.HTTPError as error:
            if error.code != 404:
                return error.read().decode()
        time.sleep(0.05)
"""


@pytest.fixture
def client(aws: Callable[[str], LambdaClient]) -> LambdaClient:
    """A Lambda client of a fresh account."""
    return aws("lambda")


@pytest.fixture
def until_release(client: Any) -> bytes:
    """The event that `hold` of `HOLDS` goes by."""
    released = AWSRequest("GET", f"{INSIDE}/2015-03-31/functions/release")
    signer = SigV4QueryAuth(client._request_signer._credentials, "lambda", "us-east-1", expires=900)
    signer.add_auth(released)
    return json.dumps({"until": released.url}).encode()


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
