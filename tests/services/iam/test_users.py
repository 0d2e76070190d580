"""Users, groups, access keys, passwords."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningPlatform
    from types_boto3_iam.client import IAMClient

    ErrorOf = Callable[..., tuple[int, str, str]]


def _members(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in dict(answer).items() if name != "ResponseMetadata"}


def test_a_user_is_created_and_shown(iam: IAMClient, account_id: str) -> None:
    made = iam.create_user(
        UserName="Codeship", Path="/ci/", Tags=[{"Key": "team", "Value": "build"}]
    )["User"]
    assert made["Arn"] == f"arn:aws:iam::{account_id}:user/ci/Codeship"
    assert made["UserId"].startswith("AIDA")
    assert len(made["UserId"]) == 21
    assert made["CreateDate"].microsecond == 0
    assert set(made) == {"Path", "UserName", "UserId", "Arn", "CreateDate", "Tags"}
    assert iam.get_user(UserName="Codeship")["User"] == made
    listed = iam.list_users()["Users"]
    assert [set(user) for user in listed] == [set(made) - {"Tags"}]


def test_names_are_not_distinguished_by_case(iam: IAMClient, error_of: ErrorOf) -> None:
    iam.create_user(UserName="Alice")
    assert error_of(iam.create_user, UserName="ALICE") == (
        409,
        "EntityAlreadyExists",
        "User with name ALICE already exists.",
    )
    assert iam.get_user(UserName="alice")["User"]["UserName"] == "Alice"


def test_the_texts_of_users_that_are_not_there(iam: IAMClient, error_of: ErrorOf) -> None:
    absent = (404, "NoSuchEntity", "The user with name nobody cannot be found.")
    for call in (iam.get_user, iam.delete_user, iam.list_groups_for_user, iam.create_access_key):
        assert error_of(call, UserName="nobody") == absent


def test_a_bad_name_is_explained(iam: IAMClient, error_of: ErrorOf) -> None:
    words = (
        "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the "
        "following: +=,.@_-"
    )
    assert error_of(iam.create_user, UserName="Codeship User") == (400, "ValidationError", words)
    words = (
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters."
    )
    assert error_of(iam.create_user, UserName="u", Path="ci")[1:] == ("ValidationError", words)


def test_lists_come_in_pages_and_by_path(iam: IAMClient, error_of: ErrorOf) -> None:
    for number in range(5):
        iam.create_user(UserName=f"u{number}", Path="/even/" if number % 2 == 0 else "/odd/")
    first = iam.list_users(MaxItems=2)
    assert first["IsTruncated"] is True
    assert [user["UserName"] for user in first["Users"]] == ["u0", "u1"]
    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in pages for user in page["Users"]] == [
        f"u{number}" for number in range(5)
    ]
    even = iam.list_users(PathPrefix="/even/")
    assert [user["UserName"] for user in even["Users"]] == ["u0", "u2", "u4"]
    assert "Marker" not in even
    assert error_of(iam.list_users, Marker="nonsense")[1] == "ValidationError"


def test_a_renamed_user_keeps_id_keys_and_groups(
    iam: IAMClient, aws: Callable[..., Any], account_id: str
) -> None:
    user_id = iam.create_user(UserName="old")["User"]["UserId"]
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="old")
    key = iam.create_access_key(UserName="old")["AccessKey"]
    iam.update_user(UserName="old", NewUserName="new", NewPath="/p/")
    user = iam.get_user(UserName="new")["User"]
    assert (user["UserId"], user["Arn"]) == (user_id, f"arn:aws:iam::{account_id}:user/p/new")
    assert iam.list_access_keys(UserName="new")["AccessKeyMetadata"][0]["UserName"] == "new"
    assert [user["UserName"] for user in iam.get_group(GroupName="g")["Users"]] == ["new"]
    own = aws(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert own.get_caller_identity()["Arn"].endswith("user/p/new")


def test_a_user_is_deleted_only_when_nothing_hangs_on_it(
    iam: IAMClient, error_of: ErrorOf, read_logs: str
) -> None:
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]["AccessKeyId"]
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=read_logs)
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    iam.attach_user_policy(UserName="u", PolicyArn=managed)
    iam.create_login_profile(UserName="u", Password="Correct-horse")
    undo: list[tuple[str, Callable[[], object]]] = [
        (
            "must detach all policies first.",
            lambda: iam.detach_user_policy(UserName="u", PolicyArn=managed),
        ),
        (
            "must delete policies first.",
            lambda: iam.delete_user_policy(UserName="u", PolicyName="p"),
        ),
        (
            "must delete access keys first.",
            lambda: iam.delete_access_key(UserName="u", AccessKeyId=key),
        ),
        ("must delete login profile first.", lambda: iam.delete_login_profile(UserName="u")),
        (
            "must remove users from group first.",
            lambda: iam.remove_user_from_group(GroupName="g", UserName="u"),
        ),
    ]
    for why, remedy in undo:
        expected = (409, "DeleteConflict", f"Cannot delete entity, {why}")
        assert error_of(iam.delete_user, UserName="u") == expected
        remedy()
    iam.delete_user(UserName="u")
    assert iam.list_users()["Users"] == []


def test_a_group_is_deleted_only_when_it_is_empty(iam: IAMClient, error_of: ErrorOf) -> None:
    group = iam.create_group(GroupName="CI")["Group"]
    assert group["GroupId"].startswith("AGPA")
    iam.create_user(UserName="u")
    iam.add_user_to_group(GroupName="ci", UserName="U")
    assert [each["GroupName"] for each in iam.list_groups_for_user(UserName="u")["Groups"]] == [
        "CI"
    ]
    assert error_of(iam.delete_group, GroupName="CI") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must remove users from group first.",
    )
    iam.update_group(GroupName="CI", NewGroupName="builders")
    assert iam.list_groups_for_user(UserName="u")["Groups"][0]["GroupId"] == group["GroupId"]
    iam.remove_user_from_group(GroupName="builders", UserName="u")
    iam.delete_group(GroupName="builders")
    assert iam.list_groups()["Groups"] == []


def test_an_access_key_works_until_it_is_disabled(
    iam: IAMClient, aws: Callable[..., Any], error_of: ErrorOf, account_id: str
) -> None:
    user = iam.create_user(UserName="u")["User"]
    key = iam.create_access_key(UserName="u")["AccessKey"]
    assert set(key) == {"UserName", "AccessKeyId", "Status", "SecretAccessKey", "CreateDate"}
    assert key["AccessKeyId"].startswith("AKIA")
    own = aws(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert _members(own.get_caller_identity()) == {
        "UserId": user["UserId"],
        "Account": account_id,
        "Arn": user["Arn"],
    }
    listed = iam.list_access_keys(UserName="u")["AccessKeyMetadata"]
    assert [set(each) for each in listed] == [set(key) - {"SecretAccessKey"}]
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    refused = (
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )
    assert error_of(own.get_caller_identity) == refused
    iam.update_access_key(UserName="u", AccessKeyId=key["AccessKeyId"], Status="Active")
    assert own.get_caller_identity()["UserId"] == user["UserId"]
    iam.delete_access_key(UserName="u", AccessKeyId=key["AccessKeyId"])
    assert error_of(own.get_caller_identity) == refused


def test_a_user_has_two_access_keys_at_most(iam: IAMClient, error_of: ErrorOf) -> None:
    iam.create_user(UserName="u")
    for _ in range(2):
        iam.create_access_key(UserName="u")
    assert error_of(iam.create_access_key, UserName="u") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    assert error_of(iam.delete_access_key, UserName="u", AccessKeyId="AKIAIOSFODNN7EXAMPLE") == (
        404,
        "NoSuchEntity",
        "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.",
    )


def test_the_last_use_of_a_key_is_known(
    iam: IAMClient, aws: Callable[..., Any], running: RunningPlatform
) -> None:
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    unused = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
    assert _members(unused) == {
        "UserName": "u",
        "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"},
    }
    aws(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        region_name="eu-west-1",
    ).get_caller_identity()
    running.run(running.platform.iam.uses.settled())
    used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"]
    assert (used["ServiceName"], used["Region"]) == ("sts", "eu-west-1")
    assert used["LastUsedDate"].year >= 2026


def test_login_profiles_and_the_password_policy(iam: IAMClient, error_of: ErrorOf) -> None:
    iam.create_user(UserName="u")
    assert error_of(iam.get_login_profile, UserName="u") == (
        404,
        "NoSuchEntity",
        "Login Profile for User u cannot be found.",
    )
    assert error_of(iam.get_account_password_policy)[1] == "NoSuchEntity"
    iam.update_account_password_policy(MinimumPasswordLength=12, RequireNumbers=True)
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert policy == {
        "MinimumPasswordLength": 12,
        "RequireSymbols": False,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
    }
    weak = error_of(iam.create_login_profile, UserName="u", Password="no-digits-here")
    assert weak[:2] == (400, "PasswordPolicyViolation")
    made = iam.create_login_profile(
        UserName="u", Password="digits-here-1", PasswordResetRequired=True
    )["LoginProfile"]
    assert iam.get_login_profile(UserName="u")["LoginProfile"] == made
    assert made["PasswordResetRequired"] is True
    assert error_of(iam.create_login_profile, UserName="u", Password="digits-here-2") == (
        409,
        "EntityAlreadyExists",
        "Login Profile for user u already exists.",
    )
    iam.delete_account_password_policy()
    refused = error_of(iam.update_login_profile, UserName="u", Password="shorter8")
    assert refused == (
        400,
        "PasswordPolicyViolation",
        (
            "Password should meet 1 more of the following requirements: "
            "Password should have at least one uppercase letter, Password should have at least one symbol"
        ),
    )
    iam.update_login_profile(UserName="u", Password="Shorter8", PasswordResetRequired=False)
    assert iam.get_login_profile(UserName="u")["LoginProfile"]["PasswordResetRequired"] is False


def test_the_credential_report_lists_root_and_users(iam: IAMClient, error_of: ErrorOf) -> None:
    with pytest.raises(iam.exceptions.CredentialReportNotPresentException) as missing:
        iam.get_credential_report()
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 410
    # No message: the SDK writes "Unknown" where one should be, as people have copied it.
    assert missing.value.response["Error"] == {"Type": "Sender", "Code": "ReportNotPresent"}
    iam.create_user(UserName="u")
    key = iam.create_access_key(UserName="u")["AccessKey"]
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "u"]
    assert rows[0]["access_key_1_active"] == "true"
    assert rows[1]["access_key_1_last_rotated"] == key["CreateDate"].isoformat()
    assert rows[1]["access_key_2_active"] == "false"
    assert rows[1]["access_key_2_last_rotated"] == "N/A"
    assert key["SecretAccessKey"] not in report["Content"].decode()


def test_tags_of_a_user(iam: IAMClient, error_of: ErrorOf) -> None:
    iam.create_user(UserName="u")
    iam.tag_user(UserName="u", Tags=[{"Key": "Team", "Value": "a"}])
    iam.tag_user(UserName="u", Tags=[{"Key": "team", "Value": "b"}])
    assert iam.list_user_tags(UserName="u")["Tags"] == [{"Key": "team", "Value": "b"}]
    twice = [{"Key": "k", "Value": "1"}, {"Key": "K", "Value": "2"}]
    assert error_of(iam.tag_user, UserName="u", Tags=twice)[1:] == (
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
    iam.tag_user(UserName="u", Tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
    over = error_of(iam.tag_user, UserName="u", Tags=[{"Key": "last", "Value": ""}])
    assert over[:2] == (409, "LimitExceeded")
    iam.untag_user(UserName="u", TagKeys=["TEAM", "k0"])
    assert len(iam.list_user_tags(UserName="u")["Tags"]) == 48


def test_what_nobody_can_have_is_listed_as_empty(
    iam: IAMClient, error_of: ErrorOf, body: Callable[[Any], dict[str, Any]]
) -> None:
    """What `aws_iam_user` of Terraform reads before it deletes a user with `force_destroy`, and the account's."""
    iam.create_user(UserName="u")
    assert body(iam.list_mfa_devices(UserName="u")) == {"MFADevices": [], "IsTruncated": False}
    assert body(iam.list_ssh_public_keys(UserName="u")) == {
        "SSHPublicKeys": [],
        "IsTruncated": False,
    }
    certificates = iam.list_signing_certificates(UserName="u")
    assert body(certificates) == {"Certificates": [], "IsTruncated": False}
    credentials = iam.list_service_specific_credentials(UserName="u")
    assert body(credentials) == {"ServiceSpecificCredentials": []}
    assert body(iam.list_virtual_mfa_devices(AssignmentStatus="Any")) == {
        "VirtualMFADevices": [],
        "IsTruncated": False,
    }
    assert body(iam.list_saml_providers()) == {"SAMLProviderList": []}
    assert body(iam.list_server_certificates()) == {
        "ServerCertificateMetadataList": [],
        "IsTruncated": False,
    }
    missing = error_of(iam.list_mfa_devices, UserName="none")
    assert missing == (404, "NoSuchEntity", "The user with name none cannot be found.")
