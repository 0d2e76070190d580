"""The data plane of HTTP APIs, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.http_client import HttpClient
from lambent.apis.keys_of_issuers import KeysOfIssuers
from lambent.apis.token_buckets import TokenBuckets
from lambent.services.apigatewayv2.data_plane.authorization import Authorization
from lambent.services.apigatewayv2.data_plane.door import HttpApiDoor
from lambent.services.apigatewayv2.data_plane.integrations import Integrations
from lambent.services.apigatewayv2.data_plane.jwt_authorizers import JwtAuthorizers
from lambent.services.apigatewayv2.data_plane.lambda_authorizers import LambdaAuthorizers
from lambent.services.apigatewayv2.data_plane.records import Records

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jwt import PyJWKSet

    from lambent.apis.ports import Logs, Meter
    from lambent.core.clock import Clock
    from lambent.core.ports import Authority, Functions, Signatures
    from lambent.services.apigatewayv2.live_apis import LiveApis


class HttpDataPlane:
    """Answers requests to what is deployed.

    Args:
        issuers: the keys of issuers of JWTs that the platform's file has; those of others are fetched.
        closed_networks: where integrations, and look-ups of keys, may not connect to.
    """

    def __init__(
        self,
        *,
        live_apis: LiveApis,
        functions: Functions,
        signatures: Signatures,
        authority: Authority,
        issuers: Callable[[], Mapping[str, PyJWKSet]],
        clock: Clock,
        logs: Logs | None = None,
        meter: Meter | None = None,
        closed_networks: Sequence[str] = (),
    ) -> None:
        self._http = HttpClient(closed_networks)
        tokens = JwtAuthorizers(KeysOfIssuers(self._http, clock, issuers), clock)
        authorization = Authorization(
            signatures, authority, tokens, LambdaAuthorizers(functions, clock)
        )
        integrations = Integrations(functions, self._http, clock)
        buckets = TokenBuckets(clock)
        records = Records(clock, logs, meter)
        self.door = HttpApiDoor(live_apis, authorization, integrations, buckets, records, clock)

    async def close(self) -> None:
        """Let go of the connections to backends."""
        await self._http.close()
