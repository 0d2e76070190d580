"""Logs of a platform that runs as a user runs it: the command, kill -9, a flood."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[..., Any]

pytestmark = [pytest.mark.sandbox, pytest.mark.slow, pytest.mark.timeout(90)]

SPEAKS = """
def handler(event, context):
    print("said", event)
    print("in two\\rlines")
"""
FLOODS = """
import os, time
def handler(event, context):
    end = time.monotonic() + event
    number = 0
    while time.monotonic() < end:
        for _ in range(100):
            print(f"{number:09} " + "x" * 90)
            number += 1
    return number
"""


def logs_of(up: Any) -> Any:
    environment = up.environment()
    make: Any = boto3.client
    return make(
        "logs",
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )


def command(up: Any, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "lambent", "logs", "--data-dir", str(up.data_dir), *arguments]


def run(up: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(up, *arguments), capture_output=True, text=True, check=False, timeout=30
    )


def messages(logs: Any, group: str, **more: Any) -> Iterator[str]:
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group, **more)
    for page in pages:
        for event in page["events"]:
            yield event["message"]


@pytest.fixture
def up(start: Start) -> Any:
    up = start()
    up.create(up.client(), "f", SPEAKS)
    up.invoke(up.client(), "f", '"hello"')
    return up


def test_the_command_shows_what_a_function_has_logged(up: Any) -> None:
    ended = run(up, "f")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert any(line.endswith("Z said hello") for line in lines)
    assert "REPORT RequestId: " in lines[-1]
    filtered = run(up, "f", "--filter", "said").stdout.splitlines()
    assert len(filtered) == 1
    assert run(up, "f", "--since", "2100-01-01").stdout == ""


def test_the_command_follows(up: Any) -> None:
    with subprocess.Popen(
        command(up, "-f", "f", "--filter", "said"), stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline().endswith("said hello\n")
        up.invoke(up.client(), "f", '"again"')
        assert following.stdout.readline().endswith("said again\n")
        following.terminate()


def test_the_command_says_what_is_wrong(up: Any) -> None:
    for arguments, said in (
        (("no-such-function",), "The specified log group does not exist."),
        (("f", "--filter", "a(b"), "Invalid character(s) in term 'a(b'"),
    ):
        ended = run(up, *arguments)
        assert ended.returncode == 1
        assert said in ended.stderr
        assert "Traceback" not in ended.stderr
    assert run(up, "f", "--since", "soon").returncode == 2


def test_what_was_logged_is_found_after_kill_9(start: Start, up: Any) -> None:
    logs = logs_of(up)
    logs.put_retention_policy(logGroupName="/aws/lambda/f", retentionInDays=7)
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="empty")
    for number in range(20):
        up.invoke(up.client(), "f", str(number))
    up.wait_for_log("said 19")
    up.kill_all()
    # What a write that was cut short leaves.
    segment = max(
        (up.data_dir / "state" / "logs").rglob("*.seg"), key=lambda path: path.stat().st_size
    )
    with segment.open("ab") as file:
        file.write(b"\x40\0\0\0torn")
    again = start()
    logs = logs_of(again)
    names = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    assert names == ["/aws/lambda/f", "g"]
    found = set(messages(logs, "/aws/lambda/f", filterPattern="said"))
    assert found == {f"said {each}\n" for each in ["hello", *range(20)]}
    (stream,) = logs.describe_log_streams(logGroupName="g")["logStreams"]
    assert stream["logStreamName"] == "empty"
    again.invoke(again.client(), "f", '"later"')
    assert "said later\n" in set(messages(logs, "/aws/lambda/f", filterPattern="later"))


def test_a_flood_is_kept_and_holds_nobody_up(up: Any) -> None:
    """A function prints as fast as it can; another one's calls are answered, and nothing of either log is missing."""
    client = up.client()
    up.create(client, "flood", FLOODS)
    printed = [int(up.invoke(client, "flood", "0.01"))]
    before_kib = resident_kib(up)
    flooding = threading.Thread(
        target=lambda: printed.append(int(up.invoke(up.client(), "flood", "4")))
    )
    flooding.start()
    took = []
    number = 0
    while flooding.is_alive():
        started = time.monotonic()
        up.invoke(client, "f", str(number))
        took.append(time.monotonic() - started)
        number += 1
    flooding.join()
    # Each is two requests of the client; alone they take a hundredth of this.
    assert sorted(took)[len(took) // 2] < 0.5
    assert resident_kib(up) - before_kib < 150_000
    logs = logs_of(up)
    quiet = set(messages(logs, "/aws/lambda/f", filterPattern="said"))
    assert {f"said {n}\n" for n in range(number)} <= quiet
    assert printed[1] > 20_000
    assert counted(logs, "/aws/lambda/flood") == sum(printed)
    assert "are lost" not in up.complaints


def counted(logs: Any, group: str) -> int:
    """How many lines of the flood there are: by a query, because pages of a megabyte take their time."""
    query = "filter @message like 'xxxxx' | stats count(*) as n"
    id_ = logs.start_query(
        logGroupName=group, queryString=query, startTime=0, endTime=int(time.time()) + 60
    )["queryId"]
    pause = threading.Event()
    while (answer := logs.get_query_results(queryId=id_))["status"] in {"Scheduled", "Running"}:
        pause.wait(0.05)
    return int(answer["results"][0][0]["value"])


def resident_kib(up: Any) -> int:
    """The memory of core."""
    status = Path(f"/proc/{up.core.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])
