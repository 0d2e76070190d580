"""Quotas of usage plans: requests per key and day, week or month, on the platform's calendar (UTC)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock


def period_start(period: str, day: date) -> date:
    """The first day of the period; weeks begin on Sunday."""
    if period == "MONTH":
        return day.replace(day=1)
    if period == "WEEK":
        return day - timedelta(days=(day.weekday() + 1) % 7)
    return day


class Usage:
    """What keys have used, by usage plan and day: what GetUsage shows and UpdateUsage changes.

    Held in memory: counts begin anew when the platform starts.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._days: dict[tuple[str, str], dict[date, int]] = {}
        self._extra: dict[tuple[str, str, date], int] = {}
        self._first: dict[tuple[str, str], date] = {}

    def count(self, plan_id: str, key_id: str, quota: Mapping[str, Any] | None) -> bool:
        """Count one request; False, and nothing counted, where the quota is used up."""
        today = self._clock.calendar().date()
        if quota and self.left(plan_id, key_id, quota) <= 0:
            return False
        days = self._days.setdefault((plan_id, key_id), {})
        days[today] = days.get(today, 0) + 1
        self._first.setdefault((plan_id, key_id), today)
        return True

    def left(self, plan_id: str, key_id: str, quota: Mapping[str, Any]) -> int:
        """Requests that remain in the present period. The quota's offset counts as used in a key's first one."""
        today = self._clock.calendar().date()
        start = period_start(str(quota.get("period", "DAY")), today)
        days = self._days.get((plan_id, key_id), {})
        used = sum(count for day, count in days.items() if day >= start)
        if self._first.get((plan_id, key_id), today) >= start:
            used += int(quota.get("offset") or 0)
        extra = self._extra.get((plan_id, key_id, start), 0)
        return int(quota.get("limit") or 0) + extra - used

    def set_left(self, plan_id: str, key_id: str, quota: Mapping[str, Any], left: int) -> None:
        """Grant a key so many requests for the rest of the present period."""
        today = self._clock.calendar().date()
        start = period_start(str(quota.get("period", "DAY")), today)
        more = left - self.left(plan_id, key_id, quota)
        held = self._extra.get((plan_id, key_id, start), 0)
        self._extra[plan_id, key_id, start] = held + more

    def days(self, plan_id: str, key_id: str) -> Mapping[date, int]:
        """Requests per day."""
        return self._days.get((plan_id, key_id), {})
