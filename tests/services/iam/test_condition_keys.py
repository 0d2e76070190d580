"""Condition keys that requests bring, by which a user's policy lets one request pass and not the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_iam.client import IAMClient

ACCOUNT = "ACCOUNT"  # stands for the number of the account
MANAGED = "arn:aws:iam::aws:policy/"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
PERMISSION = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction"}


class Row(NamedTuple):
    """The first action is allowed by the condition, the others without one.

    `request` is completed by `yes` to one that passes, and by `no` to one that does not.
    """

    actions: str
    condition: dict[str, Any]
    call: str
    request: dict[str, Any]
    yes: dict[str, Any]
    no: dict[str, Any] | None


def _layer(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:{name}:1"


@pytest.mark.parametrize(
    "row",
    [
        Row("lambda:AddPermission", {"StringEquals": {"lambda:Principal": "s3.amazonaws.com"}},
         "add_permission", PERMISSION, {"Principal": "s3.amazonaws.com"}, {"Principal": "sns.amazonaws.com"}),
        Row("lambda:AddPermission", {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
         "add_permission", PERMISSION | {"Principal": "*", "Action": "lambda:InvokeFunctionUrl"},
         {"FunctionUrlAuthType": "AWS_IAM"}, {"FunctionUrlAuthType": "NONE"}),
        Row("lambda:CreateFunctionUrlConfig", {"StringEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
         "create_function_url_config", {"FunctionName": "f"}, {"AuthType": "AWS_IAM"}, {"AuthType": "NONE"}),
        Row("lambda:CreateEventSourceMapping", {"ArnLike": {"lambda:FunctionArn": f"{FUNCTION}ours-*"}},
         "create_event_source_mapping", {"EventSourceArn": QUEUE},
         {"FunctionName": "ours-1"}, {"FunctionName": "theirs"}),
        Row("lambda:UpdateFunctionConfiguration lambda:GetLayerVersion",
         {"ForAllValues:StringLike": {"lambda:Layer": _layer("ours*")}},
         "update_function_configuration", {"FunctionName": "f"},
         {"Layers": [_layer("ours")]}, {"Layers": [_layer("ours"), _layer("theirs")]}),
        Row("lambda:UpdateFunctionConfiguration", {"ForAllValues:StringEquals": {"lambda:SubnetIds": ["subnet-1"]}},
         "update_function_configuration", {"FunctionName": "f"},
         {"VpcConfig": {"SubnetIds": ["subnet-1"]}}, {"VpcConfig": {"SubnetIds": ["subnet-2"]}}),
        Row("iam:AttachRolePolicy", {"ArnEquals": {"iam:PolicyARN": f"{MANAGED}ReadOnlyAccess"}},
         "attach_role_policy", {"RoleName": "r"},
         {"PolicyArn": f"{MANAGED}ReadOnlyAccess"}, {"PolicyArn": f"{MANAGED}AdministratorAccess"}),
        Row("iam:CreateUser", {"StringEquals": {"iam:PermissionsBoundary": f"{MANAGED}ReadOnlyAccess"}},
         "create_user", {"UserName": "n"}, {"PermissionsBoundary": f"{MANAGED}ReadOnlyAccess"}, {}),
        Row("iam:DeleteUser", {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
         "delete_user", {}, {"UserName": "red"}, {"UserName": "blue"}),
        Row("iam:DeleteUser", {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/none, 'blue'}"}},
         "delete_user", {}, {"UserName": "blue"}, {"UserName": "red"}),
        Row("iam:CreateUser iam:TagUser", {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}},
         "create_user", {"UserName": "n"},
         {"Tags": [{"Key": "team", "Value": "x"}]}, {"Tags": [{"Key": "x", "Value": "team"}]}),
        Row("iam:CreateServiceLinkedRole", {"StringLike": {"iam:AWSServiceName": "ops.*"}},
         "create_service_linked_role", {},
         {"AWSServiceName": "ops.apigateway.amazonaws.com"}, {"AWSServiceName": "replicator.lambda.amazonaws.com"}),
        Row("cloudwatch:PutMetricData", {"StringEquals": {"cloudwatch:namespace": "Ours"}},
         "put_metric_data", {"MetricData": [{"MetricName": "m", "Value": 1}]},
         {"Namespace": "Ours"}, {"Namespace": "Theirs"}),
        Row("sts:AssumeRole", {"StringLike": {"sts:RoleSessionName": "${aws:username}"}},
         "assume_role", {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r"},
         {"RoleSessionName": "ann"}, {"RoleSessionName": "bob"}),
        Row("sts:GetFederationToken",
            {"Null": {"aws:MultiFactorAuthAge": "true"}, "Bool": {"aws:ViaAWSService": "false"}},
         "get_federation_token", {}, {"Name": "xy"}, None),
    ],
)  # fmt: skip
def test_keys_of_requests(
    aws: Callable[..., Any], iam: IAMClient, account_id: str, row: Row
) -> None:
    def here(document: Any) -> Any:
        return json.loads(json.dumps(document).replace(ACCOUNT, account_id))

    first, *others = row.actions.split()
    statement = {"Effect": "Allow", "Action": first, "Resource": "*", "Condition": row.condition}
    more = {"Effect": "Allow", "Action": others or "none:None", "Resource": "*"}
    iam.create_user(UserName="ann", Tags=[{"Key": "team", "Value": "red"}])
    # Who is named by his account needs leave of his own.
    trust = {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [trust]}
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(document))
    for team in ("red", "blue"):
        iam.create_user(UserName=team, Tags=[{"Key": "team", "Value": team}])
    policy = here({"Version": "2012-10-17", "Statement": [statement, more]})
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    client = aws(
        first.partition(":")[0],
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    if row.no is not None:
        assert _is_denied(client, row.call, here(row.request | row.no))
    assert not _is_denied(client, row.call, here(row.request | row.yes))


def _is_denied(client: Any, call: str, request: dict[str, Any]) -> bool:
    """Whether it is for want of a permission: a function that is not there is another matter."""
    try:
        getattr(client, call)(**request)
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"]
    return False


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        ({"StringEquals": {"aws:SourceIdentity": "ann"}}, True),
        ({"StringEquals": {"aws:SourceIdentity": "bob"}}, False),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:TokenIssueTime": "2020-01-01T00:00:00Z"}}, False),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, False),
        ({"StringEquals": {"aws:PrincipalTag/team": "blue"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "red"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/r"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:sts::*:assumed-role/r/*"}}, False),
        ({"StringLike": {"aws:userid": "AROA*:s1"}}, True),
        ({"Null": {"aws:username": "true"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True),
    ],
)
def test_keys_of_sessions(
    aws: Callable[..., Any], iam: IAMClient, account_id: str, condition: Any, passes: bool
) -> None:
    """Tags of the session stand over the role's."""
    actions = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    user = iam.create_user(UserName="ann")["User"]["Arn"]
    trust = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": actions}
    role = iam.create_role(
        RoleName="r",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
        Tags=[{"Key": "team", "Value": "red"}],
    )["Role"]["Arn"]
    allow = {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": allow})
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    made = aws(
        "sts",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    ).assume_role(
        RoleArn=role,
        RoleSessionName="s1",
        SourceIdentity="ann",
        Tags=[{"Key": "team", "Value": "blue"}],
    )["Credentials"]
    session = aws(
        "iam",
        aws_access_key_id=made["AccessKeyId"],
        aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"],
    )
    assert _is_denied(session, "list_users", {}) is not passes
