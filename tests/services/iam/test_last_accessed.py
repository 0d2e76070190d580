"""Which services and actions somebody may use, and who has used them when."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningPlatform
    from types_boto3_iam.client import IAMClient

    ErrorOf = Callable[..., tuple[int, str, str]]


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _keys(iam: IAMClient, user: str) -> dict[str, str]:
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return {
        "aws_access_key_id": key["AccessKeyId"],
        "aws_secret_access_key": key["SecretAccessKey"],
    }


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
    aws("sts", **_keys(iam, "ann")).get_caller_identity()
    running.run(running.platform.iam.uses.settled())
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    answer, entities = _entities(iam, job, "sts")
    assert (answer["JobStatus"], answer["IsTruncated"]) == ("COMPLETED", False)
    assert entities == [("ann", "USER", True), ("r", "ROLE", False), ("bob", "USER", False)]
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
    aws("sts", **_keys(iam, "u")).get_caller_identity()
    running.run(running.platform.iam.uses.settled())
    job = iam.generate_service_last_accessed_details(Arn=user)["JobId"]
    report = iam.get_service_last_accessed_details(JobId=job)
    assert (report["JobStatus"], report["JobType"]) == ("COMPLETED", "SERVICE_LEVEL")
    assert not any("TrackedActionsLastAccessed" in each for each in report["ServicesLastAccessed"])
    unused, used = report["ServicesLastAccessed"]
    assert unused["ServiceNamespace"] == "lambda"
    assert unused["TotalAuthenticatedEntities"] == 0
    assert "LastAuthenticated" not in unused
    assert (used["ServiceNamespace"], used["LastAuthenticatedEntity"]) == ("sts", user)
    _, entities = _entities(iam, job, "sts")
    assert entities == [("u", "USER", True)]
    gone = error_of(iam.get_service_last_accessed_details, JobId="0" * 36)
    assert gone[:2] == (404, "NoSuchEntity")


def _actions(iam: IAMClient, arn: str) -> dict[str, dict[str, Any]]:
    """Of a report on actions: by service and name, what is told of each."""
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
    report = iam.get_service_last_accessed_details(JobId=job)
    assert report["JobType"] == "ACTION_LEVEL"
    return {
        service["ServiceNamespace"]: {
            action["ActionName"]: action for action in service["TrackedActionsLastAccessed"]
        }
        for service in report["ServicesLastAccessed"]
    }


def test_which_actions_a_user_has_taken(iam: IAMClient, aws: Callable[..., Any]) -> None:
    user = iam.create_user(UserName="u")["User"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["lambda:Get*", "LAMBDA:listfunctions"]}
    document = _document({**allowed, "Resource": "*"})
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
    policy = iam.create_policy(PolicyName="p", PolicyDocument=document)["Policy"]["Arn"]
    iam.create_group(GroupName="g")
    iam.attach_group_policy(GroupName="g", PolicyArn=policy)
    iam.add_user_to_group(GroupName="g", UserName="u")
    keys = _keys(iam, "u")
    functions = aws("lambda", **keys)
    functions.list_functions()
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.get_function(FunctionName="none")
    with pytest.raises(functions.exceptions.ClientError, match="AccessDenied"):
        functions.list_layers()  # which the policy does not allow, so that nobody is told of it
    for arn in (user, policy, user.replace(":user/u", ":group/g")):
        actions = _actions(iam, arn)["lambda"]
        assert list(actions) == sorted(actions)
        used = {name for name, told in actions.items() if "LastAccessedTime" in told}
        assert used == {"GetFunction", "ListFunctions"}
        assert {"GetPolicy", "GetAlias"} < actions.keys()
        assert not {"ListLayers", "InvokeFunction"} & actions.keys()
        taken = actions["ListFunctions"]
        assert (taken["LastAccessedEntity"], taken["LastAccessedRegion"]) == (user, "us-east-1")
        assert actions["GetPolicy"] == {"ActionName": "GetPolicy"}


def test_who_is_made_again_under_a_name_has_done_nothing_yet(
    iam: IAMClient, aws: Callable[..., Any]
) -> None:
    document = _document({"Effect": "Allow", "Action": "lambda:ListFunctions", "Resource": "*"})
    for is_first in (True, False):
        user = iam.create_user(UserName="u")["User"]["Arn"]
        iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=document)
        if is_first:
            keys = _keys(iam, "u")
            aws("lambda", **keys).list_functions()
        told = _actions(iam, user)["lambda"]["ListFunctions"]
        assert ("LastAccessedTime" in told) is is_first
        if is_first:
            iam.delete_access_key(UserName="u", AccessKeyId=keys["aws_access_key_id"])
            iam.delete_user_policy(UserName="u", PolicyName="p")
            iam.delete_user(UserName="u")


def test_which_policies_let_somebody_use_a_service(
    iam: IAMClient, error_of: ErrorOf, account_id: str
) -> None:
    user = iam.create_user(UserName="u")["User"]["Arn"]
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")

    def document(effect: str, **members: Any) -> str:
        return _document({"Effect": effect, "Resource": "*", **members})

    own = document("Allow", Action=["S3:GetObject", "sqs:*"])
    iam.put_user_policy(UserName="u", PolicyName="own", PolicyDocument=own)
    others = document("Allow", NotAction=["iam:*", "sqs:SendMessage"])
    iam.put_group_policy(GroupName="g", PolicyName="others", PolicyDocument=others)
    denied = document("Deny", Action="*")
    iam.put_group_policy(GroupName="g", PolicyName="denied", PolicyDocument=denied)
    managed = "arn:aws:iam::aws:policy/AdministratorAccess"
    iam.attach_user_policy(UserName="u", PolicyArn=managed)
    mine = {
        "PolicyName": "own",
        "PolicyType": "INLINE",
        "EntityType": "USER",
        "EntityName": "u",
    }
    groups = mine | {"PolicyName": "others", "EntityType": "GROUP", "EntityName": "g"}
    admin = {"PolicyName": "AdministratorAccess", "PolicyType": "MANAGED", "PolicyArn": managed}
    ask = iam.list_policies_granting_service_access
    found = ask(Arn=user, ServiceNamespaces=["s3", "iam", "ec2"])
    assert found["PoliciesGrantingServiceAccess"] == [
        {"ServiceNamespace": "s3", "Policies": [mine, admin, groups]},
        {"ServiceNamespace": "iam", "Policies": [admin]},
        {"ServiceNamespace": "ec2", "Policies": [admin, groups]},
    ]
    assert not found["IsTruncated"]
    group = f"arn:aws:iam::{account_id}:group/g"
    (of_group,) = ask(Arn=group, ServiceNamespaces=["sqs"])["PoliciesGrantingServiceAccess"]
    assert of_group["Policies"] == [groups]
    gone = error_of(ask, Arn=f"{user}x", ServiceNamespaces=["s3"])
    assert gone == (404, "NoSuchEntity", f"ARN {user}x does not exist.")
