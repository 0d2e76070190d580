"""JWT authorizers: who a token stands for, and its scopes ("Control access to HTTP APIs with JWT authorizers")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.json_web_tokens import has_expired, is_early, scopes_of, signed_claims
from lambent.apis.keys_of_issuers import TokenFault
from lambent.services.apigatewayv2.data_plane.exchange import (
    forbidden,
    invalid_token,
    joined,
    unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.apis.keys_of_issuers import KeysOfIssuers
    from lambent.core.clock import Clock
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange

_BEARER = "Bearer"


class JwtAuthorizers:
    """Verifies tokens."""

    def __init__(self, keys: KeysOfIssuers, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def check(self, exchange: Exchange, authorizer: Mapping[str, Any]) -> None:
        """Notes the claims. Raises Refusal."""
        token = _token(exchange, str(authorizer["IdentitySource"][0]))
        if not token:
            raise unauthorized("there is no token", _BEARER)
        configuration = authorizer["JwtConfiguration"]
        try:
            claims = await signed_claims(self._keys, token, str(configuration["Issuer"]))
        except TokenFault as fault:
            raise invalid_token(str(fault)) from None
        self._check_claims(claims, configuration)
        wanted = exchange.route.document.get("AuthorizationScopes") or []
        has = scopes_of(claims)
        if wanted and not set(wanted) & set(has):
            listed = " ".join(wanted)
            challenge = f'{_BEARER} scope="{listed}" error="insufficient_scope"'
            raise forbidden("the token has none of the route's scopes", challenge)
        shown = [each for each in wanted if each in has] if wanted else None
        texts = {name: _text(value) for name, value in claims.items()}
        exchange.authorizer = {"jwt": {"claims": texts, "scopes": shown}}

    def _check_claims(self, claims: dict[str, Any], configuration: Mapping[str, Any]) -> None:
        now = self._clock.calendar().timestamp()
        audience = claims.get("aud") or claims.get("client_id") or []
        named = audience if isinstance(audience, list) else [audience]
        if not {str(each) for each in named} & set(configuration["Audience"]):
            raise invalid_token("the token does not have a valid audience")
        if has_expired(claims, now):
            raise invalid_token("the token has expired")
        if is_early(claims, now):
            raise invalid_token("the token is not valid yet")


def _token(exchange: Exchange, source: str) -> str:
    _, place, name = source.split(".", 2)
    if place == "querystring":
        return joined(exchange.query).get(name, "")
    value = joined(exchange.headers).get(name.lower(), "")
    scheme, _, rest = value.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value.strip()


def _text(value: object) -> str:
    """As functions see a claim: all are texts, and lists have brackets around."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_text(each) for each in value)}]"
    return orjson.dumps(value).decode()
