"""Answers that a stage keeps ("Cache settings for REST APIs in API Gateway", developer guide).

Kept is what the client got, under the parameters that the integration names as the key of its cache, for as long as the
method's settings say. `*/*` turns it on for GET alone; other methods need settings of their own. Every change of the
stage forgets what it has kept, and so do FlushStageCache and a restart.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from lambent.core.http import Response
from lambent.services.apigateway.data_plane.context_values import template_context
from lambent.services.apigateway.data_plane.failures import ACCESS_DENIED, Failure
from lambent.services.apigateway.data_plane.request_mapping import request_sources

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.ports import Authority, Signatures
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.integrations import Done, Integrations
    from lambent.services.apigateway.data_plane.plan import MethodPlan
    from lambent.services.apigateway.stages_in_memory import Stages

    Key = tuple[str, str, tuple[int, int], str, str, tuple[tuple[str, ...], ...]]

# "The maximum size of a response that can be cached is 1048576 bytes."
_MAX_ANSWER = 1_048_576
# Of all stages together; the smallest cache that AWS has is of half a gigabyte for each stage.
_MAX_KEPT = 64 << 20
_OVERHEAD = 1024  # of an answer besides its body
_TTL_S = 300
_INVALIDATE = "execute-api:InvalidateCache"
_NOW = re.compile(r"\bmax-age\s*=\s*0\b", re.IGNORECASE)
_WARNING = "199 Cache-control headers were ignored because the caller was unauthorized."
_WITH_HEADER = "SUCCEED_WITH_RESPONSE_HEADER"


class Kept(NamedTuple):
    """An answer, and until when it is good, by the calendar."""

    until: float
    response: Response
    uses_lambda: bool


class CachedIntegrations:
    """Runs integrations, or gives the answer that one has given before.

    Args:
        stages: tell how often the answers of each were forgotten.
        authority: says who may have an answer made anew.
    """

    def __init__(
        self,
        integrations: Integrations,
        stages: Stages,
        signatures: Signatures,
        authority: Authority,
        clock: Clock,
    ) -> None:
        self._integrations = integrations
        self._stages = stages
        self._signatures = signatures
        self._authority = authority
        self._clock = clock
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._size = 0

    def begin(self, exchange: Exchange, done: Done) -> bool:
        """As `Integrations.begin`."""
        if exchange.plan.live.stage.get("cacheClusterEnabled") and _ttl_s(exchange):
            return False
        return self._integrations.begin(exchange, done)

    async def run(self, exchange: Exchange) -> Response:
        """As `Integrations.run`."""
        ttl_s = _ttl_s(exchange)
        if not ttl_s:
            return await self._integrations.run(exchange)
        key, warning = self._key(exchange), ""
        is_wanted_anew = _NOW.search(exchange.request.headers.get("cache-control")) is not None
        if is_wanted_anew and not self._may_renew(exchange):
            strategy = exchange.method.settings.get("unauthorizedCacheControlHeaderStrategy")
            if strategy == "FAIL_WITH_403":
                raise Failure(ACCESS_DENIED, "Unauthorized", log="Cache-control is not allowed")
            warning = _WARNING if (strategy or _WITH_HEADER) == _WITH_HEADER else ""
            is_wanted_anew = False
        kept = None if is_wanted_anew else self._kept.get(key)
        exchange.is_from_cache = kept is not None and self._now() < kept.until
        if kept is not None and exchange.is_from_cache:
            self._kept.move_to_end(key)
            exchange.uses_lambda = kept.uses_lambda
            response = _copy(kept.response)
        else:
            response = await self._integrations.run(exchange)
            self._keep(key, Kept(self._now() + ttl_s, response, exchange.uses_lambda))
        if warning:
            response.headers.append(("Warning", warning))
        return response

    def _now(self) -> float:
        return self._clock.calendar_ms() / 1000

    def _key(self, exchange: Exchange) -> Key:
        live, integration = exchange.plan.live, exchange.integration
        sources = request_sources(exchange, template_context(exchange))
        mapped = integration.get("requestParameters") or {}
        values = tuple(
            tuple(sources.values(mapped.get(name, name)))
            for name in integration.get("cacheKeyParameters") or ()
        )
        namespace = str(integration.get("cacheNamespace") or exchange.method.resource_id)
        state = (live.generation, self._stages.flushes[live.api_id, exchange.stage])
        return live.api_id, exchange.stage, state, namespace, exchange.request.method, values

    def _may_renew(self, exchange: Exchange) -> bool:
        """ "If you don't impose an InvalidateCache policy [...], any client can invalidate the API cache." """
        needed = exchange.method.settings.get("requireAuthorizationForCacheControl", True)
        if not needed or self._signatures.is_open:
            return True
        caller = exchange.caller
        return caller is not None and self._authority.allows(
            caller, _INVALIDATE, exchange.arn, {}, exchange.request
        )

    def _keep(self, key: Key, kept: Kept) -> None:
        self._drop(key)
        body = kept.response.body
        if not isinstance(body, bytes) or not 200 <= kept.response.status < 300:
            return
        if len(body) > _MAX_ANSWER:
            return
        self._kept[key] = kept._replace(response=_copy(kept.response))
        self._size += len(body) + _OVERHEAD
        while self._size > _MAX_KEPT:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        held = self._kept.pop(key, None)
        if held is not None and isinstance(held.response.body, bytes):
            self._size -= len(held.response.body) + _OVERHEAD


def _ttl_s(exchange: Exchange) -> int:
    """How long answers of the method are good; 0 where they are not kept."""
    stage, method = exchange.plan.live.stage, exchange.method
    if not stage.get("cacheClusterEnabled") or not _is_cached(method, exchange.request.method):
        return 0
    canary = stage.get("canarySettings") or {}
    if exchange.plan.is_canary and not canary.get("useStageCache"):
        return 0
    ttl_s: int = method.settings.get("cacheTtlInSeconds", _TTL_S)
    return ttl_s


def _is_cached(method: MethodPlan, verb: str) -> bool:
    """ "When you enable caching for a stage, only GET methods have caching enabled by default." """
    if not method.settings.get("cachingEnabled"):
        return False
    return verb == "GET" or method.has_own_settings


def _copy(response: Response) -> Response:
    """Headers are added to an answer on its way."""
    return Response(response.status, list(response.headers), response.body)
