"""The data plane of REST APIs, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.services.apigateway.data_plane.door import RestApiDoor
from lambent.services.apigateway.data_plane.http_client import HttpClient
from lambent.services.apigateway.data_plane.http_integrations import HttpIntegrations
from lambent.services.apigateway.data_plane.integrations import Integrations
from lambent.services.apigateway.data_plane.records import Records
from lambent.services.apigateway.data_plane.serving import Serving
from lambent.services.apigateway.data_plane.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambent.core.clock import Clock
    from lambent.core.ports import Functions
    from lambent.services.apigateway.data_plane.ports import Logs, Meter
    from lambent.services.apigateway.data_plane.templates import Compute
    from lambent.services.apigateway.stages_in_memory import Stages


class RestDataPlane:
    """Args:
    compute: for templates and models; of its own, so that no deploy is waited for.
    closed_networks: where HTTP integrations may not connect to.
    """

    def __init__(
        self,
        *,
        stages: Stages,
        functions: Functions,
        compute: Compute,
        clock: Clock,
        logs: Logs | None = None,
        meter: Meter | None = None,
        closed_networks: Sequence[str] = (),
    ) -> None:
        self._http = HttpClient(closed_networks)
        templates = Templates(compute)
        http = HttpIntegrations(self._http, templates, clock)
        integrations = Integrations(functions, templates, http, clock)
        records = Records(clock, logs, meter)
        serving = Serving((), integrations)
        self.door = RestApiDoor(stages, serving, records, clock)

    async def close(self) -> None:
        """Let go of the connections to backends."""
        await self._http.close()
