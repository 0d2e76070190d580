"""`lambent iam suggest` against a running platform: from what a role has called to the policy that covers it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from lambent.cli.commands import lambent

if TYPE_CHECKING:
    from collections.abc import Callable

ALLOWED = {"Effect": "Allow", "Action": ["lambda:*", "sts:*"], "Resource": "*"}


class Worker:
    """A role with a session. Args: the platform, and clients of the account."""

    def __init__(self, running: Any, aws: Callable[..., Any]) -> None:
        self._running = running
        iam, root = aws("iam"), aws("sts").get_caller_identity()["Arn"]
        trust = {"Effect": "Allow", "Principal": {"AWS": root}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": trust})
        role = iam.create_role(RoleName="worker", AssumeRolePolicyDocument=document)["Role"]
        policy = json.dumps({"Version": "2012-10-17", "Statement": ALLOWED})
        iam.put_role_policy(RoleName="worker", PolicyName="p", PolicyDocument=policy)
        self.role, self.account_id = role["Arn"], root.split(":")[4]
        iam.create_user(UserName="helper")
        iam.put_user_policy(
            UserName="helper",
            PolicyName="p",
            PolicyDocument=policy,
        )
        key = iam.create_access_key(UserName="helper")["AccessKey"]
        helper = self._client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        made = helper.assume_role(RoleArn=self.role, RoleSessionName="session")["Credentials"]
        self._keys = (made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def _client(self, service: str, *keys: str) -> Any:
        make_client: Any = boto3.client
        names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        return make_client(
            service,
            endpoint_url=self._running.platform.endpoint,
            region_name="us-east-1",
            **dict(zip(names, keys, strict=False)),
        )

    def client(self, service: str) -> Any:
        return self._client(service, *self._keys)

    def suggest(self, *more: str) -> Any:
        directory = str(self._running.platform.data_dir.path)
        words = ["iam", "suggest", "--role", self.role, *more, "--data-dir", directory]
        return CliRunner().invoke(lambent, words)


@pytest.fixture
def worker(running: Any, aws: Callable[..., Any]) -> Worker:
    return Worker(running, aws)


def test_the_least_policy_covers_what_was_called(worker: Worker) -> None:
    nothing = worker.suggest()
    assert nothing.exit_code == 1
    assert f"nothing is known of {worker.role}" in nothing.output
    functions = worker.client("lambda")
    functions.list_functions()
    for name in ("a", "b"):
        for call in (functions.get_function, functions.get_policy):
            with contextlib.suppress(ClientError):  # it is not there, and was asked for
                call(FunctionName=name)
    with pytest.raises(ClientError, match="AccessDenied"):
        worker.client("iam").list_users()
    suggested = worker.suggest()
    assert suggested.exit_code == 0, suggested.output
    arns = [f"arn:aws:lambda:us-east-1:{worker.account_id}:function:{name}" for name in "ab"]
    assert json.loads(suggested.stdout) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["lambda:GetFunction", "lambda:GetPolicy"],
                "Resource": arns,
            },
            {"Effect": "Allow", "Action": ["lambda:ListFunctions"], "Resource": ["*"]},
        ],
    }
    assert suggested.stderr.startswith("denied: iam:ListUsers on ")
    whole = json.loads(worker.suggest("--include-denied").stdout)
    assert "iam:ListUsers" in [action for each in whole["Statement"] for action in each["Action"]]
