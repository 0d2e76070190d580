"""Deployments: immutable snapshots of an API, made on demand, or by stages that deploy by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import HTTP_STAGES
from lambent.apis.errors import BadRequest
from lambent.services.apigatewayv2.documents import (
    DEPLOYMENTS,
    SNAPSHOTS,
    find_api,
    find_deployment,
    shown,
)
from lambent.services.apigatewayv2.paging import page
from lambent.services.apigatewayv2.publishing import deploy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Deployments:
    """The operations on deployments."""

    publisher: Publisher

    def create_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        api_id = request["ApiId"]
        find_api(tx, context.scope, api_id)
        stage = self._stage_of(tx, context, request)
        if stage is not None and stage.get("AutoDeploy"):
            raise BadRequest("Deployment to a stage with autoDeploy enabled is not supported")
        deployment = deploy(tx, context, api_id, request.get("Description") or "")
        if stage is not None:
            self.publisher.deployed(tx, context, api_id, stage, deployment["DeploymentId"])
        return shown(deployment)

    def _stage_of(self, tx: Tx, context: RequestContext, request: Request) -> Document | None:
        name = request.get("StageName")
        if not name:
            return None
        stage = HTTP_STAGES.find(tx, context.scope, request["ApiId"], name)
        if stage is None:
            raise BadRequest(
                f"Stage {name} does not exist. StageName specified on a CreateDeployment request "
                "must exist so the stage can be updated with the new deployment."
            )
        return stage

    def get_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(find_deployment(tx, context.scope, request))

    def get_deployments(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        return page(DEPLOYMENTS.of(tx, context.scope, request["ApiId"]), request, "DeploymentId")

    def update_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        deployment = find_deployment(tx, context.scope, request)
        if request.get("Description") is not None:
            deployment["Description"] = request["Description"]
        id_ = deployment["DeploymentId"]
        DEPLOYMENTS.put(tx, context.scope, request["ApiId"], id_, deployment)
        return shown(deployment)

    def delete_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        id_ = find_deployment(tx, scope, request)["DeploymentId"]
        if any(each.get("DeploymentId") == id_ for each in HTTP_STAGES.of(tx, scope, api_id)):
            raise BadRequest("Active stages pointing to this deployment must be moved or deleted")
        DEPLOYMENTS.remove(tx, scope, api_id, id_)
        SNAPSHOTS.remove(tx, scope, api_id, id_)
        return {}
