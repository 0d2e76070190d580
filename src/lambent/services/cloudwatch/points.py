"""What is known of the values that a metric had in one stretch of time: the statistic set, and how they are spread.

Percentiles want the spread. A handful of values is kept as it is; of more, those within a hundredth of each other count
as one. Values that came as a statistic set have no spread, and so no percentiles ("Percentiles", user guide).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from lambent.core.spread import EXACT, rounded

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(slots=True)
class Point:
    """`spread` maps values to how often they came; None where that is not known."""

    count: float
    total: float
    minimum: float
    maximum: float
    spread: dict[float, float] | None

    @classmethod
    def of(cls, values: Iterable[tuple[float, float]]) -> Point:
        """Of values and how often each came, at least one."""
        spread: dict[float, float] = {}
        for value, count in values:
            spread[value] = spread.get(value, 0.0) + count
        total = math.fsum(value * count for value, count in spread.items())
        count = math.fsum(spread.values())
        return cls(count, total, min(spread), max(spread), thinned(spread))

    @classmethod
    def of_statistics(cls, count: float, total: float, minimum: float, maximum: float) -> Point:
        """Of a statistic set. Where all its values are alike their spread is known after all."""
        is_known = count == 1 or minimum == maximum
        return cls(count, total, minimum, maximum, {minimum: count} if is_known else None)

    def add(self, other: Point) -> None:
        """Take in what another one knows of the same stretch."""
        self.count += other.count
        self.total += other.total
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        if self.spread is None or other.spread is None:
            self.spread = None
            return
        for value, count in other.spread.items():
            self.spread[value] = self.spread.get(value, 0.0) + count
        self.spread = thinned(self.spread)

    def copy(self) -> Point:
        spread = None if self.spread is None else dict(self.spread)
        return Point(self.count, self.total, self.minimum, self.maximum, spread)


def thinned(spread: dict[float, float]) -> dict[float, float]:
    """The spread with no more values than needed: neighbours are put together where there are many."""
    if len(spread) <= EXACT:
        return spread
    found: dict[float, float] = {}
    for value, count in spread.items():
        near = rounded(value)
        found[near] = found.get(near, 0.0) + count
    return found


def spread_text(point: Point) -> str | None:
    """As the database has it."""
    return None if point.spread is None else orjson.dumps(list(point.spread.items())).decode()


def read_spread(text: str | None) -> dict[float, float] | None:
    return None if text is None else {float(value): count for value, count in orjson.loads(text)}
