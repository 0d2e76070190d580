"""Reserved concurrency and the account's limits, as boto3 sees them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

    Create = Callable[..., dict[str, Any]]

# Long enough for calls to meet as a rule; nothing below depends on it.
SLOW = """
import time
def run(event, context):
    time.sleep(0.4)
    return 1
"""


def test_reserved_concurrency_is_stored_and_shown(
    client: Any, create: Create, error_of: Any
) -> None:
    arn = create("f")["FunctionArn"]
    answer = client.get_function_concurrency(FunctionName="f")
    assert "ReservedConcurrentExecutions" not in answer
    put = client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=5)
    assert put["ReservedConcurrentExecutions"] == 5
    assert client.get_function_concurrency(FunctionName="f")["ReservedConcurrentExecutions"] == 5
    shown = client.get_function(FunctionName="f")["Concurrency"]
    assert shown == {"ReservedConcurrentExecutions": 5}
    settings = client.get_account_settings()
    assert settings["AccountLimit"] == {
        "TotalCodeSize": 80530636800,
        "CodeSizeUnzipped": 262144000,
        "CodeSizeZipped": 52428800,
        "ConcurrentExecutions": 1000,
        "UnreservedConcurrentExecutions": 995,
    }
    assert settings["AccountUsage"]["FunctionCount"] == 1
    assert settings["AccountUsage"]["TotalCodeSize"] > 0
    assert error_of(
        client.put_function_concurrency, FunctionName="f", ReservedConcurrentExecutions=901
    ) == (
        400,
        "InvalidParameterValueException",
        (
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [100]."
        ),
    )
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=900)
    deleted = client.delete_function_concurrency(FunctionName="f")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert "Concurrency" not in client.get_function(FunctionName="f")
    for call, members in (
        (client.put_function_concurrency, {"ReservedConcurrentExecutions": 1}),
        (client.get_function_concurrency, {}),
        (client.delete_function_concurrency, {}),
    ):
        assert error_of(call, FunctionName="g", **members)[2] == (
            f"Function not found: {arn.removesuffix('f')}g"
        )


def test_nothing_runs_with_a_reservation_of_zero(client: Any, create: Create) -> None:
    create("f")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    try:
        client.invoke(FunctionName="f")
        raise AssertionError("not throttled")
    except ClientError as throttled:
        response: Any = throttled.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert response["Error"] == {"Code": "TooManyRequestsException", "Message": "Rate Exceeded."}
    assert response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    client.delete_function_concurrency(FunctionName="f")
    assert client.invoke(FunctionName="f")["StatusCode"] == 200


def test_a_reservation_of_one_lets_one_run_at_a_time(client: Any, create: Create) -> None:
    create("f", SLOW)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=1)

    def call(_: int) -> str:
        try:
            return str(client.invoke(FunctionName="f")["StatusCode"])
        except ClientError as throttled:
            return str(throttled.response.get("Reason"))

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(call, range(8)))
    assert "200" in answers
    assert set(answers) <= {"200", "ReservedFunctionConcurrentInvocationLimitExceeded"}


def test_the_regions_of_an_account_share_its_limit(
    create: Create, client: Any, make_zip: Any, running: Any, error_of: Any
) -> None:
    create("f")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=800)
    keys = client._request_signer._credentials
    elsewhere: Any = boto3.client(
        "lambda",
        endpoint_url=running.platform.endpoint,
        region_name="eu-west-1",
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
    )
    elsewhere.create_function(
        FunctionName="f",
        Runtime="python3.12",
        Role=execution_role(client),
        Handler="handler.run",
        Code={"ZipFile": make_zip({"handler.py": "def run(event, context): return 1"})},
    )
    put = elsewhere.put_function_concurrency
    assert error_of(put, FunctionName="f", ReservedConcurrentExecutions=101)[0] == 400
    put(FunctionName="f", ReservedConcurrentExecutions=100)
    limits = client.get_account_settings()["AccountLimit"]
    assert limits["UnreservedConcurrentExecutions"] == 100
