"""JWT authorizers: who a token stands for, and its scopes ("Control access to HTTP APIs with JWT authorizers")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.services.apigatewayv2.data_plane.exchange import (
    forbidden,
    invalid_token,
    joined,
    unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.services.apigatewayv2.data_plane.exchange import Exchange
    from lambent.services.apigatewayv2.data_plane.keys_of_issuers import KeysOfIssuers

# "API Gateway supports RSA-based algorithms"; public keys only, so that who verifies cannot sign.
_ALGORITHMS = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
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
        claims = await self._claims(token, str(configuration["Issuer"]))
        self._check_claims(claims, configuration)
        wanted = exchange.route.document.get("AuthorizationScopes") or []
        has = _scopes(claims)
        if wanted and not set(wanted) & set(has):
            listed = " ".join(wanted)
            challenge = f'{_BEARER} scope="{listed}" error="insufficient_scope"'
            raise forbidden("the token has none of the route's scopes", challenge)
        shown = [each for each in wanted if each in has] if wanted else None
        texts = {name: _text(value) for name, value in claims.items()}
        exchange.authorizer = {"jwt": {"claims": texts, "scopes": shown}}

    async def _claims(self, token: str, issuer: str) -> dict[str, Any]:
        import jwt  # noqa: PLC0415 - takes its time to load, and few APIs have JWT authorizers

        if token.count(".") != 2:
            raise invalid_token("token contains an invalid number of segments")
        try:
            header = jwt.get_unverified_header(token)
            key = await self._keys.find(issuer, header.get("kid"))
            # Times are held against the platform's calendar below.
            options: Any = {
                "verify_aud": False,
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_iss": False,
            }
            claims: dict[str, Any] = jwt.decode(
                token, key, algorithms=list(_ALGORITHMS), options=options
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            raise invalid_token("the token is not valid") from None
        return claims

    def _check_claims(self, claims: dict[str, Any], configuration: Mapping[str, Any]) -> None:
        now = self._clock.calendar().timestamp()
        if claims.get("iss") != configuration["Issuer"]:
            raise invalid_token("the token has an invalid issuer")
        audience = claims.get("aud") or claims.get("client_id") or []
        named = audience if isinstance(audience, list) else [audience]
        if not {str(each) for each in named} & set(configuration["Audience"]):
            raise invalid_token("the token does not have a valid audience")
        if not _is_number(claims.get("exp")) or claims["exp"] <= now:
            raise invalid_token("the token has expired")
        if any(_is_number(claims.get(name)) and claims[name] > now + 1 for name in ("nbf", "iat")):
            raise invalid_token("the token is not valid yet")


def _token(exchange: Exchange, source: str) -> str:
    _, place, name = source.split(".", 2)
    if place == "querystring":
        return joined(exchange.query).get(name, "")
    value = joined(exchange.headers).get(name.lower(), "")
    scheme, _, rest = value.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value.strip()


def _scopes(claims: Mapping[str, Any]) -> list[str]:
    """`scope`, texts with spaces between, or `scp`."""
    given = claims.get("scope") or claims.get("scp") or ""
    return [str(each) for each in given] if isinstance(given, list) else str(given).split()


def _text(value: object) -> str:
    """As functions see a claim: all are texts, and lists have brackets around."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"[{' '.join(_text(each) for each in value)}]"
    return orjson.dumps(value).decode()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
