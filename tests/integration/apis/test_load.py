"""Ten thousand requests over a thousand open connections to an API of either kind, with no failed request."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Any

import pytest

CONNECTIONS = 1_000
REQUESTS = 10_000
SOURCE = (
    "def run(event, context):\n"
    "    path = event.get('path') or event['rawPath'].removeprefix('/prod')\n"
    "    return {'statusCode': 200, 'body': path}\n"
)

pytestmark = [pytest.mark.slow, pytest.mark.performance, pytest.mark.timeout(180)]


async def one_connection(port: int, request: bytes, times: int, seen: Counter[bytes]) -> None:
    """Send the request so many times, one after the other, on a connection that stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        body = await reader.readexactly(length)
        seen[head.split(b" ", 2)[1] + b" " + body] += 1
    writer.close()
    await writer.wait_closed()


async def load(port: int, request: bytes, connections: int) -> Counter[bytes]:
    seen: Counter[bytes] = Counter()
    times = REQUESTS // CONNECTIONS
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one_connection(port, request, times, seen))
    return seen


def test_ten_thousand_requests_on_a_thousand_connections_succeed(tenant: Any, kind: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 3 * CONNECTIONS:
        pytest.skip("too few descriptors are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    api = tenant.api(kind, tenant.function("f", SOURCE))

    seen = asyncio.run(load(tenant.port, api.head(b"/GetNotes"), CONNECTIONS))

    # Hundreds of idle environments would stay for ten minutes otherwise.
    tenant.lambda_.delete_function(FunctionName="f")
    assert seen == {b"200 /GetNotes": REQUESTS}


def test_limits_that_are_set_are_all_that_refuses(tenant: Any, kind: str) -> None:
    """As many as the burst allows, and no more in a time that the rate lets nothing back."""
    api = tenant.api(kind, tenant.function("f", SOURCE))
    if kind == "http":
        settings = {"ThrottlingBurstLimit": 120, "ThrottlingRateLimit": 0.001}
        tenant.http.update_stage(ApiId=api.id, StageName="prod", DefaultRouteSettings=settings)
    else:
        patches = [
            {"op": "replace", "path": f"/*/*/throttling/{name}", "value": value}
            for name, value in (("burstLimit", "120"), ("rateLimit", "0.001"))
        ]
        tenant.rest.update_stage(restApiId=api.id, stageName="prod", patchOperations=patches)

    seen = asyncio.run(load(tenant.port, api.head(b"/GetNotes"), 20))

    tenant.lambda_.delete_function(FunctionName="f")
    assert seen == {b"200 /GetNotes": 120, b'429 {"message":"Too Many Requests"}': 80}
