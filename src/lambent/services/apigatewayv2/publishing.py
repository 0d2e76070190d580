"""Deploys what has changed, and tells the memory of the data plane once it is durable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.documents import HTTP_APIS, HTTP_STAGES
from lambent.core import ids
from lambent.services.apigatewayv2.documents import (
    AUTHORIZERS,
    DEPLOYMENTS,
    INTEGRATIONS,
    ROUTES,
    SNAPSHOTS,
)
from lambent.services.apigatewayv2.live_apis import LiveStage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Database, Tx
    from lambent.services.apigatewayv2.live_apis import LiveApis

    Document = dict[str, Any]

# As AWS words it in LastDeploymentStatusMessage.
_DEPLOYED = "Successfully deployed stage with deployment ID '{}'"


class Publisher:
    """Called by operations that change something the data plane goes by, with their transaction."""

    def __init__(self, live_apis: LiveApis) -> None:
        self._live = live_apis
        self.domains = live_apis.domains

    async def load(self, database: Database) -> None:
        """Everything that is there, at the start. The domain names are loaded by the REST service."""

        def read(tx: Tx) -> tuple[list[tuple[Scope, str]], list[LiveStage]]:
            apis = [(row.scope, row.id) for row in HTTP_APIS.everywhere(tx)]
            stages = [
                _live(tx, row.scope, row.owner, row.document) for row in HTTP_STAGES.everywhere(tx)
            ]
            return apis, stages

        apis, stages = await database.read(read)
        for scope, api_id in apis:
            self._live.put_api(scope, api_id)
        for stage in stages:
            self._live.put_stage(stage)

    def api_created(self, tx: Tx, scope: Scope, api_id: str) -> None:
        tx.after_commit(self._live.put_api, scope, api_id)

    def api_deleted(self, tx: Tx, api_id: str) -> None:
        tx.after_commit(self._live.remove_api, api_id)

    def stage_changed(self, tx: Tx, scope: Scope, api_id: str, stage: Mapping[str, Any]) -> None:
        tx.after_commit(self._live.put_stage, _live(tx, scope, api_id, stage))

    def stage_deleted(self, tx: Tx, api_id: str, name: str) -> None:
        tx.after_commit(self._live.remove_stage, api_id, name)

    def definition_changed(self, tx: Tx, context: RequestContext, api_id: str) -> None:
        """The API, a route, an integration or an authorizer: stages that deploy by themselves have it at once."""
        for stage in HTTP_STAGES.of(tx, context.scope, api_id):
            if stage.get("AutoDeploy"):
                self.deploy_automatically(tx, context, api_id, stage)

    def deploy_automatically(
        self, tx: Tx, context: RequestContext, api_id: str, stage: Document
    ) -> None:
        """A deployment of the API as it is to one stage. The one before goes, unless another stage has it."""
        before = stage.get("DeploymentId")
        message = "Automatic deployment triggered by changes to the Api configuration"
        deployment = deploy(tx, context, api_id, message, is_automatic=True)
        self.deployed(tx, context, api_id, stage, deployment["DeploymentId"])
        others = {each.get("DeploymentId") for each in HTTP_STAGES.of(tx, context.scope, api_id)}
        old = DEPLOYMENTS.find(tx, context.scope, api_id, before) if before else None
        if old is not None and old["AutoDeployed"] and before not in others:
            DEPLOYMENTS.remove(tx, context.scope, api_id, old["DeploymentId"])
            SNAPSHOTS.remove(tx, context.scope, api_id, old["DeploymentId"])

    def deployed(
        self, tx: Tx, context: RequestContext, api_id: str, stage: Document, deployment_id: str
    ) -> None:
        """A stage has another deployment."""
        stage["DeploymentId"] = deployment_id
        if stage.get("AutoDeploy"):
            stage["LastDeploymentStatusMessage"] = _DEPLOYED.format(deployment_id)
        stage["LastUpdatedDate"] = int(context.now.timestamp())
        HTTP_STAGES.put(tx, context.scope, api_id, stage["StageName"], stage)
        self.stage_changed(tx, context.scope, api_id, stage)


def deploy(
    tx: Tx, context: RequestContext, api_id: str, description: str, *, is_automatic: bool = False
) -> Document:
    """A deployment of the API as it is now."""
    deployment: Document = {
        "AutoDeployed": is_automatic,
        "CreatedDate": int(context.now.timestamp()),
        "DeploymentId": ids.lower_alphanumeric(6),
        "DeploymentStatus": "DEPLOYED",
    }
    if description:
        deployment["Description"] = description
    scope, id_ = context.scope, deployment["DeploymentId"]
    DEPLOYMENTS.put(tx, scope, api_id, id_, deployment)
    SNAPSHOTS.put(tx, scope, api_id, id_, snapshot_of(tx, scope, api_id))
    return deployment


def snapshot_of(tx: Tx, scope: Scope, api_id: str) -> Document:
    """The API as it is now: see `live_apis` for the shape."""
    return {
        "Api": HTTP_APIS.find(tx, scope, "", api_id),
        "Routes": ROUTES.of(tx, scope, api_id),
        "Integrations": {row.id: row.document for row in INTEGRATIONS.rows_of(tx, scope, api_id)},
        "Authorizers": {row.id: row.document for row in AUTHORIZERS.rows_of(tx, scope, api_id)},
    }


def _live(tx: Tx, scope: Scope, api_id: str, stage: Mapping[str, Any]) -> LiveStage:
    deployment_id = stage.get("DeploymentId")
    snapshot = SNAPSHOTS.find(tx, scope, api_id, deployment_id) if deployment_id else None
    return LiveStage(scope, api_id, stage, snapshot or {})
