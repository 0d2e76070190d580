"""`lambent exec` and `lambent invoke` with the tools they are for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role, require

from lambent.execution.runtimes import libraries

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = [pytest.mark.clients, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(90)]

ECHO = "def handler(event, context):\n    print('seen')\n    return event\n"
FAILS = "def handler(event, context):\n    raise ValueError('no')\n"
# As the plugins of grunt and gulp do it: no endpoint anywhere in the program.
SDK_2 = """
const AWS = require('aws-sdk');
const Lambda = require('aws-sdk/clients/lambda');
Promise.all([
  new AWS.Lambda().listFunctions().promise(),
  new Lambda({ region: 'us-east-1' }).listFunctions().promise(),
]).then((answers) => console.log(answers.map((each) => each.Functions.length).join()));
"""
SDK_3 = """
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
const answer = await new LambdaClient().send(new ListFunctionsCommand());
console.log(answer.Functions.length);
"""


@pytest.fixture
def run(running: Any, tmp_path: Path) -> Run:
    """Run `lambent COMMAND --data-dir ... ARGUMENTS` as a user would who has settings for another account."""
    environment = {
        **os.environ,
        "AWS_PROFILE": "someone-else",
        "AWS_SESSION_TOKEN": "of-someone-else",
        "AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1",
        "HOME": str(tmp_path),
    }

    def run_command(command: str, *arguments: str, **options: Any) -> Any:
        data_dir = str(running.platform.data_dir.path)
        return subprocess.run(
            [sys.executable, "-m", "lambent", command, "--data-dir", data_dir, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            **options,
        )

    return run_command


@pytest.fixture
def functions(running: Any, make_zip: Any) -> int:
    """`echo` and `fails` in the default account, whose root key `lambent` uses; how many functions it has then."""
    import boto3

    root = running.run(running.platform.accounts.ensure(running.platform.config.account))
    client = boto3.client(
        "lambda",
        endpoint_url=running.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=root.access_key_id,
        aws_secret_access_key=root.secret_access_key,
    )
    there = {each["FunctionName"] for each in client.list_functions()["Functions"]}
    for name, source in {"exec-echo": ECHO, "exec-fails": FAILS}.items():
        if name not in there:
            client.create_function(
                FunctionName=name,
                Runtime="python3.11",
                Handler="app.handler",
                Role=execution_role(client),
                Code={"ZipFile": make_zip({"app.py": source})},
            )
    return len(client.list_functions()["Functions"])


def test_a_function_is_invoked(run: Run, functions: int, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"a": "é"}')
    done = run("invoke", "exec-echo", "-e", str(event))
    assert (done.returncode, json.loads(done.stdout)) == (0, {"a": "é"})
    assert "seen" in done.stderr
    assert "REPORT RequestId" in done.stderr
    assert json.loads(run("invoke", "exec-echo", "-e", "-", input="[1]").stdout) == [1]
    assert json.loads(run("invoke", "exec-echo", "--qualifier", "$LATEST").stdout) == {}


def test_a_function_that_fails_and_one_that_is_not_there_show_in_the_status(
    run: Run, functions: int
) -> None:
    failed = run("invoke", "exec-fails")
    assert (failed.returncode, json.loads(failed.stdout)["errorType"]) == (1, "ValueError")
    missing = run("invoke", "exec-nobody")
    [line] = missing.stderr.splitlines()
    assert line.startswith("lambent invoke: Function not found: arn:aws:lambda:")
    assert line.endswith(":exec-nobody:$LATEST (ResourceNotFoundException)")
    assert missing.returncode == 2
    assert run("invoke", "exec-echo", "-e", "-", input="no json").returncode == 2


def test_the_aws_cli_finds_the_platform(run: Run, functions: int) -> None:
    aws = str(Path(sys.executable).parent / "aws")
    done = run("exec", "--", aws, "lambda", "list-functions", "--query", "length(Functions)")
    assert (done.stdout.strip(), done.returncode) == (str(functions), 0), done.stderr


@pytest.mark.parametrize(("name", "source"), [("two.js", SDK_2), ("three.mjs", SDK_3)])
def test_both_sdks_for_javascript_find_the_platform(
    run: Run, functions: int, tmp_path: Path, name: str, source: str
) -> None:
    if libraries.lacks("node"):
        require("the AWS SDKs for Node (scripts/setup)")
    (tmp_path / name).write_text(source)
    (tmp_path / "node_modules").symlink_to(libraries.libraries("node", "")[0][0])
    done = run("exec", "--", require("node"), "--preserve-symlinks", name)
    expected = f"{functions},{functions}" if name == "two.js" else str(functions)
    assert done.stdout.strip() == expected, done.stderr


def test_what_cannot_be_run_is_said_in_one_line(run: Run, tmp_path: Path) -> None:
    missing = run("exec", "--", "no-such-program")
    assert (missing.returncode, missing.stderr) == (
        127,
        "lambent exec: no-such-program: No such file or directory\n",
    )
    (tmp_path / "text").write_text("")
    assert run("exec", "--", "./text").returncode == 126
    assert run("exec", "--", "sh", "-c", "exit 3").returncode == 3
