"""AssumeRole: who may, for how long, and with what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.sts.conftest import policy, trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

    from lambent.app import Platform

    As = Callable[..., Callable[..., Any]]
    ErrorOf = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sts(as_user: As) -> Any:
    """An STS client of the user Ann, who has no policies."""
    return as_user("ann")("sts")


@pytest.fixture
def ann(account_id: str) -> dict[str, str]:
    """Ann, as a principal of policies."""
    return {"AWS": f"arn:aws:iam::{account_id}:user/ann"}


@pytest.fixture
def role(iam: IAMClient) -> Callable[..., str]:
    """Make a role; returns its ARN."""

    def make(name: str, document: str, **members: Any) -> str:
        made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **members)
        return made["Role"]["Arn"]

    return make


def test_a_user_assumes_a_role_that_trusts_it(
    iam: IAMClient,
    sts: Any,
    ann: dict[str, str],
    role: Callable[..., str],
    as_session: As,
    account_id: str,
) -> None:
    arn = role("r", trust(ann), Path="/p/")
    answer = sts.assume_role(RoleArn=arn, RoleSessionName="s1")
    given = answer["Credentials"]
    assert given["AccessKeyId"].startswith("ASIA")
    left = given["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    role_id = iam.get_role(RoleName="r")["Role"]["RoleId"]
    session_arn = f"arn:aws:sts::{account_id}:assumed-role/r/s1"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:s1", "Arn": session_arn}
    assert "PackedPolicySize" not in answer
    who = as_session(answer)("sts").get_caller_identity()
    expected = (f"{role_id}:s1", account_id, session_arn)
    assert (who["UserId"], who["Account"], who["Arn"]) == expected


def test_a_stranger_does_not_learn_whether_the_role_is_there(
    iam: IAMClient, sts: Any, role: Callable[..., str], error_of: ErrorOf, account_id: str
) -> None:
    every = policy("sts:AssumeRole")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=every)
    role("r", trust({"Service": "lambda.amazonaws.com"}))
    for name in ("r", "none"):
        arn = f"arn:aws:iam::{account_id}:role/{name}"
        text = (
            f"User: arn:aws:iam::{account_id}:user/ann is not authorized to perform: sts:AssumeRole "
            f"on resource: {arn}"
        )
        refused = error_of(sts.assume_role, RoleArn=arn, RoleSessionName="s1")
        assert refused == (403, "AccessDenied", text)


def test_a_role_that_trusts_the_account_leaves_it_to_the_users_policies(
    iam: IAMClient, sts: Any, role: Callable[..., str], error_of: ErrorOf, account_id: str
) -> None:
    arn = role("r", trust({"AWS": account_id}))
    refused = error_of(sts.assume_role, RoleArn=arn, RoleSessionName="s1")
    assert refused[:2] == (403, "AccessDenied")
    assert refused[2].endswith("no identity-based policy allows the sts:AssumeRole action")
    allowed = policy("sts:AssumeRole", arn)
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=allowed)
    assert sts.assume_role(RoleArn=arn, RoleSessionName="s1")["Credentials"]


def test_a_role_of_another_account(
    iam: IAMClient,
    sts: Any,
    as_session: As,
    error_of: ErrorOf,
    account_id: str,
    other: Callable[[str], Any],
) -> None:
    agreed = {"StringEquals": {"sts:ExternalId": "agreed"}}
    document = trust({"AWS": f"arn:aws:iam::{account_id}:root"}, Condition=agreed)
    made = other("iam").create_role(RoleName="r", AssumeRolePolicyDocument=document)
    arn = made["Role"]["Arn"]
    allowed = policy("sts:AssumeRole", arn)
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=allowed)
    request = {"RoleArn": arn, "RoleSessionName": "s1"}
    assert error_of(sts.assume_role, **request)[1] == "AccessDenied"
    answer = sts.assume_role(**request, ExternalId="agreed")
    theirs = other("sts").get_caller_identity()["Account"]
    assert as_session(answer)("sts").get_caller_identity()["Account"] == theirs != account_id
    iam.delete_user_policy(UserName="ann", PolicyName="p")
    assert error_of(sts.assume_role, **request, ExternalId="agreed")[1] == "AccessDenied"


def test_root_assumes_no_role(
    aws: Callable[[str], Any], role: Callable[..., str], error_of: ErrorOf, account_id: str
) -> None:
    arn = role("r", trust({"AWS": account_id}))
    refused = error_of(aws("sts").assume_role, RoleArn=arn, RoleSessionName="s1")
    assert refused == (403, "AccessDenied", "Roles may not be assumed by root accounts.")


def test_durations_have_limits(
    sts: Any, ann: dict[str, str], role: Callable[..., str], as_session: As, error_of: ErrorOf
) -> None:
    first = role("first", trust(ann), MaxSessionDuration=7200)
    second = role("second", trust({"AWS": first}), MaxSessionDuration=7200)
    request = {"RoleArn": first, "RoleSessionName": "s1"}
    assert error_of(sts.assume_role, **request, DurationSeconds=7201) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )
    chained = as_session(sts.assume_role(**request, DurationSeconds=7200))("sts")
    request = {"RoleArn": second, "RoleSessionName": "s2"}
    assert chained.assume_role(**request, DurationSeconds=3600)
    assert error_of(chained.assume_role, **request, DurationSeconds=3601) == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    )


def test_session_tags_are_handed_on_and_cannot_be_replaced(
    sts: Any,
    ann: dict[str, str],
    role: Callable[..., str],
    as_session: As,
    error_of: ErrorOf,
    platform: Platform,
) -> None:
    both = ["sts:AssumeRole", "sts:TagSession"]
    first = role("first", trust(ann, both), Tags=[{"Key": "Team", "Value": "role"}])
    tagged = {"StringEquals": {"aws:PrincipalTag/team": "session"}}
    second = role("second", trust({"AWS": first}, both, Condition=tagged))
    answer = sts.assume_role(
        RoleArn=first,
        RoleSessionName="s1",
        Tags=[{"Key": "team", "Value": "session"}, {"Key": "own", "Value": "x"}],
        TransitiveTagKeys=["team"],
    )
    assert answer["PackedPolicySize"] >= 1
    chained = as_session(answer)("sts")
    request = {"RoleArn": second, "RoleSessionName": "s2"}
    again = [{"Key": "Team", "Value": "other"}]
    refused = error_of(chained.assume_role, **request, Tags=again)
    assert refused[:2] == (400, "InvalidParameterValue")
    given = chained.assume_role(**request)["Credentials"]
    found = platform.sts.sessions.find(given["AccessKeyId"], given["SessionToken"])
    assert found is not None
    assert platform.iam.directory.tags(found.principal) == {"team": "session"}


def test_tags_need_a_permission_of_their_own(
    sts: Any, ann: dict[str, str], role: Callable[..., str], error_of: ErrorOf
) -> None:
    arn = role("r", trust(ann))
    tags = [{"Key": "k", "Value": "v"}]
    refused = error_of(sts.assume_role, RoleArn=arn, RoleSessionName="s1", Tags=tags)
    assert refused[1] == "AccessDenied"
    assert f"sts:TagSession on resource: {arn}" in refused[2]


def test_session_policies_are_checked_and_kept(
    sts: Any,
    ann: dict[str, str],
    role: Callable[..., str],
    error_of: ErrorOf,
    platform: Platform,
) -> None:
    request = {"RoleArn": role("r", trust(ann)), "RoleSessionName": "s1"}
    assert error_of(sts.assume_role, **request, Policy="{")[1] == "MalformedPolicyDocument"
    managed = "arn:aws:iam::aws:policy/AWSLambdaExecute"
    document = policy("s3:GetObject")
    answer = sts.assume_role(**request, Policy=document, PolicyArns=[{"arn": managed}])
    given = answer["Credentials"]
    found = platform.sts.sessions.find(given["AccessKeyId"], given["SessionToken"])
    assert found is not None
    session = platform.iam.directory.policies(found.principal).session
    assert session is not None
    assert [each.name for each in session] == ["session policy", managed]
    assert session[0].document == document
