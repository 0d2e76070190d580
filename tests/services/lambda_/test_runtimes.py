"""Functions on other runtimes than Python, from CreateFunction to their answer."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

from lambent.execution.runtimes.discovery import discover

if TYPE_CHECKING:
    from types_boto3_lambda.client import LambdaClient

pytestmark = pytest.mark.timeout(90)
BOOTSTRAP = """#!/usr/bin/python3
import http.client, os
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    call, event = answer.headers["Lambda-Runtime-Aws-Request-Id"], answer.read()
    api.request("POST", f"/2018-06-01/runtime/invocation/{call}/response", b'{"got":%s}' % event)
    api.getresponse().read()
"""
HANDLER = """package example;
import java.util.Map;
public class Handler {
    public Map<String, Object> run(Map<String, Object> event) { event.put("java", 1); return event; }
}
"""


def zip_of(files: dict[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def create(client: LambdaClient, name: str, runtime: Any, code: bytes, **members: Any) -> None:
    client.create_function(
        FunctionName=name,
        Runtime=runtime,
        Role=execution_role(client),
        Code={"ZipFile": code},
        **members,
    )


def invoke(client: LambdaClient, name: str, event: Any) -> tuple[Any, str]:
    """The answer, and the FunctionError."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
    return json.loads(answer["Payload"].read()), answer.get("FunctionError", "")


def test_a_function_that_brings_its_runtime(client: LambdaClient) -> None:
    code = zip_of({"bootstrap": BOOTSTRAP.encode()}, 0o755)
    create(client, "own", "provided.al2023", code, Handler="any")
    assert invoke(client, "own", {"a": 1}) == ({"got": {"a": 1}}, "")
    assert invoke(client, "own", [2]) == ({"got": [2]}, "")


def test_a_bootstrap_that_is_not_executable(client: LambdaClient) -> None:
    code = zip_of({"bootstrap": BOOTSTRAP.encode()}, 0o644)
    create(client, "plain", "provided.al2", code, Handler="any")
    error, kind = invoke(client, "plain", {})
    assert kind == "Unhandled"
    assert error["errorType"] == "Runtime.InvalidEntrypoint"
    assert error["errorMessage"].endswith("Error: fork/exec /var/task/bootstrap: permission denied")


def test_a_java_function(client: LambdaClient, tmp_path: Path) -> None:
    found = discover().get("java17")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no JDK here")
        pytest.skip("no JDK here")
    (tmp_path / "Handler.java").write_text(HANDLER)
    compiler = str(Path(found["interpreter"]).with_name("javac"))
    subprocess.run(
        [compiler, "--release", "17", "-d", tmp_path, tmp_path / "Handler.java"], check=True
    )
    classes = {"example/Handler.class": (tmp_path / "example/Handler.class").read_bytes()}
    create(
        client, "java", "java17", zip_of(classes, 0o644), Handler="example.Handler::run", MemorySize=256,
        Timeout=20,
    )  # fmt: skip
    assert invoke(client, "java", {"a": "é"}) == ({"a": "é", "java": 1}, "")


def test_a_runtime_that_nothing_serves(client: LambdaClient) -> None:
    with pytest.raises(ClientError, match=r"the runtime dotnet8 is not served yet"):
        create(client, "none", "dotnet8", zip_of({"a": b""}, 0o644), Handler="a")
