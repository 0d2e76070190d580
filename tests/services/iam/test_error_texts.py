"""Errors word for word as IAM answered them to the authors of github.com/badmintoncryer/cdk-preflight in 2026-09.

What IAM says of policy documents is in `tests/unit/policy/test_documents.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

    ErrorOf = Callable[..., tuple[int, str, str]]

CHINESE = "arn:aws-cn:iam::aws:policy/ReadOnlyAccess"


class Quoted(NamedTuple):
    """A request of an account that has the role `r`; `TRUST` is the trust policy of a Lambda function, and `rule`
    where the answer is quoted."""

    operation: str
    request: dict[str, Any]
    status: int
    code: str
    text: str
    rule: str


def _role(**members: Any) -> dict[str, Any]:
    return {"RoleName": "new", "AssumeRolePolicyDocument": "TRUST", **members}


def _name(member: str) -> str:
    return (
        f"The specified value for {member} is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )


QUOTED = [
    *(
        Quoted(
            operation,
            request | {"Path": "/aws-service-role/"},
            400,
            "InvalidInput",
            "Paths beginning with '/aws-service-role' are reserved for AWS Service Linked Roles",
            "path-service-role-reserved",
        )
        for operation, request in (
            ("create_role", _role()),
            ("create_user", {"UserName": "u"}),
            ("create_group", {"GroupName": "g"}),
            ("create_instance_profile", {"InstanceProfileName": "i"}),
        )
    ),
    Quoted(
        "attach_role_policy",
        {"RoleName": "r", "PolicyArn": CHINESE},
        400,
        "ValidationError",
        "Invalid ARN partition",
        "policy-arn-partition",
    ),
    Quoted(
        "create_role",
        _role(PermissionsBoundary=CHINESE),
        400,
        "ValidationError",
        "Invalid ARN partition",
        "policy-arn-partition",
    ),
    Quoted(
        "create_role",
        _role(PermissionsBoundary="arn:aws:iam::111122223333:role/boundary"),
        400,
        "InvalidInput",
        "ARN arn:aws:iam::111122223333:role/boundary is not valid.",
        "permissions-boundary-policy-arn",
    ),
    *(
        Quoted(
            "create_service_linked_role",
            {"AWSServiceName": name},
            403,
            "AccessDenied",
            f"{name} is not a valid AWS service name (Service Principal)",
            "slr-service-name-format",
        )
        for name in ("elasticloadbalancing", "notreal.amazonaws.com")
    ),
    Quoted(
        "create_open_id_connect_provider",
        {"Url": "https://idp.example.com", "ClientIDList": [f"c{number}" for number in range(101)]},
        409,
        "LimitExceeded",
        "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
        "oidc-provider-client-id-count",
    ),
    Quoted(
        "create_role",
        _role(RoleName="テスト用"),
        400,
        "ValidationError",
        _name("roleName"),
        "name-format",
    ),
    Quoted(
        "create_user",
        {"UserName": "テスト用"},
        400,
        "ValidationError",
        _name("userName"),
        "name-format",
    ),
]


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted.rule)
def test_what_aws_says(
    iam: IAMClient, error_of: ErrorOf, trust_lambda: str, quoted: Quoted
) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)
    request = {
        name: trust_lambda if value == "TRUST" else value for name, value in quoted.request.items()
    }
    answer = error_of(getattr(iam, quoted.operation), **request)
    assert answer == (quoted.status, quoted.code, quoted.text)


def test_thumbprints_of_a_provider(iam: IAMClient, error_of: ErrorOf) -> None:
    """terraform-aws-modules/terraform-aws-eks issue 2632, hashicorp/terraform-provider-aws issue 29963."""
    five = [f"{number:040}" for number in range(5)]
    url = "https://idp.example.com"
    create = iam.create_open_id_connect_provider
    many = (400, "InvalidInput", "Thumbprint list must contain fewer than 5 entries.")
    assert error_of(create, Url=url, ThumbprintList=[*five, "a" * 40]) == many
    arn = create(Url=url, ThumbprintList=five)["OpenIDConnectProviderArn"]
    for thumbprints, refused in (
        ([*five, "a" * 40], many),
        ([], (400, "InvalidInput", "Thumbprint list must contain at least one entry.")),
    ):
        answer = error_of(
            iam.update_open_id_connect_provider_thumbprint,
            OpenIDConnectProviderArn=arn,
            ThumbprintList=thumbprints,
        )
        assert answer == refused


def test_a_provider_without_tls(iam: IAMClient, error_of: ErrorOf) -> None:
    """oidc-provider-url-https; AWS gives the code alone."""
    refused = error_of(iam.create_open_id_connect_provider, Url="http://nope.example.com")
    assert refused[:2] == (400, "InvalidInput")


def test_a_second_role_of_an_instance_profile(
    iam: IAMClient, error_of: ErrorOf, trust_lambda: str
) -> None:
    """instance-profile-single-role."""
    iam.create_instance_profile(InstanceProfileName="i")
    for name in ("a", "b"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_lambda)
    add = iam.add_role_to_instance_profile
    add(InstanceProfileName="i", RoleName="a")
    assert error_of(add, InstanceProfileName="i", RoleName="b") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )


def test_sessions_of_roles_that_are_not_there(
    iam: IAMClient, error_of: ErrorOf, account_id: str, trust_lambda: str
) -> None:
    """trust-policy-aws-principal-format. Of a role that is there: "Principal", IAM JSON policy elements reference."""
    arn = f"arn:aws:sts::{account_id}:assumed-role/r/s"
    trust = trust_lambda.replace('"Service": "lambda.amazonaws.com"', f'"AWS": "{arn}"')
    assert json.loads(trust)["Statement"][0]["Principal"] == {"AWS": arn}
    request: Any = {"RoleName": "new", "AssumeRolePolicyDocument": trust}
    assert error_of(iam.create_role, **request) == (
        400,
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{arn}"',
    )
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)
    iam.create_role(**request)
