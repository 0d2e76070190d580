"""From data points to the state of a metric alarm ("How alarms evaluate metric data", CloudWatch user guide)."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"
# Points from further back than asked for take the place of those that are missing.
SPARE = 2
COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the points say. `points`: those that were looked at, newest first, as (second, value); `evaluated`: as many
    of them as the state takes, or, where there is none, the periods that were asked for; `sizes`: of how many samples
    the value of a period is, which is not known of expressions.
    """

    state: str
    reason: str
    points: tuple[tuple[int, float], ...]
    evaluated: tuple[tuple[int, float | None], ...]
    sizes: Mapping[int, float] = field(default_factory=dict)


def judge(alarm: Mapping[str, Any], points: Sequence[tuple[int, float | None]]) -> Verdict | None:
    """The state by the data points of the last periods, the oldest first: `EvaluationPeriods` + `SPARE` of them, None
    where there is no value. None: the alarm stays as it is.
    """
    wanted: int = alarm["EvaluationPeriods"]
    needed: int = alarm.get("DatapointsToAlarm", wanted)
    compare, words = COMPARISONS[alarm["ComparisonOperator"]]
    threshold: float = alarm["Threshold"]
    real = [(at, value) for at, value in points if value is not None][-wanted:]
    breaching = [each for each in real if compare(each[1], threshold)]
    missing = wanted - len(real)
    periods = tuple(at for at, _ in reversed(points[-wanted:]))
    say = _Words(words, threshold, wanted, needed, "DatapointsToAlarm" in alarm, real, periods)
    is_alarm = len(breaching) >= needed
    speaking = breaching if is_alarm else [each for each in real if each not in breaching]
    if missing == 0:
        return say.crossed(is_alarm, speaking)
    treatment = alarm.get("TreatMissingData", "missing")
    if treatment in {"breaching", "notBreaching"}:
        count = len(breaching) + (missing if treatment == "breaching" else 0)
        return say.treated(count >= needed, missing, treatment)
    if is_alarm or len(breaching) < len(real):
        return say.crossed(is_alarm, speaking)
    if treatment == "ignore":
        return None
    return _premature(points, wanted, needed, compare, threshold, say) if real else say.unknown()


def _premature(
    points: Sequence[tuple[int, float | None]],
    wanted: int,
    needed: int,
    compare: Callable[[float, float], bool],
    threshold: float,
    say: _Words,
) -> Verdict | None:
    """ "The alarm goes to ALARM if the oldest available breaching data point ... is at least as old as the value of
    Datapoints to Alarm, and all other more recent data points are breaching or missing."
    """
    recent = points[-wanted:]
    for position, (_, value) in enumerate(recent):
        if value is None:
            continue
        later = [each for each in recent[position:] if each[1] is not None]
        if all(each is not None and compare(each, threshold) for _, each in later):
            if len(recent) - position >= needed:
                return say.crossed(True, [(at, each) for at, each in later if each is not None])
            return None
    return None


@dataclass(frozen=True, slots=True)
class _Words:
    """Reasons as AWS words them: at length where the alarm says how many data points it takes (`is_counted`)."""

    comparison: str
    threshold: float
    wanted: int
    needed: int
    is_counted: bool
    real: list[tuple[int, float]]
    periods: tuple[int, ...]  # newest first

    def crossed(self, is_alarm: bool, speaking: Sequence[tuple[int, float]]) -> Verdict:
        """`speaking`: the data points that speak for the state, the oldest first."""
        shown = tuple(reversed(speaking))
        values = ", ".join(f"{_number(value)} ({_short(at)})" for at, value in shown)
        few = self.needed if is_alarm else self.wanted - self.needed + 1
        subject = f"{_count(len(shown))} [{values}]"
        ending = ""
        if self.is_counted:
            subject = f"{len(shown)} out of the last {self.wanted} datapoints [{values}]"
            way = "OK -> ALARM" if is_alarm else "ALARM -> OK"
            ending = f" (minimum {_count(few)} for {way} transition)"
        verb = ("was" if len(shown) == 1 else "were") + ("" if is_alarm else " not")
        text = (
            f"Threshold Crossed: {subject} {verb} {self.comparison} the threshold "
            f"({_number(self.threshold)}){ending}."
        )
        newest = tuple(reversed(self.real))
        return Verdict(ALARM if is_alarm else OK, text, newest, shown[:few])

    def treated(self, is_alarm: bool, missing: int, treatment: str) -> Verdict:
        how = {"breaching": "Breaching", "notBreaching": "NonBreaching"}[treatment]
        received = f"{_count(len(self.real))} {'was' if len(self.real) == 1 else 'were'}"
        if not self.real:
            received = "no datapoints were"
        text = (
            f"Threshold Crossed: {received} received for {self.wanted} "
            f"period{'' if self.wanted == 1 else 's'} and {missing} missing "
            f"datapoint{' was' if missing == 1 else 's were'} treated as [{how}]."
        )
        newest = tuple(reversed(self.real))
        return Verdict(ALARM if is_alarm else OK, text, newest, newest or self._nothing())

    def unknown(self) -> Verdict:
        verb = "was" if self.wanted == 1 else "were"
        text = f"Insufficient Data: {_count(self.wanted)} {verb} unknown."
        return Verdict(INSUFFICIENT_DATA, text, (), self._nothing())

    def _nothing(self) -> tuple[tuple[int, None], ...]:
        return tuple((at, None) for at in self.periods)


def _count(number: int) -> str:
    return f"{number} datapoint{'' if number == 1 else 's'}"


def _number(value: float) -> str:
    """As Java writes it: `8.60604416E8` from ten million on, and below a thousandth."""
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int), "a data point is a number"
    first, *rest = map(str, digits)
    power = exponent + len(rest)
    return f"{'-' if sign else ''}{first}.{''.join(rest) or '0'}E{power}"


def _short(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%d/%m/%y %H:%M:%S")


def reason_data(alarm: Mapping[str, Any], verdict: Verdict, now: datetime) -> dict[str, Any]:
    """What StateReasonData says of a verdict, to be written as JSON."""
    found: dict[str, Any] = {"version": "1.0", "queryDate": stamp(now)}
    if verdict.points:
        found["startDate"] = stamp(datetime.fromtimestamp(verdict.points[-1][0], UTC))
    for member, name in (("Unit", "unit"), ("Statistic", "statistic"), ("Period", "period")):
        if member in alarm:
            found[name] = alarm[member]
    if "ExtendedStatistic" in alarm:
        found["statistic"] = alarm["ExtendedStatistic"]
    found["recentDatapoints"] = [value for _, value in reversed(verdict.points)]
    found["threshold"] = alarm["Threshold"]
    found["evaluatedDatapoints"] = [
        _evaluated(at, value, verdict.sizes.get(at)) for at, value in verdict.evaluated
    ]
    return found


def _evaluated(at: int, value: float | None, size: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"timestamp": stamp(datetime.fromtimestamp(at, UTC))}
    if value is not None:
        if size is not None:
            found["sampleCount"] = size
        found["value"] = value
    return found


def stamp(moment: datetime) -> str:
    """A time as alarms write it: `2026-01-01T00:00:00.000+0000`."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
