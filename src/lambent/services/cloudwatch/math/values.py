"""What expressions are computed with: numbers, series, lists of series."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from lambent.services.cloudwatch.math.syntax import Malformed

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Series:
    """Values by the second at which their piece begins, in order of time. `period` in seconds."""

    values: dict[int, float]
    label: str
    period: int
    facts: dict[str, str] = field(default_factory=dict)  # of one metric: what labels may name

    def mapped(self, change: Callable[[float], float | None]) -> Series:
        """Another one of the same times; where `change` gives nothing, nothing is there."""
        found = {
            at: changed
            for at, value in self.values.items()
            if (changed := change(value)) is not None
        }
        return replace(self, values=_finite(found))

    def with_values(self, values: dict[int, float]) -> Series:
        return replace(self, values=_finite(values))


Value: TypeAlias = float | str | Series | list[Series]


def _finite(values: dict[int, float]) -> dict[int, float]:
    return {at: value for at, value in values.items() if math.isfinite(value)}


def _divided(left: float, right: float) -> float | None:
    return None if right == 0 else left / right


def _power(left: float, right: float) -> float | None:
    try:
        found = left**right
    except (OverflowError, ZeroDivisionError):
        return None
    return found if isinstance(found, float) else None  # a root of a negative number


OPERATORS: dict[str, Callable[[float, float], float | None]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divided,
    "^": _power,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<=": lambda left, right: float(left <= right),
    ">=": lambda left, right: float(left >= right),
    "<": lambda left, right: float(left < right),
    ">": lambda left, right: float(left > right),
    "&&": lambda left, right: float(bool(left) and bool(right)),
    "||": lambda left, right: float(bool(left) or bool(right)),
}


def combined(operator: str, left: Value, right: Value) -> Value:
    """`left operator right`: of series, at each time that one of them has, where "missing values ... are treated as 0";
    of a list, for each series in it.

    Raises:
        Malformed: the two do not go together.
    """
    if isinstance(left, str) or isinstance(right, str):
        raise Malformed(f"'{operator}' does not take text")
    if isinstance(left, list):
        if isinstance(right, list):
            raise Malformed(f"'{operator}' does not take two arrays")
        return [_one(operator, each, right) for each in left]
    if isinstance(right, list):
        return [_one(operator, each, left, is_turned=True) for each in right]
    if isinstance(left, Series):
        return _one(operator, left, right)
    if isinstance(right, Series):
        return _one(operator, right, left, is_turned=True)
    found = OPERATORS[operator](left, right)
    if found is None or not math.isfinite(found):
        raise Malformed(f"{left} {operator} {right} has no value")
    return found


def _one(
    operator: str, series: Series, other: float | Series, *, is_turned: bool = False
) -> Series:
    run = OPERATORS[operator]
    if isinstance(other, Series):
        times = sorted({*series.values, *other.values})
        pairs = [(at, series.values.get(at, 0.0), other.values.get(at, 0.0)) for at in times]
    else:
        pairs = [(at, value, other) for at, value in series.values.items()]
    found: dict[int, float] = {}
    for at, first, second in pairs:
        result = run(second, first) if is_turned else run(first, second)
        if result is not None:
            found[at] = result
    return replace(series.with_values(found), facts={})
