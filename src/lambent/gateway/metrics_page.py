"""`GET /_lambent/metrics`: figures of the platform in Prometheus's text format."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import prometheus_client
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)

from lambent.core.figures import Histogram
from lambent.core.http import Response
from lambent.gateway.watchers import refused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from prometheus_client.core import Metric

    from lambent.core.figures import Family
    from lambent.core.http import Request
    from lambent.gateway.watchers import Watchers

PATH = "/_lambent/metrics"


class MetricsPage:
    """A door. Args: gives the figures; who may read them."""

    def __init__(self, read: Callable[[], Awaitable[Iterable[Family]]], watchers: Watchers) -> None:
        self._read = read
        self._watchers = watchers
        # The platform's own process: CPU, memory, descriptors, garbage collections.
        self._process = prometheus_client.CollectorRegistry()
        prometheus_client.ProcessCollector(namespace="lambent_core", registry=self._process)
        prometheus_client.GCCollector(registry=self._process)

    def matches(self, request: Request) -> bool:
        return request.path == PATH

    async def handle(self, request: Request) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return refused(405, f"{PATH} answers GET")
        if not self._watchers.may_read(request):
            return self._watchers.refusal(PATH)
        registry = _Given([_family(each) for each in await self._read()])
        # It reads files of /proc.
        own = await asyncio.to_thread(prometheus_client.generate_latest, self._process)
        text = prometheus_client.generate_latest(registry)
        headers = [("Content-Type", "text/plain; version=0.0.4; charset=utf-8")]
        return Response(200, headers, text + own)


class _Given:
    """What `generate_latest` asks a registry for."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> list[Metric]:
        return self._families


def _family(family: Family) -> Metric:
    names = [name for labels in family.samples for name, _ in labels]
    labels = list(dict.fromkeys(names))
    kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily}
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.help, labels=labels)
        for key, value in family.samples.items():
            assert isinstance(value, Histogram)
            buckets = [(_bound(bound), count) for bound, count in value.buckets]
            histogram.add_metric([text for _, text in key], buckets, value.total)
        return histogram
    found: CounterMetricFamily | GaugeMetricFamily = kinds[family.kind](
        family.name, family.help, labels=labels
    )
    for key, value in family.samples.items():
        assert not isinstance(value, Histogram)
        found.add_metric([text for _, text in key], value)
    return found


def _bound(bound: float) -> str:
    return "+Inf" if math.isinf(bound) else repr(float(bound))
