"""What can be configured, as boto3 sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

    Create = Callable[..., dict[str, Any]]


def test_what_is_not_given_is_absent_or_the_default(client: LambdaClient, create: Create) -> None:
    created = create("f")
    del created["ResponseMetadata"]
    for name in ("CodeSha256", "CodeSize", "LastModified", "RevisionId", "FunctionArn"):
        assert created.pop(name)
    assert created.pop("RuntimeVersionConfig").keys() == {"RuntimeVersionArn"}
    assert created == {
        "FunctionName": "f",
        "Runtime": "python3.12",
        "Role": execution_role(client),
        "Handler": "handler.run",
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "Version": "$LATEST",
        "TracingConfig": {"Mode": "PassThrough"},
        "State": "Pending",
        "StateReason": "The function is being created.",
        "StateReasonCode": "Creating",
        "PackageType": "Zip",
        "Architectures": ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/f"},
    }
    (listed,) = client.list_functions()["Functions"]
    assert "RuntimeVersionConfig" not in listed


def test_what_is_given_empty_is_shown_empty(client: LambdaClient, create: Create) -> None:
    """VpcConfig as in github.com/motdotla/node-lambda/issues/232, with the member that came with IPv6."""
    nowhere = {
        "SubnetIds": [],
        "SecurityGroupIds": [],
        "VpcId": "",
        "Ipv6AllowedForDualStack": False,
    }
    created = create(
        "f",
        Environment={"Variables": {}},
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
    )
    assert (created["Environment"], created["VpcConfig"]) == ({"Variables": {}}, nowhere)
    (listed,) = client.list_functions()["Functions"]
    assert (listed["Environment"], listed["VpcConfig"]) == ({"Variables": {}}, nowhere)
    absent = create("g", Environment={"Variables": {"A1": "b"}}, VpcConfig={}, Publish=True)
    assert "VpcConfig" not in absent
    client.get_waiter("function_updated_v2").wait(FunctionName="g")
    cleared = client.update_function_configuration(
        FunctionName="g",
        Environment={"Variables": {}},
        VpcConfig={"SubnetIds": [], "SecurityGroupIds": []},
    )
    assert (cleared["Environment"], cleared["VpcConfig"]) == ({"Variables": {}}, nowhere)
    client.get_waiter("function_updated_v2").wait(FunctionName="g")
    assert client.publish_version(FunctionName="g")["Version"] == "2"
    client.update_function_configuration(FunctionName="f", Timeout=4)
    client.get_waiter("function_updated_v2").wait(FunctionName="f")
    assert client.get_function_configuration(FunctionName="f")["Environment"] == {"Variables": {}}


def test_log_levels_come_and_go_with_json(client: LambdaClient, create: Create) -> None:
    create("f", LoggingConfig={"LogGroup": "/mine"})

    def update(**config: str) -> Any:
        given: Any = config
        return client.update_function_configuration(FunctionName="f", LoggingConfig=given)[
            "LoggingConfig"
        ]

    json_format = {"LogFormat": "JSON", "LogGroup": "/mine"}
    info = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert update(LogFormat="JSON") == json_format | info
    assert update(SystemLogLevel="DEBUG") == json_format | info | {"SystemLogLevel": "DEBUG"}
    assert update(LogFormat="Text") == {"LogFormat": "Text", "LogGroup": "/mine"}
    with pytest.raises(ClientError, match="LogLevel is not supported when LogFormat is set to"):
        update(SystemLogLevel="DEBUG")


def test_ephemeral_storage_and_key(client: LambdaClient, create: Create) -> None:
    key = "arn:aws:kms:us-east-1:123456789012:key/k"
    created = create("f", EphemeralStorage={"Size": 1024}, KMSKeyArn=key)
    assert (created["EphemeralStorage"], created["KMSKeyArn"]) == ({"Size": 1024}, key)
    changed = client.update_function_configuration(
        FunctionName="f", EphemeralStorage={"Size": 10240}, KMSKeyArn=""
    )
    assert changed["EphemeralStorage"] == {"Size": 10240}
    assert "KMSKeyArn" not in changed
    with pytest.raises(ClientError, match=r"at 'ephemeralStorage\.size' failed"):
        client.update_function_configuration(FunctionName="f", EphemeralStorage={"Size": 10241})


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ({"S3Bucket": "bucket", "S3Key": "k"},
         ("Error occurred while GetObject. "
         "S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist")),
        ({"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/x:1"},
         "Please provide a source for function code."),
        ({}, "Please provide a source for function code."),
        ({"ZipFile": b"x", "S3Bucket": "bucket", "S3Key": "k"},
         "Please do not provide other FunctionCode parameters when providing a ZipFile."),
    ],
)  # fmt: skip
def test_code_from_elsewhere(create: Create, code: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError) as refused:
        create("f", Code=code)
    error: Any = refused.value.response
    assert error["Error"]["Code"] == "InvalidParameterValueException"
    assert error["Error"]["Message"] == message


def test_a_dry_run_of_an_update_changes_nothing(
    client: LambdaClient, create: Create, make_zip: Any
) -> None:
    create("f")
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    before = client.get_function_configuration(FunctionName="f")
    code = make_zip({"handler.py": "def run(event, context): return 2"})
    answer = client.update_function_code(FunctionName="f", ZipFile=code, DryRun=True)
    assert answer["CodeSha256"] != before["CodeSha256"]
    after = client.get_function_configuration(FunctionName="f")
    assert after["RevisionId"] == before["RevisionId"]
