"""An invocation as a span.

Names by OpenTelemetry's semantic conventions for function as a service, ours below `lambent.`. A span names the
caller's as its parent where the caller records its own (`Sampled=1` of the trace header); else it begins the trace,
because nobody would have the parent. What the function records itself lies below it: its header names this span.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

from lambent.core import ids, trace

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.util.types import AttributeValue

    from lambent.execution.spec import FunctionSpec, Invocation, Outcome

_MIB = 1_048_576
# "_OTHER" stands for an error that has no name (semantic conventions, error.type).
_NAMELESS = "_OTHER"
# The object of an error is small; beyond this it is none that is looked into.
_LONGEST_ERROR = 65_536


@dataclass(slots=True)
class Ended:
    """What is kept of an invocation until its span is made: no payload but that of an error."""

    spec: FunctionSpec
    request_id: str
    arn: str
    caller_trace: str
    trace_id: str  # the header that the function had
    duration_ms: float
    init_ms: float | None
    billed_ms: int
    peak_mib: int
    error: bytes | None
    now_ms: int


def note(spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int) -> Ended:
    error = None
    if outcome.is_error:
        error = outcome.payload if len(outcome.payload) <= _LONGEST_ERROR else b""
    return Ended(
        spec,
        invocation.request_id,
        invocation.invoked_function_arn,
        invocation.caller_trace,
        invocation.trace_id,
        outcome.duration_ms,
        outcome.init_ms,
        outcome.billed_ms,
        outcome.peak_memory_mib,
        error,
        now_ms,
    )


def span_of(ended: Ended, resource: Resource, scope: InstrumentationScope) -> ReadableSpan:
    """It includes the INIT that the invocation waited for."""
    given, own = trace.parse(ended.caller_trace), trace.parse(ended.trace_id)
    trace_id = int(given.trace_id or ids.hex_id(32), 16)
    span_id = int(own.parent_id or ids.hex_id(16), 16)
    end_ns = ended.now_ms * 1_000_000
    took_ms = ended.duration_ms + (ended.init_ms or 0.0)
    failed = ended.error is not None
    return ReadableSpan(
        name=ended.spec.function_name,
        context=_context(trace_id, span_id, is_remote=False),
        parent=_context(trace_id, int(given.parent_id, 16), is_remote=True)
        if given.is_sampled and given.parent_id
        else None,
        resource=resource,
        attributes=_attributes(ended),
        kind=SpanKind.SERVER,
        status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
        start_time=end_ns - int(took_ms * 1_000_000),
        end_time=end_ns,
        instrumentation_scope=scope,
    )


def _context(trace_id: int, span_id: int, *, is_remote: bool) -> SpanContext:
    return SpanContext(trace_id, span_id, is_remote, TraceFlags(TraceFlags.SAMPLED))


def _attributes(ended: Ended) -> dict[str, AttributeValue]:
    spec = ended.spec
    found: dict[str, AttributeValue] = {
        "faas.invocation_id": ended.request_id,
        "faas.name": spec.function_name,
        "faas.version": spec.function_version,
        "faas.coldstart": ended.init_ms is not None,
        "faas.max_memory": spec.memory_mib * _MIB,
        "cloud.resource_id": ended.arn,
        "cloud.account.id": spec.account_id,
        "cloud.region": spec.region,
        "lambent.billed_duration_ms": ended.billed_ms,
        "lambent.memory_used": ended.peak_mib * _MIB,
    }
    if ended.init_ms is not None:
        found["lambent.init_duration_ms"] = ended.init_ms
    if ended.error is not None:
        found["error.type"] = _error_type(ended.error)
    return found


def _error_type(payload: bytes) -> str:
    """Of a function's error object. A function may answer its errors with anything."""
    try:
        found = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return _NAMELESS
    name = found.get("errorType") if isinstance(found, dict) else None
    return name if isinstance(name, str) and name else _NAMELESS
