from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.clock import VirtualClock
from lambent.execution import report
from lambent.execution.json_log_stream import JsonLogStream, open_log
from lambent.execution.log_stream import LogStream
from lambent.execution.runtimes.table import Runtime
from lambent.execution.system_log import level_of

if TYPE_CHECKING:
    from collections.abc import Callable

ID = "8f5f7f1e-0000-4000-8000-000000000001"
NOW = 1_767_225_600_007
TIME = "2026-01-01T00:00:00.007Z"
Make = Any
PYTHON = Runtime("python3.11", "python", "/usr/bin/python3.11", "3.11.7", True, "python3.11")


@pytest.fixture
def logged() -> list[str]:
    return []


@pytest.fixture
def opened(make_spec: Make, logged: list[str]) -> Callable[..., LogStream]:
    def opened(**changes: Any) -> LogStream:
        def sink(events: list[tuple[int, str]]) -> None:
            logged.extend(text for _, text in events)

        spec = make_spec(**{"log_format": "JSON", **changes})
        return open_log(spec, "n", lambda *_: sink, VirtualClock())

    return opened


def closing(status: str = "", init_ms: float | None = None) -> tuple[str, str]:
    sizes: Any = {"memory_mib": 128, "peak_mib": 40}
    line = report.report_line(
        ID, duration_ms=1.5, billed_ms=2, init_ms=init_ms, status=status, **sizes
    )
    return report.end_line(ID), line


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    return [json.loads(line) for line in lines]


def kinds(lines: list[str]) -> list[str]:
    return [each["type"] for each in parsed(lines)]


def test_the_format_is_chosen_with_the_environment(opened: Any) -> None:
    assert type(opened(log_format="Text")) is LogStream
    assert type(opened()) is JsonLogStream


def test_the_platform_writes_records_in_place_of_its_lines(opened: Any, logged: list[str]) -> None:
    log = opened()
    log.platform(NOW, report.init_start_line(PYTHON, "eu-west-1"))
    log.begin(NOW, report.start_line(ID, "$LATEST"))
    log.output(b"plain\n")
    tail = log.end(NOW, *closing(init_ms=9.25))
    assert json.loads(logged[0]) == {
        "time": TIME,
        "type": "platform.initStart",
        "record": {
            "initializationType": "on-demand",
            "phase": "init",
            "runtimeVersion": "python:3.11.7",
            "runtimeVersionArn": PYTHON.version_arn("eu-west-1"),
            "functionName": "f",
            "functionVersion": "$LATEST",
        },
    }
    assert json.loads(logged[1]) == {
        "time": TIME,
        "type": "platform.start",
        "record": {"requestId": ID, "version": "$LATEST"},
    }
    assert logged[2] == "plain\n"
    assert json.loads(logged[3]) == {
        "time": TIME,
        "type": "platform.report",
        "record": {
            "requestId": ID,
            "status": "success",
            "metrics": {
                "durationMs": 1.5,
                "billedDurationMs": 2,
                "memorySizeMB": 128,
                "maxMemoryUsedMB": 40,
                "initDurationMs": 9.25,
            },
        },
    }
    assert tail.decode() == "".join(logged[1:])


def test_debug_adds_what_text_never_says(opened: Any, logged: list[str]) -> None:
    log = opened(system_log_level="DEBUG")
    log.init_done(NOW, "init", 12.3456)
    log.begin(NOW, report.start_line(ID, "1"))
    log.end(NOW, *closing())
    assert kinds(logged) == [
        *("platform.initRuntimeDone", "platform.initReport"),
        *("platform.start", "platform.runtimeDone", "platform.report"),
    ]
    assert json.loads(logged[1])["record"] == {
        "initializationType": "on-demand",
        "phase": "init",
        "status": "success",
        "metrics": {"durationMs": 12.346},
    }


def test_an_init_that_was_provisioned_is_reported_at_info(opened: Any, logged: list[str]) -> None:
    log = opened(initialization="provisioned-concurrency")
    log.init_done(NOW, "init", 1)
    log.platform(NOW, report.init_report_line(1, "init", "error", "E"))
    log.flush()
    failed = ["platform.initRuntimeDone", "platform.initReport"]
    assert kinds(logged) == ["platform.initReport", *failed]
    for line in logged[1:]:
        record = json.loads(line)["record"]
        assert record["initializationType"] == "provisioned-concurrency"
        assert record["errorType"] == "E"


def test_warn_leaves_only_what_went_wrong(opened: Any, logged: list[str]) -> None:
    log = opened(system_log_level="WARN")
    log.platform(NOW, report.init_start_line(PYTHON, "eu-west-1"))
    log.begin(NOW, report.start_line(ID, "1"))
    assert log.end(NOW, *closing()) == b""
    log.begin(NOW, report.start_line(ID, "1"))
    log.end(NOW, "it broke\n", *closing("Status: timeout"))
    assert kinds(logged) == ["platform.fault", "platform.runtimeDone", "platform.report"]
    assert json.loads(logged[0])["record"] == "it broke"
    assert json.loads(logged[2])["record"]["status"] == "timeout"


def test_an_error_of_the_function_is_named(opened: Any, logged: list[str]) -> None:
    log = opened(system_log_level="WARN")
    log.begin(NOW, report.start_line(ID, "1"))
    log.end(NOW, *closing(), failure=b'{"errorType": "ValueError"}')
    assert kinds(logged) == ["platform.runtimeDone", "platform.report"]
    record = json.loads(logged[1])["record"]
    assert (record["status"], record["errorType"]) == ("error", "ValueError")
    logged.clear()
    log.begin(NOW, report.start_line(ID, "1"))
    log.end(NOW, *closing("Status: error\tError Type: Runtime.ExitError"), failure=b"{}")
    assert json.loads(logged[1])["record"]["errorType"] == "Runtime.ExitError"


@pytest.mark.parametrize(
    ("line", "level", "stays"),
    [
        ('{"timestamp": "2026-01-01T00:00:00Z", "level": "INFO"}', "WARN", False),
        ('{"timestamp": "2026-01-01T00:00:00.1Z", "level": "warning"}', "WARN", True),
        ('{"timestamp": "2026-01-01T00:00:00Z", "level": "ERROR"}', "FATAL", False),
        ('{"timestamp": "2026-01-01T00:00:00Z", "level": "CRITICAL"}', "FATAL", True),
        ('{"timestamp": "2026-01-01T00:00:00Z", "level": "DEBUG"}', "TRACE", True),
        ('{"timestamp": "yesterday", "level": "ERROR"}', "WARN", False),
        ('{"timestamp": "2026-01-01T00:00:00Z", "level": 5}', "INFO", True),
        ('{"level": "ERROR"}', "INFO", True),
        ("{'a': 'repr'}", "FATAL", True),
        ("plain text has no level", "FATAL", True),
    ],
)
def test_output_in_json_is_filtered_by_its_level(
    opened: Any, logged: list[str], line: str, level: str, stays: bool
) -> None:
    log = opened(application_log_level=level)
    log.output(f"{line}\n".encode())
    log.flush()
    assert logged == ([f"{line}\n"] if stays else [])


class Heard:
    """What a tap was told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, object]] = []

    def line(self, kind: str, now_ms: int, text: str) -> None:
        assert now_ms == NOW
        self.heard.append((kind, text))

    def init_done(self, now_ms: int, phase: str, duration_ms: float) -> None:
        assert now_ms == NOW
        self.heard.append((phase, duration_ms))


def test_who_taps_hears_everything_as_before(opened: Any) -> None:
    log = opened(system_log_level="WARN")
    log.tap = tap = Heard()
    log.init_done(NOW, "init", 1.5)
    log.begin(NOW, report.start_line(ID, "1"))
    log.end(NOW, *closing())
    lines = (report.start_line(ID, "1"), *closing())
    assert tap.heard == [("init", 1.5), *(("platform", line) for line in lines)]


@pytest.mark.parametrize(
    ("kind", "record", "level"),
    [
        ("platform.start", {}, "INFO"),
        ("platform.initStart", {}, "INFO"),
        ("platform.extension", {"state": "Ready"}, "INFO"),
        ("platform.runtimeDone", {"status": "success"}, "DEBUG"),
        ("platform.runtimeDone", {"status": "failure"}, "WARN"),
        ("platform.initReport", {"initializationType": "on-demand"}, "DEBUG"),
        ("platform.initReport", {"initializationType": "snap-start"}, "INFO"),
        ("platform.logsDropped", {}, "WARN"),
        ("platform.fault", "text", "WARN"),
    ],
)
def test_events_have_awss_levels(kind: str, record: Any, level: str) -> None:
    assert level_of(kind, record) == level
