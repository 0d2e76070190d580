"""The tutorial's continuous integration with the AWS CLI: a user that may update and call one function, and no more.

The tutorial calls the policy "Codeship Policy"; names of policies hold no space, so it is CodeshipPolicy here.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import require

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.app import Platform

pytestmark = [pytest.mark.clients, pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(120)]

HANDLER = """
exports.handler = function (event, context) {
  console.log('received', event.key1);
  context.succeed(event.key1 + ' %s');
};
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ACTIONS = [
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:InvokeFunction",
    "lambda:GetFunction",
]


class Cli:
    """`aws` in a directory of its own, with somebody's keys."""

    def __init__(self, directory: Path, endpoint: str, key: str, secret: str) -> None:
        own = Path(sys.executable).parent / "aws"
        self._aws = str(own) if own.exists() else require("aws")
        self.directory = directory
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_MAX_ATTEMPTS": "1",
        }

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._aws, *arguments],
            cwd=self.directory,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
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


@pytest.fixture
def package(tmp_path: Path) -> Callable[[str], None]:
    """`zip -r LambdaTest.zip -j .../LambdaTest.js` with a new text in the answer."""
    if shutil.which("node") is None:
        require("node")

    def zipped(word: str) -> None:
        (tmp_path / "functions").mkdir(exist_ok=True)
        (tmp_path / "functions" / "LambdaTest.js").write_text(HANDLER % word)
        (tmp_path / "LambdaTest.zip").unlink(missing_ok=True)
        subprocess.run(
            [require("zip"), "-q", "-r", "LambdaTest.zip", "-j", "functions/LambdaTest.js"],
            cwd=tmp_path,
            check=True,
        )

    return zipped


@pytest.fixture
def root(tmp_path: Path, platform: Platform, running: Any) -> Cli:
    """The CLI of the root of a fresh account."""
    key = running.run(platform.accounts.create())
    return Cli(tmp_path, platform.endpoint, key.access_key_id, key.secret_access_key)


def _create_function(root: Cli, name: str) -> str:
    role = root.json(
        "iam",
        "create-role",
        "--role-name",
        f"{name}_basic_execution",
        "--assume-role-policy-document",
        json.dumps(TRUST),
    )
    made = root.json(
        "lambda", "create-function", "--function-name", name, "--runtime", "nodejs20.x",
        "--handler", "LambdaTest.handler", "--role", role["Role"]["Arn"],
        "--zip-file", "fileb://LambdaTest.zip",
    )  # fmt: skip
    arn: str = made["FunctionArn"]
    return arn


def _codeship(root: Cli, platform: Platform, function_arn: str) -> tuple[Cli, str]:
    """The user Codeship, in the group CI with the inline policy, and the id of its key."""
    root.json("iam", "create-user", "--user-name", "Codeship")
    made = root.json("iam", "create-access-key", "--user-name", "Codeship")["AccessKey"]
    root.json("iam", "create-group", "--group-name", "CI")
    root.json("iam", "add-user-to-group", "--group-name", "CI", "--user-name", "Codeship")
    statement = {"Effect": "Allow", "Action": ACTIONS, "Resource": [function_arn]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    policy = ("iam", "put-group-policy", "--group-name", "CI", "--policy-document", document)
    assert "ValidationError" in root.error(*policy, "--policy-name", "Codeship Policy")
    root.json(*policy, "--policy-name", "CodeshipPolicy")
    key_id: str = made["AccessKeyId"]
    cli = Cli(root.directory, platform.endpoint, key_id, made["SecretAccessKey"])
    return cli, key_id


def test_codeship_updates_and_calls_one_function_and_nothing_else(
    root: Cli, platform: Platform, package: Callable[[str], None]
) -> None:
    package("before")
    arn = _create_function(root, "LambdaTest")
    other = _create_function(root, "Other")
    codeship, key_id = _codeship(root, platform, arn)

    package("after")
    update = ("lambda", "update-function-code", "--zip-file", "fileb://LambdaTest.zip")
    codeship.json(*update, "--function-name", "LambdaTest")
    got = codeship.json("lambda", "get-function", "--function-name", arn)
    assert got["Configuration"]["Handler"] == "LambdaTest.handler"
    (root.directory / "data.json").write_text('{"key1": "value1"}')
    invoke = ("lambda", "invoke", "--payload", "file://data.json", "--log-type", "Tail")
    answer = codeship.json(*invoke, "--function-name", arn, "lambda_output.txt")
    assert answer["StatusCode"] == 200
    assert answer["LogResult"]
    assert (root.directory / "lambda_output.txt").read_text() == '"value1 after"'

    me = codeship.json("sts", "get-caller-identity")["Arn"]
    users = me.removesuffix("Codeship")
    for denied, action, resource in (
        (("lambda", "list-functions"), "lambda:ListFunctions", "*"),
        ((*invoke, "--function-name", other, "out"), "lambda:InvokeFunction", other),
        ((*update, "--function-name", "Other"), "lambda:UpdateFunctionCode", other),
        (("lambda", "delete-function", "--function-name", arn), "lambda:DeleteFunction", arn),
        (("iam", "list-users"), "iam:ListUsers", users),
        (("iam", "get-user"), "iam:GetUser", me),
        (("iam", "create-access-key"), "iam:CreateAccessKey", me),
        (("iam", "create-user", "--user-name", "b"), "iam:CreateUser", f"{users}b"),
        (("iam", "get-group", "--group-name", "CI"), "iam:GetGroup", "group CI"),
        (
            ("iam", "put-user-policy", "--user-name", "Codeship", "--policy-name", "p",
             "--policy-document", "{}"),
            "iam:PutUserPolicy",
            "user Codeship",
        ),
    ):  # fmt: skip
        said = codeship.error(*denied)
        code = "AccessDenied" if denied[0] == "iam" else "AccessDeniedException"
        assert f"({code}) when calling" in said
        assert (
            f"User: {me} is not authorized to perform: {action} on resource: {resource} "
            f"because no identity-based policy allows the {action} action"
        ) in said

    disable = ("iam", "update-access-key", "--user-name", "Codeship", "--status", "Inactive")
    root.json(*disable, "--access-key-id", key_id)
    said = codeship.error("lambda", "get-function", "--function-name", arn)
    assert "(UnrecognizedClientException) when calling the GetFunction operation: " in said
    assert "The security token included in the request is invalid" in said
    root.json(*disable[:-1], "Active", "--access-key-id", key_id)
    codeship.json("lambda", "get-function", "--function-name", arn)
