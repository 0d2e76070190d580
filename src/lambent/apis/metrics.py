"""What API Gateway tells CloudWatch: the metrics of the namespace AWS/ApiGateway.

"Amazon API Gateway dimensions and metrics" and "Monitor CloudWatch metrics for HTTP APIs" (developer guide): by API, by
API and stage, and, where the stage's settings ask for detailed metrics, by method or route. The two kinds of API have
names of their own for the same things.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambent.core.ports import MetricSummary
from lambent.core.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lambent.apis.ports import Kind, Measured
    from lambent.core.clock import Clock
    from lambent.core.context import Scope

NAMESPACE = "AWS/ApiGateway"

# What a request is counted by: scope, kind, API and its name, stage, method, path of the resource; the last two are ""
# but where the stage asks for detailed metrics. The sums by dimensions are made when somebody asks.
_Key = tuple["Scope", "Kind", str, str, str, str, str]
# What answers of the client's fault and of the server's are counted under.
_ERRORS: dict[Kind, tuple[str, str]] = {"rest": ("4XXError", "5XXError"), "http": ("4xx", "5xx")}


@dataclass(slots=True)
class _Counts:
    latency: Spread = field(default_factory=Spread)
    integration: Spread = field(default_factory=Spread)
    size: Spread = field(default_factory=Spread)
    client_errors: int = 0
    server_errors: int = 0
    hits: int = 0
    misses: int = 0

    def add(self, measured: Measured) -> None:
        self.latency.add(measured.latency_ms)
        if measured.integration_ms is not None:
            self.integration.add(measured.integration_ms)
        if measured.kind == "http":  # the others have no metric of it
            self.size.add(measured.size)
        self.client_errors += 400 <= measured.status < 500
        self.server_errors += measured.status >= 500
        self.hits += measured.is_from_cache is True
        self.misses += measured.is_from_cache is False

    def take(self, other: _Counts) -> None:
        self.latency.take(other.latency)
        self.integration.take(other.integration)
        self.size.take(other.size)
        self.client_errors += other.client_errors
        self.server_errors += other.server_errors
        self.hits += other.hits
        self.misses += other.misses


class ApiMetrics:
    """Counts requests. Args: a clock, whose calendar says which minute it is."""

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
        is_detailed = measured.is_detailed and bool(measured.resource_path)
        key = (
            measured.scope,
            measured.kind,
            measured.api_id,
            measured.api_name,
            measured.stage,
            measured.method if is_detailed else "",
            measured.resource_path if is_detailed else "",
        )
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = _Counts()
        counts.add(measured)

    def drain(self) -> Iterable[MetricSummary]:
        """Everything counted since the last time."""
        self._put_aside()
        over, self._over = self._over, []
        return over

    def _put_aside(self) -> None:
        counted, self._counts = self._counts, {}
        sums: dict[tuple[Scope, Kind, tuple[tuple[str, str], ...]], _Counts] = {}
        for key, counts in counted.items():
            for dimensions in _dimensions(key):
                sums.setdefault((key[0], key[1], dimensions), _Counts()).take(counts)
        for (scope, kind, dimensions), counts in sums.items():
            for name, unit, spread in _metrics(kind, counts):
                summary = MetricSummary(
                    scope, NAMESPACE, name, self._minute, unit, dimensions, spread
                )
                self._over.append(summary)


def _dimensions(key: _Key) -> Iterator[tuple[tuple[str, str], ...]]:
    _, kind, api_id, api_name, stage_name, method, resource_path = key
    api, stage = _api(kind, api_id, api_name), ("Stage", stage_name)
    yield (api,)
    yield (api, stage)
    if resource_path:
        yield (api, ("Method", method), ("Resource", resource_path), stage)


def _api(kind: Kind, api_id: str, name: str) -> tuple[str, str]:
    """ "API Gateway removes non-ASCII characters from the ApiName dimension [...] If the APIName contains no ASCII
    characters, the API ID is used as the ApiName."
    """
    if kind == "http":
        return "ApiId", api_id
    ascii_name = name if name.isascii() else name.encode("ascii", "ignore").decode()
    return "ApiName", ascii_name or api_id


def _metrics(kind: Kind, counts: _Counts) -> Iterator[tuple[str, str, Spread]]:
    requests = int(counts.latency.count)
    client_errors, server_errors = _ERRORS[kind]
    yield "Count", "Count", Spread.of_ones(requests, requests)
    yield client_errors, "Count", Spread.of_ones(counts.client_errors, requests)
    yield server_errors, "Count", Spread.of_ones(counts.server_errors, requests)
    yield "Latency", "Milliseconds", counts.latency
    if counts.hits or counts.misses:
        yield "CacheHitCount", "Count", Spread.of_ones(counts.hits, requests)
        yield "CacheMissCount", "Count", Spread.of_ones(counts.misses, requests)
    if counts.integration.count:
        yield "IntegrationLatency", "Milliseconds", counts.integration
    if kind == "http":
        yield "DataProcessed", "Bytes", counts.size
