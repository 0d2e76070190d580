"""`/_lambent/metrics` as Prometheus reads it."""

from __future__ import annotations

import asyncio
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from prometheus_client.parser import text_string_to_metric_families

from lambent.core.http import BytesBody, Headers, Request
from lambent.gateway.metrics_page import MetricsPage
from lambent.gateway.watchers import Watchers

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.figures import Family

SOURCE = """
def run(event, context):
    if event.get("fails"):
        raise ValueError("no")
"""


def scraped(endpoint: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{endpoint}/_lambent/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        text = answer.read().decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def test_prometheus_finds_what_functions_did(
    client: Any, create: Callable[..., Any], running: Any
) -> None:
    arn = create("f", SOURCE)["FunctionArn"]
    account = arn.split(":")[4]
    for payload in (b"{}", b"{}", b'{"fails": true}'):
        client.invoke(FunctionName="f", Payload=payload)
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError):
        client.invoke(FunctionName="f")
    found = scraped(running.platform.endpoint)

    def value(name: str, sample: str = "", **labels: str) -> float:
        wanted = {"account": account, "region": "us-east-1", "function": "f", **labels}
        (only,) = [
            each.value
            for each in found[name].samples
            if each.labels == wanted and each.name == (sample or f"{name}_total")
        ]
        return float(only)

    assert value("lambent_invocations") == 3
    assert value("lambent_invocation_errors") == 1
    assert value("lambent_throttles") == 1
    duration = "lambent_invocation_duration_seconds"
    assert value(duration, f"{duration}_count") == 3
    assert value(duration, f"{duration}_sum") > 0
    buckets = [
        each.value
        for each in found[duration].samples
        if each.name.endswith("_bucket") and each.labels["account"] == account
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 3
    states = {each.labels["state"]: each.value for each in found["lambent_environments"].samples}
    assert states["idle"] >= 1
    assert found["lambent_core_process_resident_memory_bytes"].samples[0].value > 1e6
    assert found["lambent_running_invocations"].samples[0].value >= 0
    lost = {each.labels["reason"] for each in found["lambent_log_events_dropped"].samples}
    assert lost == {"slow", "unwritten", "closed"}


def test_it_is_read_and_nothing_else(running: Any) -> None:
    request = urllib.request.Request(
        f"{running.platform.endpoint}/_lambent/metrics", data=b"", method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 405


@pytest.mark.parametrize(
    ("token", "peer", "sent", "status"),
    [
        ("", "127.0.0.1", "", 200),
        ("", "::1", "", 200),
        ("", "192.0.2.1", "", 403),
        ("", "", "", 403),
        ("secret", "192.0.2.1", "Bearer secret", 200),
        ("secret", "127.0.0.1", "", 403),
        ("secret", "127.0.0.1", "Bearer other", 403),
    ],
)
def test_who_may_read_it(token: str, peer: str, sent: str, status: int) -> None:
    async def read() -> list[Family]:
        return []

    headers = Headers([("authorization", sent)] if sent else [])
    request = Request("GET", "/_lambent/metrics", "", headers, BytesBody(), peer)
    assert asyncio.run(MetricsPage(read, Watchers(token)).handle(request)).status == status
