"""Five hundred calls at the same time: a reservation lets in exactly as many as it says."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

CALLS, RESERVED = 500, 20
# Where a function finds the platform.
INSIDE = "http://127.0.0.1:4566"
# It holds its environment until the function `release` exists, which it asks the platform.
HOLD = """
import time, urllib.error, urllib.request
def run(event, context):
    while True:
        try:
            return urllib.request.urlopen(event["until"]).status
        except urllib.error.HTTPError as error:
            if error.code != 404:
                return error.read().decode()
        time.sleep(0.05)
"""


def test_a_reservation_is_exact_under_a_storm(
    client: Any,
    create: Callable[..., Any],
    running: Any,
    signed_invoke: Callable[..., bytes],
) -> None:
    create("held", HOLD, Timeout=60)
    client.put_function_concurrency(FunctionName="held", ReservedConcurrentExecutions=RESERVED)
    credentials = client._request_signer._credentials
    released = AWSRequest("GET", f"{INSIDE}/2015-03-31/functions/release")
    SigV4QueryAuth(credentials, "lambda", "us-east-1", expires=900).add_auth(released)
    body = json.dumps({"until": released.url}).encode()
    requests = [signed_invoke(client, "held", body) for _ in range(CALLS)]
    throttled, answered = asyncio.run(_storm(client, requests, lambda: create("release")))
    assert throttled == Counter({429: CALLS - RESERVED})
    assert answered == Counter({200: RESERVED})
    assert running.platform.plane._concurrency.running == 0
    assert client.invoke(FunctionName="held", Payload=body)["StatusCode"] == 200


async def _storm(
    client: Any, requests: list[bytes], release: Callable[[], object]
) -> tuple[Counter[int], Counter[int]]:
    """The status codes of those that are refused while all others are held, and of those."""
    place = urlsplit(client.meta.endpoint_url)
    answers: asyncio.Queue[int] = asyncio.Queue()

    async def call(request: bytes) -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(request)
        await answers.put(int((await reader.readuntil(b"\r\n")).split()[1]))
        writer.close()

    async def count(number: int) -> Counter[int]:
        return Counter([await answers.get() for _ in range(number)])

    async with asyncio.timeout(50), asyncio.TaskGroup() as group:
        for request in requests:
            group.create_task(call(request))
        refused = await count(len(requests) - RESERVED)
        assert answers.empty()
        await asyncio.to_thread(release)
        return refused, await count(RESERVED)
