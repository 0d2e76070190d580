"""What Lambda tells CloudWatch of functions: the metrics of the namespace AWS/Lambda.

"Types of metrics for Lambda functions" (developer guide). Counted in memory, a few fields for each function, qualifier
and version; CloudWatch asks for the sums. A minute that is over is put aside by the first event of the next one.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from lambent.core.context import Scope
from lambent.core.ports import MetricSummary
from lambent.core.spread import Spread
from lambent.execution.spec import PROVISIONED
from lambent.services.lambda_.names import LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lambent.execution.spec import FunctionSpec, Invocation, Outcome

NAMESPACE = "AWS/Lambda"
COUNT, MILLISECONDS = "Count", "Milliseconds"
_USED = ("ProvisionedConcurrentExecutions", COUNT)
_UTILIZATION = ("ProvisionedConcurrencyUtilization", "None")


class Target(NamedTuple):
    """What was invoked: the ARN as the caller named it, and the version that ran."""

    account_id: str
    region: str
    name: str
    invoked_arn: str
    version: str


class Counts:
    """Of one target in one minute. Of what is counted in ones `yes` is how often it was so, of all invocations."""

    __slots__ = ("durations", "errors", "extra", "provisioned", "running", "spilled", "throttles")

    def __init__(self) -> None:
        self.durations = Spread()
        self.errors = 0
        self.throttles = 0
        self.provisioned = 0
        self.spilled = 0
        self.running = 0  # at the most
        self.extra: dict[tuple[str, str], Spread] = {}  # (metric, unit): what is rarer

    def take(self, other: Counts) -> None:
        self.durations.take(other.durations)
        self.errors += other.errors
        self.throttles += other.throttles
        self.provisioned += other.provisioned
        self.spilled += other.spilled
        self.running = max(self.running, other.running)
        for key, spread in other.extra.items():
            self.extra.setdefault(key, Spread()).take(spread)


class FunctionMetrics:
    """An observer of the execution plane; an invocation is counted when its caller has been told."""

    # Both by `watch`, before anything ends.
    _running_with: Callable[[FunctionSpec], tuple[int, int, int]]
    _provisioned_with: Callable[[FunctionSpec], tuple[int, int]]

    def __init__(self) -> None:
        self._accounts: dict[tuple[str, str], tuple[int, int]] = {}  # the most of the last two
        self._minute = 0
        self._counts: dict[Target, Counts] = {}
        # The same, by what an invocation says at once: version and ARN.
        self._known: dict[tuple[str, str, str], Counts] = {}
        self._over: list[MetricSummary] = []
        # Told what was counted of each target, when a minute is over or somebody asks.
        self.counted: Callable[[Target, Counts], None] = lambda target, counts: None

    def watch(
        self,
        running_with: Callable[[FunctionSpec], tuple[int, int, int]],
        provisioned_with: Callable[[FunctionSpec], tuple[int, int]],
    ) -> None:
        """Whom to ask for what else is counted when an invocation ends.

        Args:
            running_with: how many invocations run at the moment: of the function, of its account, and of the account's
                functions without a reservation.
            provisioned_with: how many of the environments that are kept initialised for the version work at the moment,
                and how many are kept.
        """
        self._running_with = running_with
        self._provisioned_with = provisioned_with

    def ended(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        counts = None
        if now_ms // 60_000 == self._minute:
            arn = invocation.invoked_function_arn
            counts = self._known.get((spec.key, spec.function_version, arn))
        if counts is None:
            counts = self._counts_of(spec, invocation, now_ms)
        counts.durations.add(outcome.duration_ms)
        if outcome.is_error:
            counts.errors += 1
        if spec.function_version != LATEST:  # which cannot have any
            used, kept = self._provisioned_with(spec)
            if kept:
                _count_provisioned(counts, spec, used, kept)
        # It still counts as running; so the most of a minute are seen at the end of one of them.
        running, whole, unreserved = self._running_with(spec)
        counts.running = max(counts.running, running)
        account = spec.account_id, spec.region
        before = self._accounts.get(account, (0, 0))
        if whole > before[0] or unreserved > before[1]:
            self._accounts[account] = max(whole, before[0]), max(unreserved, before[1])

    def throttled(self, spec: FunctionSpec, invocation: Invocation, now_ms: int) -> None:
        self._counts_of(spec, invocation, now_ms).throttles += 1

    def note(
        self,
        scope: Scope,
        name: str,
        qualifier: str,
        metric: str,
        value: float,
        unit: str,
        now_ms: int,
    ) -> None:
        """One value of a metric of asynchronous invocations or of a source."""
        arn = f"arn:aws:lambda:{scope.region}:{scope.account_id}:function:{name}"
        target = Target(
            scope.account_id, scope.region, name, f"{arn}:{qualifier}" if qualifier else arn, ""
        )
        counts = self._in_minute(target, now_ms)
        counts.extra.setdefault((metric, unit), Spread()).add(value)

    def settle(self) -> None:
        """Tell what has been counted until now."""
        self._put_aside()

    def drain(self) -> Iterable[MetricSummary]:
        """Everything counted since the last time."""
        self._put_aside()
        over, self._over = self._over, []
        return over

    def _counts_of(self, spec: FunctionSpec, invocation: Invocation, now_ms: int) -> Counts:
        arn = invocation.invoked_function_arn
        target = Target(
            spec.account_id, spec.region, spec.function_name, arn, spec.function_version
        )
        counts = self._in_minute(target, now_ms)
        self._known[spec.key, spec.function_version, arn] = counts
        return counts

    def _in_minute(self, target: Target, now_ms: int) -> Counts:
        minute = now_ms // 60_000
        if minute != self._minute:
            self._put_aside()
            self._minute = minute
        counts = self._counts.get(target)
        if counts is None:
            counts = self._counts[target] = Counts()
        return counts

    def _put_aside(self) -> None:
        counted, self._counts = self._counts, {}
        self._known.clear()
        accounts, self._accounts = self._accounts, {}
        for target, counts in counted.items():
            self.counted(target, counts)
        self._over += summaries(counted, self._minute)
        for (account_id, region), most in accounts.items():
            names = ("ConcurrentExecutions", "UnreservedConcurrentExecutions")
            for name, number in zip(names, most, strict=True):
                scope = Scope(account_id, region)
                self._over.append(_summary(scope, (), self._minute, name, COUNT, Spread.of(number)))


def _count_provisioned(counts: Counts, spec: FunctionSpec, used: int, kept: int) -> None:
    """An invocation of a version that has provisioned concurrency ends."""
    if spec.initialization == PROVISIONED:
        counts.provisioned += 1
    else:
        counts.spilled += 1
    counts.extra.setdefault(_USED, Spread()).add(used)
    counts.extra.setdefault(_UTILIZATION, Spread()).add(used / kept)


def summaries(counted: dict[Target, Counts], minute: int) -> Iterator[MetricSummary]:
    """The sums by all the dimensions that AWS has: function; function and resource; these and the version that ran
    behind an alias; none, for all functions of an account and region.
    """
    groups: dict[tuple[Scope, tuple[tuple[str, str], ...]], Counts] = {}
    for target, counts in counted.items():
        scope = Scope(target.account_id, target.region)
        for dimensions in _dimensions(target):
            groups.setdefault((scope, dimensions), Counts()).take(counts)
    for (scope, dimensions), counts in groups.items():
        yield from _metrics(scope, dimensions, counts, minute)


def _dimensions(target: Target) -> Iterator[tuple[tuple[str, str], ...]]:
    qualifier = target.invoked_arn.split(":")[7:]
    resource = ":".join([target.name, *qualifier])
    function = ("FunctionName", target.name)
    yield ()
    yield (function,)
    yield (function, ("Resource", resource))
    if qualifier and target.version and qualifier[0] != target.version:
        yield (function, ("Resource", resource), ("ExecutedVersion", target.version))


def _metrics(
    scope: Scope, dimensions: tuple[tuple[str, str], ...], counts: Counts, minute: int
) -> Iterator[MetricSummary]:
    summary = partial(_summary, scope, dimensions, minute)

    invocations = int(counts.durations.count)
    if invocations:
        yield summary("Invocations", COUNT, Spread.of_ones(invocations, invocations))
        yield summary("Errors", COUNT, Spread.of_ones(counts.errors, invocations))
        yield summary("Duration", MILLISECONDS, counts.durations)
    if invocations or counts.throttles:
        yield summary(
            "Throttles", COUNT, Spread.of_ones(counts.throttles, invocations + counts.throttles)
        )
    if counts.running and dimensions:
        yield summary("ConcurrentExecutions", COUNT, Spread.of(counts.running))
    if counts.provisioned:
        provisioned = Spread.of_ones(counts.provisioned, counts.provisioned)
        yield summary("ProvisionedConcurrencyInvocations", COUNT, provisioned)
    if counts.spilled:
        spilled = Spread.of_ones(counts.spilled, counts.spilled)
        yield summary("ProvisionedConcurrencySpilloverInvocations", COUNT, spilled)
    for (name, unit), spread in counts.extra.items():
        # A share is one of a version or alias; there is none of a whole account.
        if dimensions or (name, unit) != _UTILIZATION:
            yield summary(name, unit, spread)


def _summary(
    scope: Scope,
    dimensions: tuple[tuple[str, str], ...],
    minute: int,
    name: str,
    unit: str,
    spread: Spread,
) -> MetricSummary:
    return MetricSummary(
        scope,
        NAMESPACE,
        name,
        minute,
        unit,
        dimensions,
        spread,
    )
