"""The platform's events: read from its lines, and written as the JSON records of functions that log in JSON.

Names, members and levels are those of "Telemetry API event schema reference" and "Configuring advanced logging
controls" in AWS's developer guide. The lines are worded in `report.py`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from lambent.execution.report import iso_time

if TYPE_CHECKING:
    from lambent.execution.spec import FunctionSpec

Event = tuple[str, Any]  # type and record

# What AWS lets a function choose for its system log, least to most severe.
_LEVELS = {"DEBUG": 0, "INFO": 1, "WARN": 2}
_REPORT = re.compile(
    r"REPORT RequestId: (\S+)\tDuration: ([\d.]+) ms\tBilled Duration: (\d+) ms\t"
    r"Memory Size: (\d+) MB\tMax Memory Used: (\d+) MB\t(?:Init Duration: ([\d.]+) ms\t)?"
    r"(?:Restore Duration: ([\d.]+) ms\tBilled Restore Duration: (\d+) ms\t)?"
    r"(?:Status: (\w+))?(?:\tError Type: (\S+))?"
    r"(?:\nXRAY TraceId: (\S+)\tSegmentId: (\S+)\tSampled: true)?"
)
_INIT_REPORT = re.compile(
    r"INIT_REPORT Init Duration: ([\d.]+) ms(?:\tPhase: (\w+)\tStatus: (\w+))?(?:\tError Type: (\S+))?"
)
_RESTORE_REPORT = re.compile(
    r"RESTORE_REPORT Restore Duration: ([\d.]+) ms(?:\tStatus: (\w+))?(?:\tError Type: (\S+))?"
)
_EXTENSION = re.compile(r"EXTENSION\tName: (.+)\tState: (\w+)\tEvents: \[(.*)\]")
_INIT_START = "INIT_START Runtime Version: "
_RESTORE_START = "RESTORE_START Runtime Version: "
_VERSION_ARN = "\tRuntime Version ARN: "
_INIT_ENDS = frozenset({"platform.initRuntimeDone", "platform.initReport"})
_OF_CALLS = frozenset({"platform.start", "platform.runtimeDone", "platform.report"})
_STARTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (_INIT_START, "platform.initStart", {"phase": "init"}),
    (_RESTORE_START, "platform.restoreStart", {}),
)


class SystemLog:
    """Turns lines of the platform into the records of one environment. Args: its function, which logs in JSON."""

    def __init__(self, spec: FunctionSpec) -> None:
        self._spec = spec
        self._least = _LEVELS[spec.system_log_level]

    def records(self, now_ms: int, line: str, error_type: str = "") -> list[str]:
        """What the log gets for a line, each with its line feed; nothing where the level leaves it out.

        Args:
            now_ms: when it happened.
            line: as the log of a function that logs text has it.
            error_type: of the function's own error, which lines do not tell.
        """
        return [
            record
            for kind, event in events_of(self._spec, line)
            if (record := self.record(now_ms, kind, _failed(event, error_type)))
        ]

    def record(self, now_ms: int, kind: str, event: Any) -> str:
        """One record; "" where the level leaves it out."""
        if _LEVELS[level_of(kind, event)] < self._least:
            return ""
        document = {"time": iso_time(now_ms), "type": kind, "record": event}
        return orjson.dumps(document).decode() + "\n"

    def init_done(self, now_ms: int, phase: str, duration_ms: float) -> list[str]:
        """The records of an INIT that went well, of which a text log says nothing."""
        both = init_done_events(self._spec, phase, duration_ms)
        return [record for kind, event in both if (record := self.record(now_ms, kind, event))]


def init_done_events(spec: FunctionSpec, phase: str, duration_ms: float) -> list[Event]:
    """What an INIT that went well is, of which no line tells."""
    done = {"initializationType": spec.initialization, "phase": phase, "status": "success"}
    report = {**done, "metrics": {"durationMs": round(duration_ms, 3)}}
    return [("platform.initRuntimeDone", done), ("platform.initReport", report)]


def events_of(spec: FunctionSpec, line: str) -> list[Event]:
    """What a line of the platform in the log of that function says, as events."""
    for beginning, kind, phase in _STARTS:
        if line.startswith(beginning):
            version, _, arn = line[len(beginning) :].rstrip("\n").partition(_VERSION_ARN)
            record = {
                "initializationType": spec.initialization,
                **phase,
                "runtimeVersion": version,
                "runtimeVersionArn": arn,
                "functionName": spec.function_name,
                "functionVersion": spec.function_version,
            }
            return [(kind, record)]
    events = platform_events(line)
    for kind, record in events:
        if kind in _INIT_ENDS:
            record["initializationType"] = spec.initialization
        elif spec.tenant_id and kind in _OF_CALLS:
            record["tenantId"] = spec.tenant_id
    return events


def level_of(kind: str, record: Any) -> str:
    """The level that AWS gives an event: DEBUG, INFO or WARN."""
    if kind in ("platform.fault", "platform.logsDropped"):
        return "WARN"
    status = record.get("status", "success")
    if status != "success":
        return "WARN"
    if kind in (
        "platform.runtimeDone",
        "platform.initRuntimeDone",
        "platform.restoreRuntimeDone",
    ):
        return "DEBUG"
    if kind == "platform.initReport" and record.get("initializationType") == "on-demand":
        return "DEBUG"
    return "INFO"


def platform_events(line: str) -> list[Event]:
    """What a line of the platform says by itself."""
    if line.startswith("START RequestId: "):
        words = line.split()
        return [("platform.start", {"requestId": words[2], "version": words[4]})]
    if line.startswith(("END RequestId: ", _INIT_START, _RESTORE_START)):
        return []
    for pattern, read in _READERS:
        if match := pattern.match(line):
            return read(match)
    return [("platform.fault", line.rstrip("\n"))]


def _init_report(match: re.Match[str]) -> list[Event]:
    record: dict[str, Any] = {
        "initializationType": "on-demand",
        "phase": match[2] or "init",
        "status": match[3] or "success",
    }
    record |= {"errorType": match[4]} if match[4] else {}
    report = {**record, "metrics": {"durationMs": float(match[1])}}
    return [("platform.initRuntimeDone", record), ("platform.initReport", report)]


def _restore_report(match: re.Match[str]) -> list[Event]:
    done = {"status": match[2] or "success"} | ({"errorType": match[3]} if match[3] else {})
    report = {**done, "metrics": {"durationMs": float(match[1])}}
    return [("platform.restoreRuntimeDone", done), ("platform.restoreReport", report)]


def _extension(match: re.Match[str]) -> list[Event]:
    events = match[3].split(",") if match[3] else []
    return [("platform.extension", {"name": match[1], "state": match[2], "events": events})]


def _report(match: re.Match[str]) -> list[Event]:
    metrics: dict[str, Any] = {
        "durationMs": float(match[2]),
        "billedDurationMs": int(match[3]),
        "memorySizeMB": int(match[4]),
        "maxMemoryUsedMB": int(match[5]),
    }
    if match[6]:
        metrics["initDurationMs"] = float(match[6])
    if match[7]:
        metrics["restoreDurationMs"] = float(match[7])
        metrics["billedRestoreDurationMs"] = int(match[8])
    ending: dict[str, Any] = {"requestId": match[1], "status": match[9] or "success"}
    if match[10]:
        ending["errorType"] = match[10]
    tracing: dict[str, Any] = {}
    if match[11]:
        header = f"Root={match[11]};Parent={match[12]};Sampled=1"
        context = {"spanId": match[12], "type": "X-Amzn-Trace-Id", "value": header}
        tracing = {"tracing": context}
    done = {**ending, **tracing, "metrics": {"durationMs": metrics["durationMs"]}}
    return [
        ("platform.runtimeDone", done),
        ("platform.report", {**ending, **tracing, "metrics": metrics}),
    ]


_READERS = (
    (_REPORT, _report),
    (_INIT_REPORT, _init_report),
    (_RESTORE_REPORT, _restore_report),
    (_EXTENSION, _extension),
)


def _failed(record: Any, error_type: str) -> Any:
    """The record of a call that ended well for the platform and with an error of the function's own."""
    if error_type and isinstance(record, dict) and record.get("status") == "success":
        return {**record, "status": "error", "errorType": error_type}
    return record
