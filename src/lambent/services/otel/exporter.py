"""Sends spans and figures to a collector by OTLP over HTTP, in batches, from a thread.

An invocation only leaves a note, in a list of bounded length; what finds no place there, or cannot be sent, is dropped
and counted. The SDK's exporters encode, send and try again; its span processor is not used: it takes spans one by one
as they are made, which costs each invocation more than the note, and does not say what it drops.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics.export import MetricExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from lambent.core import ids
from lambent.core.figures import Family
from lambent.process.clock_driver import CalendarDriver
from lambent.services.otel.measures import metrics_of
from lambent.services.otel.spans import note, span_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from lambent.execution.spec import FunctionSpec, Invocation, Outcome
    from lambent.process.clock_driver import MovableClock
    from lambent.services.otel.spans import Ended

_log = logging.getLogger(__name__)

EVERY = timedelta(seconds=5)
# Some 10 MB, and more than a collector that is restarted makes wait.
MOST_WAITING = 20_000
# A request of about 250 KB; encoding it holds the interpreter for a few milliseconds.
_BATCH = 500
# Of one request with what is tried again; the platform's end waits for no more than that either.
_PATIENCE_S = 10.0


class OtelExporter:
    """An observer of the execution plane.

    Args:
        endpoint: of the collector, without the path of a signal: `http://127.0.0.1:4318`.
        headers: sent with each request.
        read_figures: gives the platform's figures.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        read_figures: Callable[[], Awaitable[Iterable[Family]]],
        clock: MovableClock,
        version: str,
    ) -> None:
        base = endpoint.rstrip("/")
        sent = dict(headers)
        self._spans = OTLPSpanExporter(f"{base}/v1/traces", headers=sent, timeout=_PATIENCE_S)
        self._metrics = OTLPMetricExporter(f"{base}/v1/metrics", headers=sent, timeout=_PATIENCE_S)
        self._read_figures = read_figures
        self._clock = clock
        attributes = {
            "service.name": "lambent",
            "service.version": version,
            "service.instance.id": ids.uuid(),
        }
        self._resource = Resource(attributes)
        self._scope = InstrumentationScope("lambent", version)
        self._waiting: list[Ended] = []
        self._since_ns = clock.calendar_ms() * 1_000_000
        self._timers: CalendarDriver | None = None
        self._sending = asyncio.Lock()
        self._working: set[asyncio.Task[None]] = set()
        self._is_well = True
        self.sent = 0
        self.dropped = 0
        # They say it again and again; we say it once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    def ended(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append(note(spec, invocation, outcome, now_ms))

    async def start(self) -> None:
        self._timers = CalendarDriver(self._clock)
        self._timers.at(self._clock.calendar() + EVERY, self._send_soon)

    async def stop(self) -> None:
        """Send what is there; gives up after a while."""
        if self._timers is not None:
            self._timers.stop()
            self._timers = None
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self.flush()
        except TimeoutError:
            _log.warning("the collector of OpenTelemetry does not answer: the rest is dropped")
        await asyncio.to_thread(self._close)  # what is tried again in a thread is given up
        if self._working:
            await asyncio.wait(self._working)

    async def flush(self) -> None:
        """Send spans, a batch after the other, and the figures. Nothing waits for it but the platform's end."""
        async with self._sending:
            while batch := self._waiting[:_BATCH]:
                del self._waiting[: len(batch)]
                is_sent = await asyncio.to_thread(self._send_spans, batch)
                self.sent += len(batch) * is_sent
                self.dropped += len(batch) * (not is_sent)
                self._tell(is_sent)
                if not is_sent:
                    break  # the rest waits for the next time
            self._tell(await asyncio.to_thread(self._send_figures, [*await self._read_figures()]))

    def families(self) -> list[Family]:
        """What became of spans, for those who look at figures."""
        spans = Family(
            "lambent_otel_spans", "Spans of OpenTelemetry, by what became of them.", "counter"
        )
        spans.samples[(("state", "sent"),)] = self.sent
        spans.samples[(("state", "dropped"),)] = self.dropped
        return [spans]

    def _send_soon(self) -> None:
        assert self._timers is not None
        self._timers.at(self._clock.calendar() + EVERY, self._send_soon)
        if self._working:
            return  # the last one is not over
        task = asyncio.get_running_loop().create_task(self._send())
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _send(self) -> None:
        try:
            await self.flush()
        except Exception:  # noqa: BLE001 - the boundary of a task: the next one tries again
            _log.exception("nothing is sent to the collector of OpenTelemetry")

    def _send_spans(self, batch: list[Ended]) -> bool:
        """In a thread."""
        spans = [span_of(each, self._resource, self._scope) for each in batch]
        return self._spans.export(spans) is SpanExportResult.SUCCESS

    def _send_figures(self, families: list[Family]) -> bool:
        """In a thread."""
        found = metrics_of(
            families,
            self._resource,
            self._scope,
            since_ns=self._since_ns,
            now_ns=self._clock.calendar_ms() * 1_000_000,
        )
        return self._metrics.export(found) is MetricExportResult.SUCCESS

    def _tell(self, is_well: bool) -> None:
        """The first time that it fails, and the first time that it works again."""
        if is_well and not self._is_well:
            _log.info(
                "the collector of OpenTelemetry answers again; spans dropped so far: %d",
                self.dropped,
            )
        elif self._is_well and not is_well:
            _log.warning(
                "the collector of OpenTelemetry does not take what is sent: spans are dropped"
            )
        self._is_well = is_well

    def _close(self) -> None:
        self._spans.shutdown()  # type: ignore[no-untyped-call]
        self._metrics.shutdown()
