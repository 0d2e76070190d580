"""Lambda authorizers, TOKEN and REQUEST: a function says who calls, with a policy of what they may.

"Use API Gateway Lambda authorizers" (developer guide). An answer is good for the authorizer's TTL and for every method
that uses the authorizer: its policy is looked at for each call anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
import regex

from lambent.apis.context_text import text_of
from lambent.apis.json_text import parse_json
from lambent.policy.faults import MalformedPolicy
from lambent.services.apigateway.data_plane import policies
from lambent.services.apigateway.data_plane.context_values import request_context, template_context
from lambent.services.apigateway.data_plane.execution_log import masked
from lambent.services.apigateway.data_plane.failures import (
    AUTHORIZER_CONFIGURATION_ERROR,
    AUTHORIZER_FAILURE,
    UNAUTHORIZED,
    Failure,
)
from lambent.services.apigateway.data_plane.functions_called import call, callee, tell_request
from lambent.services.apigateway.data_plane.phases import phase
from lambent.services.apigateway.data_plane.proxy_format import request_members
from lambent.services.apigateway.data_plane.request_mapping import request_sources

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.ports import Functions
    from lambent.services.apigateway.data_plane.exchange import Exchange

    Authorizer = Mapping[str, Any]
    CacheKey = tuple[str, str, int, str, tuple[str, ...]]

# What AWS takes when nothing is said.
_TTL_S = 300
_KEPT = 10_000
# The expression is the user's.
_PATTERN_TIME_S = 0.1
_SPLIT = re.compile(r"\s*,\s*")


@dataclass(frozen=True, slots=True)
class Grant:
    """What an authorizer answered. `context` is as functions see it."""

    principal_id: str
    policy: str
    context: dict[str, Any] = field(default_factory=dict)
    usage_key: str = ""


class LambdaAuthorizers:
    """Asks authorizers, and remembers what they said."""

    def __init__(self, functions: Functions, clock: Clock) -> None:
        self._functions = functions
        self._clock = clock
        self._grants: dict[CacheKey, tuple[float, Grant]] = {}

    async def check(self, exchange: Exchange, *, is_allowed_anyway: bool) -> None:
        """Raises Failure.

        Args:
            is_allowed_anyway: the API's own policy allows the call, so that only an explicit deny refuses it.
        """
        authorizer = exchange.method.authorizer
        if authorizer is None:
            raise Failure(AUTHORIZER_CONFIGURATION_ERROR, log="The authorizer is gone")
        with phase(exchange, "authorizer", self._clock):
            grant = await self.grant(exchange, authorizer)
        with phase(exchange, "authorize", self._clock):
            _check_policy(exchange, grant.policy, is_allowed_anyway=is_allowed_anyway)
        exchange.authorizer = {**grant.context, "principalId": grant.principal_id}
        exchange.usage_key = grant.usage_key

    async def grant(
        self, exchange: Exchange, authorizer: Authorizer, *, is_fresh: bool = False
    ) -> Grant:
        """What the authorizer says about a request, from memory where it has said it lately. Raises Failure.

        Args:
            is_fresh: ask in any case, and remember nothing.
        """
        values = _identity(exchange, authorizer)
        live = exchange.plan.live
        ttl_s = 0 if is_fresh else authorizer.get("authorizerResultTtlInSeconds", _TTL_S)
        journal = exchange.journal
        if journal is not None:
            journal.info(
                f"Starting authorizer: {authorizer['id']} for request: {exchange.request_id}"
            )
            journal.info(f"Incoming identity: {_told_identity(authorizer, values)}")
        key = (live.api_id, exchange.stage, live.generation, authorizer["id"], values)
        now = self._clock.calendar_ms() / 1000
        if ttl_s and values:
            until, held = self._grants.get(key, (0.0, None))
            if held is not None and now < until:
                return held
        grant = await self._ask(exchange, authorizer, values)
        if ttl_s and values:
            if len(self._grants) >= _KEPT:
                self._grants = {k: v for k, v in self._grants.items() if v[0] > now}
            if len(self._grants) >= _KEPT:
                self._grants.clear()
            self._grants[key] = (now + ttl_s, grant)
        return grant

    def forget(self, api_id: str, stage: str) -> None:
        """FlushStageAuthorizersCache."""
        self._grants = {k: v for k, v in self._grants.items() if k[:2] != (api_id, stage)}

    async def _ask(
        self, exchange: Exchange, authorizer: Authorizer, values: tuple[str, ...]
    ) -> Grant:
        live = exchange.plan.live
        source = (
            f"arn:aws:execute-api:{live.region}:{live.account_id}:{live.api_id}"
            f"/authorizers/{authorizer['id']}"
        )
        event = _event(exchange, authorizer, values)
        try:
            credentials = authorizer.get("authorizerCredentials") or ""
            target = callee(exchange, str(authorizer.get("authorizerUri", "")), credentials, source)
            payload, journal = orjson.dumps(event), exchange.journal
            if journal is not None:
                tell_request(journal, exchange, target, payload)
            begun = self._clock.monotonic()
            answer = await call(self._functions, target, payload, exchange.trace_id)
        except Failure as failure:
            raise Failure(AUTHORIZER_CONFIGURATION_ERROR, log=failure.log) from failure
        latency_ms = round((self._clock.monotonic() - begun) * 1000)
        exchange.phases.setdefault("authorizer", {}).update(
            integrationLatency=str(latency_ms),
            integrationStatus="200",
            requestId=answer.request_id,
        )
        if journal is not None:
            text = answer.payload.decode(errors="replace")
            journal.data(f"Authorizer result body before parsing: {text}")
        if answer.is_error:
            raise _refused(answer.payload, exchange.request_id)
        grant = _grant(answer.payload, latency_ms)
        if journal is not None:
            journal.info(
                f"Using valid authorizer policy for principal: {masked(grant.principal_id)}"
            )
            journal.info("Successfully completed authorizer execution")
        return grant


def _check_policy(exchange: Exchange, policy: str, *, is_allowed_anyway: bool) -> None:
    """Raises Failure."""
    try:
        says = policies.authorizer_policy(exchange, policy)
    except MalformedPolicy as fault:
        log = f"Execution failed due to configuration error: Invalid policy: {fault}"
        raise Failure(AUTHORIZER_CONFIGURATION_ERROR, log=log) from None
    if says == "deny" or (says == "nothing" and not is_allowed_anyway):
        raise policies.not_authorized(is_explicit=says == "deny")


def _identity(exchange: Exchange, authorizer: Authorizer) -> tuple[str, ...]:
    """The values of the identity sources. Raises Failure (401) where one is missing or not valid."""
    sources = request_sources(exchange, template_context(exchange))
    values = []
    for expression in _expressions(authorizer):
        found = "".join(sources.values(expression)[-1:])
        if not found:
            raise _unauthorized(exchange.request_id, f"{expression} is missing")
        values.append(found)
    pattern = authorizer.get("identityValidationExpression")
    if pattern and values and authorizer.get("type") == "TOKEN":
        _validate(pattern, values[0], exchange.request_id)
    return tuple(values)


def _expressions(authorizer: Authorizer) -> list[str]:
    """The identity sources."""
    return [each for each in _SPLIT.split((authorizer.get("identitySource") or "").strip()) if each]


def _told_identity(authorizer: Authorizer, values: tuple[str, ...]) -> str:
    if authorizer.get("type") == "TOKEN":
        return ", ".join(masked(each) for each in values)
    pairs = zip(_expressions(authorizer), values, strict=True)
    return "{" + ", ".join(f"{name}={masked(value)}" for name, value in pairs) + "}"


def _unauthorized(request_id: str, reason: str = "") -> Failure:
    return Failure(UNAUTHORIZED, log=f"Unauthorized request: {request_id}", reason=reason)


def _validate(pattern: str, token: str, request_id: str) -> None:
    try:
        is_valid = regex.fullmatch(pattern, token, timeout=_PATTERN_TIME_S) is not None
    except (regex.error, TimeoutError):
        raise Failure(
            AUTHORIZER_CONFIGURATION_ERROR, log="identityValidationExpression cannot be used"
        ) from None
    if not is_valid:
        raise _unauthorized(request_id, "The token does not match identityValidationExpression")


def _event(exchange: Exchange, authorizer: Authorizer, values: tuple[str, ...]) -> dict[str, Any]:
    arn = exchange.arn
    if exchange.is_test:
        arn = arn.replace("/test-invoke-stage/", "/ESTestInvoke-stage/", 1)
    event: dict[str, Any] = {"type": authorizer.get("type"), "methodArn": arn}
    if authorizer.get("type") == "TOKEN":
        return event | {"authorizationToken": values[0] if values else ""}
    # What is null in a function's event is empty here.
    members = {
        name: {} if value is None else value for name, value in request_members(exchange).items()
    }
    return event | members | {"requestContext": request_context(exchange)}


def _refused(payload: bytes, request_id: str) -> Failure:
    """The function raised: `Unauthorized` is its way to say 401."""
    try:
        document = orjson.loads(payload)
    except orjson.JSONDecodeError:
        document = None
    message = document.get("errorMessage") if isinstance(document, dict) else None
    if message == "Unauthorized":
        return _unauthorized(request_id)
    log = f"Execution failed due to configuration error: Authorizer error: {message}"
    return Failure(AUTHORIZER_FAILURE, log=log)


def _grant(payload: bytes, latency_ms: int) -> Grant:
    """Raises Failure for an answer that is none."""
    try:
        result = parse_json(payload)
    except ValueError:
        result = None
    bad = Failure(
        AUTHORIZER_CONFIGURATION_ERROR,
        log="Execution failed due to configuration error: Invalid JSON in response: "
        + payload.decode(errors="replace"),
    )
    if not isinstance(result, dict):
        raise bad
    principal, document = result.get("principalId"), result.get("policyDocument")
    given = result.get("context") or {}
    if not isinstance(principal, str) or not isinstance(document, dict):
        raise bad
    if not isinstance(given, dict) or any(isinstance(v, (dict, list)) for v in given.values()):
        raise bad
    context: dict[str, Any] = {
        name: text_of(value) for name, value in given.items() if value is not None
    }
    context["integrationLatency"] = latency_ms
    usage_key = result.get("usageIdentifierKey")
    text = orjson.dumps(document).decode()
    return Grant(principal, text, context, usage_key if isinstance(usage_key, str) else "")
