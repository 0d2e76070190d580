"""Inline and managed policies, versions, attachments, boundaries; policies of AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

    ErrorOf = Callable[..., tuple[int, str, str]]

BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def test_a_managed_policy_is_created_and_shown(
    iam: IAMClient, account_id: str, read_logs: str
) -> None:
    made = iam.create_policy(
        PolicyName="ReadLogs",
        Path="/ci/",
        PolicyDocument=read_logs,
        Description="reads",
        Tags=[{"Key": "k", "Value": "v"}],
    )["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{account_id}:policy/ci/ReadLogs"
    assert made["PolicyId"].startswith("ANPA")
    assert made["DefaultVersionId"] == "v1"
    assert (made["AttachmentCount"], made["PermissionsBoundaryUsageCount"]) == (0, 0)
    assert made["IsAttachable"] is True
    assert "Description" not in made
    shown = iam.get_policy(PolicyArn=made["Arn"])["Policy"]
    assert shown == {**made, "Description": "reads"}
    version = iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(read_logs)
    assert version["IsDefaultVersion"] is True


def test_a_document_is_sent_percent_encoded(aws: Callable[..., Any], read_logs: str) -> None:
    iam = aws("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=read_logs)
    seen: list[bytes] = []
    iam.meta.events.register(
        "before-parse.iam.GetUserPolicy",
        lambda response_dict, **_: seen.append(response_dict["body"]),
    )
    iam.get_user_policy(UserName="u", PolicyName="p")
    assert b"%7B%22Version%22%3A%20%222012-10-17%22" in seen[0]


def test_the_texts_of_policies_that_are_not_there(
    iam: IAMClient, account_id: str, error_of: ErrorOf
) -> None:
    iam.create_user(UserName="u")
    arn = f"arn:aws:iam::{account_id}:policy/none"
    assert error_of(iam.get_policy, PolicyArn=arn) == (
        404,
        "NoSuchEntity",
        f"Policy {arn} was not found.",
    )
    attach = error_of(iam.attach_user_policy, UserName="u", PolicyArn=arn)
    assert attach[1:] == ("NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    detach = error_of(iam.detach_user_policy, UserName="u", PolicyArn=BASIC)
    assert detach[1:] == ("NoSuchEntity", f"Policy {BASIC} was not found.")
    inline = error_of(iam.get_user_policy, UserName="u", PolicyName="none")
    assert inline[1:] == ("NoSuchEntity", "The user policy with name none cannot be found.")
    bad = error_of(iam.get_policy, PolicyArn="no-arn-but-long-enough")
    assert bad == (400, "InvalidInput", "ARN no-arn-but-long-enough is not valid.")


def test_a_policy_name_is_taken_in_any_case(
    iam: IAMClient, error_of: ErrorOf, read_logs: str
) -> None:
    iam.create_policy(PolicyName="P", PolicyDocument=read_logs)
    taken = error_of(iam.create_policy, PolicyName="p", Path="/x/", PolicyDocument=read_logs)
    assert taken == (
        409,
        "EntityAlreadyExists",
        "A policy called p already exists. Duplicate names are not allowed.",
    )


@pytest.mark.parametrize("document", ["{", "[]", '{"Version":"2012-10-17"}', '{"Statement":1}'])
def test_a_document_that_is_no_policy_is_refused(
    iam: IAMClient, error_of: ErrorOf, document: str
) -> None:
    iam.create_user(UserName="u")
    put = error_of(iam.put_user_policy, UserName="u", PolicyName="p", PolicyDocument=document)
    assert put[:2] == (400, "MalformedPolicyDocument")
    made = error_of(iam.create_policy, PolicyName="p", PolicyDocument=document)
    assert made[:2] == (400, "MalformedPolicyDocument")
    assert iam.list_user_policies(UserName="u")["PolicyNames"] == []


def test_a_refusal_says_what_in_the_message_and_where_in_a_header(
    iam: IAMClient, trust_lambda: str
) -> None:
    def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as answered:
            call(**request)
        response = answered.value.response
        headers = response["ResponseMetadata"]["HTTPHeaders"]
        return response["Error"]["Message"], headers["x-lambent-policy-fault"]

    statement = '{"Effect": "Allow", "Action": "s3:*",\n "Resources": "*"}'
    document = f'{{"Version": "2012-10-17", "Statement": {statement}}}'
    said, where = refused(iam.create_policy, PolicyName="p", PolicyDocument=document)
    assert said == "Syntax errors in policy."
    assert where == "line 2, column 2: Resources is no element"
    said, where = refused(
        iam.simulate_custom_policy, PolicyInputList=[document], ActionNames=["s3:GetObject"]
    )
    assert said == "Syntax errors in policy."
    assert where == "line 2, column 2: Resources is no element"
    document = document.replace('"Resources": "*"', '"Resource": "bucket"')
    said, where = refused(iam.create_policy, PolicyName="p", PolicyDocument=document)
    assert (said, where) == (
        'Resource bucket must be in ARN format or "*".',
        "line 2, column 14",
    )
    trust = trust_lambda.replace('"Effect"', '"Resource": "*", "Effect"')
    said, where = refused(iam.create_role, RoleName="r", AssumeRolePolicyDocument=trust)
    assert said == "Has prohibited field Resource"
    assert where.startswith("line 1, column ")


def test_a_policy_has_five_versions_at_most(
    iam: IAMClient, error_of: ErrorOf, read_logs: str
) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=read_logs)["Policy"]["Arn"]
    for number in range(2, 6):
        made = iam.create_policy_version(
            PolicyArn=arn, PolicyDocument=read_logs, SetAsDefault=number == 3
        )["PolicyVersion"]
        assert (made["VersionId"], made["IsDefaultVersion"]) == (f"v{number}", number == 3)
        assert "Document" not in made
    over = error_of(iam.create_policy_version, PolicyArn=arn, PolicyDocument=read_logs)
    assert over[:2] == (409, "LimitExceeded")
    assert over[2].startswith("A managed policy can have up to 5 versions.")
    assert error_of(iam.delete_policy_version, PolicyArn=arn, VersionId="v3") == (
        409,
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    gone = error_of(iam.get_policy_version, PolicyArn=arn, VersionId="v9")
    assert gone[2] == f"Policy {arn} version v9 does not exist or is not attachable."
    iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=read_logs)
    listed = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [each["VersionId"] for each in listed] == ["v6", "v4", "v3", "v2", "v1"]
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v6")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v6"
    assert error_of(iam.delete_policy, PolicyArn=arn)[1] == "DeleteConflict"


def test_attachments_are_counted_and_hold_a_policy(
    iam: IAMClient, error_of: ErrorOf, read_logs: str, trust_lambda: str
) -> None:
    arn = iam.create_policy(PolicyName="p", PolicyDocument=read_logs)["Policy"]["Arn"]
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)["Role"]
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_user_policy(UserName="u", PolicyArn=arn)
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    iam.put_user_permissions_boundary(UserName="u", PermissionsBoundary=arn)
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (policy["AttachmentCount"], policy["PermissionsBoundaryUsageCount"]) == (3, 1)
    attached = iam.list_attached_user_policies(UserName="u")["AttachedPolicies"]
    assert attached == [{"PolicyName": "p", "PolicyArn": arn}]
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    assert [each["UserName"] for each in entities["PolicyUsers"]] == ["u"]
    assert [each["GroupName"] for each in entities["PolicyGroups"]] == ["g"]
    assert entities["PolicyRoles"] == [{"RoleName": "r", "RoleId": role["RoleId"]}]
    only = iam.list_entities_for_policy(PolicyArn=arn, PolicyUsageFilter="PermissionsBoundary")
    assert (len(only["PolicyUsers"]), only["PolicyRoles"]) == (1, [])
    assert error_of(iam.delete_policy, PolicyArn=arn) == (
        409,
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    assert iam.get_user(UserName="u")["User"]["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": arn,
    }
    iam.delete_user_permissions_boundary(UserName="u")
    iam.detach_user_policy(UserName="u", PolicyArn=arn)
    iam.detach_group_policy(GroupName="g", PolicyArn=arn)
    iam.detach_role_policy(RoleName="r", PolicyArn=arn)
    iam.delete_policy(PolicyArn=arn)
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_ten_policies_may_be_attached(iam: IAMClient, error_of: ErrorOf, read_logs: str) -> None:
    iam.create_group(GroupName="g")
    arns = [
        iam.create_policy(PolicyName=f"p{number}", PolicyDocument=read_logs)["Policy"]["Arn"]
        for number in range(11)
    ]
    for arn in arns[:10]:
        iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    assert error_of(iam.attach_group_policy, GroupName="g", PolicyArn=arns[10]) == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerGroup: 10",
    )


def test_a_role_may_have_twenty(
    iam: IAMClient, error_of: ErrorOf, read_logs: str, trust_lambda: str
) -> None:
    """github.com/badmintoncryer/cdk-preflight, iam-managed-policy-count: the quota that an account has by itself."""
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)
    for number in range(21):
        made = iam.create_policy(PolicyName=f"p{number}", PolicyDocument=read_logs)["Policy"]
        if number < 20:
            iam.attach_role_policy(RoleName="r", PolicyArn=made["Arn"])
    assert error_of(iam.attach_role_policy, RoleName="r", PolicyArn=made["Arn"]) == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 20",
    )


def test_policies_of_aws_are_there_and_cannot_be_changed(
    iam: IAMClient, error_of: ErrorOf, read_logs: str
) -> None:
    policy = iam.get_policy(PolicyArn=BASIC)["Policy"]
    assert (policy["PolicyName"], policy["Path"]) == (
        "AWSLambdaBasicExecutionRole",
        "/service-role/",
    )
    version = iam.get_policy_version(PolicyArn=BASIC, VersionId=policy["DefaultVersionId"])
    document: Any = version["PolicyVersion"]["Document"]
    assert document["Statement"][0]["Action"] == [
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    ]
    pages = iam.get_paginator("list_policies").paginate(
        Scope="AWS", PaginationConfig={"PageSize": 7}
    )
    names = {each["PolicyName"] for page in pages for each in page["Policies"]}
    assert {"AdministratorAccess", "AWSLambdaExecute", "AmazonS3FullAccess"} <= names
    change = error_of(iam.create_policy_version, PolicyArn=BASIC, PolicyDocument=read_logs)
    assert change[:2] == (403, "AccessDenied")


def test_inline_policies_have_a_limit_together(iam: IAMClient, error_of: ErrorOf) -> None:
    iam.create_user(UserName="u")
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{'b' * 900}",
    }
    large = json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=8)
    iam.put_user_policy(UserName="u", PolicyName="b", PolicyDocument=large)
    iam.put_user_policy(UserName="u", PolicyName="a", PolicyDocument=large)
    over = error_of(iam.put_user_policy, UserName="u", PolicyName="c", PolicyDocument=large)
    assert over == (409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user u")
    assert iam.list_user_policies(UserName="u")["PolicyNames"] == ["a", "b"]
    iam.delete_user_policy(UserName="u", PolicyName="a")
    assert iam.list_user_policies(UserName="u")["PolicyNames"] == ["b"]


def test_the_details_of_an_account(iam: IAMClient, read_logs: str, trust_lambda: str) -> None:
    iam.create_user(UserName="u")
    iam.create_group(GroupName="G")
    iam.add_user_to_group(GroupName="G", UserName="u")
    iam.put_group_policy(GroupName="G", PolicyName="p", PolicyDocument=read_logs)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust_lambda)
    iam.attach_role_policy(RoleName="r", PolicyArn=BASIC)
    iam.create_policy(PolicyName="own", PolicyDocument=read_logs)
    details = iam.get_account_authorization_details()
    assert [user["GroupList"] for user in details["UserDetailList"]] == [["G"]]
    group = details["GroupDetailList"][0]
    assert group["GroupPolicyList"][0]["PolicyDocument"] == json.loads(read_logs)
    role = details["RoleDetailList"][0]
    assert role["AttachedManagedPolicies"][0]["PolicyArn"] == BASIC
    assert role["AssumeRolePolicyDocument"] == json.loads(trust_lambda)
    names = [policy["PolicyName"] for policy in details["Policies"]]
    assert names == ["own", "AWSLambdaBasicExecutionRole"]
    only = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])
    assert [len(only["Policies"]), len(only["RoleDetailList"])] == [1, 0]


def test_alias_and_summary(iam: IAMClient, error_of: ErrorOf, account_id: str) -> None:
    alias = f"team-{account_id}"
    iam.create_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == [alias]
    iam.create_user(UserName="u")
    summary = iam.get_account_summary()["SummaryMap"]
    assert (summary["Users"], summary["Roles"], summary["AccessKeysPerUserQuota"]) == (1, 0, 2)
    # As in the AWS CLI's example of get-account-summary; the model does not list it.
    assert summary["RolePolicySizeQuota"] == 10240
    assert summary["AccountAccessKeysPresent"] == 1
    iam.delete_account_alias(AccountAlias=alias)
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert error_of(iam.delete_account_alias, AccountAlias=alias)[1] == "NoSuchEntity"


def test_what_is_not_served_names_itself(iam: IAMClient, error_of: ErrorOf) -> None:
    status, code, message = error_of(iam.create_virtual_mfa_device, VirtualMFADeviceName="device")
    assert (status, code) == (501, "NotImplementedException")
    assert "CreateVirtualMFADevice" in message
