"""The policy simulator, context keys, and services last accessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

    ErrorOf = Callable[..., tuple[int, str, str]]

ONE = "arn:aws:lambda:eu-west-1:123456789012:function:one"


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=2)


INVOKE = _document({"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ONE})
FROM_HOME = _document(
    {
        "Effect": "Allow",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    }
)


def test_policies_are_tried_out(iam: IAMClient) -> None:
    answer = iam.simulate_custom_policy(
        PolicyInputList=[INVOKE, FROM_HOME],
        ActionNames=["lambda:InvokeFunction", "s3:GetObject"],
        ResourceArns=[ONE],
    )
    invoke, get = answer["EvaluationResults"]
    assert answer["IsTruncated"] is False
    assert (invoke["EvalActionName"], invoke["EvalDecision"]) == (
        "lambda:InvokeFunction",
        "allowed",
    )
    (matched,) = invoke["MatchedStatements"]
    assert matched["SourcePolicyId"] == "PolicyInputList.1"
    assert matched["StartPosition"] == {"Line": 4, "Column": 5}
    assert (get["EvalDecision"], get["MissingContextValues"]) == ("implicitDeny", ["aws:SourceIp"])
    home = iam.simulate_custom_policy(
        PolicyInputList=[FROM_HOME],
        ActionNames=["s3:GetObject"],
        ContextEntries=[
            {
                "ContextKeyName": "aws:SourceIp",
                "ContextKeyValues": ["203.0.113.7"],
                "ContextKeyType": "ip",
            }
        ],
    )
    assert home["EvaluationResults"][0]["EvalDecision"] == "allowed"
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[INVOKE, FROM_HOME])
    assert keys["ContextKeyNames"] == ["aws:SourceIp"]


def test_a_users_policies_are_tried_out(iam: IAMClient, error_of: ErrorOf, account_id: str) -> None:
    user = iam.create_user(UserName="u")["User"]["Arn"]
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    iam.put_group_policy(GroupName="g", PolicyName="p", PolicyDocument=INVOKE)
    boundary = iam.create_policy(PolicyName="b", PolicyDocument=FROM_HOME)["Policy"]["Arn"]

    def decision() -> Any:
        return iam.simulate_principal_policy(
            PolicySourceArn=user, ActionNames=["lambda:InvokeFunction"], ResourceArns=[ONE]
        )["EvaluationResults"][0]

    allowed = decision()
    assert allowed["EvalDecision"] == "allowed"
    assert allowed["MatchedStatements"][0]["SourcePolicyId"] == "group_g_p"
    assert "PermissionsBoundaryDecisionDetail" not in allowed
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=boundary)
    bounded = decision()
    assert bounded["EvalDecision"] == "implicitDeny"
    assert bounded["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    nobody = error_of(
        iam.simulate_principal_policy,
        PolicySourceArn=f"arn:aws:iam::{account_id}:user/none",
        ActionNames=["s3:GetObject"],
    )
    assert nobody == (404, "NoSuchEntity", "The user with name none cannot be found.")


def test_whose_policies_cannot_be_simulated(
    iam: IAMClient, error_of: ErrorOf, account_id: str
) -> None:
    """In AWS's words, as several public repositories quote them."""
    refused = {
        f"arn:aws:sts::{account_id}:assumed-role/admin/me": (
            f"Invalid Entity Arn: arn:aws:sts::{account_id}:assumed-role/admin/me does not clearly define "
            "entity type and name."
        ),
        f"arn:aws:iam::{account_id}:root": (
            f"Invalid Entity Arn: arn:aws:iam::{account_id}:root does not clearly define entity type and name."
        ),
        "arn:aws:iam::111122223333:role/theirs": (
            f"Invalid Policy Source Arn: caller's account {account_id} does not have access to policies in "
            "account 111122223333"
        ),
        "no-arn-at-all-but-long": "ARN no-arn-at-all-but-long is not valid.",
    }
    for arn, message in refused.items():
        answer = error_of(
            iam.simulate_principal_policy, PolicySourceArn=arn, ActionNames=["s3:GetObject"]
        )
        assert answer == (400, "InvalidInput", message)


def test_a_policy_of_the_resource_is_tried_out_on_users_and_roles_of_any_account(
    iam: IAMClient,
) -> None:
    for kind, expected in (("user/ann", "allowed"), ("role/x/builder", "implicitDeny")):
        caller = f"arn:aws:iam::111122223333:{kind}"
        mine = {"Effect": "Allow", "Principal": {"AWS": caller}, "Action": "s3:*", "Resource": "*"}
        answer = iam.simulate_custom_policy(
            PolicyInputList=[INVOKE],
            PermissionsBoundaryPolicyInputList=[INVOKE],
            ResourcePolicy=_document(mine),
            CallerArn=caller,
            ActionNames=["s3:GetObject"],
            ResourceArns=["arn:aws:s3:::bucket/key"],
        )
        (found,) = answer["EvaluationResults"]
        # A boundary limits what is given to a role, not what is given to a user.
        assert found["EvalDecision"] == expected


def test_service_control_policies_bound_a_simulation(iam: IAMClient) -> None:
    everything = _document({"Effect": "Allow", "Action": "*", "Resource": "*"})
    for last, expected in ((everything, "allowed"), (FROM_HOME, "implicitDeny")):
        answer = iam.simulate_custom_policy(
            PolicyInputList=[INVOKE],
            OrderedOrganizationPolicyInputList=[
                {"ServiceControlPolicyInputList": [everything]},
                {"ServiceControlPolicyInputList": [last]},
            ],
            ActionNames=["lambda:InvokeFunction"],
            ResourceArns=[ONE],
        )
        (found,) = answer["EvaluationResults"]
        assert found["EvalDecision"] == expected
        detail = found["OrganizationsDecisionDetail"]
        assert detail["AllowedByOrganizations"] is (expected == "allowed")
