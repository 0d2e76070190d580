"""What `lambent top` shows, from two looks at the platform: what has happened between them, and what there is now."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.core.steps import quantile

if TYPE_CHECKING:
    from collections.abc import Mapping

# So far back a table that is shown again and again reaches: slow enough to be read, quick enough to be news.
WINDOW_S = 60.0

Name = tuple[str, str, str]  # account, region, function


@dataclass(frozen=True, slots=True)
class Row:
    """Of one function. Times in milliseconds, memory in MiB."""

    account: str
    region: str
    name: str
    rate: float
    calls: float
    errors: float
    throttles: float
    p50: float | None
    p99: float | None
    running: int
    busy: int
    idle: int
    memory_mib: int
    peak_mib: int


class History:
    """The looks of the last `WINDOW_S`, so that a new one can be held against the oldest."""

    def __init__(self) -> None:
        self._looks: deque[Mapping[str, Any]] = deque()

    def take(self, look: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The look to compare this one with; None: with the platform's start."""
        if self._looks and look["uptime_s"] < self._looks[-1]["uptime_s"]:
            self._looks.clear()  # it has been started again
        self._looks.append(look)
        while look["uptime_s"] - self._looks[0]["uptime_s"] > WINDOW_S and len(self._looks) > 2:
            self._looks.popleft()
        return self._looks[0] if len(self._looks) > 1 else None


def span_s(look: Mapping[str, Any], before: Mapping[str, Any] | None) -> float:
    """Between the two. Never nothing: rates are divided by it."""
    since = 0.0 if before is None else before["uptime_s"]
    return max(float(look["uptime_s"] - since), 0.001)


def rows(look: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[Row]:
    """The busiest first; of those that did nothing, those that have environments."""
    earlier = {} if before is None else {_name(each): each for each in before["functions"]}
    seconds = span_s(look, before)
    found = [_row(each, earlier.get(_name(each), {}), seconds) for each in look["functions"]]
    return sorted(found, key=_order)


def _order(row: Row) -> tuple[object, ...]:
    return (-row.calls, -row.throttles, -row.busy - row.idle, row.account, row.region, row.name)


def _name(function: Mapping[str, Any]) -> Name:
    return function["account"], function["region"], function["function"]


def _row(function: Mapping[str, Any], before: Mapping[str, Any], seconds: float) -> Row:
    account, region, name = _name(function)
    earlier = dict(before.get("durations", ()))
    durations = {
        step: count - earlier.get(step, 0)
        for step, count in function["durations"]
        if count > earlier.get(step, 0)
    }
    calls = function["invocations"] - before.get("invocations", 0)
    return Row(
        account,
        region,
        name,
        rate=calls / seconds,
        calls=calls,
        errors=function["errors"] - before.get("errors", 0),
        throttles=function["throttles"] - before.get("throttles", 0),
        p50=quantile(durations, 0.5),
        p99=quantile(durations, 0.99),
        running=function["running"],
        busy=function["busy"],
        idle=function["idle"],
        memory_mib=function["memory_mib"],
        peak_mib=function["peak_mib"],
    )
