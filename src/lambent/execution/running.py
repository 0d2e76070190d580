"""The invocation that an environment works on, and the account of it once it is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from lambent.execution import report
from lambent.execution.frames import invoke_head
from lambent.execution.spec import Outcome, SandboxFailed

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from lambent.execution.answer_stream import AnswerPieces
    from lambent.execution.failures import Failure
    from lambent.execution.log_stream import LogStream
    from lambent.execution.spec import FunctionSpec, Invocation, Observer

    # Takes how an invocation ended; SandboxFailed where the platform is to blame. Called once, while the environment
    # has not settled yet: it takes note or sends an answer, and begins no other invocation before it returns.
    Done = Callable[[Outcome | SandboxFailed], None]


@dataclass(slots=True)
class Running:
    """`done` is told the end. `started` and `deadline` are monotonic seconds; `init_ms` or `restore_ms` is billed
    with this call."""

    invocation: Invocation
    raw_id: bytes
    done: Done
    started: float
    deadline: float
    init_ms: float | None
    restore_ms: float | None = None
    pieces: AnswerPieces | None = None  # of an answer that the handler streams

    def frame_head(self, deadline_ms: int, tenant_id: str = "") -> bytes:
        """The INVOKE frame up to the event."""
        invocation = self.invocation
        metadata = {"invoked_function_arn": invocation.invoked_function_arn}
        if invocation.client_context:
            metadata["client_context"] = invocation.client_context
        if invocation.trace_id:
            metadata["trace_id"] = invocation.trace_id
        if tenant_id:
            metadata["tenant_id"] = tenant_id
        return invoke_head(
            self.raw_id, deadline_ms, orjson.dumps(metadata), len(invocation.payload)
        )


def resolving(future: asyncio.Future[Outcome]) -> Done:
    """Who waits for a future is told, if there still is someone."""

    def done(result: Outcome | SandboxFailed) -> None:
        if future.done():
            return
        if isinstance(result, SandboxFailed):
            future.set_exception(result)
        else:
            future.set_result(result)

    return done


@dataclass(
    slots=True
)  # not frozen: one is made per invocation, and frozen ones cost three times as much
class Ending:
    """How an invocation ended: the answer, the platform's own lines about it, what REPORT says at its end."""

    payload: bytes
    is_error: bool
    lines: tuple[str, ...] = ()
    report_status: str = ""

    @classmethod
    def by(cls, failure: Failure) -> Ending:
        """The platform ended it."""
        return cls(failure.payload, True, (failure.log_line,), failure.report_status)


def conclude(
    invocation: Invocation,
    spec: FunctionSpec,
    log: LogStream,
    ending: Ending,
    *,
    duration_ms: float,
    init_ms: float | None,
    peak_mib: int,
    now_ms: int,
    observer: Observer,
    restore_ms: float | None = None,
    done: Done | None = None,
) -> Outcome:
    """Bill the call, tell its caller, write END and REPORT, hand over its log and let it be counted, in this order:
    nobody waits for what may come after the answer.
    """
    # A call that is timed out ends a little late; it is billed its time-out.
    before_ms = init_ms
    if restore_ms is not None:
        before_ms = float(report.billed_ms_of_restore(restore_ms))
    billed = report.billed_ms(min(duration_ms, spec.timeout_s * 1000.0), before_ms)
    outcome = Outcome(ending.payload, ending.is_error, b"", duration_ms, billed, init_ms, peak_mib)
    observer.answers(spec, invocation, outcome, now_ms)
    try:
        if done is not None and not invocation.wants_log:
            done(outcome)
    finally:
        request_id = invocation.request_id
        outcome.log = log.end(
            now_ms,
            *ending.lines,
            report.end_line(request_id),
            report.report_line(
                request_id,
                duration_ms=duration_ms,
                billed_ms=billed,
                memory_mib=spec.memory_mib,
                peak_mib=peak_mib,
                init_ms=init_ms,
                restore_ms=restore_ms,
                status=ending.report_status,
                trace_header=invocation.trace_id if invocation.is_sampled else "",
            ),
            failure=ending.payload if ending.is_error else None,
        )
        observer.ended(spec, invocation, outcome, now_ms)
    if done is not None and invocation.wants_log:
        done(outcome)
    return outcome
