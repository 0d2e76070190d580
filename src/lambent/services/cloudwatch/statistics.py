"""Statistics by their names ("CloudWatch statistics definitions", user guide): `Average`, `p99.9`, `TM(10%:90%)`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.cloudwatch.points import Point

    # None: it cannot be told from what is known.
    Statistic = Callable[[Point], float | None]

SIMPLE: dict[str, Statistic] = {
    "SampleCount": lambda point: point.count,
    "Average": lambda point: point.total / point.count if point.count else None,
    "Sum": lambda point: point.total,
    "Minimum": lambda point: point.minimum,
    "Maximum": lambda point: point.maximum,
}
# AWS takes p100.99, too, and refuses p101.
_SHORT = re.compile(
    r"(p)(\d{1,2}(?:\.\d{1,10})?|100(?:\.\d{1,10})?)|(tm|tc|ts|wm)(\d{1,2}(?:\.\d{1,10})?|100(?:\.0{1,10})?)",
    re.IGNORECASE,
)
_BOUND = r"(\d+(?:\.\d+)?%?|)"
_RANGE = re.compile(rf"(TM|TC|TS|WM|PR)\({_BOUND}:{_BOUND}\)", re.IGNORECASE)
_IQM = "IQM"


def find(name: str) -> Statistic | None:
    """The statistic of this name; None where there is none."""
    return SIMPLE.get(name) or extended(name)


def extended(name: str) -> Statistic | None:
    """Those beside the five simple ones."""
    if name.upper() == _IQM:
        return _Range("TM", _Bound(25, is_percent=True), _Bound(75, is_percent=True))
    if found := _SHORT.fullmatch(name):
        if found[1]:
            return _Percentile(min(float(found[2]), 100))
        return _Range(found[3].upper(), None, _Bound(float(found[4]), is_percent=True))
    if found := _RANGE.fullmatch(name):
        return _range(found[1].upper(), found[2], found[3])
    return None


def _range(kind: str, low: str, high: str) -> Statistic | None:
    if not low and not high:
        return None
    bounds = [_Bound.read(text) if text else None for text in (low, high)]
    percents = {bound.is_percent for bound in bounds if bound}
    if len(percents) > 1 or (kind == "PR" and True in percents):
        return None
    if True in percents and any(bound and bound.value > 100 for bound in bounds):
        return None
    lower, upper = bounds
    if lower and upper and lower.value >= upper.value:
        return None
    return _Range(kind, lower, upper)


@dataclass(frozen=True, slots=True)
class _Percentile:
    share: float

    def __call__(self, point: Point) -> float | None:
        # "Percentile statistics are not available for metrics when any of the metric values are negative numbers."
        if not point.spread or point.minimum < 0:
            return None
        return at(sorted(point.spread.items()), self.share)


def at(spread: list[tuple[float, float]], share: float) -> float:
    """The value below which lies this share (0 to 100) of all: that of the nearest rank."""
    rank = max(share / 100 * math.fsum(count for _, count in spread), 1e-9)
    passed = 0.0
    for value, count in spread:
        passed += count
        if passed >= rank - 1e-9:
            return value
    return spread[-1][0]


@dataclass(frozen=True, slots=True)
class _Bound:
    value: float
    is_percent: bool

    @classmethod
    def read(cls, text: str) -> _Bound:
        return cls(float(text.rstrip("%")), text.endswith("%"))


@dataclass(frozen=True, slots=True)
class _Range:
    """Trimmed mean, count and sum, winsorized mean and percentile rank: of what lies between two bounds."""

    kind: str
    low: _Bound | None
    high: _Bound | None

    def __call__(self, point: Point) -> float | None:
        if not point.spread:
            return None
        spread = sorted(point.spread.items())
        if self._by_percent:
            inside, low, high = self._trimmed(spread)
        else:
            inside, low, high = self._bounded(spread)
        count = math.fsum(each for _, each in inside)
        if self.kind == "TC":
            return count
        if self.kind == "PR":
            return 100 * count / point.count
        total = math.fsum(value * each for value, each in inside)
        if self.kind == "TS":
            return total
        if self.kind == "WM":
            # What lies outside counts as the bound that it is beyond.
            below = math.fsum(each for value, each in spread if value < low)
            above = math.fsum(each for value, each in spread if value > high)
            within = math.fsum(value * each for value, each in spread if low <= value <= high)
            return (within + below * low + above * high) / point.count
        return total / count if count else None

    @property
    def _by_percent(self) -> bool:
        return bool((self.low and self.low.is_percent) or (self.high and self.high.is_percent))

    def _trimmed(
        self, spread: list[tuple[float, float]]
    ) -> tuple[list[tuple[float, float]], float, float]:
        """By rank: a value of which only a part lies between the bounds counts with that part."""
        whole = math.fsum(count for _, count in spread)
        first = whole * (self.low.value if self.low else 0) / 100
        last = whole * (self.high.value if self.high else 100) / 100
        inside, passed = [], 0.0
        for value, count in spread:
            part = min(passed + count, last) - max(passed, first)
            passed += count
            if part > 1e-9:
                inside.append((value, part))
        low = at(spread, self.low.value) if self.low else spread[0][0]
        high = at(spread, self.high.value) if self.high else spread[-1][0]
        return inside, low, high

    def _bounded(
        self, spread: list[tuple[float, float]]
    ) -> tuple[list[tuple[float, float]], float, float]:
        """By value: above the lower bound, up to the upper one."""
        low = self.low.value if self.low else -math.inf
        high = self.high.value if self.high else math.inf
        inside = [(value, count) for value, count in spread if low < value <= high]
        return inside, max(low, spread[0][0]), min(high, spread[-1][0])
