"""A metric's points as a series: put together by the period that a request asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.cloudwatch.store import DAY_S, FIVE_MINUTES_S, HOUR_S, MINUTE_S

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lambent.services.cloudwatch.points import Point
    from lambent.services.cloudwatch.statistics import Statistic
    from lambent.services.cloudwatch.store import Stored

SHORT_PERIODS = (1, 5, 10, 20, 30)


@dataclass(frozen=True, slots=True)
class Span:
    """What is asked for: from `start_s` (rounded) until before `end_s`, in pieces of `period` seconds."""

    start_s: int
    end_s: int
    period: int

    @classmethod
    def of(cls, start: datetime, end: datetime, period: int, now: datetime) -> Span:
        """ "CloudWatch rounds the specified time stamp" (StartTime of GetMetricStatistics): the older, the more."""
        age_s = now.timestamp() - start.timestamp()
        if age_s > 63 * DAY_S:
            step = HOUR_S
        elif age_s > 15 * DAY_S:
            step = FIVE_MINUTES_S
        else:
            step = min(MINUTE_S, period)
        start_s = math.floor(start.timestamp())
        return cls(start_s - start_s % step, math.ceil(end.timestamp()), period)

    def piece(self, second: int) -> int:
        """The start of the piece that a moment is in."""
        return second - (second - self.start_s) % self.period


def gathered(rows: Iterable[Stored], span: Span) -> dict[tuple[int, str], Point]:
    """Start of the piece and unit -> what is known of it. What is stored in longer stretches than asked for is left
    out: it cannot be told apart any more."""
    found: dict[tuple[int, str], Point] = {}
    for row in rows:
        if row.period > span.period and row.period > MINUTE_S:
            continue
        place = span.piece(row.start_s), row.unit
        if place in found:
            found[place].add(row.point)
        else:
            found[place] = row.point.copy()
    return found


def values(rows: Iterable[Stored], span: Span, statistic: Statistic) -> dict[int, float]:
    """Start of each piece -> the statistic of it, over all units, where there is one."""
    whole: dict[int, Point] = {}
    for (second, _), point in gathered(rows, span).items():
        if second in whole:
            whole[second].add(point)
        else:
            whole[second] = point
    found = {second: statistic(point) for second, point in sorted(whole.items())}
    return {second: value for second, value in found.items() if value is not None}
