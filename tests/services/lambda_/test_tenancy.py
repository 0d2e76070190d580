"""Functions with tenant isolation: each environment serves one tenant alone."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

    Create = Callable[..., dict[str, Any]]
    ErrorOf = Callable[..., tuple[int, str, str]]

ISOLATED: dict[str, Any] = {"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}
# What the environment has seen, which no tenant must learn of another.
SOURCE = """
import logging
seen = []
def run(event, context):
    seen.append(context.tenant_id)
    logging.getLogger().warning("seen")
    return seen
"""
INVALID = (400, "InvalidParameterValueException")
# "Streamlined multi-tenant application development with tenant isolation mode in AWS Lambda", AWS's blog, quotes it.
MISSING = (
    "The invoked function is enabled with tenancy configuration. "
    "Add a valid tenant ID in your request and try again."
)


def seen(client: LambdaClient, tenant: str, name: str = "f", **more: Any) -> Any:
    call: Any = client.invoke
    answer = call(FunctionName=name, TenantId=tenant, **more)
    assert "FunctionError" not in answer
    return json.loads(answer["Payload"].read())


def test_tenants_do_not_share_environments(
    client: LambdaClient, create: Create, make_zip: Callable[[dict[str, str]], bytes]
) -> None:
    assert create("f", SOURCE, **ISOLATED)["TenancyConfig"] == ISOLATED["TenancyConfig"]
    shown = client.get_function_configuration(FunctionName="f")
    assert shown["TenancyConfig"] == ISOLATED["TenancyConfig"]
    assert seen(client, "blue") == ["blue"]
    assert seen(client, "green team") == ["green team"]
    assert seen(client, "blue") == ["blue", "blue"]
    # New code means new environments, for tenants as for others.
    code = make_zip({"handler.py": SOURCE + "#"})
    client.update_function_code(FunctionName="f", ZipFile=code)
    assert seen(client, "blue") == ["blue"]
    client.publish_version(FunctionName="f")
    assert seen(client, "blue", Qualifier="1") == ["blue"]


def test_an_invocation_names_a_tenant_where_it_has_to_and_only_there(
    client: LambdaClient, create: Create, error_of: ErrorOf
) -> None:
    create("f", SOURCE, **ISOLATED)
    create("g")
    client.publish_version(FunctionName="f")
    for call in (client.invoke, client.invoke_with_response_stream):
        for more in ({}, {"Qualifier": "1"}, {"InvocationType": "DryRun"}):
            assert error_of(call, FunctionName="f", **more) == (*INVALID, MISSING)
            assert error_of(call, FunctionName="g", TenantId="blue")[:2] == INVALID
    asynchronous = {"InvocationType": "Event"}
    assert error_of(client.invoke, FunctionName="f", **asynchronous) == (*INVALID, MISSING)
    assert error_of(client.invoke, FunctionName="g", TenantId="t", **asynchronous)[:2] == INVALID
    status, code, message = error_of(client.invoke, FunctionName="f", TenantId="a#b")
    assert (status, code) == (400, "ValidationException")
    assert "'tenantId'" in message


def test_streams_and_events_are_for_a_tenant_too(
    client: LambdaClient, create: Create, running: Any
) -> None:
    create("f", SOURCE, **ISOLATED)
    stream: Any = client.invoke_with_response_stream(FunctionName="f", TenantId="blue")
    pieces = [
        each["PayloadChunk"]["Payload"] for each in stream["EventStream"] if "PayloadChunk" in each
    ]
    assert json.loads(b"".join(pieces)) == ["blue"]
    client.invoke(FunctionName="f", TenantId="blue", InvocationType="Event")
    running.run(running.platform.lambda_._queue.settled())
    assert seen(client, "blue") == ["blue"] * 3


def test_json_logs_name_the_tenant(client: LambdaClient, create: Create) -> None:
    create("f", SOURCE, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"}, **ISOLATED)
    answer = client.invoke(FunctionName="f", TenantId="blue", LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    records = [json.loads(line) for line in lines]
    told = {each.get("type", each.get("message")): each.get("record", each) for each in records}
    assert told.keys() >= {"platform.start", "platform.runtimeDone", "platform.report", "seen"}
    assert {each["tenantId"] for each in told.values()} == {"blue"}


@pytest.mark.parametrize(
    ("runtime", "handler", "files"),
    [
        ("nodejs22.x", "a.run", {"a.js": "exports.run = async (e, c) => c.tenantId;"}),
        ("ruby3.3", "a.run", {"a.rb": "def run(event:, context:)\n  context.tenant_id\nend\n"}),
    ],
)
def test_every_runtime_tells_the_tenant(
    client: LambdaClient,
    create: Create,
    make_zip: Callable[[dict[str, str]], bytes],
    runtime: str,
    handler: str,
    files: dict[str, str],
) -> None:
    code = {"ZipFile": make_zip(files)}
    create("f", Runtime=runtime, Handler=handler, Code=code, Timeout=30, **ISOLATED)
    assert seen(client, "blue") == "blue"


def test_what_aws_does_not_combine_with_it_is_refused(
    client: LambdaClient, create: Create, error_of: ErrorOf
) -> None:
    # github.com/badmintoncryer/cdk-preflight, pf-lambda-tenancy-*: measured on AWS in 2026-09.
    words = "is not supported for functions enabled with tenancy configuration."
    snap_start: dict[str, Any] = {"SnapStart": {"ApplyOn": "PublishedVersions"}}
    refused = (*INVALID, f"SnapStart {words}")
    assert error_of(create, name="f", **snap_start, **ISOLATED) == refused
    create("f", **ISOLATED)
    client.publish_version(FunctionName="f")
    change = client.update_function_configuration
    assert error_of(change, FunctionName="f", **snap_start) == refused
    provide = client.put_provisioned_concurrency_config
    counted = {"Qualifier": "1", "ProvisionedConcurrentExecutions": 1}
    refused = (*INVALID, f"Provisioned concurrency {words}")
    assert error_of(provide, FunctionName="f", **counted) == refused
    url = client.create_function_url_config
    refused = (*INVALID, f"Function URL {words}")
    assert error_of(url, FunctionName="f", AuthType="NONE") == refused
