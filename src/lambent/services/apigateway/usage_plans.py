"""Usage plans: which keys may call which stages, how fast and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import HTTP_APIS, STAGES
from lambent.apis.errors import BadRequest, Conflict, NotFound
from lambent.apis.tag_rules import check_tags
from lambent.core import ids
from lambent.services.apigateway.api_keys import find_key
from lambent.services.apigateway.documents import API_KEYS, USAGE_PLAN_KEYS, USAGE_PLANS
from lambent.services.apigateway.paging import page, shown
from lambent.services.apigateway.patches import (
    PatchTable,
    custom,
    integer,
    member,
    number,
    one_of,
    structure,
)
from lambent.services.apigateway.usage_counts import remove_plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher
    from lambent.services.apigateway.usage_counts import UsageCounts

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_METHODS = frozenset({"*", "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# The greatest offset, and how AWS says it.
_LAST_OFFSET = {"DAY": 0, "WEEK": 6, "MONTH": 27}


@dataclass(frozen=True, slots=True)
class UsagePlans:
    """The operations on usage plans and their keys."""

    publisher: Publisher
    counts: UsageCounts

    def create_usage_plan(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        check_tags(request.get("tags") or {})
        plan: Document = {"id": ids.lower_alphanumeric(6), "name": request["name"]}
        if request.get("description"):
            plan["description"] = request["description"]
        plan["apiStages"] = [dict(each) for each in request.get("apiStages") or ()]
        for name in ("throttle", "quota", "tags"):
            if request.get(name):
                plan[name] = dict(request[name])
        if "throttle" in plan:
            plan["throttle"] = {"burstLimit": 0, "rateLimit": 0.0} | plan["throttle"]
        if "quota" in plan:
            plan["quota"] = {"offset": 0} | plan["quota"]
        self._put(tx, context, plan)
        return shown(plan)

    def get_usage_plan(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(find_plan(tx, context.scope, request["usagePlanId"]))

    def get_usage_plans(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        plans: Iterable[Document] = USAGE_PLANS.of(tx, context.scope)
        if request.get("keyId"):
            key_id = find_key(tx, context.scope, request["keyId"])["id"]
            plans = [
                plan
                for plan in plans
                if USAGE_PLAN_KEYS.find(tx, context.scope, plan["id"], key_id) is not None
            ]
        return page(plans, request, lambda plan: str(plan["id"]))

    def update_usage_plan(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        plan = _PATCHES.apply(find_plan(tx, context.scope, request["usagePlanId"]), request)
        self._put(tx, context, plan)
        return shown(plan)

    def delete_usage_plan(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope = context.scope
        plan = find_plan(tx, scope, request["usagePlanId"])
        if plan["apiStages"]:
            stages = ", ".join(f"{each['apiId']}:{each['stage']}" for each in plan["apiStages"])
            raise BadRequest(
                f"Cannot delete Usage Plan {plan['id']} because there are API Stages associated "
                f"with it, including {stages}"
            )
        keys = [row.id for row in USAGE_PLAN_KEYS.rows_of(tx, scope, plan["id"])]
        USAGE_PLAN_KEYS.remove_of(tx, scope, plan["id"])
        USAGE_PLANS.remove(tx, scope, "", plan["id"])
        remove_plan(tx, plan["id"])
        tx.after_commit(self.counts.forget, plan["id"])
        self.publisher.keys_changed(tx, scope, *keys)
        return {}

    def create_usage_plan_key(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope = context.scope
        plan = find_plan(tx, scope, request["usagePlanId"])
        if request["keyType"] != "API_KEY":
            raise BadRequest("Usage Plan key type must be set to API_KEY")
        key = find_key(tx, scope, request["keyId"])
        if USAGE_PLAN_KEYS.find(tx, scope, plan["id"], key["id"]) is not None:
            raise Conflict(f"Usage Plan {plan['id']} already contains API Key {key['id']}")
        for other in self._plans_of(tx, scope, key["id"]):
            for each in plan["apiStages"]:
                if any(_same(each, its) for its in other["apiStages"]):
                    raise Conflict(
                        f"Usage Plan {plan['id']} cannot be added because API Key cannot reference "
                        "multiple Usage Plans with the same API stage: "
                        f"{each['apiId']}:{each['stage']}"
                    )
        USAGE_PLAN_KEYS.put(tx, scope, plan["id"], key["id"], {"type": "API_KEY"})
        self.publisher.keys_changed(tx, scope, key["id"])
        return _plan_key(key)

    def get_usage_plan_key(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope = context.scope
        plan = find_plan(tx, scope, request["usagePlanId"])
        return _plan_key(find_plan_key(tx, scope, plan["id"], request["keyId"]))

    def get_usage_plan_keys(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, query = context.scope, request.get("nameQuery") or ""
        plan = find_plan(tx, scope, request["usagePlanId"])
        inside = {row.id for row in USAGE_PLAN_KEYS.rows_of(tx, scope, plan["id"])}
        keys = [_plan_key(key) for key in API_KEYS.of(tx, scope) if key["id"] in inside]
        named = [key for key in keys if key.get("name", "").startswith(query)]
        return page(named, request, lambda key: str(key["id"]))

    def delete_usage_plan_key(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope = context.scope
        plan = find_plan(tx, scope, request["usagePlanId"])
        key = find_plan_key(tx, scope, plan["id"], request["keyId"])
        USAGE_PLAN_KEYS.remove(tx, scope, plan["id"], key["id"])
        self.publisher.keys_changed(tx, scope, key["id"])
        return {}

    def _put(self, tx: Tx, context: RequestContext, plan: Document) -> None:
        _check_limits(plan)
        for each in plan["apiStages"]:
            if not each.get("apiId") or not each.get("stage"):
                # AWS, too, leaves the placeholders as they are.
                raise BadRequest(
                    "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s"
                )
            if HTTP_APIS.find(tx, context.scope, "", each["apiId"]) is not None:
                raise BadRequest("Usage plans are not allowed for HTTP Apis")
            if STAGES.find(tx, context.scope, each["apiId"], each["stage"]) is None:
                raise NotFound(f"API Stage not found: {each['apiId']}:{each['stage']}")
            _check_methods(each.get("throttle") or {})
            if each.get("throttle") and "throttle" not in plan:
                raise BadRequest(
                    "Can not define fine grain throttling if usage plan throttle is not defined."
                )
        USAGE_PLANS.put(tx, context.scope, "", plan["id"], plan)
        self.publisher.plan_changed(tx, context.scope, plan["id"])

    def _plans_of(self, tx: Tx, scope: Scope, key_id: str) -> list[Document]:
        return [
            find_plan(tx, scope, row.owner)
            for row in USAGE_PLAN_KEYS.everywhere(tx, key_id)
            if row.scope == scope
        ]


def drop_stages(
    tx: Tx, publisher: Publisher, scope: Scope, api_id: str, stage: str | None = None
) -> None:
    """Take a stage that is gone, or all of an API, out of the usage plans."""
    for plan in USAGE_PLANS.of(tx, scope):
        kept = [
            each
            for each in plan["apiStages"]
            if each["apiId"] != api_id or stage not in (None, each["stage"])
        ]
        if len(kept) < len(plan["apiStages"]):
            USAGE_PLANS.put(tx, scope, "", plan["id"], {**plan, "apiStages": kept})
            publisher.plan_changed(tx, scope, plan["id"])


def find_plan(tx: Tx, scope: Scope, plan_id: str) -> Document:
    """Raises NotFound."""
    plan = USAGE_PLANS.find(tx, scope, "", plan_id)
    if plan is None:
        raise NotFound("Invalid Usage Plan ID specified")
    return plan


def find_plan_key(tx: Tx, scope: Scope, plan_id: str, key_id: str) -> Document:
    """The API key, if it is in the plan. Raises NotFound."""
    if USAGE_PLAN_KEYS.find(tx, scope, plan_id, key_id) is None:
        raise NotFound("Invalid API Key identifier specified")
    return find_key(tx, scope, key_id)


def _plan_key(key: Document) -> Document:
    answer = {"id": key["id"], "type": "API_KEY", "value": key["value"]}
    return answer | ({"name": key["name"]} if "name" in key else {})


def _same(one: Document, other: Document) -> bool:
    return (one["apiId"], one["stage"]) == (other["apiId"], other["stage"])


def _check_limits(plan: Document) -> None:
    throttle, quota = plan.get("throttle", {}), plan.get("quota")
    for each in (throttle, *_stage_throttles(plan)):
        if each.get("burstLimit", 0) < 0 or each.get("rateLimit", 0) < 0:
            raise BadRequest("Usage Plan throttle limits must not be negative")
    if quota is None:
        return
    if quota.get("period") not in _LAST_OFFSET:
        raise BadRequest(
            "Invalid Usage Plan quota period specified. Must be one of [DAY, WEEK, MONTH]"
        )
    if quota.get("limit", 0) <= 0:
        raise BadRequest("Usage Plan quota limit must be a non-negative numeric")
    period, offset = quota["period"], quota.get("offset", 0)
    if period == "DAY" and offset:
        raise BadRequest("Usage Plan quota offset must be zero in the DAY period")
    last = _LAST_OFFSET[period]
    if not 0 <= offset <= last:
        raise BadRequest(
            f"Usage Plan quota offset must be between 0 and {last} inclusive in the {period} period"
        )


def _check_methods(throttles: Document) -> None:
    """Raises BadRequest for what is no path and method."""
    for key in throttles:
        path, _, method = key.rpartition("/") if "/" in key else (key, "", "")
        if method not in _METHODS:
            raise BadRequest(f"Invalid method {{resourcePath: {path},method: {method}}} specified")


def _stage_throttles(plan: Document) -> list[Document]:
    return [
        throttle for each in plan["apiStages"] for throttle in (each.get("throttle") or {}).values()
    ]


def _change_stages(document: Document, op: str, value: str, names: Sequence[str]) -> None:
    """`add` and `remove` at /apiStages, with `API:STAGE` for a value."""
    api_id, *rest = value.split(":")
    if not rest:
        raise BadRequest("Invalid API Stage specified")
    stage = rest[0]
    kept = [
        each for each in document["apiStages"] if (each["apiId"], each["stage"]) != (api_id, stage)
    ]
    if op == "remove" and len(kept) == len(document["apiStages"]):
        raise NotFound(f"API Stage not found: {api_id}:{stage}")
    document["apiStages"] = kept + ([] if op == "remove" else [{"apiId": api_id, "stage": stage}])


def _throttle_stage(document: Document, op: str, value: str, names: Sequence[str]) -> None:
    """/apiStages/API:STAGE/throttle, or one of its methods: /apiStages/API:STAGE/throttle/PATH/METHOD[/rateLimit]"""
    api_id, _, stage = names[0].partition(":")
    found = [
        each for each in document["apiStages"] if (each["apiId"], each["stage"]) == (api_id, stage)
    ]
    if not found:
        raise NotFound(f"API Stage not found: {names[0]}")
    if len(names) == 1:
        found[0].pop("throttle", None)
        return
    throttles = found[0].setdefault("throttle", {})
    key = f"{names[1]}/{names[2]}"
    if op == "remove":
        throttles.pop(key, None)
    elif names[3] not in ("rateLimit", "burstLimit"):
        raise BadRequest(f"Invalid throttle setting specified: {names[3]}")
    else:
        limits = throttles.setdefault(key, {"burstLimit": 0, "rateLimit": 0.0})
        limits[names[3]] = number(value) if names[3] == "rateLimit" else integer(value)
    if not throttles:
        del found[0]["throttle"]


_STAGE = "/apiStages/<apidId:stageName>"
_METHOD_THROTTLE = f"{_STAGE}/throttle/<resourcePath>/<httpMethod>"
_OF_METHOD = re.compile(r"(/apiStages/[^/]+/throttle/)(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _PlanTable(PatchTable):
    """The path of a resource may have its slashes as they are: `.../throttle//pets/cats/GET/rateLimit`."""

    def apply_one(self, document: Document, operation: Mapping[str, Any]) -> None:
        op, found = operation.get("op"), _OF_METHOD.fullmatch(operation.get("path") or "")
        parts = 1 if op == "remove" else 2  # what follows the resource's path: method, limit
        if found is not None and found[2].count("/") > parts:
            resource, *rest = found[2].rsplit("/", parts)
            path = "/".join((found[1] + resource.replace("/", "~1"), *rest))
            operation = {**operation, "path": path}
        PatchTable.apply_one(self, document, operation)


_PATCHES = _PlanTable(
    (
        member("/name", required=True),
        member("/description"),
        custom("/apiStages", _change_stages, "add", "remove"),
        structure("/quota"),
        structure("/throttle"),
        member("/productCode", "add", "replace", "remove"),
        custom(_METHOD_THROTTLE, _throttle_stage, "remove"),
        custom(f"{_STAGE}/throttle", _throttle_stage, "remove"),
        custom(f"{_METHOD_THROTTLE}/<limit>", _throttle_stage, "add", "replace"),
        member("/throttle/burstLimit", "add", "replace", convert=integer),
        member("/throttle/rateLimit", "add", "replace", convert=number),
        member("/quota/limit", "add", "replace", convert=integer),
        member("/quota/offset", "add", "replace", convert=integer),
        member("/quota/period", "add", "replace", convert=one_of(*_LAST_OFFSET)),
    )
)
