"""What has been called with each key of each usage plan, by day. The data plane counts, the control plane shows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from lambent.services.apigateway.tables import USAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import ColumnElement

    from lambent.core.context import Scope
    from lambent.core.ports import Tx

_C = USAGE.c


def period_start(quota: Mapping[str, Any], today: date) -> date:
    """The first day of the period that `today` is in: weeks begin on Sunday, months on the 1st, each later by the
    quota's offset.
    """
    offset = timedelta(days=quota.get("offset", 0))
    if quota["period"] == "DAY":
        return today
    if quota["period"] == "WEEK":
        return today - timedelta(days=((today - offset).weekday() + 1) % 7)
    return (today - offset).replace(day=1) + offset


def put(
    tx: Tx, scope: Scope, plan_id: str, key_id: str, day: date, used: int, remaining: int
) -> None:
    """What a day's count has come to, and what is left of the quota."""
    where = _is(scope, plan_id, key_id) & (_C.day == day.isoformat())
    if tx.execute(update(USAGE).where(where).values(used=used, remaining=remaining)):
        return
    values = {
        "account_id": scope.account_id,
        "region": scope.region,
        "plan_id": plan_id,
        "key_id": key_id,
        "day": day.isoformat(),
        "used": used,
        "remaining": remaining,
    }
    tx.execute(insert(USAGE).values(values))


def days(
    tx: Tx, scope: Scope, plan_id: str, key_id: str, first: date, last: date
) -> dict[date, tuple[int, int]]:
    """Used and remaining, for the days on which something was counted."""
    where = _is(scope, plan_id, key_id) & _C.day.between(first.isoformat(), last.isoformat())
    return {
        date.fromisoformat(row.day): (row.used, row.remaining)
        for row in tx.all(select(USAGE).where(where).order_by(_C.day))
    }


def remaining(
    tx: Tx, scope: Scope, plan_id: str, key_id: str, quota: Mapping[str, Any], today: date
) -> int:
    """What is left of the period's quota."""
    found = days(tx, scope, plan_id, key_id, period_start(quota, today), today)
    return found[max(found)][1] if found else int(quota["limit"])


def remove_plan(tx: Tx, scope: Scope, plan_id: str) -> None:
    """Everything that was counted under a plan."""
    where = (
        (_C.account_id == scope.account_id) & (_C.region == scope.region) & (_C.plan_id == plan_id)
    )
    tx.execute(delete(USAGE).where(where))


def _is(scope: Scope, plan_id: str, key_id: str) -> ColumnElement[bool]:
    return (
        (_C.account_id == scope.account_id)
        & (_C.region == scope.region)
        & (_C.plan_id == plan_id)
        & (_C.key_id == key_id)
    )
