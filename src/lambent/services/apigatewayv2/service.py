"""The API Gateway service for HTTP APIs: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself: VPC links,
portals and their products.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.services.apigatewayv2.operations import (
    definition_operations,
    deployment_operations,
    websocket_operations,
)
from lambent.services.apigatewayv2.publishing import Publisher

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.ports import Authority, Database
    from lambent.core.service import Operation
    from lambent.services.apigatewayv2.live_apis import LiveApis


class ApiGatewayV2Service:
    """Amazon API Gateway, HTTP APIs.

    Args:
        database: open when `start` is called.
        live_apis: told of everything that is deployed; the data plane asks it.
        authority: asked whether a caller may pass the roles that are in a document; None asks nobody.
    """

    name = "apigatewayv2"

    def __init__(
        self, database: Database, live_apis: LiveApis, authority: Authority | None = None
    ) -> None:
        self._database = database
        self._live = live_apis
        self._publisher = Publisher(live_apis)
        self.operations: Mapping[str, Operation] = {
            **definition_operations(self._publisher, database, authority),
            **deployment_operations(self._publisher),
            **websocket_operations(),
        }

    async def start(self) -> None:
        """Bring what is deployed into memory."""
        await self._publisher.load(self._database)

    async def reset(self) -> None:
        """Forget what is in memory (`--test-mode`); the REST service has removed what is kept, of both."""
        self._live.clear()
