"""Who may call a method: its resource policy, IAM, or a Lambda authorizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.call_policies import ACTION, Says
from lambent.core.errors import MissingAuthenticationToken, ServiceError
from lambent.policy.faults import MalformedPolicy
from lambent.services.apigateway.data_plane import policies
from lambent.services.apigateway.data_plane.authorization_headers import refusal_of
from lambent.services.apigateway.data_plane.failures import (
    ACCESS_DENIED,
    API_CONFIGURATION_ERROR,
    EXPIRED_TOKEN,
    INVALID_SIGNATURE,
    MISSING_AUTHENTICATION_TOKEN,
    Failure,
    misconfigured,
)
from lambent.services.apigateway.data_plane.phases import phase

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.ports import Authority, Signatures
    from lambent.services.apigateway.data_plane.cognito_authorizers import CognitoAuthorizers
    from lambent.services.apigateway.data_plane.exchange import Exchange
    from lambent.services.apigateway.data_plane.lambda_authorizers import LambdaAuthorizers
    from lambent.services.apigateway.data_plane.plan import ApiPlan, MethodPlan

_SERVICE = "execute-api"


class Authorization:
    """Guards methods by their authorization type."""

    def __init__(
        self,
        signatures: Signatures,
        authority: Authority,
        authorizers: LambdaAuthorizers,
        pools: CognitoAuthorizers,
        clock: Clock,
    ) -> None:
        self._pools = pools
        self._clock = clock
        self._signatures = signatures
        self._authority = authority
        self._authorizers = authorizers

    def concerns(self, plan: ApiPlan, method: MethodPlan) -> bool:
        return method.authorization != "NONE" or bool(plan.snapshot.get("policy"))

    def check(self, exchange: Exchange) -> Awaitable[None] | None:
        """Raises Failure."""
        kind = exchange.method.authorization
        if kind == "AWS_IAM":
            return self._iam(exchange)
        if kind == "COGNITO_USER_POOLS":
            return self._pool(exchange)
        says = self._resource_policy(exchange)
        if says == "deny" or (says == "nothing" and kind == "NONE"):
            raise policies.anonymous_denied(exchange, is_explicit=says == "deny")
        if kind == "CUSTOM":
            return self._authorizers.check(exchange, is_allowed_anyway=says == "allow")
        if kind != "NONE":
            raise misconfigured(f"Authorization of the type {kind} is not implemented")
        return None

    async def _pool(self, exchange: Exchange) -> None:
        """ "If authentication is successful, the resource policy is evaluated independently, and an explicit allow is
        required."
        """
        await self._pools.check(exchange)
        says = self._resource_policy(exchange)
        if says not in (None, "allow"):
            raise policies.anonymous_denied(exchange, is_explicit=says == "deny")

    def _resource_policy(self, exchange: Exchange) -> Says | None:
        if self._signatures.is_open:
            return None
        try:
            return policies.resource_policy(exchange)
        except MalformedPolicy as fault:
            raise misconfigured(f"the resource policy: {fault}", API_CONFIGURATION_ERROR) from None

    async def _iam(self, exchange: Exchange) -> None:
        with phase(exchange, "authenticate", self._clock):
            caller = exchange.caller = await self._caller(exchange)
        if caller.kind != "anonymous":
            exchange.identity.update(
                accountId=caller.account_id,
                caller=caller.user_id,
                accessKey=caller.access_key_id,
                userArn=caller.arn,
                user=caller.user_id,
            )
        if self._signatures.is_open:
            return
        with phase(exchange, "authorize", self._clock):
            sentence = self._authority.denial(caller, ACTION, exchange.arn, {}, exchange.request)
            if sentence:
                raise policies.denied(exchange, sentence)

    async def _caller(self, exchange: Exchange) -> Principal:
        try:
            return await self._signatures.verify(exchange.request, _SERVICE, exchange.body)
        except MissingAuthenticationToken:
            raise Failure(MISSING_AUTHENTICATION_TOKEN) from None
        except ServiceError as error:
            refusal = refusal_of(exchange.request.headers)
            if refusal is not None:
                raise refusal from None
            kinds = {
                "AccessDeniedException": ACCESS_DENIED,
                "ExpiredTokenException": EXPIRED_TOKEN,
            }
            kind = kinds.get(error.code, INVALID_SIGNATURE)
            raise Failure(kind, error.message, error_type=error.code) from None
