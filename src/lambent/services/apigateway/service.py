"""The API Gateway service for REST APIs: its operations, and what it does at start and stop.

Operations that AWS has and this table has not are answered by the gateway with 501, each naming itself: VPC links,
generated SDKs, access associations of private domain names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.apis.documents import remove_all
from lambent.services.apigateway.operations import (
    access_operations,
    certificate_operations,
    definition_operations,
    deployment_operations,
    documentation_operations,
    method_operations,
    other_operations,
)
from lambent.services.apigateway.publishing import Publisher
from lambent.services.apigateway.trial_invocations import TrialInvocations
from lambent.services.apigateway.usage_counts import UsageCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.clock import Clock
    from lambent.core.ports import Authority, Database
    from lambent.core.service import Operation
    from lambent.services.apigateway.stages_in_memory import Stages
    from lambent.services.apigateway.trial_invocations import TrialInvoker


class ApiGatewayService:
    """Amazon API Gateway, REST APIs.

    Args:
        database: open when `start` is called.
        clock: quotas go by its calendar.
        stages: told of everything that is deployed; the data plane asks it.
        authority: asked whether a caller may pass the roles that are in a document; None asks nobody.
        invoker: what TestInvokeMethod and TestInvokeAuthorizer are handed to.

    Attributes:
        usage: what API keys have called; the data plane counts with it.
    """

    name = "apigateway"

    def __init__(
        self,
        database: Database,
        stages: Stages,
        clock: Clock,
        authority: Authority | None = None,
        invoker: TrialInvoker | None = None,
    ) -> None:
        self._database = database
        self._stages = stages
        self._publisher = Publisher(stages)
        self.usage = UsageCounts(database, clock)
        self.operations: Mapping[str, Operation] = {
            **definition_operations(self._publisher, database, authority),
            **method_operations(),
            **deployment_operations(self._publisher),
            **certificate_operations(database),
            **access_operations(self._publisher, database, self.usage),
            **documentation_operations(self._publisher),
            **other_operations(self._publisher, TrialInvocations(database, invoker)),
        }

    async def start(self) -> None:
        """Bring what is deployed into memory."""
        await self._publisher.load(self._database)
        await self.usage.load()

    async def stop(self) -> None:
        """Write what was counted last."""
        await self.usage.stop()

    async def reset(self) -> None:
        """Forget everything of every account (`--test-mode`)."""
        await self._database.write(remove_all)
        self._stages.clear()
        self.usage.clear()
