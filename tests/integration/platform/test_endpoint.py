"""The platform's own AWS endpoint, as functions find it."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

pytestmark = pytest.mark.sandbox

LIST = """
import boto3, os
def handler(event, context):
    client = boto3.client("lambda", **event["keys"])
    names = [each["FunctionName"] for each in client.list_functions()["Functions"]]
    return {"names": names, "endpoint": client.meta.endpoint_url}
"""
FETCH = """
exports.handler = async (event) => {
  const response = await fetch(process.env.AWS_ENDPOINT_URL + event.path, { method: event.method || 'GET' });
  return { status: response.status, text: await response.text() };
};
"""
SDK_2 = """
const AWS = require('aws-sdk');
exports.handler = async ({ keys }) => {
  const { Functions } = await new AWS.Lambda(keys).listFunctions().promise();
  return Functions.map(({ FunctionName }) => FunctionName);
};
"""
SDK_3 = """
const { LambdaClient, ListFunctionsCommand } = require('@aws-sdk/client-lambda');
exports.handler = async ({ keys: { accessKeyId, secretAccessKey } }) => {
  const client = new LambdaClient({ credentials: { accessKeyId, secretAccessKey } });
  const { Functions } = await client.send(new ListFunctionsCommand({}));
  return Functions.map(({ FunctionName }) => FunctionName);
};
"""
CONNECT = """
import select, socket
def handler(event, context):
    *held, last = [socket.create_connection(("127.0.0.1", 4566), 10) for _ in range(129)]
    for client in (*held, last):
        client.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    answered = sum(client.recv(12).startswith(b"HTTP/1.1 ") for client in held)
    waits = not select.select([last], [], [], 0.1)[0]
    held.pop().close()
    return answered, waits, last.recv(12)[:9].decode()
"""
LOOK = """
import os, socket
def handler(event, context):
    found = {"url": os.environ.get("AWS_ENDPOINT_URL")}
    for name, address in {"platform": ("127.0.0.1", 4566), "outside": ("198.51.100.1", 9)}.items():
        with socket.socket() as client:
            client.settimeout(2)
            try:
                client.connect(address)
                found[name] = "connected"
            except OSError as error:
                found[name] = os.strerror(error.errno) if error.errno else str(error)
    return found
"""


class Functions:
    """Args: a Lambda client."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def create(self, name: str, source: str, **members: Any) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("app.py" if "def handler" in source else "app.js", source)
        self.client.create_function(
            FunctionName=name,
            Runtime="python3.12" if "def handler" in source else "nodejs20.x",
            Role=execution_role(self.client),
            Handler="app.handler",
            Code={"ZipFile": buffer.getvalue()},
            **{"Timeout": 20, **members},
        )

    def invoke(self, name: str, event: Any) -> Any:
        answer = self.client.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, base64.b64decode(answer["LogResult"]).decode()
        return result


@pytest.fixture
def functions(aws: Callable[..., Any]) -> Functions:
    return Functions(aws("lambda"))


def test_an_sdk_in_a_handler_finds_the_platform(functions: Functions) -> None:
    functions.create("f", LIST)
    credentials = functions.client._request_signer._credentials
    keys = {
        "aws_access_key_id": credentials.access_key,
        "aws_secret_access_key": credentials.secret_key,
        "aws_session_token": None,
    }
    found = functions.invoke("f", {"keys": keys})
    assert found == {"names": ["f"], "endpoint": "http://127.0.0.1:4566"}


@pytest.mark.parametrize("source", [SDK_2, SDK_3])
def test_so_do_the_sdks_of_node(functions: Functions, source: str) -> None:
    functions.create("f", source, MemorySize=1024)
    credentials = functions.client._request_signer._credentials
    keys = {
        "accessKeyId": credentials.access_key,
        "secretAccessKey": credentials.secret_key,
        "sessionToken": "",  # one that is not the placeholder among the variables
    }
    assert functions.invoke("f", {"keys": keys}) == ["f"]


def test_signatures_are_looked_at_inside_as_well(functions: Functions) -> None:
    functions.create("f", FETCH)
    found = functions.invoke("f", {"path": "/2015-03-31/functions/"})
    assert found["status"] == 403
    assert json.loads(found["text"]) == {"message": "Missing Authentication Token"}


def test_the_platforms_own_paths_are_not_for_functions(
    start_platform: Callable[..., AbstractContextManager[Any]],
) -> None:
    with start_platform(isolation="require", test_mode=True) as running:
        key = running.run(running.platform.accounts.ensure(running.platform.config.account))
        functions = Functions(_client(running, key))
        functions.create("f", FETCH)
        for path in ("/_lambent/health", "/_lambent/reset", "/_lambent/clock"):
            for method in ("GET", "POST"):
                found = functions.invoke("f", {"path": path, "method": method})
                assert found["status"] in (403, 404), (path, found)
        assert [each["FunctionName"] for each in functions.client.list_functions()["Functions"]]


def test_a_function_has_its_connections_and_no_more(functions: Functions) -> None:
    functions.create("greedy", CONNECT)
    for _ in range(3):
        assert functions.invoke("greedy", {}) == [128, True, "HTTP/1.1 "]


def test_functions_can_be_let_to_reach_less(
    start_platform: Callable[..., AbstractContextManager[Any]],
) -> None:
    settings = {"isolation": "require", "network_functions": "quiet-*=none,home=platform"}
    with start_platform(**settings) as running:
        key = running.run(running.platform.accounts.ensure(running.platform.config.account))
        functions = Functions(_client(running, key))
        wanted: dict[str, dict[str, str | None]] = {
            "quiet-1": {"url": None, "platform": "Connection refused"},
            "home": {"url": "http://127.0.0.1:4566", "platform": "connected"},
        }
        for name, reached in wanted.items():
            functions.create(name, LOOK)
            expected = {**reached, "outside": "Network is unreachable"}
            assert functions.invoke(name, {}) == expected


def test_a_variable_of_the_function_wins(functions: Functions) -> None:
    functions.create("f", LOOK, Environment={"Variables": {"AWS_ENDPOINT_URL": "http://other"}})
    assert functions.invoke("f", {})["url"] == "http://other"


def _client(running: Any, credential: Any) -> Any:
    return boto3.client(
        "lambda",
        region_name="us-east-1",
        endpoint_url=running.platform.endpoint,
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
    )
