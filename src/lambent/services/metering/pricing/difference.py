"""Two bills side by side: who has become dearer, for each request and at list prices.

Not by the sums: two runs seldom have as many requests, and a free tier would hide that a change costs something.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_MILLION = 1_000_000


class BillInvalid(Exception):
    """What is not a bill of `lambent bill --json`, or not of the same kind. The text says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """Costs of a million requests; None where the bill does not have the group, or no request of it."""

    name: str
    before: Decimal | None
    after: Decimal | None

    @property
    def percent(self) -> Decimal | None:
        """None: there is nothing to compare. A group that cost nothing before has become infinitely dearer."""
        if self.before is None or self.after is None:
            return None
        if not self.before:
            return Decimal("Infinity") if self.after else Decimal(0)
        return (self.after - self.before) / self.before * 100

    def is_dearer(self, threshold: Decimal) -> bool:
        percent = self.percent
        return percent is not None and percent > threshold


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Every group of either. Raises BillInvalid."""
    for name in ("currency", "by"):
        if _of(before, name) != _of(after, name):
            raise BillInvalid(f"their {name} differs: {before[name]} and {after[name]}")
    first, second = _costs(before), _costs(after)
    names = sorted({*first, *second})
    return [Change(name, first.get(name), second.get(name)) for name in names]


def _costs(bill: Mapping[str, Any]) -> dict[str, Decimal]:
    costs = {}
    try:
        for group in bill["groups"]:
            if group["requests"]:
                amount = Decimal(group["list_amount"])
                costs[str(group["name"])] = amount * _MILLION / int(group["requests"])
    except (LookupError, TypeError, ValueError, ArithmeticError) as problem:
        raise BillInvalid("not a bill of `lambent bill --json`") from problem
    return costs


def _of(bill: Any, name: str) -> Any:
    if not isinstance(bill, dict) or name not in bill:
        raise BillInvalid("not a bill of `lambent bill --json`")
    return bill[name]
