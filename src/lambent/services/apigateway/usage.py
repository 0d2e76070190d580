"""GetUsage and UpdateUsage: what keys have called, and what is left of their quota."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lambent.services.apigateway import usage_records
from lambent.services.apigateway.documents import USAGE_PLAN_KEYS
from lambent.services.apigateway.errors import BadRequest
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, integer, member
from lambent.services.apigateway.usage_plans import find_plan, find_plan_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "The date range cannot be more than 90 days" (GetUsage).
MAX_DAYS = 90
_PATCHES = PatchTable((member("/remaining", convert=integer, required=True),))


@dataclass(frozen=True, slots=True)
class Usage:
    """The operations on usage. `on_remaining(account, region, plan, key, remaining)` hears, once it is durable, what
    UpdateUsage has set: for who counts in memory.
    """

    on_remaining: Callable[[str, str, str, str, int], None] = lambda *_: None

    def get_usage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope = context.scope
        plan = find_plan(tx, scope, request["usagePlanId"])
        first, last = _day(request["startDate"]), _day(request["endDate"])
        if last < first:
            raise BadRequest("Invalid date range: the end date is before the start date")
        if (last - first).days >= MAX_DAYS:
            raise BadRequest("Invalid date range: at most 90 days can be asked for")
        keys = [row.id for row in USAGE_PLAN_KEYS.rows_of(tx, scope, plan["id"])]
        if request.get("keyId"):
            keys = [find_plan_key(tx, scope, plan["id"], request["keyId"])["id"]]
        shown = page([{"id": key} for key in keys], request, lambda each: str(each["id"]))
        answer: Document = {
            "usagePlanId": plan["id"],
            "startDate": request["startDate"],
            "endDate": request["endDate"],
            "items": {
                each["id"]: _series(tx, scope, plan, each["id"], first, last)
                for each in shown["items"]
            },
        }
        return answer | ({"position": shown["position"]} if "position" in shown else {})

    def update_usage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope = context.scope
        plan = find_plan(tx, scope, request["usagePlanId"])
        key_id = find_plan_key(tx, scope, plan["id"], request["keyId"])["id"]
        if "quota" not in plan:
            raise BadRequest("Usage Plan does not have a quota")
        today = context.now.date()
        left = _PATCHES.apply(
            {
                "remaining": usage_records.remaining(
                    tx, scope, plan["id"], key_id, plan["quota"], today
                )
            },
            request,
        )["remaining"]
        if left < 0:
            raise BadRequest("Remaining quota must not be negative")
        used = usage_records.days(tx, scope, plan["id"], key_id, today, today).get(today, (0, 0))[0]
        usage_records.put(tx, scope, plan["id"], key_id, today, used, left)
        tx.after_commit(self.on_remaining, scope.account_id, scope.region, plan["id"], key_id, left)
        return {
            "usagePlanId": plan["id"],
            "startDate": today.isoformat(),
            "endDate": today.isoformat(),
            "items": {key_id: [[used, left]]},
        }


def _series(
    tx: Tx, scope: Scope, plan: Document, key_id: str, first: date, last: date
) -> list[list[int]]:
    """[used, remaining] of each day; a day without calls leaves what the day before has left, or the whole quota of a
    period that begins.
    """
    quota = plan.get("quota")
    found = usage_records.days(tx, scope, plan["id"], key_id, first, last)
    left = 0
    if quota:
        left = usage_records.remaining(tx, scope, plan["id"], key_id, quota, first - timedelta(1))
    series = []
    for number in range((last - first).days + 1):
        day = first + timedelta(number)
        if quota and usage_records.period_start(quota, day) == day:
            left = int(quota["limit"])
        used, left = found.get(day, (0, left))
        series.append([used, left])
    return series


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"Invalid date: {text}. Dates must have the form YYYY-MM-DD") from None
