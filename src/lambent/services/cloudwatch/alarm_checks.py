"""What PutMetricAlarm and PutCompositeAlarm take. Everything here raises ValidationError."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.services.cloudwatch import querying, statistics
from lambent.services.cloudwatch.alarm_states import COMPARISONS, TREATMENTS
from lambent.services.cloudwatch.errors import ValidationError
from lambent.services.cloudwatch.math import syntax
from lambent.services.cloudwatch.store import DAY_S, HOUR_S, MINUTE_S

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PERIODS = (10, 20, 30)
# Members of a metric alarm that describe one metric; the others are for `Metrics`.
_OF_ONE = (
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Dimensions",
    "Period",
    "Unit",
)
_UNSERVED = (
    "ActionConfiguration",
    "EvaluationCriteria",
    "EvaluationInterval",
    "EvaluationWindow",
    "ThresholdMetricId",
    "WarmUpConfiguration",
)
_SUPPRESSORS = (
    "ActionConfiguration",
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
)
# What alarms of AWS can call.
_VENDORS = ("aiops", "automate", "autoscaling", "lambda", "sns", "ssm", "ssm-incidents", "swf")
# "Too many expressions in alarm", and of metrics as many.
_MOST = 10
_ACTIONS = ("OKActions", "AlarmActions", "InsufficientDataActions")


def check_metric_alarm(
    request: Mapping[str, Any], region: str, *, has_topics: bool = False
) -> None:
    refuse(request, _UNSERVED)
    check_actions(request, region, has_topics=has_topics)
    _check_numbers(request.get("Metrics", ()))
    operator = request.get("ComparisonOperator")
    if operator is None:
        raise ValidationError("The parameter ComparisonOperator is required.")
    if operator not in COMPARISONS:
        raise ValidationError("ComparisonOperators for ranges require ThresholdMetricId to be set")
    if "EvaluationPeriods" not in request:
        raise ValidationError("The parameter EvaluationPeriods is required.")
    if "Threshold" not in request:
        raise ValidationError("PutMetricAlarm request should have valid Threshold parameter")
    period = _check_metrics(request) if "Metrics" in request else _check_metric(request)
    _check_range(request, period)
    treatment = request.get("TreatMissingData", "missing")
    if treatment not in TREATMENTS:
        raise ValidationError(
            f"Value '{treatment}' for parameter TreatMissingData is not one of {', '.join(TREATMENTS)}."
        )
    low = request.get("EvaluateLowSampleCountPercentile")
    if low is not None and "Statistic" in request:
        raise ValidationError(
            f"Option evaluateLowSampleCountPercentile can not be applied with statistic {request['Statistic']}. "
            "This option is enabled only for percentile statistics."
        )
    if low not in {None, "evaluate"}:
        raise ValidationError(
            "EvaluateLowSampleCountPercentile is supported with the value evaluate alone."
        )


def _check_metric(request: Mapping[str, Any]) -> int:
    for member in ("MetricName", "Namespace", "Period"):
        if member not in request:
            raise ValidationError(f"{member} must not be null")
    if not request["Namespace"].isascii():
        raise ValidationError("Namespace must not contain Non-ASCII characters.")
    if ("Statistic" in request) == ("ExtendedStatistic" in request):
        raise ValidationError("Must specify either Statistic or ExtendedStatistic")
    extended = request.get("ExtendedStatistic")
    if extended is not None and statistics.extended(extended) is None:
        raise ValidationError(
            f"The value {extended} for parameter ExtendedStatistic is not supported."
        )
    period: int = request["Period"]
    _check_period(period)
    return period


def _check_period(period: int) -> None:
    if period not in _PERIODS and period % MINUTE_S:
        raise ValidationError("Period must be 10, 20, 30 or a multiple of 60")


def _check_metrics(request: Mapping[str, Any]) -> int:
    for member in _OF_ONE:
        if member in request:
            raise ValidationError(f"{member} should not be set if list of Metrics is set.")
    metrics = request["Metrics"]
    for query in metrics:
        _check_query(query)
    querying.check(metrics, "Metrics")
    shown = [each for each in metrics if each.get("ReturnData", True)]
    if len(shown) != 1:
        raise ValidationError("Exactly one element of the metrics list should return data.")
    if querying.gives_several(metrics, shown[0]["Id"]):
        raise ValidationError(
            "Metrics expression that return multi time series are only allowed for MetricsInsights expression "
            "with an ORDER BY clause"
        )
    return period_of(request)


def _check_numbers(metrics: Sequence[Mapping[str, Any]]) -> None:
    """Looked at before all else."""
    for member, name in (("Expression", "expressions"), ("MetricStat", "metrics")):
        if sum(member in each for each in metrics) > _MOST:
            raise ValidationError(f"Too many {name} in alarm, maximum is {_MOST}")


def _check_query(query: Mapping[str, Any]) -> None:
    """What alarms say in their own way."""
    stat, expression = query.get("MetricStat"), query.get("Expression")
    if not querying.ID.fullmatch(query["Id"]):
        raise ValidationError("Invalid metrics list")
    if stat is None and expression is None:
        raise ValidationError("Period must not be null")
    if stat is not None and expression is None:
        if statistics.find(stat["Stat"]) is None:
            raise ValidationError("Invalid metrics list")
        _check_period(stat["Period"])
    elif expression is not None and stat is None and _searches(expression):
        raise ValidationError("SEARCH is not supported on Metric Alarms.")


def _searches(expression: str) -> bool:
    try:
        return "SEARCH" in syntax.called(syntax.parse(expression))
    except syntax.Malformed:
        return False


def period_of(alarm: Mapping[str, Any]) -> int:
    """Of one metric its own; of several the longest."""
    if "Period" in alarm:
        return int(alarm["Period"])
    periods: list[int] = [
        each["MetricStat"]["Period"] if "MetricStat" in each else each.get("Period", MINUTE_S)
        for each in alarm["Metrics"]
    ]
    return max(periods)


def _check_range(request: Mapping[str, Any], period: int) -> None:
    wanted = request["EvaluationPeriods"]
    if request.get("DatapointsToAlarm", 1) > wanted:
        raise ValidationError("DatapointsToAlarm must be less than or equal to EvaluationPeriods")
    if period >= HOUR_S and wanted * period > 7 * DAY_S:
        raise ValidationError(
            "Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= 604800) "
            "for alarms using period >= 3600"
        )
    if period < HOUR_S and wanted * period > DAY_S:
        raise ValidationError(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400) "
            "for alarms using period < 3600"
        )


def check_composite(request: Mapping[str, Any], region: str, *, has_topics: bool = False) -> None:
    """All but the rule."""
    refuse(request, _SUPPRESSORS)
    check_actions(request, region, has_topics=has_topics)


def refuse(request: Mapping[str, Any], members: tuple[str, ...]) -> None:
    for member in members:
        if member in request:
            raise ValidationError(f"The parameter {member} is not supported.")


def check_actions(request: Mapping[str, Any], region: str, *, has_topics: bool) -> None:
    """Functions are invoked, and topics published to where there is SNS; what nobody is there for is refused rather
    than forgotten.
    """
    for member in _ACTIONS:
        for arn in request.get(member, ()):
            parts = arn.split(":")
            if len(parts) < 6 or parts[0] != "arn":
                raise ValidationError(f"Invalid arn syntax: {arn}")
            if parts[2] not in _VENDORS:
                raise ValidationError(f"Unsupported AWS vendor {parts[2]}")
            if parts[3] != region:
                raise ValidationError(
                    f"Invalid region {parts[3]} specified. Only {region} is supported."
                )
            if parts[2] == "sns" and has_topics:
                continue
            if parts[2] != "lambda" or not parts[5].startswith("function"):
                raise ValidationError(
                    f"The action {arn} is not supported: alarms invoke Lambda functions."
                )
