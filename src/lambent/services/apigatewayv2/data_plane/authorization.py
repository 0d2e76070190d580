"""Who may call a route: by its authorization type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.call_policies import ACTION
from lambent.core.errors import ServiceError
from lambent.services.apigatewayv2.data_plane.exchange import forbidden, internal_error

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.core.ports import Authority, Signatures
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange
    from lambent.services.apigatewayv2.data_plane.jwt_authorizers import JwtAuthorizers
    from lambent.services.apigatewayv2.data_plane.lambda_authorizers import LambdaAuthorizers


class Authorization:
    """Guards routes."""

    def __init__(
        self,
        signatures: Signatures,
        authority: Authority,
        tokens: JwtAuthorizers,
        functions: LambdaAuthorizers,
    ) -> None:
        self._signatures = signatures
        self._authority = authority
        self._tokens = tokens
        self._functions = functions

    def check(self, exchange: Exchange) -> Awaitable[None] | None:
        """What has to be waited for, if anything. Raises Refusal."""
        kind = exchange.route.document.get("AuthorizationType", "NONE")
        if kind == "NONE":
            return None
        if kind == "AWS_IAM":
            return self._iam(exchange)
        id_ = exchange.route.document.get("AuthorizerId")
        authorizer = exchange.live.snapshot["Authorizers"].get(id_)
        if authorizer is None:
            raise internal_error("The authorizer is gone")
        if kind == "JWT":
            return self._tokens.check(exchange, authorizer)
        return self._functions.check(exchange, authorizer)

    async def _iam(self, exchange: Exchange) -> None:
        request = exchange.request
        try:
            caller = await self._signatures.verify(request, "execute-api", exchange.body)
        except ServiceError as error:
            raise forbidden(f"{error.code}: {error.message}") from None
        if caller.kind != "anonymous":
            exchange.authorizer = {
                "iam": {
                    "accessKey": caller.access_key_id,
                    "accountId": caller.account_id,
                    "callerId": caller.user_id,
                    "cognitoIdentity": None,
                    "principalOrgId": None,
                    "userArn": caller.arn,
                    "userId": caller.user_id,
                }
            }
        if self._signatures.is_open:
            return
        if not self._authority.allows(caller, ACTION, exchange.arn, {}, request):
            raise forbidden("the caller's policies do not allow the call")
