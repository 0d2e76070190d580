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
    """Ask about the user u, the role r or a service, in an account of its own."""
    iam = aws("iam")
    iam.create_group(GroupName="g")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=POLICY)
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}
    document = {"Version": "2012-10-17", "Statement": trust | {"Action": "sts:AssumeRole"}}
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(document))
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=POLICY)
    account_id = iam.get_user(UserName="u")["User"]["Arn"].split(":")[4]
    directory = str(running.platform.data_dir.path)

    def ask(
        who: str, action: str, *more: str, resource: str = FUNCTION, service: str = "iam"
    ) -> Any:
        principal = who if "." in who else f"arn:aws:{service}::{account_id}:{who}"
        words = ["--principal", principal, "--action", action]
        words += ["--resource", resource.format(account_id), *more, "--data-dir", directory]
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
        "allowed: a statement allows it and none denies it",
        f"  Allow statement Ours of identity-based policy {name}, line 4, column 5",
        '       4  {"Sid": "Ours", "Effect": "Allow", "Action": "lambda:Invoke*", "Resource": "*",',
        '       5   "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}',
    ]
    denied = explain(who, "lambda:DeleteFunction", *context)
    assert denied.exit_code == 1
    assert denied.output.splitlines()[1:] == [
        f"  Deny statement of identity-based policy {name}, line 6, column 5",
        '       6  {"Effect": "Deny", "Action": "lambda:DeleteFunction", "Resource": "*"}',
    ]


def test_so_is_what_came_near(explain: Callable[..., Any]) -> None:
    near = explain("user/u", "lambda:InvokeFunction", "--context", "aws:SourceIp=192.0.2.1")
    assert near.exit_code == 1
    assert "no identity-based policy allows the lambda:InvokeFunction action" in near.output
    condition = "not for this condition (IpAddress aws:SourceIp: the request has 192.0.2.1)"
    assert condition in near.output
    far = explain("user/u", "lambda:GetFunction")
    assert far.output.splitlines() == [
        "denied: because no identity-based policy allows the lambda:GetFunction action",
        "  policies looked at: identity-based policy user/u/p",
    ]


def test_the_region_is_that_of_the_resource_if_none_is_given(
    explain: Callable[..., Any], aws: Callable[..., Any]
) -> None:
    here = {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}
    statement = {"Effect": "Allow", "Action": "lambda:GetPolicy", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": statement | {"Condition": here}}
    aws("iam").put_user_policy(
        UserName="u", PolicyName="q", PolicyDocument=json.dumps(document, indent=1)
    )
    assert explain("user/u", "lambda:GetPolicy").exit_code == 0
    there = explain("user/u", "lambda:GetPolicy", "--context", "aws:RequestedRegion=eu-west-1")
    assert there.exit_code == 1
    assert "(StringEquals aws:RequestedRegion: the request has eu-west-1)" in there.output


def test_roles_are_closed_unless_their_trust_policy_opens_them(
    explain: Callable[..., Any], aws: Callable[..., Any]
) -> None:
    iam = aws("iam")
    statement = {"Effect": "Allow", "Action": ["sts:*", "iam:PassRole"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="u", PolicyName="q", PolicyDocument=document)
    role = iam.get_role(RoleName="r")["Role"]["Arn"]
    denied = explain("user/u", "sts:AssumeRole", resource=role)
    trust = "role/r/trust, line 1, column 40"
    assert denied.output.splitlines()[:2] == [
        "denied: because no resource-based policy allows the sts:AssumeRole action",
        f"  Allow statement of resource-based policy {trust}: not for this principal",
    ]
    assert explain("lambda.amazonaws.com", "sts:AssumeRole", resource=role).exit_code == 0
    assert explain("s3.amazonaws.com", "sts:AssumeRole", resource=role).exit_code == 1
    assert explain("user/u", "iam:PassRole", resource=role).exit_code == 0


def test_sessions_may_be_asked_about(explain: Callable[..., Any]) -> None:
    said = explain("assumed-role/r/session", "lambda:DeleteFunction", service="sts")
    assert "Deny statement of identity-based policy role/r/p" in said.output


def test_who_is_not_there_and_what_is_not_said(explain: Callable[..., Any]) -> None:
    for who in ("user/nobody", "role/nobody", "group/g", "assumed-role/nobody/s", "u"):
        absent = explain(who, "lambda:InvokeFunction")
        assert absent.exit_code == 2
        assert "There is no user or role arn:aws:iam::" in absent.output
    wrong = explain("user/u", "InvokeFunction")
    assert wrong.exit_code == 2
    assert "InvokeFunction is no action; one is written as lambda:InvokeFunction" in wrong.output
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
