"""Tells the memory of the data plane what a transaction has changed, once it is durable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.documents import REST_APIS, STAGES
from lambent.services.apigateway.client_certificates import find_identity
from lambent.services.apigateway.documents import API_KEYS, SNAPSHOTS, USAGE_PLAN_KEYS, USAGE_PLANS
from lambent.services.apigateway.stages_in_memory import ApiKey, Live, UsagePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Scope
    from lambent.core.ports import Database, Tx
    from lambent.services.apigateway.stages_in_memory import Stages
    from lambent.storage.documents import Row

    Document = Mapping[str, Any]


class Publisher:
    """Called by operations that change something the data plane goes by, with their transaction."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self.domains = stages.domains

    async def load(self, database: Database) -> None:
        """Everything that is there, at the start."""

        def read(tx: Tx) -> tuple[list[Row], list[Live], list[ApiKey]]:
            apis = REST_APIS.everywhere(tx)
            lives = [_live(tx, row.scope, row.owner, row.document) for row in STAGES.everywhere(tx)]
            keys = [_key(tx, row.scope, row.id) for row in API_KEYS.everywhere(tx)]
            return apis, lives, keys

        apis, lives, keys = await database.read(read)
        for row in apis:
            self._stages.put_api(row.scope.account_id, row.scope.region, row.id)
        for live in lives:
            self._stages.put_stage(live)
        self._stages.put_keys(keys)
        await self._stages.domains.load(database)

    def api_created(self, tx: Tx, scope: Scope, api_id: str) -> None:
        tx.after_commit(self._stages.put_api, scope.account_id, scope.region, api_id)

    def api_deleted(self, tx: Tx, api_id: str) -> None:
        tx.after_commit(self._stages.remove_api, api_id)

    def stage_changed(self, tx: Tx, scope: Scope, api_id: str, stage: Document) -> None:
        tx.after_commit(self._stages.put_stage, _live(tx, scope, api_id, stage))

    def answers_flushed(self, tx: Tx, api_id: str, name: str) -> None:
        tx.after_commit(self._stages.flush_answers, api_id, name)

    def stage_deleted(self, tx: Tx, api_id: str, name: str) -> None:
        tx.after_commit(self._stages.remove_stage, api_id, name)

    def keys_changed(self, tx: Tx, scope: Scope, *key_ids: str) -> None:
        """Keys, or the plans that they are in."""
        keys = [_key(tx, scope, key_id) for key_id in key_ids]
        tx.after_commit(self._stages.put_keys, keys)

    def plan_changed(self, tx: Tx, scope: Scope, plan_id: str) -> None:
        """A usage plan: all keys in it see another one."""
        keys = [row.id for row in USAGE_PLAN_KEYS.rows_of(tx, scope, plan_id)]
        self.keys_changed(tx, scope, *keys)

    def key_deleted(self, tx: Tx, scope: Scope, key_id: str) -> None:
        tx.after_commit(self._stages.remove_key, scope.account_id, scope.region, key_id)


def _live(tx: Tx, scope: Scope, api_id: str, stage: Document) -> Live:
    canary_id = stage.get("canarySettings", {}).get("deploymentId")
    canary = SNAPSHOTS.find(tx, scope, api_id, canary_id) if canary_id else None
    snapshot = SNAPSHOTS.find(tx, scope, api_id, stage["deploymentId"])
    return Live(
        scope.account_id,
        scope.region,
        api_id,
        stage,
        snapshot or {},
        canary=canary,
        certificate=find_identity(tx, scope, stage.get("clientCertificateId", "")),
    )


def _key(tx: Tx, scope: Scope, key_id: str) -> ApiKey:
    key = API_KEYS.find(tx, scope, "", key_id)
    assert key is not None
    plans = [
        USAGE_PLANS.find(tx, scope, "", row.owner)
        for row in USAGE_PLAN_KEYS.everywhere(tx, key_id)
        if row.scope == scope
    ]
    return ApiKey(
        account_id=scope.account_id,
        region=scope.region,
        id=key["id"],
        value=key["value"],
        name=key.get("name", ""),
        is_enabled=key["enabled"],
        customer_id=key.get("customerId", ""),
        stage_keys=frozenset(key["stageKeys"]),
        plans=tuple(UsagePlan(plan["id"], plan) for plan in plans if plan is not None),
    )
