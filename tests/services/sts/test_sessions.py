"""Temporary credentials: whose they are, and when they are none."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.services.sts.conftest import policy, trust

from lambent.core.context import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

    from lambent.app import Platform

    As = Callable[..., Callable[..., Any]]
    ErrorOf = Callable[..., tuple[int, str, str]]

EXPIRED = "The security token included in the request is expired"
INVALID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")


def test_a_token_that_was_tampered_with_is_no_token(
    as_user: As, as_session: As, error_of: ErrorOf
) -> None:
    sts = as_user("ann")("sts")
    answer = sts.get_session_token()
    raw = bytearray(base64.b64decode(answer["Credentials"]["SessionToken"]))
    raw[len(raw) // 2] ^= 1
    other = sts.get_session_token()["Credentials"]["SessionToken"]
    for token in (base64.b64encode(raw).decode(), "nonsense", None, other):
        changed = as_session(answer)("sts", aws_session_token=token)
        assert error_of(changed.get_caller_identity) == INVALID
    assert as_session(answer)("sts").get_caller_identity()["Arn"].endswith("user/ann")


def test_credentials_expire(
    iam: IAMClient, aws: Callable[..., Any], error_of: ErrorOf, account_id: str, platform: Platform
) -> None:
    user = iam.create_user(UserName="ann")["User"]
    session = Session("", user["Arn"], user["UserId"], issued_s=1, expires_s=901)
    made = platform.sts.sessions.make("user", account_id, user["Arn"], user["UserId"], session)
    keys = {
        "aws_access_key_id": made.access_key_id,
        "aws_secret_access_key": made.secret_access_key,
        "aws_session_token": made.session_token,
    }
    assert error_of(aws("sts", **keys).get_caller_identity) == (403, "ExpiredToken", EXPIRED)
    of_lambda = error_of(aws("lambda", **keys).list_functions)
    assert of_lambda == (403, "ExpiredTokenException", EXPIRED)
    stolen = keys | {"aws_secret_access_key": "guessed"}
    assert error_of(aws("sts", **stolen).get_caller_identity)[1] == "SignatureDoesNotMatch"


def test_sessions_end_with_their_role(
    iam: IAMClient, as_user: As, as_session: As, error_of: ErrorOf, account_id: str
) -> None:
    sts = as_user("ann")("sts")
    document = trust({"AWS": f"arn:aws:iam::{account_id}:user/ann"})
    arn = iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    session = as_session(sts.assume_role(RoleArn=arn, RoleSessionName="s1"))("sts")
    assert session.get_caller_identity()
    iam.delete_role(RoleName="r")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=document)
    assert error_of(session.get_caller_identity) == INVALID


def test_session_tokens_of_users_and_root(
    aws: Callable[..., Any], as_user: As, as_session: As, error_of: ErrorOf
) -> None:
    sts = as_user("ann")("sts")
    own = as_session(sts.get_session_token(DurationSeconds=900))("sts")
    assert own.get_caller_identity()["Arn"] == sts.get_caller_identity()["Arn"]
    assert error_of(own.get_session_token) == (
        403,
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    )
    of_root = aws("sts").get_session_token(DurationSeconds=7200)["Credentials"]
    assert of_root["Expiration"] - datetime.now(UTC) <= timedelta(hours=1)
    device = "arn:aws:iam::123456789012:mfa/x"
    with_code = error_of(sts.get_session_token, SerialNumber=device, TokenCode="123456")
    assert with_code[:2] == (403, "AccessDenied")


def test_a_federated_user_may_do_what_is_given_to_it_only(
    aws: Callable[..., Any], as_session: As, account_id: str, platform: Platform
) -> None:
    answer = aws("sts").get_federation_token(Name="bob", Policy=policy("s3:GetObject"))
    assert answer["FederatedUser"] == {
        "FederatedUserId": f"{account_id}:bob",
        "Arn": f"arn:aws:sts::{account_id}:federated-user/bob",
    }
    assert as_session(answer)("sts").get_caller_identity()["Arn"].endswith("federated-user/bob")
    bare = aws("sts").get_federation_token(Name="eve")["Credentials"]
    found = platform.sts.sessions.find(bare["AccessKeyId"], bare["SessionToken"])
    assert found is not None
    assert platform.iam.directory.policies(found.principal).session == ()


def test_the_account_of_a_key_and_messages_that_are_none(
    iam: IAMClient, aws: Callable[..., Any], error_of: ErrorOf, account_id: str
) -> None:
    iam.create_user(UserName="ann")
    key_id = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    sts = aws("sts")
    assert sts.get_access_key_info(AccessKeyId=key_id)["Account"] == account_id
    assert error_of(sts.decode_authorization_message, EncodedMessage="AAAA")[:2] == (
        400,
        "InvalidAuthorizationMessageException",
    )
