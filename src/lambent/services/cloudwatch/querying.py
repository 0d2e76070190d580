"""Queries, as GetMetricData and alarms have them: metrics with a statistic, and expressions over each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lambent.services.cloudwatch import statistics, store
from lambent.services.cloudwatch.errors import ValidationError
from lambent.services.cloudwatch.math import functions, syntax
from lambent.services.cloudwatch.math.evaluation import Scene, evaluate
from lambent.services.cloudwatch.math.search import compile_search
from lambent.services.cloudwatch.math.syntax import Malformed, called, names, parse
from lambent.services.cloudwatch.math.values import Series
from lambent.services.cloudwatch.series import SHORT_PERIODS, Span, values
from lambent.services.cloudwatch.store import (
    DAY_S,
    FIVE_MINUTES_S,
    MINUTE_S,
    dimensions_of,
    key_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.services.cloudwatch.math.values import Value
    from lambent.services.cloudwatch.store import MetricKey

# "A search expression ... returns up to 500 time series" (user guide).
MOST_FOUND = 500
ID = re.compile(r"[a-z][a-zA-Z0-9_]*")
# Metrics that have been silent for longer are not found by a search.
_FOUND_S = 14 * DAY_S

# Functions of AWS that need what is not here.
_UNSERVED = {"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA"}

Query = dict[str, Any]


def check(queries: Sequence[Mapping[str, Any]], where: str) -> None:
    """Raises ValidationError where the queries cannot be answered. `where` names the list."""
    known = [each["Id"] for each in queries]
    if len(set(known)) < len(known):
        raise ValidationError(f"The values for parameter id in {where} are not unique.")
    for number, query in enumerate(queries, 1):
        _check_one(query, f"{where}.member.{number}", set(known))


def refuse_other_accounts(queries: Sequence[Mapping[str, Any]], scope: Scope) -> None:
    """There is no account that watches others. Raises ValidationError."""
    for query in queries:
        if query.get("AccountId", scope.account_id) != scope.account_id:
            raise ValidationError(
                f"The AccountId {query['AccountId']} of query {query['Id']} is not supported: metrics of "
                "other accounts cannot be read."
            )


def _check_one(query: Mapping[str, Any], where: str, known: set[str]) -> None:
    id_ = query["Id"]
    if not ID.fullmatch(id_):
        raise ValidationError(
            f"The value {id_} for parameter {where}.Id is not matching the expected pattern "
            "^[a-z][a-zA-Z0-9_]*$."
        )
    has_metric, has_expression = "MetricStat" in query, "Expression" in query
    if has_metric and has_expression:
        raise ValidationError(
            "The parameters MetricDataQuery Expression and MetricStat are mutually exclusive and you "
            "have specified both."
        )
    if not has_metric and not has_expression:
        raise ValidationError(
            f"Exactly one of the parameters {where}.MetricStat and {where}.Expression must be specified."
        )
    if has_metric:
        _check_metric(query["MetricStat"], f"{where}.MetricStat")
    else:
        _check_expression(query, known)


def _check_metric(stat: Mapping[str, Any], where: str) -> None:
    check_period(stat["Period"], f"{where}.Period")
    if statistics.find(stat["Stat"]) is None:
        raise ValidationError(
            f"The value {stat['Stat']} for parameter {where}.Stat is not a valid statistic."
        )
    for member in ("Namespace", "MetricName"):
        if member not in stat["Metric"]:
            raise ValidationError(f"The parameter {where}.Metric.{member} is required.")


def check_period(period: int, where: str) -> None:
    """Raises ValidationError."""
    if period < 1 or (period % MINUTE_S and period not in SHORT_PERIODS):
        raise ValidationError(f"The value {period} for parameter {where} must be a multiple of 60.")


def _check_expression(query: Mapping[str, Any], known: set[str]) -> None:
    id_, text = query["Id"], query["Expression"]
    if text.lstrip().upper().startswith("SELECT "):
        raise ValidationError("Metrics Insights queries (SELECT) are not supported.")
    try:
        tree = parse(text)
    except Malformed:
        raise ValidationError(f"Error in expression '{id_}': Invalid syntax") from None
    for name in sorted(names(tree) - known - functions.WORDS):
        raise ValidationError(
            f"Error in expression '{id_}': The expression refers to '{name}', which is not an id of a query."
        )
    # Here, too, so that no alarm is put that could never be evaluated.
    for name in sorted(called(tree) - functions.NAMES):
        fault = "is not supported" if name in _UNSERVED else "not found"
        raise ValidationError(f"Error in expression '{id_}': Function '{name}' {fault}")


def gives_several(queries: Sequence[Mapping[str, Any]], id_: str) -> bool:
    """Whether a query stands for an array of time series, by what `check` has passed."""
    under_way: set[str] = set()
    expressions = {each["Id"]: each["Expression"] for each in queries if "Expression" in each}

    def of(name: str) -> bool:
        if name in under_way or name not in expressions:
            return False
        under_way.add(name)
        return syntax.gives_several(parse(expressions[name]), of)

    return of(id_)


class Answers:
    """Computes queries that `check` has passed.

    Args: the transaction, whose metrics, the queries, from when until when, and what time it is.
    """

    def __init__(
        self,
        tx: Tx,
        scope: Scope,
        queries: Sequence[Mapping[str, Any]],
        start: datetime,
        end: datetime,
        now: datetime,
    ) -> None:
        self._tx = tx
        self._scope = scope
        self._queries = {each["Id"]: each for each in queries}
        self._start, self._end, self._now = start, end, now
        self._known: dict[str, Value] = {}
        self._under_way: set[str] = set()

    def of(self, id_: str) -> list[Series]:
        """The series that a query stands for.

        Raises:
            ValidationError: the expression's parts do not go together.
        """
        try:
            found = self._value(id_)
        except Malformed as reason:
            raise ValidationError(f"Error in expression '{id_}': {reason}") from None
        if isinstance(found, Series):
            return [found]
        if isinstance(found, list):
            return found
        raise ValidationError(
            f"Error in expression '{id_}': The expression must return a time series or an array of time series."
        )

    def _value(self, id_: str) -> Value:
        if id_ in self._known:
            return self._known[id_]
        if id_ in self._under_way:
            raise Malformed(f"'{id_}' refers to itself")
        query = self._queries.get(id_)
        if query is None:
            raise Malformed(f"there is no '{id_}'")
        self._under_way.add(id_)
        found = (
            self._metric(query["MetricStat"]) if "MetricStat" in query else self._expression(query)
        )
        self._under_way.discard(id_)
        self._known[id_] = found
        return found

    def _metric(self, stat: Mapping[str, Any]) -> Series:
        metric = stat["Metric"]
        dimensions = dimensions_of(
            (each["Name"], each["Value"]) for each in metric.get("Dimensions", ())
        )
        key = key_of(self._scope, metric["Namespace"], metric["MetricName"], dimensions)
        return self._series(key, stat["Stat"], stat["Period"], stat.get("Unit"))

    def _series(self, key: MetricKey, stat: str, period: int, unit: str | None = None) -> Series:
        span = Span.of(self._start, self._end, period, self._now)
        statistic = statistics.find(stat)
        if statistic is None:
            raise Malformed(f"there is no statistic {stat}")
        rows = store.read(self._tx, key, span.start_s, span.end_s, unit)
        facts = {
            "MetricName": key.name,
            "Namespace": key.namespace,
            "Stat": stat,
            "Period": str(period),
            "AccountId": key.account_id,
            "Region": key.region,
        }
        facts |= {f"Dim.{name}": value for name, value in key.dimensions}
        return Series(values(rows, span, statistic), key.name, period, facts)

    def _expression(self, query: Mapping[str, Any]) -> Value:
        tree = parse(query["Expression"])
        period = query.get("Period") or self._period_of(names(tree))
        span = Span.of(self._start, self._end, period, self._now)
        times = range(span.start_s, span.end_s, period)
        scene = Scene(
            self._value, self._metrics, times, lambda *given: self._search(period, *given)
        )
        found = evaluate(tree, scene)
        if isinstance(found, Series):
            return Series(found.values, query["Id"], found.period, found.facts)
        return found

    def _period_of(self, ids: set[str]) -> int:
        """The longest of the metrics that an expression is about."""
        periods = [
            query["MetricStat"]["Period"] if "MetricStat" in query else query.get("Period", 0)
            for id_, query in self._queries.items()
            if not ids or id_ in ids
        ]
        return max([each for each in periods if each], default=FIVE_MINUTES_S)

    def _metrics(self) -> dict[str, Series]:
        found = {}
        for id_, query in self._queries.items():
            if "MetricStat" in query:
                series = self._value(id_)
                assert isinstance(series, Series)
                found[id_] = series
        return found

    def _search(self, usual: int, text: str, stat: str, period: int | None) -> list[Series]:
        matches = compile_search(text)
        since_s = int(self._now.timestamp()) - _FOUND_S
        keys = [
            key for key in store.metrics(self._tx, self._scope, None, None, since_s) if matches(key)
        ][:MOST_FOUND]
        several = len({key.name for key in keys}) > 1
        found = []
        for key in keys:
            series = self._series(key, stat, period or usual)
            words = [value for _, value in key.dimensions] or [key.name]
            label = " ".join([*words, key.name] if several and key.dimensions else words)
            found.append(Series(series.values, label, series.period, series.facts))
        return found
