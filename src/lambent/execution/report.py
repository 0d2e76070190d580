"""The platform's lines in a function's log, worded as AWS words them, and what a call is billed.

Shapes from the "Lambda logs" pages of AWS's developer guide (INIT_START: "Identifying Lambda runtime version
changes") and lambda-behaviours 32 and 33. Fields are set apart by tabs.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.execution.runtimes.table import Runtime


def init_start_line(runtime: Runtime, region: str) -> str:
    """Names the interpreter that really runs, which is not always the one that the runtime id asks for."""
    return f"INIT_START {_runtime_version(runtime, region)}\n"


def init_report_line(duration_ms: float, phase: str, status: str, error_type: str = "") -> str:
    """Only written for an INIT that failed. `phase` is init or invoke, `status` error or timeout."""
    error = f"\tError Type: {error_type}" if error_type else ""
    return f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\tPhase: {phase}\tStatus: {status}{error}\n"


def init_success_line(duration_ms: float) -> str:
    """Written where no REPORT will tell what INIT took: for the template of a SnapStart version."""
    return f"INIT_REPORT Init Duration: {duration_ms:.2f} ms\n"


def restore_start_line(runtime: Runtime, region: str) -> str:
    """As INIT_START, for an environment that is restored from a snapshot."""
    return f"RESTORE_START {_runtime_version(runtime, region)}\n"


def restore_report_line(duration_ms: float, status: str = "", error_type: str = "") -> str:
    """`status` is error or timeout, for a restore that failed."""
    ending = f"\tStatus: {status}" if status else ""
    error = f"\tError Type: {error_type}" if error_type else ""
    return f"RESTORE_REPORT Restore Duration: {duration_ms:.2f} ms{ending}{error}\n"


def start_line(request_id: str, version: str) -> str:
    return f"START RequestId: {request_id} Version: {version}\n"


def end_line(request_id: str) -> str:
    return f"END RequestId: {request_id}\n"


def report_line(
    request_id: str,
    *,
    duration_ms: float,
    billed_ms: int,
    memory_mib: int,
    peak_mib: int,
    init_ms: float | None = None,
    restore_ms: float | None = None,
    status: str = "",
    trace_header: str = "",
) -> str:
    """At most one of `init_ms` and `restore_ms` is there. `status` is what follows for calls that the platform ended:
    `Status: timeout` and the like; `trace_header` that of a trace which is sampled.
    """
    init = "" if init_ms is None else f"Init Duration: {init_ms:.2f} ms\t"
    if restore_ms is not None:
        billed = billed_ms_of_restore(restore_ms)
        init = f"Restore Duration: {restore_ms:.2f} ms\tBilled Restore Duration: {billed} ms\t"
    return (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed_ms} ms\t"
        f"Memory Size: {memory_mib} MB\tMax Memory Used: {peak_mib} MB\t{init}{status}\n"
        f"{_trace_line(trace_header)}"
    )


def billed_ms(duration_ms: float, init_ms: float | None) -> int:
    """Whole milliseconds, rounded up. INIT is billed (since August 2025): 395.99 + 265.72 -> 662."""
    # What the lines show has two decimals; the sum is rounded from what they show, so that it can be checked.
    return math.ceil(round(duration_ms + (init_ms or 0.0), 2))


def billed_ms_of_restore(restore_ms: float) -> int:
    """Loading the runtime and its hooks are billed. Our copies lie ready: a restore is nothing else."""
    return math.ceil(round(restore_ms, 2))


def _trace_line(header: str) -> str:
    """Of the same event as REPORT ("XRAY TraceId - For traced requests, the AWS X-Ray trace ID")."""
    fields = dict(part.strip().split("=", 1) for part in header.split(";") if "=" in part)
    trace_id, segment_id = fields.get("Root"), fields.get("Parent")
    if not trace_id or not segment_id:
        return ""
    return f"XRAY TraceId: {trace_id}\tSegmentId: {segment_id}\tSampled: true\t\n"


def _runtime_version(runtime: Runtime, region: str) -> str:
    version = f"{runtime.language}:{runtime.version}"
    return f"Runtime Version: {version}\tRuntime Version ARN: {runtime.version_arn(region)}"


def iso_time(now_ms: int) -> str:
    """`2026-01-01T00:00:00.000Z`, as at the head of the platform's lines."""
    seconds, milliseconds = divmod(now_ms, 1000)
    # Without its offset, and a third of the time that strftime takes.
    moment = datetime.fromtimestamp(seconds, UTC).isoformat()[:19]
    return f"{moment}.{milliseconds:03d}Z"
