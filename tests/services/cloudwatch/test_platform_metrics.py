"""What the platform measures by itself: functions and APIs, as `aws cloudwatch get-metric-statistics` shows them."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = """
import time


def run(event, context):
    if event.get("slow"):
        time.sleep(0.5)
    if event.get("fails"):
        raise ValueError("no")
    return {"statusCode": 200, "body": "hello"}
"""


@pytest.fixture
def functions(aws: Callable[..., Any], make_zip: Callable[..., bytes]) -> Any:
    client = aws("lambda")
    client.create_function(
        FunctionName="f",
        Runtime="python3.11",
        Role=execution_role(client),
        Handler="app.run",
        Code={"ZipFile": make_zip({"app.py": SOURCE})},
    )
    client.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    return client


@pytest.fixture
def total(cloudwatch: Any) -> Callable[..., dict[str, float]]:
    """The statistics of a metric over the last hour, {} where it is not there."""

    def read(namespace: str, name: str, **dimensions: str) -> dict[str, float]:
        now = datetime.now(UTC)
        found = cloudwatch.get_metric_statistics(
            Namespace=namespace,
            MetricName=name,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(minutes=1),
            Period=7200,
            Statistics=["Sum", "SampleCount", "Maximum", "Minimum"],
        )["Datapoints"]
        return {} if not found else found[0]

    return read


def test_what_is_provisioned_is_used_first_and_the_rest_spills_over(
    functions: Any, total: Any
) -> None:
    functions.publish_version(FunctionName="f")
    functions.get_waiter("published_version_active").wait(FunctionName="f", Qualifier="1")
    where = {"FunctionName": "f", "Qualifier": "1"}
    functions.put_provisioned_concurrency_config(**where, ProvisionedConcurrentExecutions=1)
    deadline = time.monotonic() + 60
    while functions.get_provisioned_concurrency_config(**where)["Status"] != "READY":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    version = {"FunctionName": "f", "Resource": "f:1"}

    def sum_of(name: str) -> float:
        return float(total("AWS/Lambda", f"ProvisionedConcurrency{name}", **version).get("Sum", 0))

    functions.invoke(**where)
    assert (sum_of("Invocations"), sum_of("SpilloverInvocations")) == (1, 0)
    calls = 1
    with ThreadPoolExecutor(2) as threads:
        while not (spilled := sum_of("SpilloverInvocations")):  # until two were there at a time
            assert time.monotonic() < deadline
            list(threads.map(lambda _: functions.invoke(**where, Payload=b'{"slow": 1}'), range(2)))
            calls += 2
    assert sum_of("Invocations") + spilled == calls
    # One at a time: the environment that is kept is there, and the other one is left alone.
    for _ in range(3):
        functions.invoke(**where)
    assert (sum_of("Invocations"), sum_of("SpilloverInvocations")) == (calls + 3 - spilled, spilled)
    assert total("AWS/Lambda", "ProvisionedConcurrentExecutions", **version)["Maximum"] == 1
    assert total("AWS/Lambda", "ProvisionedConcurrencyUtilization", **version)["Maximum"] == 1
    assert total("AWS/Lambda", "ProvisionedConcurrencyUtilization") == {}


def test_invocations_agree_to_the_last_one(functions: Any, total: Any) -> None:
    functions.publish_version(FunctionName="f")
    functions.get_waiter("published_version_active").wait(FunctionName="f", Qualifier="1")
    functions.create_alias(FunctionName="f", Name="PROD", FunctionVersion="1")
    for number in range(5):
        functions.invoke(FunctionName="f", Payload=b'{"fails": true}' if number == 0 else b"{}")
    for _ in range(2):
        functions.invoke(FunctionName="f", Qualifier="PROD")
    of_function = {"FunctionName": "f"}
    assert total("AWS/Lambda", "Invocations", **of_function)["Sum"] == 7
    errors = total("AWS/Lambda", "Errors", **of_function)
    assert (errors["Sum"], errors["SampleCount"]) == (1, 7)
    duration = total("AWS/Lambda", "Duration", **of_function)
    assert duration["SampleCount"] == 7
    assert duration["Minimum"] > 0
    assert duration["Unit"] == "Milliseconds"
    assert total("AWS/Lambda", "Throttles", **of_function)["Sum"] == 0
    assert total("AWS/Lambda", "ConcurrentExecutions", **of_function)["Maximum"] == 1
    assert total("AWS/Lambda", "Invocations")["Sum"] == 7
    behind_alias = {"FunctionName": "f", "Resource": "f:PROD"}
    assert total("AWS/Lambda", "Invocations", **behind_alias)["Sum"] == 2
    assert total("AWS/Lambda", "Invocations", **behind_alias, ExecutedVersion="1")["Sum"] == 2
    assert total("AWS/Lambda", "Invocations", FunctionName="f", Resource="f")["Sum"] == 5


def test_throttles_are_counted_and_not_as_invocations(functions: Any, total: Any) -> None:
    functions.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    for _ in range(3):
        with pytest.raises(ClientError, match="Rate Exceeded"):
            functions.invoke(FunctionName="f")
    assert total("AWS/Lambda", "Throttles", FunctionName="f")["Sum"] == 3
    assert total("AWS/Lambda", "Invocations", FunctionName="f") == {}


def test_asynchronous_events(functions: Any, total: Any) -> None:
    functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    for payload in (b"{}", b'{"fails": true}'):
        functions.invoke(FunctionName="f", InvocationType="Event", Payload=payload)
    deadline = time.monotonic() + 30
    while not total("AWS/Lambda", "AsyncEventsDropped", FunctionName="f"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert total("AWS/Lambda", "AsyncEventsReceived", FunctionName="f")["Sum"] == 2
    assert total("AWS/Lambda", "AsyncEventsDropped", FunctionName="f")["Sum"] == 1
    age = total("AWS/Lambda", "AsyncEventAge", FunctionName="f")
    assert (age["SampleCount"], age["Unit"]) == (2, "Milliseconds")


def test_records_whose_destination_is_gone(
    functions: Any, total: Any, make_zip: Callable[..., bytes]
) -> None:
    """They counted as events dropped by the destination, of which nobody had asked anything."""
    destination = functions.create_function(
        FunctionName="told",
        Runtime="python3.11",
        Role=execution_role(functions),
        Handler="app.run",
        Code={"ZipFile": make_zip({"app.py": SOURCE})},
    )["FunctionArn"]
    functions.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": destination}}
    )
    functions.delete_function(FunctionName="told")
    functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"{}")
    deadline = time.monotonic() + 30
    while not total("AWS/Lambda", "DestinationDeliveryFailures", FunctionName="f"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert total("AWS/Lambda", "DestinationDeliveryFailures", FunctionName="f")["Sum"] == 1
    assert total("AWS/Lambda", "AsyncEventsDropped", FunctionName="told") == {}


def test_requests_to_an_api(
    aws: Callable[..., Any], functions: Any, total: Any, running: Any
) -> None:
    gateway = aws("apigateway")
    api = gateway.create_rest_api(name="shop")["id"]
    (root,) = gateway.get_resources(restApiId=api)["items"]
    place = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**place, authorizationType="NONE")
    arn = functions.get_function_configuration(FunctionName="f")["FunctionArn"]
    functions.add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    gateway.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    gateway.create_deployment(restApiId=api, stageName="prod")
    address = f"{running.platform.endpoint}/restapis/{api}/prod/_user_request_/"
    with urllib.request.urlopen(address) as answer:
        assert answer.read() == b"hello"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}nothing")
    refused.value.close()
    assert total("AWS/ApiGateway", "Count", ApiName="shop")["Sum"] == 2
    assert total("AWS/ApiGateway", "4XXError", ApiName="shop", Stage="prod")["Sum"] == 1
    assert total("AWS/ApiGateway", "5XXError", ApiName="shop", Stage="prod")["Sum"] == 0
    assert total("AWS/ApiGateway", "Latency", ApiName="shop")["SampleCount"] == 2
    assert total("AWS/ApiGateway", "IntegrationLatency", ApiName="shop")["SampleCount"] == 1
    by_method = {"ApiName": "shop", "Stage": "prod", "Method": "GET", "Resource": "/"}
    assert total("AWS/ApiGateway", "Count", **by_method) == {}
    patch = {"op": "replace", "path": "/*/*/metrics/enabled", "value": "true"}
    gateway.update_stage(restApiId=api, stageName="prod", patchOperations=[patch])
    with urllib.request.urlopen(address):
        pass
    assert total("AWS/ApiGateway", "Count", **by_method)["Sum"] == 1
    assert total("AWS/ApiGateway", "CacheHitCount", ApiName="shop") == {}
    pairs = [("/cacheClusterEnabled", "true"), ("/*/*/caching/enabled", "true")]
    operations = [{"op": "replace", "path": path, "value": value} for path, value in pairs]
    gateway.update_stage(restApiId=api, stageName="prod", patchOperations=operations)
    for _ in range(3):
        with urllib.request.urlopen(address) as answer:
            assert answer.read() == b"hello"
    assert total("AWS/ApiGateway", "CacheHitCount", ApiName="shop")["Sum"] == 2
    assert total("AWS/ApiGateway", "CacheMissCount", ApiName="shop", Stage="prod")["Sum"] == 1


def test_names_of_apis_are_shown_without_what_is_not_ascii(
    aws: Callable[..., Any], total: Any, running: Any
) -> None:
    gateway = aws("apigateway")
    for name in ("straße", "日本"):
        api = gateway.create_rest_api(name=name)["id"]
        (root,) = gateway.get_resources(restApiId=api)["items"]
        place = {"restApiId": api, "resourceId": root["id"], "httpMethod": "GET"}
        gateway.put_method(**place, authorizationType="NONE")
        gateway.put_integration(**place, type="MOCK")
        gateway.create_deployment(restApiId=api, stageName="prod")
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(
                f"{running.platform.endpoint}/restapis/{api}/prod/_user_request_/x"
            )
        refused.value.close()
    assert total("AWS/ApiGateway", "Count", ApiName="strae")["Sum"] == 1
    assert total("AWS/ApiGateway", "Count", ApiName=api)["Sum"] == 1


def test_requests_to_an_http_api(
    aws: Callable[..., Any], functions: Any, total: Any, running: Any
) -> None:
    gateway = aws("apigatewayv2")
    arn = functions.get_function_configuration(FunctionName="f")["FunctionArn"]
    functions.add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
    )
    api = gateway.create_api(Name="shop", ProtocolType="HTTP")["ApiId"]
    target = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=arn,
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    for key in ("ANY /items/{id}", "POST /items/{id}"):
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{target}")
    gateway.create_stage(ApiId=api, StageName="prod", AutoDeploy=True)
    address = f"{running.platform.endpoint}/_aws/execute-api/{api}/prod"

    def call(path: str, data: bytes | None = None) -> bytes:
        with urllib.request.urlopen(f"{address}{path}", data) as answer:
            return bytes(answer.read())

    assert call("/items/7") == b"hello"
    assert call("/items/7", b"four") == b"hello"
    with pytest.raises(urllib.error.HTTPError) as refused:
        call("/nothing")
    missing = refused.value.read()
    refused.value.close()

    by_stage = {"ApiId": api, "Stage": "prod"}
    for dimensions in ({"ApiId": api}, by_stage):
        assert total("AWS/ApiGateway", "Count", **dimensions)["Sum"] == 3
        client_errors = total("AWS/ApiGateway", "4xx", **dimensions)
        assert (client_errors["Sum"], client_errors["SampleCount"]) == (1, 3)
        assert total("AWS/ApiGateway", "5xx", **dimensions)["Sum"] == 0
        assert total("AWS/ApiGateway", "Latency", **dimensions)["SampleCount"] == 3
        assert total("AWS/ApiGateway", "IntegrationLatency", **dimensions)["SampleCount"] == 2
        processed = total("AWS/ApiGateway", "DataProcessed", **dimensions)
        assert (processed["Sum"], processed["Unit"]) == (5 + 5 + 4 + len(missing), "Bytes")

    # Routes have metrics of their own where their settings, or else those of the stage, say so.
    of_any = {**by_stage, "Method": "ANY", "Resource": "/items/{id}"}
    of_post = {**of_any, "Method": "POST"}
    assert total("AWS/ApiGateway", "Count", **of_any) == {}
    gateway.update_stage(
        ApiId=api,
        StageName="prod",
        DefaultRouteSettings={"DetailedMetricsEnabled": True},
        RouteSettings={"POST /items/{id}": {"DetailedMetricsEnabled": False}},
    )
    call("/items/7")
    call("/items/7", b"four")
    assert total("AWS/ApiGateway", "Count", **of_any)["Sum"] == 1
    assert total("AWS/ApiGateway", "Count", **of_post) == {}
    gateway.delete_route_settings(ApiId=api, StageName="prod", RouteKey="POST /items/{id}")
    call("/items/7", b"four")
    assert total("AWS/ApiGateway", "Count", **of_post)["Sum"] == 1


def test_metrics_that_a_function_logs(functions: Any, total: Any, make_zip: Any) -> None:
    source = """
import json, time
def run(event, context):
    metric = {"Namespace": "Shop", "Dimensions": [["till"]], "Metrics": [{"Name": "sales", "Unit": "Count"}]}
    head = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [metric]}
    print(json.dumps({"_aws": head, "till": "1", "sales": event["sales"]}))
"""
    functions.update_function_code(FunctionName="f", ZipFile=make_zip({"app.py": source}))
    functions.get_waiter("function_updated_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    for sales in (3, 4):
        functions.invoke(FunctionName="f", Payload=b'{"sales": %d}' % sales)
    found = total("Shop", "sales", till="1")
    assert (found["Sum"], found["SampleCount"], found["Unit"]) == (7, 2, "Count")
