"""Functions of one account called by another: the resource policy decides, and counts at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

CLOSED = "because no resource-based policy allows the lambda:InvokeFunction action"


@pytest.fixture
def other(running: Any) -> Any:
    """A client of another account, and that account's id."""
    credential = running.run(running.platform.accounts.create())
    make: Any = boto3.client
    client = make(
        "lambda",
        endpoint_url=running.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
    )
    return client, credential.principal.account_id


def _permit(client: Any, principal: str, **members: Any) -> None:
    request = {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction"}
    client.add_permission(**request, Principal=principal, **members)


def test_a_permission_opens_a_function_and_its_removal_closes_it(
    client: Any, create: Create, other: Any, error_of: Any
) -> None:
    arn = create("f")["FunctionArn"]
    stranger, account = other
    status, code, message = error_of(stranger.invoke, FunctionName=arn)
    assert (status, code) == (403, "AccessDeniedException")
    who = f"User: arn:aws:iam::{account}:root is not authorized to perform: lambda:InvokeFunction"
    assert message == f"{who} on resource: {arn} {CLOSED}"
    _permit(client, account)
    answer = stranger.invoke(FunctionName=arn, Payload=b'{"a": 1}')
    assert json.loads(answer["Payload"].read()) == {"a": 1}
    assert stranger.invoke(FunctionName=arn, InvocationType="Event")["StatusCode"] == 202
    assert error_of(stranger.get_function, FunctionName=arn)[:2] == (403, "AccessDeniedException")
    client.remove_permission(FunctionName="f", StatementId="s")
    assert error_of(stranger.invoke, FunctionName=arn)[2].endswith(CLOSED)


def test_a_permission_is_for_the_qualifier_that_it_names(
    client: Any, create: Create, other: Any, error_of: Any
) -> None:
    arn = create("f")["FunctionArn"]
    client.publish_version(FunctionName="f")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    stranger, account = other
    _permit(client, account, Qualifier="live")
    assert stranger.invoke(FunctionName=arn, Qualifier="live")["StatusCode"] == 200
    for qualifier in ("1", "$LATEST"):
        assert error_of(stranger.invoke, FunctionName=arn, Qualifier=qualifier)[0] == 403
    client.delete_alias(FunctionName="f", Name="live")
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert error_of(stranger.invoke, FunctionName=arn, Qualifier="live")[0] == 403


def test_a_new_function_does_not_inherit_what_an_old_one_allowed(
    client: Any, create: Create, other: Any, error_of: Any
) -> None:
    arn = create("f")["FunctionArn"]
    stranger, account = other
    _permit(client, account)
    client.delete_function(FunctionName="f")
    create("f")
    assert error_of(stranger.invoke, FunctionName=arn)[0] == 403


def test_a_denial_in_the_policy_holds_for_the_own_root_too(
    client: Any, create: Create, error_of: Any
) -> None:
    arn = create("f")["FunctionArn"]
    deny = {"Effect": "Deny", "Principal": "*", "Action": "lambda:InvokeFunction", "Resource": arn}
    client.put_resource_policy(ResourceArn=arn, Policy=json.dumps({"Statement": deny}))
    message = error_of(client.invoke, FunctionName="f")[2]
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_a_policy_that_is_none_is_refused(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f")["FunctionArn"]
    bad = {"Effect": "Allow", "Principal": {"AWS": "x"}, "Action": "*", "Resource": arn}
    status, code, message = error_of(
        client.put_resource_policy, ResourceArn=arn, Policy=json.dumps({"Statement": bad})
    )
    assert (status, code) == (400, "InvalidParameterValueException")
    assert message.startswith('Invalid principal in policy: "AWS":"x"')
