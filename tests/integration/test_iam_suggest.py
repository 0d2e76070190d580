"""`lambent iam suggest` against a running platform: from what a role has called to the policy that covers it."""

from __future__ import annotations

import contextlib
import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from click.testing import CliRunner
from tests.conftest import execution_role

from lambent.cli.clients import client_of
from lambent.cli.commands import lambent
from lambent.config import Config

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

    def get(self, url: str) -> bytes:
        """What a function URL answers to a signed request."""
        address = urlsplit(url)
        signed = AWSRequest("GET", url, headers={"Host": address.netloc})
        SigV4Auth(Credentials(*self._keys), "lambda", "us-east-1").add_auth(signed)
        connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", address.path, headers=dict(signed.headers.items()))
            return connection.getresponse().read()

    def suggest(self, *more: str, role: str = "") -> Any:
        directory = str(self._running.platform.data_dir.path)
        words = ["iam", "suggest", "--role", role or self.role, *more, "--data-dir", directory]
        return CliRunner().invoke(lambent, words)


@pytest.fixture
def worker(running: Any, aws: Callable[..., Any]) -> Worker:
    return Worker(running, aws)


def test_the_least_policy_covers_what_was_called(worker: Worker) -> None:
    nothing = worker.suggest()
    assert nothing.exit_code == 1
    assert f"{worker.role} has called nothing" in nothing.output
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


def test_a_policy_may_be_of_the_last_days_only(worker: Worker) -> None:
    worker.client("lambda").list_functions()
    statement = {"Effect": "Allow", "Action": ["lambda:ListFunctions"], "Resource": ["*"]}
    for since in ("7d", "2026-01-01", "2026-01-01T00:00:00+02:00"):
        assert json.loads(worker.suggest("--since", since).stdout)["Statement"] == [statement]
    nothing = worker.suggest("--since", "2100-01-01T02:00:00+02:00")
    assert nothing.exit_code == 1
    assert f"{worker.role} has called nothing since 2100-01-01T00:00:00Z" in nothing.stderr
    for wrong in ("yesterday", "99999999999d"):
        said = worker.suggest("--since", wrong)
        assert said.exit_code == 2
        assert "neither a duration such as 10m nor a time" in said.stderr


def test_what_functions_need_elsewhere_is_said(worker: Worker, aws: Callable[..., Any]) -> None:
    worker.client("lambda").list_functions()
    assert worker.suggest().stderr == ""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": trust | {"Action": "sts:AssumeRole"}}
    aws("iam").update_assume_role_policy(RoleName="worker", PolicyDocument=json.dumps(document))
    assert "on AWS they need the policy AWSLambdaBasicExecutionRole" in worker.suggest().stderr


def test_what_was_only_refused_is_no_policy(worker: Worker) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        worker.client("iam").list_users()
    refused = worker.suggest()
    assert refused.exit_code == 1
    assert f"{worker.role} has been allowed nothing" in refused.stderr


def test_calls_of_function_urls_are_covered(
    worker: Worker, aws: Callable[..., Any], make_zip: Any
) -> None:
    functions = aws("lambda")
    functions.create_function(
        FunctionName="f",
        Role=execution_role(functions),
        Runtime="python3.11",
        Handler="f.f",
        Code={"ZipFile": make_zip({"f.py": "def f(event, context): return 'called'"})},
    )
    url = functions.create_function_url_config(FunctionName="f", AuthType="AWS_IAM")["FunctionUrl"]
    assert worker.get(url) == b"called"
    (statement,) = json.loads(worker.suggest().stdout)["Statement"]
    assert statement["Action"] == ["lambda:InvokeFunction", "lambda:InvokeFunctionUrl"]
    assert statement["Resource"] == [f"arn:aws:lambda:us-east-1:{worker.account_id}:function:f"]


def test_roles_go_by_their_names_and_those_that_are_not_there_are_named(worker: Worker) -> None:
    for absent in ("none", f"arn:aws:iam::{worker.account_id}:role/none"):
        said = worker.suggest(role=absent)
        assert said.exit_code == 1
        assert f"There is no role {absent}" in said.stderr
    worker.client("lambda").list_functions()
    # A name without an ARN is of the account that runs the platform, and this role is of another.
    assert worker.suggest(role="worker").exit_code == 1
    for wrong in (f"arn:aws:iam::{worker.account_id}:user/helper", "arn:aws", "arn:aws:s3:::b"):
        said = worker.suggest(role=wrong)
        assert "expected role, a name or an ARN" in said.stderr


def test_a_role_of_the_platforms_own_account_goes_by_its_name(running: Any) -> None:
    directory = str(running.platform.data_dir.path)
    config = Config(data_dir=directory)
    root = client_of(config, "iam")
    account_id = root.get_user()["User"]["Arn"].split(":")[4]
    trust = {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    role = root.create_role(Path="/a/b/", RoleName="named", AssumeRolePolicyDocument=document)
    said = CliRunner().invoke(
        lambent, ["iam", "suggest", "--role", "named", "--data-dir", directory]
    )
    root.delete_role(RoleName="named")
    assert f"{role['Role']['Arn']} has called nothing" in said.stderr
