"""GetMetricStatistics and ListMetrics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lambent.services.cloudwatch import statistics, store
from lambent.services.cloudwatch.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
)
from lambent.services.cloudwatch.paging import page
from lambent.services.cloudwatch.series import SHORT_PERIODS, Span, gathered
from lambent.services.cloudwatch.sets import check_value
from lambent.services.cloudwatch.store import DAY_S, HOUR_S, MINUTE_S, dimensions_of, key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_cloudwatch.type_defs import (
        GetMetricStatisticsInputTypeDef,
        ListMetricsInputTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.cloudwatch.points import Point
    from lambent.services.cloudwatch.store import MetricKey

# "The maximum number of data points returned from a single call is 1,440" (GetMetricStatistics).
MOST_POINTS = 1440
# "Up to 500 results are returned for any one call" (ListMetrics).
PAGE = 500
# "Metrics ... that have not had any new data points in the past two weeks" are not listed.
_LISTED_S = 14 * DAY_S
_RECENT_S = {"PT3H": 3 * HOUR_S}


def get_metric_statistics(
    tx: Tx, context: RequestContext, request: GetMetricStatisticsInputTypeDef
) -> Document:
    span = _span(context, request)
    simple: list[str] = list(request.get("Statistics", ()))
    for number, name in enumerate(simple, 1):
        check_value(name, statistics.SIMPLE, f"Statistics.member.{number}")
    extended = list(request.get("ExtendedStatistics", ()))
    for number, name in enumerate(extended, 1):
        if statistics.extended(name) is None:
            raise InvalidParameterValue(
                f"The value {name} for parameter ExtendedStatistics.member.{number} is invalid."
            )
    name = request["MetricName"]
    dimensions = dimensions_of(
        (each["Name"], each["Value"]) for each in request.get("Dimensions", ())
    )
    key = key_of(context.scope, request["Namespace"], name, dimensions)
    rows = store.read(tx, key, span.start_s, span.end_s, request.get("Unit"))
    found = [
        _datapoint(second, unit, point, simple, extended)
        for (second, unit), point in sorted(gathered(rows, span).items())
    ]
    return {"Label": name, "Datapoints": [each for each in found if each is not None]}


def _span(context: RequestContext, request: GetMetricStatisticsInputTypeDef) -> Span:
    start, end = _moment(request["StartTime"]), _moment(request["EndTime"])
    if fault := time_fault(start, end):
        raise InvalidParameterValue(fault)
    period = request["Period"]
    if period % MINUTE_S and period not in SHORT_PERIODS:
        raise InvalidParameterValue(f"The parameter Period must be a multiple of {MINUTE_S}.")
    if not request.get("Statistics") and not request.get("ExtendedStatistics"):
        raise InvalidParameterCombination(
            "At least one of the parameters Statistics and ExtendedStatistics must be specified."
        )
    # Of the times as given: a whole day of minutes is not too much, wherever in a minute it begins.
    points = (end - start) // timedelta(seconds=period)
    if points > MOST_POINTS:
        raise InvalidParameterCombination(
            f"You have requested up to {points} datapoints, which exceeds the limit of {MOST_POINTS}. "
            "You may reduce the datapoints requested by increasing Period, or decreasing the time range."
        )
    return Span.of(start, end, period, context.now)


def time_fault(start: datetime, end: datetime) -> str:
    """What AWS says of a time that does not go forwards; "" where it does."""
    if start == end:
        return "The parameter StartTime must not equal parameter EndTime."
    if start > end:
        return "The parameter StartTime must be less than the parameter EndTime."
    return ""


def _datapoint(
    second: int, unit: str, point: Point, simple: list[str], extended: list[str]
) -> dict[str, Any] | None:
    found: dict[str, Any] = {
        name: value for name in simple if (value := statistics.SIMPLE[name](point)) is not None
    }
    if extended:
        values = {name: _extended(name, point) for name in extended}
        known = {name: value for name, value in values.items() if value is not None}
        if not known and not found:
            return None
        if known:
            found["ExtendedStatistics"] = known
    return {"Timestamp": datetime.fromtimestamp(second, UTC), **found, "Unit": unit}


def _extended(name: str, point: Point) -> float | None:
    statistic = statistics.extended(name)
    assert statistic is not None
    return statistic(point)


def list_metrics(tx: Tx, context: RequestContext, request: ListMetricsInputTypeDef) -> Document:
    now_s = int(context.now.timestamp())
    since_s = now_s - _RECENT_S.get(request.get("RecentlyActive", ""), _LISTED_S)
    wanted = [(each["Name"], each.get("Value")) for each in request.get("Dimensions", ())]
    found = [
        key
        for key in store.metrics(
            tx, context.scope, request.get("Namespace"), request.get("MetricName"), since_s
        )
        if _has(key, wanted)
    ]
    shown, answer = page(found, request.get("NextToken"), PAGE, _name)
    answer["Metrics"] = [described(key) for key in shown]
    if request.get("IncludeLinkedAccounts"):
        answer["OwningAccounts"] = [context.scope.account_id for _ in shown]
    return answer


def described(key: MetricKey) -> dict[str, Any]:
    """A metric as answers name it."""
    return {
        "Namespace": key.namespace,
        "MetricName": key.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in key.dimensions],
    }


def _has(key: MetricKey, wanted: list[tuple[str, str | None]]) -> bool:
    have: Mapping[str, str] = dict(key.dimensions)
    return all(name in have and (value is None or have[name] == value) for name, value in wanted)


def _name(key: MetricKey) -> str:
    return repr(tuple(key[2:]))


def _moment(given: object) -> datetime:
    assert isinstance(given, datetime), "the protocol hands timestamps on as datetimes"
    return given
