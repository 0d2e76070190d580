"""From data points to the state of a metric alarm ("How alarms evaluate metric data", CloudWatch user guide)."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import UTC, datetime
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
    """What the points say. `points`: those that were looked at, newest first, as (second, value)."""

    state: str
    reason: str
    points: tuple[tuple[int, float], ...]


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
    say = _Words(words, threshold, wanted, needed, real)
    if missing == 0:
        return say.crossed(len(breaching) >= needed, breaching)
    treatment = alarm.get("TreatMissingData", "missing")
    if treatment in {"breaching", "notBreaching"}:
        count = len(breaching) + (missing if treatment == "breaching" else 0)
        return say.treated(count >= needed, missing, treatment)
    if len(breaching) >= needed or len(breaching) < len(real):
        return say.crossed(len(breaching) >= needed, breaching)
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
    """Reasons as AWS words them."""

    comparison: str
    threshold: float
    wanted: int
    needed: int
    real: list[tuple[int, float]]

    def crossed(self, is_alarm: bool, breaching: Sequence[tuple[int, float]]) -> Verdict:
        shown = self.real if not is_alarm else list(breaching)
        newest = tuple(reversed(self.real))
        values = ", ".join(f"{value} ({_short(at)})" for at, value in reversed(shown))
        many = len(shown) != 1
        subject = f"{len(shown)} datapoint{'s' if many else ''} [{values}]"
        if self.wanted != self.needed and is_alarm:
            subject = f"{len(shown)} out of the last {self.wanted} datapoints [{values}]"
        verb = ("were" if many else "was") + ("" if is_alarm else " not")
        text = f"Threshold Crossed: {subject} {verb} {self.comparison} the threshold ({self.threshold})"
        if self.wanted > 1:
            few = self.needed if is_alarm else self.wanted - self.needed + 1
            way = "OK -> ALARM" if is_alarm else "ALARM -> OK"
            text += f" (minimum {few} datapoint{'s' if few != 1 else ''} for {way} transition)"
        return Verdict(ALARM if is_alarm else OK, f"{text}.", newest)

    def treated(self, is_alarm: bool, missing: int, treatment: str) -> Verdict:
        how = {"breaching": "Breaching", "notBreaching": "NonBreaching"}[treatment]
        many = missing != 1
        text = (
            f"Threshold Crossed: no datapoints were received for {missing} period{'s' if many else ''} and "
            f"{missing} missing datapoint{'s were' if many else ' was'} treated as [{how}]."
        )
        return Verdict(ALARM if is_alarm else OK, text, tuple(reversed(self.real)))

    def unknown(self) -> Verdict:
        many = self.wanted != 1
        text = f"Insufficient Data: {self.wanted} datapoint{'s were' if many else ' was'} unknown."
        return Verdict(INSUFFICIENT_DATA, text, ())


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
        {"timestamp": stamp(datetime.fromtimestamp(at, UTC)), "value": value}
        for at, value in verdict.points
    ]
    return found


def stamp(moment: datetime) -> str:
    """A time as alarms write it: `2026-01-01T00:00:00.000+0000`."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
