"""API keys and limits: who has a key that opens the stage, and how much of it is left.

"Usage plans and API keys for REST APIs" and "Throttle requests to your REST APIs" (developer guide): limits of the
plan first, its methods' before its own, then those of the stage's methods. What is throttled uses up no quota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.token_buckets import bounds, limits
from lambent.services.apigateway.data_plane.execution_log import masked
from lambent.services.apigateway.data_plane.failures import (
    INVALID_API_KEY,
    QUOTA_EXCEEDED,
    THROTTLED,
    Failure,
)

if TYPE_CHECKING:
    from lambent.apis.token_buckets import TokenBuckets
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.execution_log import ExecutionLog
    from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan
    from lambent.services.apigateway.stages_in_memory import ApiKey, Stages, UsagePlan
    from lambent.services.apigateway.usage_counts import UsageCounts


class Keys:
    """Guards methods that need a key."""

    def __init__(self, stages: Stages, buckets: TokenBuckets, usage: UsageCounts) -> None:
        self._stages = stages
        self._buckets = buckets
        self._usage = usage

    def concerns(self, _plan: ApiPlan, method: MethodPlan) -> bool:
        return method.needs_key

    def check(self, exchange: Exchange) -> None:
        """Raises Failure."""
        journal, live = exchange.journal, exchange.plan.live
        value = exchange.usage_key
        if exchange.plan.rest_api.get("apiKeySource") != "AUTHORIZER":
            value = exchange.last_header("x-api-key") or ""
        if journal is not None:
            journal.info(
                f"Verifying Usage Plan for request: {exchange.request_id}. "
                f"API Key: {masked(value)} API Stage: {live.api_id}/{exchange.stage}"
            )
        if not exchange.method.needs_key:
            if journal is not None:
                _tell_keyless(journal, exchange, value)
            return
        key = self._stages.key(live.account_id, live.region, value) if value else None
        if key is None or not key.opens(live.api_id, exchange.stage):
            log = "API Key not authorized because method requires API Key"
            raise Failure(INVALID_API_KEY, log=log)
        exchange.identity["apiKey"], exchange.identity["apiKeyId"] = key.value, key.id
        if journal is not None:
            _tell_success(journal, exchange, value)
        plan = key.plan(live.api_id, exchange.stage)
        if plan is not None:
            self._charge(exchange, key, plan)

    def _charge(self, exchange: Exchange, key: ApiKey, plan: UsagePlan) -> None:
        for name, bound in _limits(exchange, plan):
            if not self._buckets.take((plan.id, key.id, name), *bound):
                log = f"Usage Plan check failed for API Key {key.id}: throttled"
                raise Failure(THROTTLED, log=log)
        if not self._usage.count(plan.id, key.id, plan.document.get("quota")):
            raise Failure(QUOTA_EXCEEDED, log=f"Usage Plan check failed: quota of {key.id} used up")


class StageThrottle:
    """Guards methods whose stage throttles them."""

    def __init__(self, buckets: TokenBuckets) -> None:
        self._buckets = buckets

    def concerns(self, _plan: ApiPlan, method: MethodPlan) -> bool:
        return _bound(method) is not None

    def check(self, exchange: Exchange) -> None:
        """Raises Failure."""
        bound = _bound(exchange.method)
        live, method = exchange.plan.live, exchange.method
        name = (live.api_id, exchange.stage, method.resource_path, exchange.request.method)
        if bound is not None and not self._buckets.take(name, *bound):
            rate, burst = bound
            log = (
                f"Key throttle limit exceeded for RestApi {live.api_id}, Stage {exchange.stage}, "
                f"Resource {method.resource_id}, HttpMethod {exchange.request.method}. "
                f"Limit: {rate:.2f} Burst: {burst:.0f}"
            )
            raise Failure(THROTTLED, log=log)


def _bound(method: MethodPlan) -> tuple[float, float] | None:
    """Rate and burst that the stage sets its method."""
    settings = method.settings
    return bounds(settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit"))


def _tell_keyless(journal: ExecutionLog, exchange: Exchange, value: str) -> None:
    method = f"'{exchange.request.method} {exchange.method.resource_path}'"
    journal.info(
        f"API Key {masked(value)} authorized because method {method} does not require API Key. "
        "Request will not contribute to throttle or quota limits"
    )
    _tell_success(journal, exchange, value)


def _tell_success(journal: ExecutionLog, exchange: Exchange, value: str) -> None:
    stage = f"{exchange.plan.live.api_id}/{exchange.stage}"
    journal.info(f"Usage Plan check succeeded for API Key {masked(value)} and API Stage {stage}")


def _limits(exchange: Exchange, plan: UsagePlan) -> list[tuple[str, tuple[float, float]]]:
    """The plan's limits that hold for a request: of its method in this stage, and of the plan."""
    live, method = exchange.plan.live, exchange.method
    found = []
    for stage in plan.document.get("apiStages", ()):
        if (stage["apiId"], stage["stage"]) != (live.api_id, exchange.stage):
            continue
        throttles = stage.get("throttle") or {}
        for verb in (exchange.request.method, "ANY"):
            name = f"{method.resource_path}/{verb}"
            bound = limits(throttles.get(name))
            if bound is not None:
                found.append((f"{live.api_id}/{exchange.stage}{name}", bound))
                break
    whole = limits(plan.document.get("throttle"))
    return found if whole is None else [*found, ("", whole)]
