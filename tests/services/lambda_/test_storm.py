"""Five hundred calls at the same time: a reservation lets in exactly as many as it says."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from tests.services.lambda_.conftest import HOLDS

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.slow

CALLS, RESERVED = 500, 20
HOLD = f"{HOLDS}\ndef run(event, context):\n    return hold(event)\n"


def test_a_reservation_is_exact_under_a_storm(
    client: Any,
    create: Callable[..., Any],
    running: Any,
    signed_invoke: Callable[..., bytes],
    until_release: bytes,
) -> None:
    create("held", HOLD, Timeout=60)
    client.put_function_concurrency(FunctionName="held", ReservedConcurrentExecutions=RESERVED)
    requests = [signed_invoke(client, "held", until_release) for _ in range(CALLS)]
    throttled, answered = asyncio.run(_storm(client, requests, lambda: create("release")))
    assert throttled == Counter({429: CALLS - RESERVED})
    assert answered == Counter({200: RESERVED})
    assert running.platform.plane._concurrency.running == 0
    assert client.invoke(FunctionName="held", Payload=until_release)["StatusCode"] == 200


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
