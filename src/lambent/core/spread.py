"""How values are spread, gathered one by one at little cost: what metrics want of latencies and counts.

Of a few different values each is kept; of more, those within a hundredth of each other count as one. Their number, sum,
least and greatest stay exact.
"""

from __future__ import annotations

import math

# So many different values are kept as they are.
EXACT = 200
_STEP = math.log(1.01)


class Spread:
    """`values` maps each value to how often it came."""

    __slots__ = ("_is_coarse", "count", "maximum", "minimum", "total", "values")

    def __init__(self) -> None:
        self.count: float = 0
        self.total = 0.0
        self.minimum = math.inf
        self.maximum = -math.inf
        self.values: dict[float, float] = {}
        self._is_coarse = False

    @classmethod
    def of(cls, *values: float) -> Spread:
        found = cls()
        for value in values:
            found.add(value)
        return found

    @classmethod
    def of_ones(cls, ones: int, count: int) -> Spread:
        """Of `count` ones and noughts, so many of which are ones."""
        found = cls()
        for value, number in ((1.0, ones), (0.0, count - ones)):
            if number:
                found._take(value, number)
        return found

    def add(self, value: float) -> None:
        """One value more, which must be finite."""
        # Not by `_take`: every invocation comes here.
        self.count += 1
        self.total += value
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        if self._is_coarse:
            value = rounded(value)
        values = self.values
        values[value] = values.get(value, 0) + 1
        if len(values) > EXACT and not self._is_coarse:
            self._make_coarse()

    def take(self, other: Spread) -> None:
        """Add what another one has."""
        for value, number in other.values.items():
            self._keep(value, number)
        self.count += other.count
        self.total += other.total
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)

    def _take(self, value: float, number: int) -> None:
        self.count += number
        self.total += value * number
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        self._keep(value, number)

    def _keep(self, value: float, number: float) -> None:
        if self._is_coarse:
            value = rounded(value)
        values = self.values
        values[value] = values.get(value, 0) + number
        if len(values) > EXACT and not self._is_coarse:
            self._make_coarse()

    def _make_coarse(self) -> None:
        exact, self.values = self.values, {}
        self._is_coarse = True
        for each, count in exact.items():
            near = rounded(each)
            self.values[near] = self.values.get(near, 0) + count


def rounded(value: float) -> float:
    """The value that stands for its neighbours."""
    if value == 0:
        return 0.0
    return math.copysign(math.exp(round(math.log(abs(value)) / _STEP) * _STEP), value)
