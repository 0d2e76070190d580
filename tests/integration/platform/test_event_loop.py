"""Nothing holds up the event loop: 20 ms of it are a hundred invocations that wait.

Measured in CPU time, which a busy machine spoils least; the client, and all that is done in compute processes, are
processes of their own. A slow callback shows in the time of the loop's own thread. Another thread that holds Python's
lock shows in that of the whole process, together with threads that hold nothing up (hashing): whose limit is wider.
The best of three tries counts: what really holds up the loop does so in every one.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import subprocess
import sys
import time
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from tests.conftest import execution_role

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.alone

LIMIT_MS = 20.0
# Parsing 70 MB of JSON in one go is 160 ms, decoding 50 MB of base64 260.
LOCK_LIMIT_MS = 100.0
_CLIENT = """
import sys, boto3
endpoint, key, secret, role, name, path = sys.argv[1:]
client = boto3.client("lambda", endpoint_url=endpoint, region_name="eu-west-1", aws_access_key_id=key,
                      aws_secret_access_key=secret)
with open(path, "rb") as file:
    client.create_function(FunctionName=name, Runtime="python3.11", Handler="m.h", Role=role,
                           Code={"ZipFile": file.read()})
client.get_waiter("function_active_v2").wait(FunctionName=name)
"""


class Pulse:
    """Beats on the event loop; notes the most CPU time, of its thread and of the process, between two beats."""

    def __init__(self) -> None:
        self.of_loop_ms = 0.0
        self.of_process_ms = 0.0

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()

    async def _beat(self) -> None:
        before = time.thread_time(), time.process_time()
        while True:
            await asyncio.sleep(0.0005)
            now = time.thread_time(), time.process_time()
            self.of_loop_ms = max(self.of_loop_ms, (now[0] - before[0]) * 1000)
            self.of_process_ms = max(self.of_process_ms, (now[1] - before[1]) * 1000)
            before = now


async def deploy(arguments: list[str], name: str, package: Path) -> Pulse:
    """Args: endpoint, keys and role."""
    pulse = Pulse()
    async with pulse.beating():
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CLIENT, *arguments, name, package, stderr=subprocess.PIPE
        )
        _, complaint = await client.communicate()
    assert client.returncode == 0, complaint.decode()
    return pulse


def test_a_deployment_of_50_mb_does_not_hold_up_the_event_loop(
    running: Any, aws: Any, tmp_path: Path
) -> None:
    client = aws("lambda")
    keys = client._request_signer._credentials
    arguments = [client.meta.endpoint_url, keys.access_key, keys.secret_key, execution_role(client)]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("m.py", "def h(event, context):\n    return event\n")
        for number in range(49):
            archive.writestr(f"data/{number}", os.urandom(1_000_000))
    package = tmp_path / "package.zip"
    package.write_bytes(content.getvalue())

    pulses = [running.run(deploy(arguments, f"large-{number}", package)) for number in range(3)]

    assert min(pulse.of_loop_ms for pulse in pulses) < LIMIT_MS
    assert min(pulse.of_process_ms for pulse in pulses) < LOCK_LIMIT_MS


async def query(platform: Any, group: tuple[str, str, str]) -> tuple[Pulse, float]:
    """Count a million lines, and invoke nothing; the pulse, and the seconds that it took."""
    credential = await platform.accounts.create()
    now_ms = platform.clock.calendar_ms()
    key = (credential.principal.account_id, *group[1:], "s")
    for number in range(200):
        lines = [
            (now_ms, f"{'ERROR' if n % 10 == 0 else 'INFO'} {number:05} {n:05} ".ljust(200, "x"))
            for n in range(5000)
        ]
        platform.logs.keep(*key, lines)
        await platform.segments.flush()
    pulse = Pulse()
    started = time.monotonic()
    async with pulse.beating():
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _QUERY, platform.endpoint),
            *(credential.access_key_id, credential.secret_access_key, group[1], group[2]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        answer, complaint = await client.communicate()
    assert client.returncode == 0, complaint.decode()
    assert answer.split()[:2] == [b"100000", b"1000000.0"]
    assert platform.segments.dropped == 0
    return pulse, time.monotonic() - started


_QUERY = """
import sys, time, boto3
endpoint, key, secret, region, group = sys.argv[1:]
client = boto3.client("logs", endpoint_url=endpoint, region_name=region, aws_access_key_id=key,
                      aws_secret_access_key=secret)
text = "filter @message like /ERROR/ | stats count(*) as n by bin(1d)"
id_ = client.start_query(logGroupName=group, queryString=text, startTime=0, endTime=int(time.time()) + 60)["queryId"]
while (answer := client.get_query_results(queryId=id_))["status"] in {"Scheduled", "Running"}:
    time.sleep(0.05)
counts = [int(row[1]["value"]) for row in answer["results"]]
print(sum(counts), answer["statistics"]["recordsScanned"])
"""


@pytest.mark.timeout(120)
def test_a_query_over_a_million_lines_does_not_hold_up_the_event_loop(running: Any) -> None:
    results = [
        running.run(query(running.platform, ("", "eu-west-1", f"million-{number}")))
        for number in range(2)
    ]

    assert min(pulse.of_loop_ms for pulse, _ in results) < LIMIT_MS
    assert min(pulse.of_process_ms for pulse, _ in results) < LOCK_LIMIT_MS
