"""Errors word for word as real AWS has answered them, with where it is quoted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"


class Quoted(NamedTuple):
    """A request for the function `my-function`, which has a version 1, and its answer; `ARN` is the function's."""

    operation: str
    request: dict[str, Any]
    status: int
    code: str
    text: str
    source: str


INVALID = (400, "InvalidParameterValueException")
QUOTED = [
    Quoted(
        "update_function_code",
        {"ImageUri": IMAGE},
        *INVALID,
        "Please don't provide ImageUri when updating a function with packageType Zip.",
        "github.com/nationalarchives/ds-caselaw-data-enrichment-service/pull/337",
    ),
    Quoted(
        "update_function_configuration",
        {"LoggingConfig": {"LogFormat": "Text", "SystemLogLevel": "INFO"}},
        *INVALID,
        'LogLevel is not supported when LogFormat is set to "Text". '
        'Remove LogLevel from your request or change the LogFormat to "Json" and try again.',
        "github.com/aws/aws-cdk/pull/28045",
    ),
    Quoted(
        "add_permission",
        {
            "StatementId": "s",
            "Action": "lambda:InvokeFunctionUrl",
            "Principal": "arn:aws:iam:000000000000:role/xxxx",
        },
        *INVALID,
        "The provided input'arn:aws:iam:000000000000:role/xxxx'was invalid. Member must satisfy expression: "
        r"[\w+=,.@-]* Please check your input and try again.",
        "github.com/aws/aws-cli/issues/7408",
    ),
    Quoted(
        "put_runtime_management_config",
        {"Qualifier": "active", "UpdateRuntimeOn": "FunctionUpdate"},
        *INVALID,
        "The provided function name ARN:active is invalid. Aliases are not allowed.",
        "github.com/DataBiosphere/azul/issues/7730",
    ),
    Quoted(
        "put_function_scaling_config",
        {"Qualifier": "1", "FunctionScalingConfig": {"MinExecutionEnvironments": 1}},
        403,
        "AccessDeniedException",
        "The function provided by the arn does not contain a capacity provider configuration",
        "github.com/go-to-k/cdkd/issues/1616",
    ),
    Quoted(
        "create_function_url_config",
        {"AuthType": "NONE", "Cors": {"AllowMethods": ["*", "GET"]}},
        *INVALID,
        "You can't specify additional fields for AllowMethods because you already specified the "
        "wildcard character (*).",
        "the protocol of a deployment in the public repository of justhodl",
    ),
]


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda quoted: quoted.text[:40])
def test_what_aws_says(client: Any, create: Create, error_of: Any, quoted: Quoted) -> None:
    arn = create("my-function", Publish=True)["FunctionArn"].removesuffix(":1")
    request = {"FunctionName": "my-function", **quoted.request}
    answer = error_of(getattr(client, quoted.operation), **request)
    assert answer == (quoted.status, quoted.code, quoted.text.replace("ARN", arn))


def test_another_runtime_for_a_function_that_is_tied_to_one(
    client: Any, create: Create, error_of: Any
) -> None:
    """github.com/hashicorp/terraform-provider-aws/issues/42699"""
    created = create("my-function")
    version = created["RuntimeVersionConfig"]["RuntimeVersionArn"]
    client.put_runtime_management_config(
        FunctionName="my-function", UpdateRuntimeOn="Manual", RuntimeVersionArn=version
    )
    request = {"FunctionName": "my-function", "Runtime": "python3.13"}
    assert error_of(client.update_function_configuration, **request) == (
        *INVALID,
        (
            "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. "
            "Change the runtime management configuration to 'Auto' or 'FunctionUpdate', then retry."
        ),
    )
    client.update_function_configuration(FunctionName="my-function", Runtime=created["Runtime"])
    client.put_runtime_management_config(FunctionName="my-function", UpdateRuntimeOn="Auto")
    client.update_function_configuration(**request)


def test_a_runtime_that_is_none(client: Any, create: Create, error_of: Any) -> None:
    """github.com/serverless/serverless/issues/7183; the order of the runtimes is another each time it is quoted."""
    create("my-function")
    request = {"FunctionName": "my-function", "Runtime": "nodejs10.10"}
    status, code, text = error_of(client.update_function_configuration, **request)
    assert (status, code) == INVALID
    assert text.startswith(
        "Value nodejs10.10 at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: ["
    )
    assert text.endswith("] or be a valid ARN")
