"""The public keys of the issuers of JWTs: from the platform's file, or as the issuer publishes them (OpenID discovery).

"API Gateway caches the public keys for two hours"; so long they are good here, too. A token with a key that is not
known yet has them fetched again, but not more than once in half a minute.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.http_client import is_the_endpoints

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jwt import PyJWK, PyJWKSet

    from lambent.apis.http_client import HttpClient
    from lambent.core.clock import Clock

_KEPT_S = 7200
_AGAIN_S = 30
_TIMEOUT_S = 1.5  # "The timeout for discovery and JWKS is 1500 milliseconds"
# As AWS words them, by what was asked for.
_NO_DISCOVERY = "OIDC discovery endpoint communication error"
_NO_KEYS = "JWKS communication error"

_log = logging.getLogger(__name__)


class TokenFault(Exception):
    """What is wrong with a token, in AWS's words as far as they are known."""


class KeysOfIssuers:
    """Args: `from_file` gives the key sets by issuer that the platform's file has."""

    def __init__(
        self, client: HttpClient, clock: Clock, from_file: Callable[[], Mapping[str, PyJWKSet]]
    ) -> None:
        self._client = client
        self._clock = clock
        self._from_file = from_file
        self._fetched: dict[str, tuple[float, PyJWKSet]] = {}

    async def find(self, issuer: str, key_id: str | None) -> PyJWK:
        """Raises TokenFault where the issuer has no such key, or does not say."""
        held = self._from_file().get(issuer)
        if held is None:
            held = await self._published(issuer, key_id)
        found = _named(held, key_id)
        if found is None:
            raise TokenFault("signing key not found")
        return found

    async def _published(self, issuer: str, key_id: str | None) -> PyJWKSet:
        now = self._clock.monotonic()
        at, held = self._fetched.get(issuer, (0.0, None))
        if held is not None:
            age = now - at
            if age < _AGAIN_S or (age < _KEPT_S and _named(held, key_id) is not None):
                return held
        fresh = await self._fetch(issuer)
        self._fetched[issuer] = (now, fresh)
        return fresh

    async def _fetch(self, issuer: str) -> PyJWKSet:
        import jwt  # noqa: PLC0415 - takes its time to load, and few APIs have JWT authorizers

        lack = _NO_DISCOVERY
        try:
            async with asyncio.timeout(_TIMEOUT_S * 4):
                about = await self._json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                address, lack = str(about["jwks_uri"]), _NO_KEYS
                return jwt.PyJWKSet.from_dict(await self._json(address))
        except Exception as error:
            if not is_the_endpoints(error) and not isinstance(
                error, (jwt.PyJWTError, KeyError, TypeError)
            ):
                raise
            _log.info("%s of the issuer %s: %s", lack, issuer, error)
            raise TokenFault(lack) from None

    async def _json(self, url: str) -> dict[str, Any]:
        status, _, body = await self._client.fetch("GET", url, [("accept", "application/json")])
        found = orjson.loads(body)
        if status != 200 or not isinstance(found, dict):
            raise ValueError(f"{url} answers {status}")
        return found


def _named(keys: PyJWKSet, key_id: str | None) -> PyJWK | None:
    """The key with that id; without an id the only one."""
    found = [key for key in keys.keys if key_id is None or key.key_id == key_id]
    return found[0] if len(found) == 1 else None
