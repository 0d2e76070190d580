"""The life of a function, as boto3 sees it."""

from __future__ import annotations

import base64
import hashlib
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_lambda.client import LambdaClient

    Create = Callable[..., dict[str, Any]]
    MakeZip = Callable[[dict[str, str]], bytes]

LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:l:1"


def _arn(client: LambdaClient, create: Create, name: str) -> str:
    return str(create(name)["FunctionArn"])


def test_create_wait_get(client: LambdaClient, create: Create, make_zip: MakeZip) -> None:
    created = create("f", Environment={"Variables": {"A1": "b"}}, Tags={"team": "blue"})
    assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (created["State"], created["StateReasonCode"]) == ("Pending", "Creating")
    assert "LastUpdateStatus" not in created
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    answer = client.get_function(FunctionName="f")
    shown = answer["Configuration"]
    assert (shown["State"], shown["LastUpdateStatus"]) == ("Active", "Successful")
    assert shown["Environment"] == {"Variables": {"A1": "b"}}
    assert answer["Tags"] == {"team": "blue"}
    assert shown["RevisionId"] != created["RevisionId"]


def test_the_code_location_can_be_downloaded(client: LambdaClient, create: Create) -> None:
    create("f")
    answer = client.get_function(FunctionName="f")
    with urllib.request.urlopen(answer["Code"]["Location"]) as download:
        archive = download.read()
    digest = base64.b64encode(hashlib.sha256(archive).digest()).decode()
    assert digest == answer["Configuration"]["CodeSha256"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(answer["Code"]["Location"].replace("Expires=", "Expires=9"))
    with refused.value as response:
        assert (response.code, b"AccessDenied" in response.read()) == (403, True)


def test_every_form_of_the_name(client: LambdaClient, create: Create) -> None:
    arn = _arn(client, create, "f")
    account = arn.split(":")[4]
    for name in ("f", arn, f"{account}:function:f", f"{arn}:$LATEST", "f:$LATEST"):
        shown = client.get_function_configuration(FunctionName=name)
        assert shown["FunctionName"] == "f"
        assert shown["FunctionArn"] == (f"{arn}:$LATEST" if "$LATEST" in name else arn)


def test_update_and_list_and_delete(
    client: LambdaClient, create: Create, make_zip: MakeZip
) -> None:
    arn = _arn(client, create, "f")
    code = make_zip({"handler.py": "def run(event, context): return 2"})
    updated = client.update_function_code(FunctionName="f", ZipFile=code)
    assert updated["LastUpdateStatus"] == "InProgress"
    client.update_function_configuration(FunctionName="f", Timeout=9)
    client.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    assert client.invoke(FunctionName="f")["Payload"].read() == b"2"
    (listed,) = client.list_functions()["Functions"]
    assert (listed["FunctionArn"], listed["Timeout"]) == (arn, 9)
    assert "State" not in listed
    (listed,) = client.list_functions(FunctionVersion="ALL")["Functions"]
    assert listed["FunctionArn"] == f"{arn}:$LATEST"
    assert client.delete_function(FunctionName="f")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert client.list_functions()["Functions"] == []


def test_the_paginator_finds_everything(client: LambdaClient, create: Create) -> None:
    for number in range(5):
        create(f"f{number}")
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    names = [[function["FunctionName"] for function in page["Functions"]] for page in pages]
    assert names == [["f0", "f1"], ["f2", "f3"], ["f4"]]


@pytest.mark.parametrize(
    ("operation", "request_", "status", "code", "message"),
    [
        ("get_function", {"FunctionName": "nope"}, 404, "ResourceNotFoundException", ":function:nope"),
        ("get_function", {"FunctionName": "f", "Qualifier": "7"}, 404, "ResourceNotFoundException", ":function:f:7"),
        ("get_function", {"FunctionName": "arn:aws:lambda:mx-central-1:123456789012:function:f"}, 404,
         "ResourceNotFoundException", "Functions from 'mx-central-1' are not reachable in this region"),
        ("get_function", {"FunctionName": "f:a", "Qualifier": "b"}, 400, "InvalidParameterValueException",
         "The derived qualifier from the function name does not match the specified qualifier."),
        ("get_function", {"FunctionName": "f" * 65}, 400, "InvalidParameterValueException", "less than or equal to 64"),
        ("get_function", {"FunctionName": "f!"}, 400, "ValidationException", "1 validation error detected: Value 'f!'"),
        ("delete_function", {"FunctionName": "f", "Qualifier": "$LATEST"}, 400, "InvalidParameterValueException",
         "$LATEST version cannot be deleted without deleting the function."),
        ("update_function_code", {"FunctionName": "f", "ZipFile": b"no zip"}, 400, "InvalidParameterValueException",
         "Could not unzip uploaded file. Please check your file, then try to upload again."),
        ("update_function_configuration", {"FunctionName": "f", "RevisionId": "old"}, 412,
         "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id."),
        ("update_function_configuration", {"FunctionName": "f", "Layers": [LAYER]}, 403,
         "AccessDeniedException", "no resource-based policy allows the lambda:GetLayerVersion action"),
        ("update_function_configuration", {"FunctionName": "f", "Timeout": 901}, 400, "ValidationException",
         "1 validation error detected: Value '901' at 'timeout'"),
    ],
)  # fmt: skip
def test_errors_are_those_of_aws(
    client: LambdaClient, create: Create, operation: str, request_: dict[str, Any], status: int, code: str, message: str
) -> None:  # fmt: skip
    create("f")
    with pytest.raises(ClientError) as answered:
        getattr(client, operation)(**request_)
    response: dict[str, Any] = dict(answered.value.response)
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (
        status,
        code,
    )
    assert message in response["Error"]["Message"]
    assert response.get("Type") == (
        None if code in {"ValidationException", "AccessDeniedException"} else "User"
    )


def test_another_account_is_denied(client: LambdaClient, create: Create) -> None:
    arn = _arn(client, create, "f")
    account = arn.split(":")[4]
    other = str(int(account) ^ 1).rjust(12, "0")
    with pytest.raises(ClientError) as denied:
        client.get_function(FunctionName=arn.replace(account, other))
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize("files", [{}, {"../evil.py": ""}, {"/etc/evil.py": ""}])
def test_packages_that_may_not_be_unpacked(
    client: LambdaClient, create: Create, make_zip: MakeZip, files: dict[str, str]
) -> None:
    with pytest.raises(ClientError) as refused:
        create("f", Code={"ZipFile": make_zip(files)})
    assert refused.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert client.list_functions()["Functions"] == []


@pytest.mark.slow
def test_a_zip_over_50_mb(client: LambdaClient, create: Create) -> None:
    with pytest.raises(ClientError) as refused:
        create("f", Code={"ZipFile": bytes(52_428_801)})
    response = refused.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert response["Error"]["Code"] == "RequestEntityTooLargeException"
    assert response["Error"]["Message"] == "Zipped size must be smaller than 52428800 bytes"


def test_operations_that_are_not_there_yet_name_themselves(client: LambdaClient) -> None:
    with pytest.raises(ClientError) as answered:
        client.list_capacity_providers()
    response = answered.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert response["Error"]["Code"] == "NotImplementedException"
    assert "ListCapacityProviders" in response["Error"]["Message"]
