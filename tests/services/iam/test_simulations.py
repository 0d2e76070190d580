"""The policy simulator, context keys, and services last accessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningPlatform
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


def _entities(iam: IAMClient, job: str, service: str) -> tuple[Any, list[tuple[str, str, bool]]]:
    """An answer, and its entities by name and type, and whether they have used the service."""
    answer = iam.get_service_last_accessed_details_with_entities(
        JobId=job, ServiceNamespace=service
    )
    found: list[tuple[str, str, bool]] = [
        (each["EntityInfo"]["Name"], each["EntityInfo"]["Type"], "LastAuthenticated" in each)
        for each in answer["EntityDetailsList"]
    ]
    return answer, found


def test_who_of_a_policys_holders_has_used_a_service(
    iam: IAMClient,
    aws: Callable[..., Any],
    running: RunningPlatform,
    error_of: ErrorOf,
    trust_lambda: str,
) -> None:
    document = _document({"Effect": "Allow", "Action": ["sts:*", "s3:*"], "Resource": "*"})
    arn = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    for name in ("ann", "bob"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(UserName=name, GroupName="g")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    aws(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    ).get_caller_identity()
    running.run(running.platform.iam.uses.settled())
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    answer, entities = _entities(iam, job, "sts")
    assert (answer["JobStatus"], answer["IsTruncated"]) == ("COMPLETED", False)
    assert entities == [("r", "ROLE", False), ("ann", "USER", True), ("bob", "USER", False)]
    assert not any(used for _, _, used in _entities(iam, job, "s3")[1])
    ask = iam.get_service_last_accessed_details_with_entities
    assert error_of(ask, JobId=job, ServiceNamespace="sqs")[:2] == (404, "NoSuchEntity")
    assert error_of(ask, JobId="0" * 36, ServiceNamespace="sts")[:2] == (404, "NoSuchEntity")


def test_which_services_a_user_has_used(
    iam: IAMClient, aws: Callable[..., Any], running: RunningPlatform, error_of: ErrorOf
) -> None:
    user = iam.create_user(UserName="u")["User"]["Arn"]
    actions = ["sts:GetCallerIdentity", "lambda:InvokeFunction"]
    document = _document({"Effect": "Allow", "Action": actions, "Resource": "*"})
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="u")["AccessKey"]
    aws(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    ).get_caller_identity()
    running.run(running.platform.iam.uses.settled())
    job = iam.generate_service_last_accessed_details(Arn=user)["JobId"]
    report = iam.get_service_last_accessed_details(JobId=job)
    assert report["JobStatus"] == "COMPLETED"
    unused, used = report["ServicesLastAccessed"]
    assert unused["ServiceNamespace"] == "lambda"
    assert unused["TotalAuthenticatedEntities"] == 0
    assert "LastAuthenticated" not in unused
    assert (used["ServiceNamespace"], used["LastAuthenticatedEntity"]) == ("sts", user)
    _, entities = _entities(iam, job, "sts")
    assert entities == [("u", "USER", True)]
    gone = error_of(iam.get_service_last_accessed_details, JobId="0" * 36)
    assert gone[:2] == (404, "NoSuchEntity")


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
