"""What API Gateway tells CloudWatch: the metrics of the namespace AWS/ApiGateway.

"Amazon API Gateway dimensions and metrics" (developer guide): by API, by API and stage, and, where the stage's settings
ask for detailed metrics, by method.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambent.core.context import Scope
from lambent.core.ports import MetricSummary
from lambent.core.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lambent.apis.ports import Measured
    from lambent.core.clock import Clock

NAMESPACE = "AWS/ApiGateway"

_Key = tuple[Scope, tuple[tuple[str, str], ...]]


@dataclass(slots=True)
class _Counts:
    latency: Spread = field(default_factory=Spread)
    integration: Spread = field(default_factory=Spread)
    client_errors: int = 0
    server_errors: int = 0

    def add(self, measured: Measured) -> None:
        self.latency.add(measured.latency_ms)
        if measured.integration_ms is not None:
            self.integration.add(measured.integration_ms)
        self.client_errors += 400 <= measured.status < 500
        self.server_errors += measured.status >= 500


class ApiMetrics:
    """A `Meter`. Args: a clock, whose calendar says which minute it is."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._minute = 0
        self._counts: dict[_Key, _Counts] = {}
        self._over: list[MetricSummary] = []

    def request(self, measured: Measured) -> None:
        minute = self._clock.calendar_ms() // 60_000
        if minute != self._minute:
            self._put_aside()
            self._minute = minute
        scope = Scope(measured.account_id, measured.region)
        for dimensions in _dimensions(measured):
            counts = self._counts.get((scope, dimensions))
            if counts is None:
                counts = self._counts[scope, dimensions] = _Counts()
            counts.add(measured)

    def drain(self) -> Iterable[MetricSummary]:
        """Everything counted since the last time."""
        self._put_aside()
        over, self._over = self._over, []
        return over

    def _put_aside(self) -> None:
        counted, self._counts = self._counts, {}
        for (scope, dimensions), counts in counted.items():
            for name, unit, spread in _metrics(counts):
                summary = MetricSummary(
                    scope, NAMESPACE, name, self._minute, unit, dimensions, spread
                )
                self._over.append(summary)


def _dimensions(measured: Measured) -> Iterator[tuple[tuple[str, str], ...]]:
    api, stage = ("ApiName", measured.api_name), ("Stage", measured.stage)
    yield (api,)
    yield (api, stage)
    if measured.is_detailed and measured.resource_path:
        yield (api, ("Method", measured.method), ("Resource", measured.resource_path), stage)


def _metrics(counts: _Counts) -> Iterator[tuple[str, str, Spread]]:
    requests = int(counts.latency.count)
    yield "Count", "Count", Spread.of_ones(requests, requests)
    yield "4XXError", "Count", Spread.of_ones(counts.client_errors, requests)
    yield "5XXError", "Count", Spread.of_ones(counts.server_errors, requests)
    yield "Latency", "Milliseconds", counts.latency
    if counts.integration.count:
        yield "IntegrationLatency", "Milliseconds", counts.integration
