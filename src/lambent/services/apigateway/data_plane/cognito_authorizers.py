"""Authorizers of Cognito user pools: who calls is in a token that a pool has signed.

"Control access to REST APIs using Amazon Cognito user pools as an authorizer" (developer guide): for methods without
scopes the token is taken for an identity token, for others for an access token that must have one of them. The pool may
be AWS's own, or nothing but its keys in the platform's file: what counts is what its issuer has signed.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import regex

from lambent.apis.json_web_tokens import has_expired, is_early, scopes_of, signed_claims
from lambent.apis.keys_of_issuers import TokenFault
from lambent.services.apigateway.data_plane.failures import (
    AUTHORIZER_CONFIGURATION_ERROR,
    UNAUTHORIZED,
    Failure,
)
from lambent.services.apigateway.data_plane.phases import phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.apis.keys_of_issuers import KeysOfIssuers
    from lambent.core.clock import Clock
    from lambent.services.apigateway.data_plane.exchange import Exchange

    Authorizer = Mapping[str, Any]

_POOL = re.compile(r"arn:aws[a-z-]*:cognito-idp:([a-z0-9-]+):\d{12}:userpool/([\w-]+)")
_BEARER = re.compile(r"bearer\s+", re.IGNORECASE)
# Claims that functions get as dates.
_TIMES = frozenset({"exp", "iat"})
# The expression is the user's.
_PATTERN_TIME_S = 0.1


class CognitoAuthorizers:
    """Verifies tokens of user pools."""

    def __init__(self, keys: KeysOfIssuers, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def check(self, exchange: Exchange) -> None:
        """Notes the claims. Raises Failure."""
        authorizer = exchange.method.authorizer
        if authorizer is None:
            raise Failure(AUTHORIZER_CONFIGURATION_ERROR, log="The authorizer is gone")
        with phase(exchange, "authorizer", self._clock):
            exchange.authorizer = {"claims": await self.claims(exchange, authorizer)}

    async def claims(self, exchange: Exchange, authorizer: Authorizer) -> dict[str, str]:
        """What the token of a request says, as functions see it. Raises Failure."""
        header = str(authorizer.get("identitySource", "")).rpartition(".")[2]
        token = _BEARER.sub("", exchange.last_header(header) or "", count=1).strip()
        if not token:
            raise _unauthorized(exchange, f"the header {header} is missing")
        try:
            claims = await signed_claims(self._keys, token, _issuer(token, authorizer))
        except TokenFault as fault:
            raise _unauthorized(exchange, str(fault)) from None
        now = self._clock.calendar().timestamp()
        if has_expired(claims, now):
            log = f"Unauthorized request: {exchange.request_id}"
            raise Failure(UNAUTHORIZED, "The incoming token has expired", log=log)
        if is_early(claims, now):
            raise _unauthorized(exchange, "the token is not valid yet")
        _check_audience(exchange, authorizer, claims)
        _check_use(exchange, claims)
        return {name: _text(name, value) for name, value in claims.items()}


def _unauthorized(exchange: Exchange, reason: str) -> Failure:
    return Failure(UNAUTHORIZED, log=f"Unauthorized request: {exchange.request_id}", reason=reason)


def _issuer(token: str, authorizer: Authorizer) -> str:
    """The pool that the token says it is of, where it is one of the authorizer's. Raises TokenFault."""
    import jwt  # noqa: PLC0415 - takes its time to load, and few APIs have authorizers of tokens

    try:
        said = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError, TypeError):
        raise TokenFault("the token is none") from None
    pools = (_POOL.fullmatch(arn) for arn in authorizer.get("providerARNs", ()))
    issuers = {f"https://cognito-idp.{pool[1]}.amazonaws.com/{pool[2]}" for pool in pools if pool}
    if not isinstance(said, str) or said not in issuers:
        raise TokenFault("the token is of another issuer")
    return said


def _check_audience(exchange: Exchange, authorizer: Authorizer, claims: Mapping[str, Any]) -> None:
    """ "API Gateway will match the aud field of the incoming token [...] against the specified regular expression." """
    pattern = authorizer.get("identityValidationExpression")
    if not pattern:
        return
    try:
        fits = regex.fullmatch(pattern, str(claims.get("aud", "")), timeout=_PATTERN_TIME_S)
    except (regex.error, TimeoutError):
        raise Failure(
            AUTHORIZER_CONFIGURATION_ERROR, log="identityValidationExpression cannot be used"
        ) from None
    if fits is None:
        reason = "The token does not match identityValidationExpression"
        raise _unauthorized(exchange, reason)


def _check_use(exchange: Exchange, claims: Mapping[str, Any]) -> None:
    wanted = exchange.method.document.get("authorizationScopes") or []
    use = claims.get("token_use")
    if not wanted and use == "access":
        raise _unauthorized(exchange, "an identity token is wanted, and this is an access token")
    if wanted and (use == "id" or not set(wanted) & set(scopes_of(claims))):
        raise _unauthorized(exchange, "the token has none of the method's scopes")


def _text(name: str, value: object) -> str:
    """As functions see a claim: all are texts, those of lists with commas between, and two of them dates."""
    if name in _TIMES and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(_text("", each) for each in value)
    return orjson.dumps(value).decode()
