"""Provisioned concurrency through boto3: READY means that the environments are there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

HOW = """
import os
def run(event, context):
    return os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]
"""
NONE = (
    404,
    "ProvisionedConcurrencyConfigNotFoundException",
    "No Provisioned Concurrency Config found for this function",
)
UNPUBLISHED = (
    400,
    "InvalidParameterValueException",
    "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
)


def _environments(running: Any, arn: str) -> list[dict[str, int]]:
    """The environments of the provisioned versions of a function: idle and busy ones."""
    account_id = arn.split(":")[4]
    described = running.run(running.platform.plane.describe())["environments"]
    specs = running.platform.lambda_._provisioned._specs.values()
    return [
        described[key] for key in specs if key.startswith(f"{account_id}/") and key in described
    ]


def _settled(client: Any, running: Any, qualifier: str) -> Any:
    """The configuration once the tasks that are under way have ended."""
    tasks = running.platform.lambda_._provisioned._tasks

    async def rest() -> None:
        import asyncio

        while tasks:
            await asyncio.wait(set(tasks))

    running.run(rest())
    return client.get_provisioned_concurrency_config(FunctionName="f", Qualifier=qualifier)


@pytest.mark.slow
def test_ready_environments_serve_the_first_call(
    client: Any, create: Create, running: Any, error_of: Any
) -> None:
    arn = create("f", HOW, Publish=True)["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    which = {"FunctionName": "f", "Qualifier": "1"}
    assert error_of(client.get_provisioned_concurrency_config, **which) == NONE
    put = client.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=2)
    assert put.pop("ResponseMetadata")["HTTPStatusCode"] == 202
    assert put == {
        "RequestedProvisionedConcurrentExecutions": 2,
        "AvailableProvisionedConcurrentExecutions": 0,
        "AllocatedProvisionedConcurrentExecutions": 0,
        "Status": "IN_PROGRESS",
        "LastModified": put["LastModified"],
    }
    shown = _settled(client, running, "1")
    assert shown["Status"] == "READY"
    assert shown["AvailableProvisionedConcurrentExecutions"] == 2
    assert shown["AllocatedProvisionedConcurrentExecutions"] == 2
    assert _environments(running, arn) == [{"idle": 2, "busy": 0}]
    answer = client.invoke(**which, LogType="Tail")
    assert json.loads(answer["Payload"].read()) == "provisioned-concurrency"
    assert json.loads(client.invoke(FunctionName="f")["Payload"].read()) == "on-demand"
    assert _environments(running, arn) == [{"idle": 2, "busy": 0}]
    listed = client.list_provisioned_concurrency_configs(FunctionName="f")
    assert [each["FunctionArn"] for each in listed["ProvisionedConcurrencyConfigs"]] == [f"{arn}:1"]
    # An alias takes its environments along.
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    both = error_of(
        client.put_provisioned_concurrency_config,
        FunctionName="f",
        Qualifier="live",
        ProvisionedConcurrentExecutions=1,
    )
    assert both == (
        409,
        "ResourceConflictException",
        (
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned "
            "version"
        ),
    )
    for _ in range(2):
        deleted = client.delete_provisioned_concurrency_config(**which)
        assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert error_of(client.get_provisioned_concurrency_config, **which) == NONE


@pytest.mark.slow
def test_an_alias_takes_its_environments_along(
    client: Any, create: Create, running: Any, error_of: Any
) -> None:
    arn = create("f", HOW, Publish=True)["FunctionArn"]
    client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    which = {"FunctionName": "f", "Qualifier": "live"}
    client.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=1)
    assert _settled(client, running, "live")["Status"] == "READY"
    assert (
        error_of(
            client.put_provisioned_concurrency_config,
            FunctionName="f",
            Qualifier="1",
            ProvisionedConcurrentExecutions=1,
        )[2]
        == "Version is pointed by a Provisioned Concurrency alias"
    )
    client.update_function_configuration(FunctionName="f", Description="2")
    client.publish_version(FunctionName="f")
    client.update_alias(FunctionName="f", Name="live", FunctionVersion="2")
    assert _settled(client, running, "live")["Status"] == "READY"
    assert json.loads(client.invoke(**which)["Payload"].read()) == "provisioned-concurrency"
    assert _environments(running, arn) == [{"idle": 1, "busy": 0}]


@pytest.mark.slow
def test_what_dies_is_replaced(client: Any, create: Create, running: Any) -> None:
    source = HOW.replace("    return", "    if event == 'die': os._exit(1)\n    return")
    arn = create("f", source, Publish=True)["FunctionArn"]
    which = {"FunctionName": "f", "Qualifier": "1"}
    client.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=1)
    assert _settled(client, running, "1")["Status"] == "READY"
    assert client.invoke(**which, Payload=b'"die"')["FunctionError"] == "Unhandled"
    while _environments(running, arn) != [{"idle": 1, "busy": 0}]:
        pass  # the test's own time limit ends this
    assert json.loads(client.invoke(**which)["Payload"].read()) == "provisioned-concurrency"


@pytest.mark.slow
def test_what_cannot_be_initialised_fails(client: Any, create: Create, running: Any) -> None:
    create("f", "raise KeyError('at import')", Publish=True)
    which = {"FunctionName": "f", "Qualifier": "1"}
    client.put_provisioned_concurrency_config(**which, ProvisionedConcurrentExecutions=1)
    shown = _settled(client, running, "1")
    assert (shown["Status"], shown["StatusReason"]) == ("FAILED", "FUNCTION_ERROR_INIT_FAILURE")
    assert shown["AvailableProvisionedConcurrentExecutions"] == 0


def test_provisioned_concurrency_that_cannot_be(client: Any, create: Create, error_of: Any) -> None:
    arn = create("f", Publish=True)["FunctionArn"]
    client.create_alias(FunctionName="f", Name="dev", FunctionVersion="$LATEST")
    put = client.put_provisioned_concurrency_config

    def refusal(qualifier: str, count: int = 1, name: str = "f") -> Any:
        return error_of(
            put, FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=count
        )

    assert refusal("$LATEST") == UNPUBLISHED
    assert refusal("dev") == UNPUBLISHED
    latest = {"FunctionName": "f", "Qualifier": "$LATEST"}
    for call in (
        client.get_provisioned_concurrency_config,
        client.delete_provisioned_concurrency_config,
    ):
        assert error_of(call, **latest)[2] == (
            "The function resource provided must be an alias or a published version."
        )
    assert refusal("7") == (404, "ResourceNotFoundException", f"Function not found: {arn}:7")
    assert refusal("no") == (404, "ResourceNotFoundException", f"Cannot find alias arn: {arn}:no")
    assert refusal("1", name="g")[2] == f"Function not found: {arn.removesuffix('f')}g"
    assert refusal("1", 901) == (
        400,
        "InvalidParameterValueException",
        (
            "Specified ConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [100]."
        ),
    )
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)
    assert refusal("1", 2)[2] == (
        "Requested Provisioned Concurrency should not be greater than the "
        "reservedConcurrentExecution for function"
    )
    assert error_of(client.list_provisioned_concurrency_configs, FunctionName="g")[0] == 404
