"""Ten thousand requests over a thousand open connections to an API, a thousand at a time, with no failed request."""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from typing import Any

import pytest

CONNECTIONS = 1_000
REQUESTS = 10_000
SOURCE = 'def run(event, context): return {"statusCode": 200, "body": event["path"]}'


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


async def load(port: int, request: bytes) -> Counter[bytes]:
    seen: Counter[bytes] = Counter()
    times = REQUESTS // CONNECTIONS
    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(one_connection(port, request, times, seen))
    return seen


@pytest.mark.slow
@pytest.mark.performance
@pytest.mark.timeout(180)
def test_ten_thousand_requests_on_a_thousand_connections_succeed(account: Any, proxy: Any) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 3 * CONNECTIONS:
        pytest.skip("too few descriptors are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 16_384)), hard))
    arn = account.function("f", SOURCE)
    api = account.deploy({"GET /GetNotes": proxy(arn)})
    host = f"{api}.execute-api.us-east-1.amazonaws.com"
    request = f"GET /prod/GetNotes HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()

    seen = asyncio.run(load(account.port, request))

    # Hundreds of idle environments would stay for ten minutes otherwise.
    account.lambda_.delete_function(FunctionName=arn)
    assert seen == {b"200 /GetNotes": REQUESTS}
