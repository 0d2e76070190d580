"""The platform's figures as OpenTelemetry has them: sums since the start, gauges, histograms with their bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.metrics.export import Histogram as OtelHistogram

from lambent.core.figures import Histogram

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    from lambent.core.figures import Family, Labels

_CUMULATIVE = AggregationTemporality.CUMULATIVE


def metrics_of(
    families: Iterable[Family],
    resource: Resource,
    scope: InstrumentationScope,
    *,
    since_ns: int,
    now_ns: int,
) -> MetricsData:
    found = [_metric(family, since_ns, now_ns) for family in families if family.samples]
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(scope, found, "")], "")])


def _metric(family: Family, since_ns: int, now_ns: int) -> Metric:
    numbers = [
        NumberDataPoint(dict(labels), since_ns, now_ns, value)
        for labels, value in family.samples.items()
        if not isinstance(value, Histogram)
    ]
    data: Sum | Gauge | OtelHistogram
    if family.kind == "counter":
        data = Sum(numbers, _CUMULATIVE, is_monotonic=True)
    elif family.kind == "gauge":
        data = Gauge(numbers)
    else:
        points = [
            _distribution(labels, value, since_ns, now_ns)
            for labels, value in family.samples.items()
            if isinstance(value, Histogram)
        ]
        data = OtelHistogram(points, _CUMULATIVE)
    unit = "s" if family.name.endswith("_seconds") else "1"
    return Metric(family.name, family.help, unit, data)


def _distribution(
    labels: Labels, value: Histogram, since_ns: int, now_ns: int
) -> HistogramDataPoint:
    """Ours count what is at most so large; here each bucket counts its own."""
    counts = [round(count) for _, count in value.buckets]
    own = [count - before for count, before in zip(counts, [0, *counts], strict=False)]
    bounds = [bound for bound, _ in value.buckets if not math.isinf(bound)]
    return HistogramDataPoint(
        attributes=dict(labels),
        start_time_unix_nano=since_ns,
        time_unix_nano=now_ns,
        count=counts[-1],
        sum=value.total,
        bucket_counts=own,
        explicit_bounds=bounds,
        # Nobody keeps them; the encoder leaves out what is None.
        min=None,  # type: ignore[arg-type]
        max=None,  # type: ignore[arg-type]
    )
