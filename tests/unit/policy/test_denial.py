"""How a no reads ("Troubleshoot access denied error messages", IAM user guide)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.policy.conftest import ACCOUNT, NOBODY, SESSION, USER, Case, allow, deny

from lambent.policy.denial import denial, resource_in_words

ACTION, RESOURCE = "s3:GetObject", "arn:aws:s3:::bucket/a/b.txt"


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (Case(), "because no identity-based policy allows the s3:GetObject action"),
        (Case([allow(), deny()]), "with an explicit deny in an identity-based policy"),
        (Case([allow()], [allow("sqs:*")]), "because no permissions boundary allows the s3:GetObject action"),
        (Case([allow()], [deny(), allow()]), "with an explicit deny in a permissions boundary"),
        (Case([allow()], None, [allow("sqs:*")]), "because no session policy allows the s3:GetObject action"),
        (Case([allow()], None, [deny(), allow()]), "with an explicit deny in a session policy"),
        (Case([allow()], account="444455556666"), "because no resource-based policy allows the s3:GetObject action"),
        (Case([allow()], resource=[deny(Principal="*")]), "with an explicit deny in a resource-based policy"),
    ],
)  # fmt: skip
def test_reasons(case: Any, reason: str) -> None:
    case.caller = SESSION
    text = denial(SESSION, ACTION, RESOURCE, case.ask())
    who = f"User: {SESSION.arn} is not authorized to perform: s3:GetObject"
    assert text == f"{who} on resource: {RESOURCE} {reason}"


def test_everything_is_a_resource_and_nobody_a_user() -> None:
    text = denial(USER, "lambda:ListFunctions", "*", Case().ask("lambda:ListFunctions", "*"))
    assert "lambda:ListFunctions on resource: * because no identity-based" in text
    assert denial(NOBODY, ACTION, RESOURCE, Case().ask()).startswith("User: anonymous is not")


IAM = f"arn:aws:iam::{ACCOUNT}:"


# As they stand in public reports of denials: AWS's own words differ by service and operation.
@pytest.mark.parametrize(
    ("action", "resource", "document", "said"),
    [
        ("lambda:ListFunctions", "*", {}, "*"),
        ("cloudwatch:PutMetricData", "*", {}, ""),
        ("cloudwatch:GetMetricData", "*", {}, ""),
        ("cloudwatch:DescribeAlarms", "arn:aws:cloudwatch:x:1:alarm:*", {}, "arn:aws:cloudwatch:x:1:alarm:*"),
        ("iam:GetUser", f"{IAM}user/a/ann", {"UserName": "ann"}, "user ann"),
        ("iam:GetUser", f"{IAM}user/a/ann", {}, f"{IAM}user/a/ann"),
        ("iam:CreateAccessKey", f"{IAM}user/ann", {"UserName": "ann"}, "user ann"),
        ("iam:CreateUser", f"{IAM}user/ann", {"UserName": "ann"}, f"{IAM}user/ann"),
        ("iam:ListUsers", f"{IAM}user/", {}, f"{IAM}user/"),
        ("iam:GetRole", f"{IAM}role/r", {"RoleName": "r"}, "role r"),
        ("iam:AttachRolePolicy", f"{IAM}role/r", {"RoleName": "r", "PolicyArn": f"{IAM}policy/p"}, "role r"),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}role/r", {"RoleName": "r"}, "role r"),
        ("iam:CreateRole", f"{IAM}role/r", {"RoleName": "r"}, f"{IAM}role/r"),
        ("iam:PassRole", f"{IAM}role/r", {"RoleName": "r"}, f"{IAM}role/r"),
        ("iam:AddUserToGroup", f"{IAM}group/g", {"GroupName": "g", "UserName": "ann"}, "group g"),
        ("iam:GetInstanceProfile", f"{IAM}instance-profile/i", {"InstanceProfileName": "i"}, "instance profile i"),
        ("iam:GetPolicy", f"{IAM}policy/p", {"PolicyArn": f"{IAM}policy/p"}, f"policy {IAM}policy/p"),
        ("iam:CreatePolicy", f"{IAM}policy/p", {"PolicyName": "p"}, "policy p"),
        ("iam:ListPolicies", "policy path /", {}, "policy path /"),
        ("iam:ListAccountAliases", "*", {}, "*"),
    ],
)  # fmt: skip
def test_what_services_call_the_resource(
    action: str, resource: str, document: dict[str, str], said: str
) -> None:
    assert resource_in_words(action, resource, document) == said


def test_where_a_service_says_nothing_of_the_resource() -> None:
    text = denial(USER, "cloudwatch:PutMetricData", "", Case().ask("cloudwatch:PutMetricData"))
    assert text == (
        f"User: {USER.arn} is not authorized to perform: cloudwatch:PutMetricData "
        "because no identity-based policy allows the cloudwatch:PutMetricData action"
    )
