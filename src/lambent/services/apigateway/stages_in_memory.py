"""What is deployed, held in memory for the data plane: the seam between it and the control plane.

The control plane puts in here what a transaction has changed, once that is durable and before the change is answered;
the data plane only asks. Documents have the members that the Get operations of the API model answer, with times as
seconds since 1970, and are never changed in place: what has been handed out stays as it was.

A **snapshot** is what CreateDeployment keeps, a plain JSON document::

    {"restApi": <RestApi>,
     "resources": [<Resource, with resourceMethods down to the integration responses>],
     "authorizers": [<Authorizer>], "models": [<Model>], "requestValidators": [<RequestValidator>],
     "gatewayResponses": {responseType: <GatewayResponse>},   # those that were changed
     "policy": <text of the resource policy, absent without one>}
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from lambent.apis.domains import Domains

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.apis.client_certificates import ClientCertificate

    Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Live:
    """A stage and what is deployed to it.

    `generation` moves whenever the stage or its deployment changes, and is never given out twice: what is compiled
    from a snapshot is good for as long as it stays. `canary` is the snapshot of `stage["canarySettings"]`, and
    `certificate` what HTTP integrations show to their endpoints.
    """

    account_id: str
    region: str
    api_id: str
    stage: Document
    snapshot: Document
    generation: int = 0
    canary: Document | None = None
    certificate: ClientCertificate | None = None

    @property
    def stage_name(self) -> str:
        return str(self.stage["stageName"])


@dataclass(frozen=True, slots=True)
class LiveApi:
    """An API that exists, with its stages by name; one that was never deployed has none."""

    account_id: str
    region: str
    api_id: str
    stages: Mapping[str, Live] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """`document` as GetUsagePlan answers."""

    id: str
    document: Document

    def holds(self, api_id: str, stage: str) -> bool:
        """Is the stage one of the plan's?"""
        stages = self.document.get("apiStages", ())
        return any(each["apiId"] == api_id and each["stage"] == stage for each in stages)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key with the usage plans that it is in.

    `stage_keys` are stages that it opens without a plan, as `API/STAGE` (the older way of CreateApiKey).
    """

    account_id: str
    region: str
    id: str
    value: str = field(repr=False)  # never in a log
    name: str = ""
    is_enabled: bool = True
    customer_id: str = ""
    stage_keys: frozenset[str] = frozenset()
    plans: tuple[UsagePlan, ...] = ()

    def opens(self, api_id: str, stage: str) -> bool:
        """May the key call the stage, as far as plans and the key itself go?"""
        named = f"{api_id}/{stage}" in self.stage_keys
        return self.is_enabled and (named or self.plan(api_id, stage) is not None)

    def plan(self, api_id: str, stage: str) -> UsagePlan | None:
        """The plan that the key calls the stage under."""
        return next((plan for plan in self.plans if plan.holds(api_id, stage)), None)


class Stages:
    """The deployed state of all accounts. Ids of APIs are unique on the platform, values of keys in an account and
    region."""

    def __init__(self, domains: Domains | None = None) -> None:
        """`domains` where the HTTP APIs have the same."""
        self.domains = Domains() if domains is None else domains
        self._apis: dict[str, LiveApi] = {}
        self._keys: dict[tuple[str, str, str], ApiKey] = {}  # by account, region and id
        self._by_value: dict[tuple[str, str, str], ApiKey] = {}
        self._generations = itertools.count(1)
        # The last one given out: moves with every stage that comes, changes or goes.
        self.generation = 0
        # By API and stage: how often the answers that it has kept were forgotten.
        self.flushes: Counter[tuple[str, str]] = Counter()

    # --- what the data plane asks ---

    def find(self, account_id: str, region: str, api_id: str, stage: str) -> Live | None:
        """A stage of an account."""
        api = self._apis.get(api_id)
        if api is None or (api.account_id, api.region) != (account_id, region):
            return None
        return api.stages.get(stage)

    def find_api(self, api_id: str) -> LiveApi | None:
        """An API of whatever account: who calls one knows its id alone."""
        return self._apis.get(api_id)

    def key(self, account_id: str, region: str, value: str) -> ApiKey | None:
        """The key with this value, enabled or not."""
        return self._by_value.get((account_id, region, value))

    # --- what the control plane tells, after each commit ---

    def put_api(self, account_id: str, region: str, api_id: str) -> None:
        """An API is there; its stages stay."""
        self._apis.setdefault(api_id, LiveApi(account_id, region, api_id))

    def remove_api(self, api_id: str) -> None:
        """An API is gone, with its stages."""
        self._apis.pop(api_id, None)
        self.generation = next(self._generations)

    def put_stage(self, live: Live) -> None:
        """A stage is there, or has changed; its generation is given here."""
        self.generation = next(self._generations)
        live = replace(live, generation=self.generation)
        empty = LiveApi(live.account_id, live.region, live.api_id)
        api = self._apis.get(live.api_id, empty)
        self._apis[live.api_id] = replace(api, stages={**api.stages, live.stage_name: live})

    def remove_stage(self, api_id: str, stage: str) -> None:
        """A stage is gone."""
        self.generation = next(self._generations)
        api = self._apis.get(api_id)
        if api is not None:
            kept = {name: live for name, live in api.stages.items() if name != stage}
            self._apis[api_id] = replace(api, stages=kept)

    def flush_answers(self, api_id: str, stage: str) -> None:
        """What the stage has kept is good no longer."""
        self.flushes[api_id, stage] += 1

    def put_keys(self, keys: Iterable[ApiKey]) -> None:
        """Keys are there, or have changed: themselves or a plan they are in."""
        for key in keys:
            self.remove_key(key.account_id, key.region, key.id)
            self._keys[key.account_id, key.region, key.id] = key
            self._by_value[key.account_id, key.region, key.value] = key

    def remove_key(self, account_id: str, region: str, key_id: str) -> None:
        """A key is gone."""
        key = self._keys.pop((account_id, region, key_id), None)
        if key is not None:
            self._by_value.pop((account_id, region, key.value), None)

    def clear(self) -> None:
        """Forget everything (`--test-mode`). Generations go on."""
        self.generation = next(self._generations)
        self._apis.clear()
        self._keys.clear()
        self._by_value.clear()
        self.domains.clear()
