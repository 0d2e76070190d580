"""What whoever runs the platform is told of functions: totals since its start, and how things are now."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import asdict
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Protocol

from lambent.core.figures import Family, Histogram
from lambent.core.steps import step_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.figures import Labels
    from lambent.execution.scheduler import Holding
    from lambent.services.lambda_.function_metrics import Counts, FunctionMetrics, Target

# Seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
# So many functions are told apart; what they did is not forgotten beyond that, but put together.
_MOST = 5_000
_OTHERS: Labels = (("account", ""), ("region", ""), ("function", "(others)"))


class Plane(Protocol):
    async def describe(self) -> dict[str, Any]: ...
    def holdings(self) -> Mapping[str, tuple[int, Holding]]: ...


class Figures:
    """Args: what counts invocations, the execution plane, and the clock."""

    def __init__(self, metrics: FunctionMetrics, plane: Plane, clock: Clock) -> None:
        self._metrics = metrics
        self._plane = plane
        self._clock = clock
        self._since = clock.monotonic()
        self._totals: dict[Labels, _Totals] = {}
        metrics.counted = self._take

    async def read(self) -> list[Family]:
        self._metrics.settle()
        return [*self._of_functions(), *_of_plane(await self._plane.describe())]

    async def overview(self) -> dict[str, Any]:
        """What `lambent top` shows: of each function the totals, which it subtracts from the next ones, and what there
        is now. Of how long invocations took, (step of `core.steps` in milliseconds, how many).
        """
        self._metrics.settle()
        described = await self._plane.describe()
        held = {_labels_of(arn): each for arn, each in self._plane.holdings().items()}
        return {
            "uptime_s": self._clock.monotonic() - self._since,
            "running": described["running"],
            "pooled": sum(pool["ready"] for pool in described["pools"].values()),
            "waiting": sum(pool["waiting"] for pool in described["pools"].values()),
            "functions": [
                dict(labels)
                | self._totals.get(labels, _NOTHING).document()
                | _now(held.get(labels))
                for labels in {**self._totals, **held}
            ],
        }

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

    __slots__ = ("_buckets", "_seconds", "_steps", "errors", "invocations", "throttles")

    def __init__(self) -> None:
        self.invocations = 0.0
        self.errors = 0
        self.throttles = 0
        self._seconds = 0.0
        self._buckets = [0.0] * (len(BOUNDS) + 1)
        self._steps: dict[int, float] = {}

    def take(self, counts: Counts) -> None:
        durations = counts.durations
        self.invocations += durations.count
        self._seconds += durations.total / 1000
        for value_ms, count in durations.values.items():
            self._buckets[bisect_left(BOUNDS, value_ms / 1000)] += count
            step = step_of(value_ms)
            self._steps[step] = self._steps.get(step, 0) + count
        self.errors += counts.errors
        self.throttles += counts.throttles

    def document(self) -> dict[str, Any]:
        return {
            "invocations": self.invocations,
            "errors": self.errors,
            "throttles": self.throttles,
            "durations": list(self._steps.items()),
        }

    def histogram(self) -> Histogram:
        """To a hundredth of each value: where there were many, only that is known."""
        buckets = zip((*BOUNDS, math.inf), accumulate(self._buckets), strict=True)
        return Histogram(tuple(buckets), self._seconds)


_NOTHING = _Totals()


def _now(held: tuple[int, Holding] | None) -> dict[str, Any]:
    if held is None:
        return {"running": 0, "idle": 0, "busy": 0, "memory_mib": 0, "peak_mib": 0}
    running, holding = held
    return {"running": running} | asdict(holding)


def _labels_of(arn: str) -> Labels:
    _, _, _, region, account, _, name = arn.split(":")
    return (("account", account), ("region", region), ("function", name))


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
