"""What whoever runs the platform is told of functions: totals since its start, and how things are now."""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

from lambent.core.figures import Family, Histogram

if TYPE_CHECKING:
    from lambent.core.figures import Labels
    from lambent.services.lambda_.function_metrics import Counts, FunctionMetrics, Target

# Seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
# So many functions are told apart; what they did is not forgotten beyond that, but put together.
_MOST = 5_000
_OTHERS: Labels = (("account", ""), ("region", ""), ("function", "(others)"))


class Plane(Protocol):
    async def describe(self) -> dict[str, Any]: ...


class Figures:
    """Args: what counts invocations, and the execution plane."""

    def __init__(self, metrics: FunctionMetrics, plane: Plane) -> None:
        self._metrics = metrics
        self._plane = plane
        self._totals: dict[Labels, _Totals] = {}
        metrics.counted = self._take

    async def read(self) -> list[Family]:
        self._metrics.settle()
        return [*self._of_functions(), *_of_plane(await self._plane.describe())]

    def _take(self, target: Target, counts: Counts) -> None:
        labels: Labels = (
            ("account", target.account_id),
            ("region", target.region),
            ("function", target.name),
        )
        if labels not in self._totals and len(self._totals) >= _MOST:
            labels = _OTHERS
        self._totals.setdefault(labels, _Totals()).take(counts)

    def _of_functions(self) -> list[Family]:
        invocations = Family("lambent_invocations", "Invocations that have ended.", "counter")
        errors = Family(
            "lambent_invocation_errors", "Invocations whose function failed.", "counter"
        )
        throttles = Family("lambent_throttles", "Invocations that were turned away.", "counter")
        durations = Family(
            "lambent_invocation_duration_seconds", "How long invocations took.", "histogram"
        )
        for labels, totals in self._totals.items():
            invocations.samples[labels] = totals.invocations
            errors.samples[labels] = totals.errors
            throttles.samples[labels] = totals.throttles
            durations.samples[labels] = totals.histogram()
        return [invocations, errors, throttles, durations]


class _Totals:
    """Of one function. The buckets are all that is kept of its durations: there may be many functions."""

    __slots__ = ("_buckets", "_seconds", "errors", "invocations", "throttles")

    def __init__(self) -> None:
        self.invocations = 0.0
        self.errors = 0
        self.throttles = 0
        self._seconds = 0.0
        self._buckets = [0.0] * (len(BOUNDS) + 1)

    def take(self, counts: Counts) -> None:
        durations = counts.durations
        self.invocations += durations.count
        self._seconds += durations.total / 1000
        for value_ms, count in durations.values.items():
            self._buckets[bisect_left(BOUNDS, value_ms / 1000)] += count
        self.errors += counts.errors
        self.throttles += counts.throttles

    def histogram(self) -> Histogram:
        """To a hundredth of each value: where there were many, only that is known."""
        buckets = zip((*BOUNDS, math.inf), accumulate(self._buckets), strict=True)
        return Histogram(tuple(buckets), self._seconds)


def _of_plane(described: dict[str, Any]) -> list[Family]:
    running = Family("lambent_running_invocations", "Invocations that run now.", "gauge")
    running.samples[()] = described["running"]
    environments = Family("lambent_environments", "Execution environments, by state.", "gauge")
    for state in ("idle", "busy"):
        count = sum(each[state] for each in described["environments"].values())
        environments.samples[(("state", state),)] = count
    pools = Family("lambent_pooled_sandboxes", "Sandboxes that wait for a function.", "gauge")
    waiting = Family("lambent_waiting_calls", "Calls that wait for a sandbox.", "gauge")
    for name, pool in described["pools"].items():
        pools.samples[(("pool", name),)] = pool["ready"]
        waiting.samples[(("pool", name),)] = pool["waiting"]
    return [running, environments, pools, waiting]
