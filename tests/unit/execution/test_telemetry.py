from __future__ import annotations

import asyncio
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from lambent.execution import report
from lambent.execution.runtime_api.telemetry import (
    BadSubscription,
    Telemetry,
    parse,
)
from lambent.execution.runtimes.table import Runtime
from lambent.execution.system_log import platform_events

if TYPE_CHECKING:
    from collections.abc import Callable

    Connected = Callable[[socket.socket | None], None]

ID = "11111111-2222-3333-4444-555555555555"
JAVA = Runtime("java17", "java", "/usr/bin/java", "17.0.9", True, "java17")


def document(**changes: Any) -> bytes:
    usual = {
        "schemaVersion": "2022-12-13",
        "types": ["function"],
        "buffering": {"timeoutMs": 25, "maxItems": 1000},
        "destination": {"protocol": "HTTP", "URI": "http://sandbox.localdomain:8080/a"},
    }
    return json.dumps({**usual, **changes}).encode()


def test_a_subscription_and_its_defaults() -> None:
    chosen = parse("x", document())
    assert (chosen.port, chosen.path, chosen.timeout_s) == (8080, "/a", 0.025)
    assert (parse("x", document(buffering=None)).max_items, chosen.max_bytes) == (10_000, 262_144)


@pytest.mark.parametrize("body", [None, b"", b"[]", b"{", b'{"types":5}', document(types=5)])
def test_what_is_none_is_refused(body: bytes | None) -> None:
    with pytest.raises(BadSubscription):
        parse("x", body)


def test_the_lines_of_the_platform_as_events() -> None:
    assert platform_events(report.start_line(ID, "3")) == [
        ("platform.start", {"requestId": ID, "version": "3"})
    ]
    assert platform_events(report.end_line(ID)) == []
    assert platform_events(report.init_start_line(JAVA, "eu-west-1")) == []
    line = report.report_line(
        ID, duration_ms=1.5, billed_ms=2, memory_mib=128, peak_mib=40, status="Status: timeout"
    )
    (done, record), (reported, metrics) = platform_events(line)
    assert (done, reported) == ("platform.runtimeDone", "platform.report")
    assert record == {"requestId": ID, "status": "timeout", "metrics": {"durationMs": 1.5}}
    assert metrics["metrics"] == {
        "durationMs": 1.5,
        "billedDurationMs": 2,
        "memorySizeMB": 128,
        "maxMemoryUsedMB": 40,
    }
    failed = report.init_report_line(5.0, "init", "error", "My.Type")
    ended: dict[str, Any] = {
        "initializationType": "on-demand",
        "phase": "init",
        "status": "error",
        "errorType": "My.Type",
    }
    assert platform_events(failed) == [
        ("platform.initRuntimeDone", ended),
        ("platform.initReport", {**ended, "metrics": {"durationMs": 5.0}}),
    ]
    assert platform_events("RequestId: x Error: y\n") == [
        ("platform.fault", "RequestId: x Error: y")
    ]


def test_what_cannot_be_posted_is_counted() -> None:
    async def scenario() -> None:
        asked: list[Connected] = []
        telemetry = Telemetry(asyncio.get_running_loop(), lambda _, then: asked.append(then))
        telemetry.line("function", 0, "before")  # INIT is kept for who subscribes in it
        telemetry.subscribe(parse("x", document()), 0)
        telemetry.flush()
        asked.pop()(None)
        telemetry.line("function", 0, "after")
        telemetry.flush()
        ours, theirs = socket.socketpair()
        with ours:
            asked.pop()(theirs)
            loop = asyncio.get_running_loop()
            ours.setblocking(False)
            request = (await loop.sock_recv(ours, 65_536)).decode()
        telemetry.close()
        head, body = request.split("\r\n\r\n")
        assert head.startswith("POST /a HTTP/1.1\r\nHost: sandbox.localdomain:8080\r\n")
        assert [(each["type"], each["record"]) for each in json.loads(body)] == [
            ("function", "after"),
            (
                "platform.logsDropped",
                {"reason": "the subscriber does not read", "droppedRecords": 1},
            ),
        ]

    asyncio.run(scenario())


def test_nothing_is_kept_once_nobody_can_subscribe() -> None:
    async def scenario() -> None:
        asked: list[Connected] = []
        telemetry = Telemetry(asyncio.get_running_loop(), lambda _, then: asked.append(then))
        telemetry.line("function", 0, "a")
        telemetry.close_registration()
        telemetry.line("function", 0, "b")
        telemetry.flush()
        assert asked == []

    asyncio.run(scenario())
