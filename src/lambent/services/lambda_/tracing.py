"""Whether the trace of an invocation is recorded, where its caller has not said.

"The sampling rate is 1 request per second and 5 percent of additional requests" ("Visualize Lambda function invocations
using AWS X-Ray", developer guide), for functions with active tracing; for the others nobody asks for it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from lambent.core import ids, trace
from lambent.core.sampling import Sampling

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.execution.spec import Invocation
    from lambent.services.lambda_.registry import Invocable

# X-Ray's own fields take some 200 characters. A whole field of HTTP would not fit into a frame, and the C library of
# most runtimes keeps each that it was given.
_LONGEST = 1024


class Tracing:
    """Args: the clock, and whether each invocation is recorded as a span (`services/otel`)."""

    def __init__(self, clock: Clock, *, makes_spans: bool = False) -> None:
        self._clock = clock
        self._makes_spans = makes_spans
        self._sampling = Sampling(clock)

    def mark(self, invocation: Invocation, given: str, entry: Invocable) -> None:
        """Give it the trace header that the function finds. `given` is what the caller has sent, "" for nothing; what
        no trace can be counts for nothing, too.
        """
        if given and len(given) <= _LONGEST:
            header = self._header(given, entry)
        else:
            is_sampled = entry.function.settings.tracing_mode == "Active" and self._decide(entry)
            header = trace.whole(self._clock.calendar_ms() // 1000, is_sampled=is_sampled)
        if entry.function.settings.tracing_mode == "Active":
            invocation.is_sampled = "Sampled=1" in header
        if self._makes_spans:
            invocation.caller_trace = header
            header = trace.below(header, ids.hex_id(16))
        invocation.trace_id = header

    def _header(self, given: str, entry: Invocable) -> str:
        if "Sampled=" in given and "Parent=" in given:
            return given
        return trace.completed(given, partial(self._decide, entry))

    def _decide(self, entry: Invocable) -> bool:
        if entry.function.settings.tracing_mode != "Active":
            return False
        return self._sampling.takes(entry.arn)
