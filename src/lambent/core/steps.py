"""Times in steps that grow with them: what can be kept of very many, added up, and taken from each other.

A step is a twelfth of a doubling, 6 %. `core.spread` keeps more, and cannot be subtracted.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TO_A_DOUBLING = 12
# Below 2 us of a time in milliseconds nothing is told apart.
LOWEST = -108


def step_of(value: float) -> int:
    """The step that holds a value; it ends at `end_of` that."""
    if value <= 0:
        return LOWEST
    return max(LOWEST, math.ceil(math.log2(value) * _TO_A_DOUBLING))


def end_of(step: int) -> float:
    return float(2 ** (step / _TO_A_DOUBLING))


def quantile(counts: Mapping[int, float], share: float) -> float | None:
    """The value below which this share of all lies, to the width of a step; None of nothing."""
    wanted = share * sum(counts.values())
    if not wanted > 0:
        return None
    step = LOWEST
    below = 0.0
    for step in sorted(counts):
        count = counts[step]
        if below + count >= wanted:
            # Within a step they are taken to lie evenly.
            return end_of(step - 1) + (end_of(step) - end_of(step - 1)) * (wanted - below) / count
        below += count
    return end_of(step)  # the sum of fractions may miss the last one by a rounding
