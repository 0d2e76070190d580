"""Lambda authorizers: a function says who may call ("Control access to HTTP APIs with AWS Lambda authorizers")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.call_policies import compiled_policy, says
from lambent.apis.json_text import parse_json
from lambent.core.context import Principal
from lambent.policy.engine import Applicable
from lambent.policy.faults import MalformedPolicy
from lambent.services.apigatewayv2.data_plane.context_values import context_of
from lambent.services.apigatewayv2.data_plane.events import members_1, members_2
from lambent.services.apigatewayv2.data_plane.exchange import (
    forbidden,
    internal_error,
    joined,
    unauthorized,
)
from lambent.services.apigatewayv2.data_plane.integrations import call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.ports import Functions
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange

    Authorizer = Mapping[str, Any]
    Key = tuple[str, str, int, str, tuple[str, ...]]

_KEPT = 10_000


class LambdaAuthorizers:
    """Asks authorizers, and remembers what they said for as long as they are good for."""

    def __init__(self, functions: Functions, clock: Clock) -> None:
        self._functions = functions
        self._clock = clock
        self._answers: dict[Key, tuple[float, dict[str, Any]]] = {}

    async def check(self, exchange: Exchange, authorizer: Authorizer) -> None:
        """Notes what the authorizer says of the caller. Raises Refusal."""
        values = _identity(exchange, authorizer)
        result = await self._result(exchange, authorizer, values)
        context = result.get("context") or {}
        if not isinstance(context, dict):
            raise internal_error("The authorizer's context is no object")
        if authorizer.get("EnableSimpleResponses"):
            if result.get("isAuthorized") is not True:
                raise forbidden("the authorizer denies the call")
        else:
            _check_policy(exchange, result)
            if authorizer["AuthorizerPayloadFormatVersion"] == "1.0":
                context = {**context, "principalId": result.get("principalId")}
        exchange.authorizer = {"lambda": context}

    async def _result(
        self, exchange: Exchange, authorizer: Authorizer, values: tuple[str, ...]
    ) -> dict[str, Any]:
        live, ttl_s = exchange.live, authorizer.get("AuthorizerResultTtlInSeconds") or 0
        key = (live.api_id, live.name, live.generation, str(authorizer["AuthorizerId"]), values)
        now = self._clock.calendar().timestamp()
        until, held = self._answers.get(key, (0.0, None))
        if ttl_s and held is not None and now < until:
            return held
        event = _event(exchange, authorizer, values)
        source = f"{exchange.api_arn}/authorizers/{authorizer['AuthorizerId']}"
        answer = await call(
            self._functions,
            exchange,
            str(authorizer["AuthorizerUri"]),
            authorizer.get("AuthorizerCredentialsArn") or "",
            orjson.dumps(event),
            source,
        )
        result = _document(answer.payload)
        if answer.is_error:
            if result.get("errorMessage") == "Unauthorized":
                raise unauthorized("the authorizer says Unauthorized")
            raise internal_error("The authorizer function returned an error")
        if ttl_s:
            if len(self._answers) >= _KEPT:
                self._answers.clear()
            self._answers[key] = (now + ttl_s, result)
        return result


def _identity(exchange: Exchange, authorizer: Authorizer) -> tuple[str, ...]:
    """The values of the identity sources. Raises Refusal (401) where one is missing."""
    headers, query = joined(exchange.headers), joined(exchange.query)
    values = []
    for source in authorizer.get("IdentitySource") or ():
        scope, _, rest = source.removeprefix("$").partition(".")
        place, _, name = rest.partition(".")
        if scope == "request":
            found = headers.get(name.lower()) if place == "header" else query.get(name)
        elif scope == "stageVariables":
            found = exchange.stage_variables.get(rest)
        else:
            found = _in_context(exchange, rest)
        if not found:
            raise unauthorized("an identity source is missing")
        values.append(found)
    return tuple(values)


def _in_context(exchange: Exchange, path: str) -> str:
    value: Any = context_of(exchange)
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def _event(exchange: Exchange, authorizer: Authorizer, values: tuple[str, ...]) -> dict[str, Any]:
    if authorizer["AuthorizerPayloadFormatVersion"] == "2.0":
        shared = members_2(exchange)
        first = {"version": "2.0", "type": "REQUEST", "routeArn": exchange.arn}
        return {**first, "identitySource": list(values) or None, **shared}
    shared = members_1(exchange)
    del shared["multiValueHeaders"], shared["multiValueQueryStringParameters"]
    text = ",".join(values) or None
    first = {"version": "1.0", "type": "REQUEST", "methodArn": exchange.arn}
    last = {
        "pathParameters": exchange.path_parameters or {},
        "stageVariables": dict(exchange.stage_variables),
    }
    return {**first, "identitySource": text, "authorizationToken": text, **shared, **last}


def _document(payload: bytes) -> dict[str, Any]:
    try:
        result = parse_json(payload)
    except ValueError:
        result = None
    if not isinstance(result, dict):
        raise internal_error("The authorizer's answer is no JSON object")
    return result


def _check_policy(exchange: Exchange, result: Mapping[str, Any]) -> None:
    document, principal = result.get("policyDocument"), result.get("principalId")
    if not isinstance(document, dict) or not isinstance(principal, str):
        raise internal_error("The authorizer's answer has no policy")
    account = exchange.live.scope.account_id
    # Whoever the authorizer vouches for: the policy has no principals, so the name does not matter.
    caller = Principal("user", account, f"arn:aws:iam::{account}:user/authorized")
    try:
        policy = compiled_policy(orjson.dumps(document).decode(), "identity")
        decision = says(
            exchange.request,
            exchange.now,
            exchange.arn,
            account,
            Applicable(identity=(policy,)),
            caller,
        )
    except MalformedPolicy as fault:
        raise internal_error(f"The authorizer's policy: {fault}") from None
    if decision != "allow":
        raise forbidden("the authorizer's policy does not allow the call")
