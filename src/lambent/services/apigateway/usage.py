"""GetUsage and UpdateUsage: what keys have called, and what is left of their quota."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
from lambent.services.apigateway.documents import USAGE_PLAN_KEYS
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, integer, member
from lambent.services.apigateway.usage_plans import find_plan, find_plan_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database, Tx
    from lambent.services.apigateway.usage_counts import UsageCounts

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "The date range cannot be more than 90 days" (GetUsage).
MAX_DAYS = 90
_PATCHES = PatchTable((member("/remaining", convert=integer, required=True),))


@dataclass(frozen=True, slots=True)
class Usage:
    """The operations on usage."""

    database: Database
    counts: UsageCounts

    async def get_usage(self, context: RequestContext, request: Request) -> Document:
        first, last = _day(request["startDate"]), _day(request["endDate"])
        if last < first:
            raise BadRequest("Invalid date range: the end date is before the start date")
        if (last - first).days >= MAX_DAYS:
            raise BadRequest("Invalid date range: at most 90 days can be asked for")

        def look(tx: Tx) -> tuple[Document, list[str]]:
            plan = find_plan(tx, context.scope, request["usagePlanId"])
            if request.get("keyId"):
                return plan, [find_plan_key(tx, context.scope, plan["id"], request["keyId"])["id"]]
            rows = USAGE_PLAN_KEYS.rows_of(tx, context.scope, plan["id"])
            return plan, [row.id for row in rows]

        plan, keys = await self.database.read(look)
        shown = page([{"id": key} for key in keys], request, lambda each: str(each["id"]))
        answer: Document = {
            "usagePlanId": plan["id"],
            "startDate": request["startDate"],
            "endDate": request["endDate"],
            "items": {
                each["id"]: self._series(plan, each["id"], first, last) for each in shown["items"]
            },
        }
        return answer | ({"position": shown["position"]} if "position" in shown else {})

    async def update_usage(self, context: RequestContext, request: Request) -> Document:
        def look(tx: Tx) -> Document:
            plan = find_plan(tx, context.scope, request["usagePlanId"])
            find_plan_key(tx, context.scope, plan["id"], request["keyId"])
            return plan

        plan, key_id = await self.database.read(look), request["keyId"]
        quota = plan.get("quota")
        before = {"remaining": self.counts.left(plan["id"], key_id, quota) if quota else 0}
        left = _PATCHES.apply(before, request)["remaining"]
        if not quota:
            raise BadRequest("Usage Plan does not have a quota")
        if not 0 <= left < 2**31:
            raise BadRequest(f"Invalid remaining quota specified: {left}")
        self.counts.set_left(plan["id"], key_id, quota, left)
        await self.counts.flush()
        today = context.now.date()
        return {
            "usagePlanId": plan["id"],
            "startDate": today.isoformat(),
            "endDate": today.isoformat(),
            "items": {key_id: self._series(plan, key_id, today, today)},
        }

    def _series(self, plan: Document, key_id: str, first: date, last: date) -> list[list[int]]:
        """[used, remaining] of each day; without a quota nothing remains."""
        used, quota = self.counts.days(plan["id"], key_id), plan.get("quota")
        series = []
        for number in range((last - first).days + 1):
            day = first + timedelta(number)
            left = self.counts.left(plan["id"], key_id, quota, day) if quota else 0
            series.append([used.get(day, 0), left])
        return series


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"Invalid date: {text}. Dates must have the form YYYY-MM-DD") from None
