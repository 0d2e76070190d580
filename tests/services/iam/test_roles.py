"""Roles, instance profiles, service-linked roles, identity providers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

    ErrorOf = Callable[..., tuple[int, str, str]]


def test_a_role_is_created_and_shown(iam: IAMClient, account_id: str, trust_lambda: str) -> None:
    made = iam.create_role(
        RoleName="lambda_basic_execution",
        Path="/service-role/",
        AssumeRolePolicyDocument=trust_lambda,
        MaxSessionDuration=43200,
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account_id}:role/service-role/lambda_basic_execution"
    assert made["RoleId"].startswith("AROA")
    basics = {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}
    assert set(made) == basics  # as in the AWS CLI's second example of create-role
    shown = iam.get_role(RoleName="LAMBDA_basic_execution")["Role"]
    assert shown == {**made, "MaxSessionDuration": 43200, "RoleLastUsed": {}}
    assert shown["AssumeRolePolicyDocument"] == json.loads(trust_lambda)
    iam.update_role(RoleName="lambda_basic_execution", Description="d", MaxSessionDuration=7200)
    listed = iam.list_roles(PathPrefix="/service-role/")["Roles"]
    assert [(each["Description"], each["MaxSessionDuration"]) for each in listed] == [("d", 7200)]
    described = iam.update_role_description(RoleName="lambda_basic_execution", Description="e")
    assert described["Role"]["Description"] == "e"


def test_the_texts_about_roles(iam: IAMClient, error_of: ErrorOf, trust_lambda: str) -> None:
    assert error_of(iam.get_role, RoleName="none") == (
        404,
        "NoSuchEntity",
        "The role with name none cannot be found.",
    )
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)
    taken = error_of(iam.create_role, RoleName="R", AssumeRolePolicyDocument=trust_lambda)
    assert taken == (409, "EntityAlreadyExists", "Role with name R already exists.")


def test_a_trust_policy_names_somebody_who_is_there(
    iam: IAMClient, error_of: ErrorOf, account_id: str
) -> None:
    arn = f"arn:aws:iam::{account_id}:user/u"
    trust = _trust({"AWS": arn})
    refused = error_of(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust)
    words = f'Invalid principal in policy: "AWS":"{arn}"'
    assert refused == (400, "MalformedPolicyDocument", words)
    iam.create_user(UserName="u")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    other = _trust({"AWS": account_id})
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=other)
    shown = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert shown == json.loads(other)
    long = _trust({"Service": "lambda.amazonaws.com"}, Sid="S" * 2048)
    over = error_of(iam.update_assume_role_policy, RoleName="r", PolicyDocument=long)
    assert over == (409, "LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")


def test_a_role_is_deleted_only_when_nothing_hangs_on_it(
    iam: IAMClient, error_of: ErrorOf, trust_lambda: str, read_logs: str
) -> None:
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)
    iam.create_instance_profile(InstanceProfileName="p")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
    iam.put_role_policy(RoleName="r", PolicyName="i", PolicyDocument=read_logs)
    arn = "arn:aws:iam::aws:policy/AWSLambdaExecute"
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    texts = []
    texts.append(error_of(iam.delete_role, RoleName="r")[2])
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="r")
    texts.append(error_of(iam.delete_role, RoleName="r")[2])
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    texts.append(error_of(iam.delete_role, RoleName="r")[2])
    iam.delete_role_policy(RoleName="r", PolicyName="i")
    iam.delete_role(RoleName="r")
    assert texts == [
        "Cannot delete entity, must remove roles from instance profile first.",
        "Cannot delete entity, must detach all policies first.",
        "Cannot delete entity, must delete policies first.",
    ]


def test_an_instance_profile_holds_one_role(
    iam: IAMClient, error_of: ErrorOf, trust_lambda: str
) -> None:
    made = iam.create_instance_profile(InstanceProfileName="p")["InstanceProfile"]
    assert made["InstanceProfileId"].startswith("AIPA")
    assert made["Roles"] == []
    for name in ("a", "b"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_lambda)
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="a")
    over = error_of(iam.add_role_to_instance_profile, InstanceProfileName="p", RoleName="b")
    assert over == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )
    profile = iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["a"]
    of_role = iam.list_instance_profiles_for_role(RoleName="a")["InstanceProfiles"]
    assert [each["InstanceProfileName"] for each in of_role] == ["p"]
    assert error_of(iam.delete_instance_profile, InstanceProfileName="p")[1] == "DeleteConflict"
    gone = error_of(iam.get_instance_profile, InstanceProfileName="none")
    assert gone == (404, "NoSuchEntity", "Instance Profile none cannot be found.")


def test_a_service_linked_role_belongs_to_its_service(
    iam: IAMClient, error_of: ErrorOf, account_id: str
) -> None:
    role = iam.create_service_linked_role(
        AWSServiceName="elasticache.amazonaws.com", Description="caches"
    )["Role"]
    assert "Description" not in role
    path = "/aws-service-role/elasticache.amazonaws.com/"
    # The form here is that of the CLI's example, the one below that of the lists of roles that people publish.
    assert role["AssumeRolePolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Action": ["sts:AssumeRole"],
                "Effect": "Allow",
                "Principal": {"Service": ["elasticache.amazonaws.com"]},
            }
        ],
    }
    shown = iam.get_role(RoleName=role["RoleName"])["Role"]
    assert shown["AssumeRolePolicyDocument"] == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "elasticache.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    assert role["Arn"] == f"arn:aws:iam::{account_id}:role{path}AWSServiceRoleForElastiCache"
    again = error_of(iam.create_service_linked_role, AWSServiceName="elasticache.amazonaws.com")
    assert again[1:] == (
        "InvalidInput",
        (
            "Service role name AWSServiceRoleForElastiCache has been taken in this account, please try a different "
            "suffix."
        ),
    )
    protected = error_of(iam.delete_role, RoleName=role["RoleName"])
    assert protected[1:] == (
        "UnmodifiableEntity",
        (
            "Cannot perform the operation on the protected role 'AWSServiceRoleForElastiCache' - this role is only "
            "modifiable by AWS"
        ),
    )
    task = iam.delete_service_linked_role(RoleName=role["RoleName"])["DeletionTaskId"]
    assert task.startswith(f"task{path}AWSServiceRoleForElastiCache/")
    assert iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"] == "SUCCEEDED"
    assert error_of(iam.get_role, RoleName=role["RoleName"])[1] == "NoSuchEntity"


def test_open_id_connect_providers(iam: IAMClient, error_of: ErrorOf, account_id: str) -> None:
    url = "https://token.actions.githubusercontent.com"
    arn = iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com"])[
        "OpenIDConnectProviderArn"
    ]
    assert arn == f"arn:aws:iam::{account_id}:oidc-provider/token.actions.githubusercontent.com"
    assert error_of(iam.create_open_id_connect_provider, Url=url)[1] == "EntityAlreadyExists"
    iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=arn, ClientID="other")
    shown = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert shown["Url"] == "token.actions.githubusercontent.com"
    assert shown["ClientIDList"] == ["sts.amazonaws.com", "other"]
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    assert listed == [{"Arn": arn}]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    gone = error_of(iam.get_open_id_connect_provider, OpenIDConnectProviderArn=arn)
    assert gone == (404, "NoSuchEntity", f"OpenIDConnect Provider not found for arn {arn}")


def _trust(principal: dict[str, str], **members: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sts:AssumeRole",
        **members,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
