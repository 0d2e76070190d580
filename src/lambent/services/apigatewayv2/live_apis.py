"""What is deployed of HTTP APIs, held in memory for the data plane: the seam between it and the control plane.

Documents have the members that the Get operations answer, with times as seconds since 1970, and are never changed in
place. A **snapshot** is what a deployment keeps::

    {"Api": <Api>, "Routes": [<Route>], "Integrations": {id: <Integration>}, "Authorizers": {id: <Authorizer>}}
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.apis.domains import Domains
    from lambent.core.context import Scope

    Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LiveStage:
    """A stage and what is deployed to it. `generation` moves with every change, and is never given out twice."""

    scope: Scope
    api_id: str
    stage: Document
    snapshot: Document
    generation: int = 0

    @property
    def name(self) -> str:
        return str(self.stage["StageName"])


@dataclass(frozen=True, slots=True)
class LiveApi:
    """An API that exists, with its stages by name."""

    scope: Scope
    stages: Mapping[str, LiveStage] = field(default_factory=dict)


class LiveApis:
    """The deployed state of all accounts. Args: the domain names, which REST APIs have as well."""

    def __init__(self, domains: Domains) -> None:
        self.domains = domains
        self._apis: dict[str, LiveApi] = {}
        self._generations = itertools.count(1)

    def find(self, api_id: str) -> LiveApi | None:
        """An API of whatever account: who calls one knows its id alone."""
        return self._apis.get(api_id)

    # --- what the control plane tells, after each commit ---

    def put_api(self, scope: Scope, api_id: str) -> None:
        """An API is there; its stages stay."""
        self._apis.setdefault(api_id, LiveApi(scope))

    def remove_api(self, api_id: str) -> None:
        """An API is gone, with its stages."""
        self._apis.pop(api_id, None)

    def put_stage(self, live: LiveStage) -> None:
        """A stage is there, or has changed; its generation is given here."""
        live = replace(live, generation=next(self._generations))
        api = self._apis.get(live.api_id, LiveApi(live.scope))
        self._apis[live.api_id] = replace(api, stages={**api.stages, live.name: live})

    def remove_stage(self, api_id: str, stage: str) -> None:
        """A stage is gone."""
        api = self._apis.get(api_id)
        if api is not None:
            kept = {name: live for name, live in api.stages.items() if name != stage}
            self._apis[api_id] = replace(api, stages=kept)

    def clear(self) -> None:
        """Forget everything (`--test-mode`). Generations go on."""
        self._apis.clear()
