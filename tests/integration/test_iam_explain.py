"""`lambent iam explain` against a running platform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from click.testing import CliRunner

from lambent.cli.commands import lambent

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTION = "arn:aws:lambda:us-east-1:{}:function:f"
POLICY = """{
  "Version": "2012-10-17",
  "Statement": [
    {"Sid": "Ours", "Effect": "Allow", "Action": "lambda:Invoke*", "Resource": "*",
     "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
    {"Effect": "Deny", "Action": "lambda:DeleteFunction", "Resource": "*"}
  ]
}"""


@pytest.fixture
def explain(running: Any, aws: Callable[..., Any]) -> Callable[..., Any]:
    """Ask about the user u, or the role r, of an account of its own."""
    iam = aws("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=POLICY)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": trust | {"Action": "sts:AssumeRole"}}
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(document))
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    account_id = iam.get_user(UserName="u")["User"]["Arn"].split(":")[4]
    directory = str(running.platform.data_dir.path)

    def ask(who: str, action: str, *more: str) -> Any:
        principal = f"arn:aws:iam::{account_id}:{who}"
        words = ["--principal", principal, "--action", action]
        words += ["--resource", FUNCTION.format(account_id), *more, "--data-dir", directory]
        return CliRunner().invoke(lambent, ["iam", "explain", *words])

    return ask


@pytest.mark.parametrize(("who", "name"), [("user/u", "user/u/p"), ("role/r", "role/r/p")])
def test_the_statement_that_decides_is_named_with_its_place(
    explain: Callable[..., Any], who: str, name: str
) -> None:
    context = ("--context", "aws:SourceIp=10.1.2.3")
    allowed = explain(who, "lambda:InvokeFunction", *context)
    assert allowed.exit_code == 0, allowed.output
    assert allowed.output.splitlines() == [
        "allowed: allowed by a statement",
        f"  Allow statement Ours of identity-based policy {name}, line 4, column 5",
        '    {"Sid": "Ours", "Effect": "Allow", "Action": "lambda:Invoke*", "Resource": "*",',
    ]
    denied = explain(who, "lambda:DeleteFunction", *context)
    assert denied.exit_code == 1
    assert denied.output.splitlines()[1:] == [
        f"  Deny statement of identity-based policy {name}, line 6, column 5",
        '    {"Effect": "Deny", "Action": "lambda:DeleteFunction", "Resource": "*"}',
    ]


def test_so_is_what_came_near(explain: Callable[..., Any]) -> None:
    near = explain("user/u", "lambda:InvokeFunction", "--context", "aws:SourceIp=192.0.2.1")
    assert near.exit_code == 1
    assert "no identity-based policy allows the lambda:InvokeFunction action" in near.output
    assert "not for this condition (IpAddress aws:SourceIp)" in near.output


def test_who_is_not_there_and_what_is_not_said(explain: Callable[..., Any]) -> None:
    absent = explain("user/nobody", "lambda:InvokeFunction")
    assert absent.exit_code == 1
    assert "There is no user or role arn:aws:iam::" in absent.output
    assert explain("user/u", "lambda:InvokeFunction", "--context", "x").exit_code == 2


def test_policies_are_told_to_roots_alone(running: Any, aws: Callable[..., Any]) -> None:
    iam = aws("iam")
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    session: Any = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"])
    from lambent.cli.platform_paths import ask

    access = {
        "AWS_ENDPOINT_URL": running.platform.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": session.get_credentials().access_key,
        "AWS_SECRET_ACCESS_KEY": session.get_credentials().secret_key,
    }
    arn = iam.get_user(UserName="u")["User"]["Arn"]
    asked = {"principal": arn, "action": "iam:GetUser", "resource": arn, "context": {}}
    with pytest.raises(Exception, match="to the root of the account"):
        ask(access, "/_lambent/iam/explain", asked)
