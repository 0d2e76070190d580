"""What denials bring along for DecodeAuthorizationMessage."""

from __future__ import annotations

import json
import random
import string
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.services.sts.conftest import policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunningPlatform
    from types_boto3_iam.client import IAMClient

    from lambent.app import Platform

    ErrorOf = Callable[..., tuple[int, str, str]]

HEADER = "x-lambent-authorization-message"


def _message(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as denied:
        call(**request)
    assert "AccessDenied" in denied.value.response["Error"]["Code"]
    return str(denied.value.response["ResponseMetadata"]["HTTPHeaders"][HEADER])


def test_a_denial_is_told_to_those_who_may_decode_it(
    iam: IAMClient,
    as_user: Callable[[str], Callable[..., Any]],
    aws: Callable[..., Any],
    account_id: str,
) -> None:
    ann = as_user("ann")
    statement = {
        "Sid": "NotHere",
        "Effect": "Deny",
        "Action": "lambda:Get*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document)
    encoded = _message(ann("lambda").get_function, FunctionName="f")
    assert "NotHere" not in encoded
    decoded = aws("sts").decode_authorization_message(EncodedMessage=encoded)["DecodedMessage"]
    told = json.loads(decoded)
    assert (told["allowed"], told["explicitDeny"]) == (False, True)
    (matched,) = told["matchedStatements"]["items"]
    assert (matched["statementId"], matched["effect"]) == ("NotHere", "DENY")
    assert matched["actions"] == {"items": [{"value": "lambda:Get*"}]}
    context = told["context"]
    assert context["principal"]["arn"] == f"arn:aws:iam::{account_id}:user/ann"
    assert context["action"] == "lambda:GetFunction"
    assert context["resource"] == f"arn:aws:lambda:us-east-1:{account_id}:function:f"
    keys = {each["key"]: each["values"] for each in context["conditions"]["items"]}
    assert keys["aws:requestedregion"] == {"items": [{"value": "us-east-1"}]}
    assert keys["aws:sourceip"] == {"items": [{"value": "127.0.0.1"}]}


def test_nobody_else_reads_it(
    iam: IAMClient,
    as_user: Callable[[str], Callable[..., Any]],
    aws: Callable[..., Any],
    error_of: ErrorOf,
    platform: Platform,
    running: RunningPlatform,
) -> None:
    ann = as_user("ann")
    encoded = _message(ann("iam").list_users)
    decode = ann("sts").decode_authorization_message
    assert error_of(decode, EncodedMessage=encoded)[1] == "AccessDenied"
    allowed = policy("sts:DecodeAuthorizationMessage")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=allowed)
    assert not json.loads(decode(EncodedMessage=encoded)["DecodedMessage"])["explicitDeny"]
    other = running.run(platform.accounts.create())
    foreign = aws(
        "sts",
        aws_access_key_id=other.access_key_id,
        aws_secret_access_key=other.secret_access_key,
    )
    refused = (400, "InvalidAuthorizationMessageException", "Message is not valid")
    assert error_of(foreign.decode_authorization_message, EncodedMessage=encoded) == refused
    tampered = encoded[:-8] + ("A" if encoded[-8] != "A" else "B") + encoded[-7:]
    assert error_of(decode, EncodedMessage=tampered) == refused


def test_messages_that_would_be_too_long_are_left_out(
    iam: IAMClient, as_user: Callable[[str], Callable[..., Any]]
) -> None:
    ann = as_user("ann")
    # What packing does not make small; the policies of a user hold less than those of groups.
    for number in range(5):
        name = f"g{number}"
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, UserName="ann")
        letters = "".join(random.Random(number).choices(string.ascii_letters, k=4000))
        resource = f"arn:aws:iam::*:user/{letters}"
        document = {"Effect": "Deny", "Action": "iam:*", "NotResource": resource}
        iam.put_group_policy(
            GroupName=name,
            PolicyName="p",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": document}),
        )
    with pytest.raises(ClientError, match="explicit deny") as denied:
        ann("iam").list_users()
    assert HEADER not in denied.value.response["ResponseMetadata"]["HTTPHeaders"]
