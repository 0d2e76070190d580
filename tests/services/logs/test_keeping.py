"""Retention on the platform's calendar, reset, and what a restart finds. Each on a platform of its own."""

from __future__ import annotations

import http.client
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.conftest import RunningPlatform

    Start = Callable[..., AbstractContextManager[RunningPlatform]]

pytestmark = pytest.mark.slow


def client(running: RunningPlatform) -> Any:
    credential = running.run(running.platform.accounts.ensure(running.config.account))
    make: Any = boto3.client
    return make(
        "logs",
        endpoint_url=running.platform.endpoint,
        region_name="us-east-1",
        aws_access_key_id=credential.access_key_id,
        aws_secret_access_key=credential.secret_access_key,
    )


def post(running: RunningPlatform, path: str, document: dict[str, Any]) -> None:
    connection = http.client.HTTPConnection(urlsplit(running.platform.endpoint).netloc, timeout=10)
    connection.request("POST", path, json.dumps(document))
    assert connection.getresponse().status == 200
    connection.close()


def segments_of(running: RunningPlatform) -> list[Path]:
    return sorted(running.platform.data_dir.logs_dir.rglob("*.seg"))


def test_what_has_expired_is_deleted_from_the_disk(start_platform: Start) -> None:
    with start_platform(isolation="none", test_mode=True) as running:
        logs = client(running)
        now = running.platform.clock.calendar_ms()
        for name, days in (("short", 1), ("long", 30), ("for-ever", 0)):
            logs.create_log_group(logGroupName=name)
            logs.create_log_stream(logGroupName=name, logStreamName="s")
            if days:
                logs.put_retention_policy(logGroupName=name, retentionInDays=days)
            event = {"timestamp": now, "message": f"kept {name}"}
            logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=[event])

        def left() -> list[str]:
            return [
                name
                for name in ("short", "long", "for-ever")
                if logs.filter_log_events(logGroupName=name)["events"]
            ]

        def on_disk() -> bytes:
            return b"".join(path.read_bytes() for path in segments_of(running))

        assert left() == ["short", "long", "for-ever"]
        post(running, "/_lambent/clock", {"advance_s": timedelta(days=2).total_seconds()})
        assert left() == ["long", "for-ever"]
        assert b"kept short" not in on_disk()
        assert b"kept long" in on_disk()
        (stream,) = logs.describe_log_streams(logGroupName="short")["logStreams"]
        assert stream["creationTime"] < now + 60_000
        assert "lastEventTimestamp" not in stream
        post(running, "/_lambent/clock", {"advance_s": timedelta(days=40).total_seconds()})
        assert left() == ["for-ever"]
        assert b"kept long" not in on_disk()
        logs.delete_log_group(logGroupName="for-ever")
        assert b"kept" not in on_disk()


def test_reset_forgets_groups_and_events(start_platform: Start) -> None:
    with start_platform(isolation="none", test_mode=True) as running:
        logs = client(running)
        logs.create_log_group(logGroupName="g")
        logs.create_log_stream(logGroupName="g", logStreamName="s")
        post(running, "/_lambent/reset", {})
        logs = client(running)
        assert logs.describe_log_groups()["logGroups"] == []
        assert segments_of(running) == []
        logs.create_log_group(logGroupName="g")
        assert logs.describe_log_streams(logGroupName="g")["logStreams"] == []
