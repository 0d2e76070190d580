"""The AWS CLI and Info-ZIP's zip, used as a person at a terminal uses them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.conftest import execution_role

pytestmark = [pytest.mark.clients, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(90)]

SOURCE = """
def handler(event, context):
    print("greeting", event["name"])
    return {"hello": event["name"]}
"""


def _require(tool: str) -> str:
    """The path of a program, that of this virtual environment first; in CI it has to be there."""
    own = Path(sys.executable).parent / tool
    found = str(own) if own.exists() else shutil.which(tool)
    if found is None:
        message = f"{tool} is not installed"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


class Cli:
    """`aws lambda ...` in a directory of its own, with one account's keys and nobody's configuration."""

    def __init__(self, directory: Path, endpoint: str, key: str, secret: str) -> None:
        self._aws = _require("aws")
        make_client: Any = boto3.client
        self.role = execution_role(
            make_client(
                "lambda",
                endpoint_url=endpoint,
                region_name="us-east-1",
                aws_access_key_id=key,
                aws_secret_access_key=secret,
            )
        )
        self.directory = directory
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._aws, "lambda", *arguments],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    def json(self, *arguments: str) -> Any:
        """What a call that has to succeed prints."""
        ended = self.run(*arguments)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout) if ended.stdout else None

    def error(self, *arguments: str) -> str:
        """What a call that has to fail says."""
        ended = self.run(*arguments)
        assert ended.returncode != 0, ended.stdout
        return ended.stderr

    def zip(self, source: str) -> Path:
        """`zip package.zip app.py`."""
        (self.directory / "app.py").write_text(source)
        package = self.directory / "package.zip"
        package.unlink(missing_ok=True)
        subprocess.run(
            [_require("zip"), "-q", "package.zip", "app.py"], cwd=self.directory, check=True
        )
        return package

    def create(self, source: str = SOURCE) -> Any:
        self.zip(source)
        return self.json(
            *("create-function", "--function-name", "hello", "--runtime", "python3.11"),
            *("--handler", "app.handler", "--role", self.role),
            *("--zip-file", "fileb://package.zip"),
        )

    def wait(self, what: str) -> None:
        self.json("wait", what, "--function-name", "hello")

    def invoke(self, *more: str) -> Any:
        """Payload given as AWS CLI 1 takes it: as it is."""
        payload = json.dumps({"name": "world"})
        return self.json(
            "invoke", "--function-name", "hello", "--payload", payload, *more, "out.json"
        )

    def answer(self) -> Any:
        return json.loads((self.directory / "out.json").read_text())


@pytest.fixture
def cli(running: Any, tmp_path: Path) -> Cli:
    """With the keys of an account that nobody has used before."""
    credential = running.run(running.platform.accounts.create())
    return Cli(
        tmp_path,
        running.platform.endpoint,
        credential.access_key_id,
        credential.secret_access_key,
    )


@pytest.fixture
def with_wrong_secret(cli: Cli) -> Cli:
    cli.environment["AWS_SECRET_ACCESS_KEY"] = "not" + cli.environment["AWS_SECRET_ACCESS_KEY"][3:]
    return cli


def test_create_wait_and_invoke_with_the_log(cli: Cli) -> None:
    created = cli.create()
    assert created["FunctionName"] == "hello"
    assert created["CodeSize"] == (cli.directory / "package.zip").stat().st_size
    cli.wait("function-active-v2")
    encoded = cli.invoke("--log-type", "Tail", "--query", "LogResult")
    assert cli.answer() == {"hello": "world"}
    lines = base64.b64decode(encoded).decode().splitlines()
    request_id = lines[0].split()[2]
    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert lines[1] == "greeting world"
    assert lines[2] == f"END RequestId: {request_id}"
    assert lines[3].startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_invoke_says_what_it_did(cli: Cli) -> None:
    cli.create()
    cli.wait("function-active-v2")
    assert cli.invoke() == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}


def test_a_handler_that_raises_is_a_function_error(cli: Cli) -> None:
    cli.create("def handler(event, context):\n    raise ValueError('no ' + event['name'])\n")
    cli.wait("function-active-v2")
    assert cli.invoke()["FunctionError"] == "Unhandled"
    assert cli.answer()["errorMessage"] == "no world"
    assert cli.answer()["errorType"] == "ValueError"


def test_the_code_can_be_downloaded(cli: Cli) -> None:
    cli.create()
    package = (cli.directory / "package.zip").read_bytes()
    location = cli.json("get-function", "--function-name", "hello")["Code"]["Location"]
    with urllib.request.urlopen(location, timeout=10) as answer:
        assert answer.read() == package


def test_update_function_code(cli: Cli) -> None:
    created = cli.create()
    cli.wait("function-active-v2")
    cli.invoke()
    cli.zip("def handler(event, context):\n    return 'second'\n")
    updated = cli.json(
        "update-function-code", "--function-name", "hello", "--zip-file", "fileb://package.zip"
    )
    assert updated["CodeSha256"] != created["CodeSha256"]
    cli.wait("function-updated-v2")
    cli.invoke()
    assert cli.answer() == "second"


def test_update_function_configuration(cli: Cli) -> None:
    cli.create()
    cli.wait("function-active-v2")
    cli.json(
        *("update-function-configuration", "--function-name", "hello", "--memory-size", "256"),
        *("--timeout", "7", "--environment", "Variables={GREETING=hi}"),
    )
    cli.wait("function-updated-v2")
    found = cli.json("get-function-configuration", "--function-name", "hello")
    assert (found["MemorySize"], found["Timeout"]) == (256, 7)
    assert found["Environment"] == {"Variables": {"GREETING": "hi"}}
    assert found["LastUpdateStatus"] == "Successful"


def test_list_and_delete(cli: Cli) -> None:
    assert cli.json("list-functions") == {"Functions": []}
    cli.create()
    names = ["--query", "Functions[].FunctionName"]
    assert cli.json("list-functions", *names) == ["hello"]
    cli.run("delete-function", "--function-name", "hello")
    assert cli.json("list-functions", *names) == []


def test_an_unknown_function(cli: Cli) -> None:
    said = cli.error("get-function", "--function-name", "nobody")
    assert "(ResourceNotFoundException) when calling the GetFunction operation" in said
    assert ":function:nobody" in said


def test_a_wrong_secret_key(with_wrong_secret: Cli) -> None:
    said = with_wrong_secret.error("list-functions")
    assert "(InvalidSignatureException) when calling the ListFunctions operation" in said


def test_an_unknown_access_key(cli: Cli) -> None:
    cli.environment["AWS_ACCESS_KEY_ID"] = "AKIAIOSFODNN7EXAMPLE"
    assert "(UnrecognizedClientException)" in cli.error("list-functions")


def test_a_package_that_leaves_its_directory(cli: Cli) -> None:
    with zipfile.ZipFile(cli.directory / "package.zip", "w") as archive:
        archive.writestr("../app.py", SOURCE)
    said = cli.error(
        *("create-function", "--function-name", "hello", "--runtime", "python3.11"),
        *("--handler", "app.handler", "--role", cli.role),
        *("--zip-file", "fileb://package.zip"),
    )
    assert "(InvalidParameterValueException)" in said
    assert cli.json("list-functions") == {"Functions": []}


def test_versions_and_an_alias_that_is_moved_and_weighted(cli: Cli) -> None:
    cli.create()
    cli.wait("function-active-v2")
    first = cli.json("publish-version", "--function-name", "hello", "--description", "first")
    assert (first["Version"], first["Description"]) == ("1", "first")
    alias = ("--function-name", "hello", "--name", "PROD")
    cli.json("create-alias", *alias, "--function-version", "1")

    cli.zip("def handler(event, context):\n    return 'second'\n")
    code = ("--function-name", "hello", "--zip-file", "fileb://package.zip", "--publish")
    assert cli.json("update-function-code", *code)["Version"] == "2"
    assert cli.invoke("--qualifier", "PROD")["ExecutedVersion"] == "1"
    assert cli.answer() == {"hello": "world"}

    weights = json.dumps({"AdditionalVersionWeights": {"1": 0.25}})
    moved = cli.json("update-alias", *alias, "--function-version", "2", "--routing-config", weights)
    assert moved["RoutingConfig"] == {"AdditionalVersionWeights": {"1": 0.25}}
    cli.json("update-alias", *alias, "--routing-config", "AdditionalVersionWeights={}")
    assert "RoutingConfig" not in cli.json("get-alias", *alias)
    assert cli.invoke("--qualifier", "PROD")["ExecutedVersion"] == "2"
    assert cli.answer() == "second"

    said = cli.error("delete-function", "--function-name", "hello", "--qualifier", "2")
    assert "(ResourceConflictException)" in said
    cli.run("delete-alias", *alias)
    assert cli.json("list-aliases", "--function-name", "hello") == {"Aliases": []}
    versions = ("list-versions-by-function", "--function-name", "hello")
    assert cli.json(*versions, "--query", "Versions[].Version") == ["$LATEST", "1", "2"]
