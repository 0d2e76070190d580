"""PutMetricData: what it takes, and what it makes of it."""

from __future__ import annotations

import math
from datetime import timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from lambent.services.cloudwatch import store
from lambent.services.cloudwatch.errors import (
    InvalidParameterCombination,
    InvalidParameterValue,
    LimitExceeded,
    MissingParameter,
)
from lambent.services.cloudwatch.points import Point
from lambent.services.cloudwatch.sets import UNITS, check_value
from lambent.services.cloudwatch.store import MINUTE_S, Slot, dimensions_of, key_of

if TYPE_CHECKING:
    from datetime import datetime

    from types_boto3_cloudwatch.type_defs import MetricDatumTypeDef, PutMetricDataInputTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document

# "A maximum of 1000 different metrics" in a request, "up to 150 unique values" in a datum (PutMetricData).
MOST_DATA, MOST_VALUES = 1000, 150
# "CloudWatch rejects values that are either too small or too large. Values must be in the range of -2^360 to 2^360"
# (MetricDatum). What too small is Netflix has tried: all but 0 that is nearer to it than 2^-360.
_LARGEST, _SMALLEST = 2.0**360, 2.0**-360
# "up to two weeks before the current date, and as much as 2 hours after the current day and time" (MetricDatum).
_PAST, _FUTURE = timedelta(days=14), timedelta(hours=2)
_RESOLUTIONS = (1, MINUTE_S)
# Room for every digit that a float can have before the point.
_WIDE = Context(prec=400)


def put_metric_data(
    tx: Tx, context: RequestContext, request: PutMetricDataInputTypeDef
) -> Document:
    namespace = request["Namespace"]
    if namespace.startswith("AWS/"):
        raise InvalidParameterValue("The value AWS/ for parameter Namespace is invalid.")
    if request.get("EntityMetricData"):
        raise InvalidParameterValue(
            "EntityMetricData is not supported: the metrics of entities are not kept."
        )
    data = request.get("MetricData")
    if not data:
        raise MissingParameter("At least one MetricDatum object must be present in the request.")
    if len(data) > MOST_DATA:
        raise InvalidParameterValue(
            f"The collection MetricData must not have a size greater than {MOST_DATA}."
        )
    points: dict[Slot, Point] = {}
    for number, datum in enumerate(data, 1):
        slot, point = _read(context, namespace, datum, f"MetricData.member.{number}")
        if slot in points:
            points[slot].add(point)
        else:
            points[slot] = point
    if store.add(tx, points):
        raise LimitExceeded(
            f"The account has {store.MOST_METRICS} metrics in namespaces of its own: new ones are not taken."
        )
    return {}


def _read(
    context: RequestContext, namespace: str, datum: MetricDatumTypeDef, where: str
) -> tuple[Slot, Point]:
    point = _point(datum, where)
    moment: datetime = datum.get("Timestamp", context.now)  # type: ignore[assignment]  # parsed
    if moment < context.now - _PAST:
        raise InvalidParameterValue(
            f"The parameter {where}.Timestamp must specify a time within the past two weeks."
        )
    if moment > context.now + _FUTURE:
        raise InvalidParameterValue(
            f"The parameter {where}.Timestamp must specify a time no more than two hours in the future."
        )
    period = datum.get("StorageResolution", MINUTE_S)
    if period not in _RESOLUTIONS:
        raise InvalidParameterValue(
            f"The value {period} for parameter {where}.StorageResolution is invalid."
        )
    second = math.floor(moment.timestamp())
    dimensions = dimensions_of(
        (each["Name"], each["Value"]) for each in datum.get("Dimensions", ())
    )
    if len({name for name, _ in dimensions}) < len(dimensions):
        raise InvalidParameterValue("No metric may specify the same dimension name twice.")
    unit = datum.get("Unit", "None")
    check_value(unit, UNITS, f"{where}.Unit")
    key = key_of(context.scope, namespace, datum["MetricName"], dimensions)
    return Slot(key, second - second % period, period, unit), point


def _point(datum: MetricDatumTypeDef, where: str) -> Point:
    given = [name for name in ("Value", "Values", "StatisticValues") if name in datum]
    if not given:
        raise MissingParameter(
            f"At least one of the parameters {where}.Value, {where}.Values or "
            f"{where}.StatisticValues must be specified."
        )
    if len(given) > 1:
        raise InvalidParameterCombination(
            f"The parameters {where}.{given[0]} and {where}.{given[1]} are mutually exclusive and "
            "you have specified both."
        )
    if "Counts" in datum and "Values" not in datum:
        raise InvalidParameterCombination(
            f"The parameter {where}.Counts must be specified with {where}.Values."
        )
    if "Value" in datum:
        return Point.of([(_checked(datum["Value"], f"{where}.Value"), 1.0)])
    if "Values" in datum:
        return _point_of_values(datum, where)
    return _point_of_statistics(datum, f"{where}.StatisticValues")


def _point_of_values(datum: MetricDatumTypeDef, where: str) -> Point:
    values = datum["Values"]
    counts = datum.get("Counts") or [1.0] * len(values)
    if not values:
        raise MissingParameter(f"The parameter {where}.Values must not be empty.")
    if len(values) > MOST_VALUES:
        raise InvalidParameterValue(
            f"The collection {where}.Values must not have a size greater than {MOST_VALUES}."
        )
    if len(values) != len(counts):
        raise InvalidParameterValue(
            f"The parameters {where}.Values and {where}.Counts must be of the same size."
        )
    pairs = []
    for number, (value, count) in enumerate(zip(values, counts, strict=True), 1):
        _checked(value, f"{where}.Values.member.{number}")
        _checked(count, f"{where}.Counts.member.{number}")
        if count < 0:
            raise InvalidParameterValue(
                f"The value {_shown(count)} for parameter {where}.Counts.member.{number} is invalid."
            )
        if count:
            pairs.append((value, count))
    if not pairs:
        raise InvalidParameterValue(f"The parameter {where}.Counts must not be all zero.")
    return Point.of(pairs)


def _point_of_statistics(datum: MetricDatumTypeDef, where: str) -> Point:
    given = datum["StatisticValues"]
    for name, value in given.items():
        assert isinstance(value, int | float)
        _checked(value, f"{where}.{name}")
    count, total = given["SampleCount"], given["Sum"]
    low, high = given["Minimum"], given["Maximum"]
    if count <= 0:
        raise InvalidParameterValue(
            f"The value {_shown(count)} for parameter {where}.SampleCount is invalid."
        )
    if low > high:
        raise InvalidParameterValue(
            f"The parameter {where}.Maximum must be greater than {where}.Minimum."
        )
    return Point.of_statistics(count, total, low, high)


def _checked(value: float, where: str) -> float:
    size = abs(value)
    if not math.isfinite(value) or size > _LARGEST or 0 < size < _SMALLEST:
        raise InvalidParameterValue(f"The value {_shown(value)} for parameter {where} is invalid.")
    return value


def _shown(value: float) -> str:
    """As Java writes a number in a message: three digits behind the point, commas between the thousands."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    rounded = Decimal(repr(value)).quantize(Decimal("0.001"), context=_WIDE)
    text = f"{rounded:,f}"
    return text.rstrip("0").rstrip(".")
