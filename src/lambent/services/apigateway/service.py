"""The API Gateway service for REST APIs: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself: VPC links,
client certificates, generated SDKs, access associations of private domain names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.services.apigateway.documents import remove_all
from lambent.services.apigateway.operations import (
    access_operations,
    definition_operations,
    deployment_operations,
    documentation_operations,
    method_operations,
    other_operations,
)
from lambent.services.apigateway.publishing import Publisher
from lambent.services.apigateway.trial_invocations import TrialInvocations

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.ports import Authority, Database
    from lambent.core.service import Operation
    from lambent.services.apigateway.stages_in_memory import Stages
    from lambent.services.apigateway.trial_invocations import TrialInvoker


class ApiGatewayService:
    """Amazon API Gateway, REST APIs.

    Args:
        database: open when `start` is called.
        stages: told of everything that is deployed; the data plane asks it.
        authority: asked whether a caller may pass the roles that are in a document; None asks nobody.
        invoker: what TestInvokeMethod and TestInvokeAuthorizer are handed to.
        on_remaining: told what UpdateUsage sets; see `usage.Usage`.
    """

    name = "apigateway"

    def __init__(
        self,
        database: Database,
        stages: Stages,
        authority: Authority | None = None,
        invoker: TrialInvoker | None = None,
        on_remaining: Callable[[str, str, str, str, int], None] = lambda *_: None,
    ) -> None:
        self._database = database
        self._stages = stages
        self._publisher = Publisher(stages)
        self.operations: Mapping[str, Operation] = {
            **definition_operations(self._publisher, database, authority),
            **method_operations(),
            **deployment_operations(self._publisher),
            **access_operations(self._publisher, on_remaining),
            **documentation_operations(),
            **other_operations(self._publisher, TrialInvocations(database, invoker)),
        }

    async def start(self) -> None:
        """Bring what is deployed into memory."""
        await self._publisher.load(self._database)

    async def reset(self) -> None:
        """Forget everything of every account (`--test-mode`)."""
        await self._database.write(remove_all)
        self._stages.clear()
