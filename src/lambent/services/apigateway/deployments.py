"""Deployments: immutable snapshots of an API. What is changed afterwards is live with the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import STAGES
from lambent.apis.errors import BadRequest, NotFound
from lambent.core import ids
from lambent.services.apigateway.documents import DEPLOYMENTS, SNAPSHOTS
from lambent.services.apigateway.paging import page, shown
from lambent.services.apigateway.patches import PatchTable, member
from lambent.services.apigateway.rest_apis import find_api
from lambent.services.apigateway.snapshots import snapshot_of, summary_of
from lambent.services.apigateway.stage_patches import with_cache
from lambent.services.apigateway.stages import (
    check_variables,
    new_stage,
    with_canary,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# What CreateDeployment says about the stage.
_OF_STAGES = (
    "stageDescription",
    "variables",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "tracingEnabled",
)
_PATCHES = PatchTable((member("/description"),))


@dataclass(frozen=True, slots=True)
class Deployments:
    """The operations on deployments."""

    publisher: Publisher

    def create_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        api = find_api(tx, scope, api_id)
        snapshot = snapshot_of(tx, scope, api)
        deployment: Document = {"id": ids.lower_alphanumeric(6)}
        if request.get("description"):
            deployment["description"] = request["description"]
        deployment["createdDate"] = int(context.now.timestamp())
        DEPLOYMENTS.put(tx, scope, api_id, deployment["id"], deployment)
        SNAPSHOTS.put(tx, scope, api_id, deployment["id"], snapshot)
        self._deploy(tx, context, request, deployment["id"])
        return shown(deployment)

    def _deploy(
        self, tx: Tx, context: RequestContext, request: Request, deployment_id: str
    ) -> None:
        """To the stage that the request names, which is made if it is not there."""
        scope, api_id = context.scope, request["restApiId"]
        name = request.get("stageName")
        stage = STAGES.find(tx, scope, api_id, name) if name else None
        _check_stage(request, stage)
        if not name:
            return
        settings = {**request, "deploymentId": deployment_id}
        settings["description"] = request.get("stageDescription")
        if stage is None:
            stage = new_stage(tx, context, settings)
        elif request.get("canarySettings"):
            stage = with_canary(stage, request["canarySettings"], deployment_id)
        else:
            stage = {**stage, "deploymentId": deployment_id}
            if request.get("stageDescription"):
                stage["description"] = request["stageDescription"]
            if request.get("variables"):
                check_variables(request["variables"])
                stage["variables"] = {**stage.get("variables", {}), **request["variables"]}
            if request.get("cacheClusterEnabled") is not None:
                size = request.get("cacheClusterSize") or stage.get("cacheClusterSize")
                stage = with_cache(stage, is_enabled=request["cacheClusterEnabled"], size=size)
            if request.get("tracingEnabled") is not None:
                stage["tracingEnabled"] = request["tracingEnabled"]
        stage["lastUpdatedDate"] = int(context.now.timestamp())
        STAGES.put(tx, scope, api_id, name, stage)
        self.publisher.stage_changed(tx, scope, api_id, stage)

    def get_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        deployment = shown(find_deployment(tx, context.scope, request))
        if "apisummary" in [each.lower() for each in request.get("embed") or ()]:
            snapshot = SNAPSHOTS.find(
                tx, context.scope, request["restApiId"], request["deploymentId"]
            )
            deployment["apiSummary"] = summary_of(snapshot or {"resources": []})
        return deployment

    def get_deployments(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["restApiId"])
        deployments = DEPLOYMENTS.of(tx, context.scope, request["restApiId"])
        return page(deployments, request, lambda each: str(each["id"]))

    def update_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        deployment = _PATCHES.apply(find_deployment(tx, scope, request), request)
        DEPLOYMENTS.put(tx, scope, api_id, deployment["id"], deployment)
        return shown(deployment)

    def delete_deployment(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        deployment = find_deployment(tx, scope, request)
        for stage in STAGES.of(tx, scope, api_id):
            canary_id = stage.get("canarySettings", {}).get("deploymentId")
            if deployment["id"] in (stage["deploymentId"], canary_id):
                raise BadRequest(
                    "Active stages pointing to this deployment must be moved or deleted"
                )
        DEPLOYMENTS.remove(tx, scope, api_id, deployment["id"])
        SNAPSHOTS.remove(tx, scope, api_id, deployment["id"])
        return {}


def _check_stage(request: Request, stage: Document | None) -> None:
    """Raises BadRequest for what a deployment cannot say of the stage it goes to, if to any."""
    name, is_canary = request.get("stageName"), bool(request.get("canarySettings"))
    if is_canary and not name:
        raise _not_deployable(
            "Non null and non empty stageName must be provided for canary deployment. "
            f"Provided value is {'null' if name is None else name}"
        )
    if not name:
        for member in _OF_STAGES:
            if request.get(member):
                raise BadRequest(f"{member} can be set only if stageName is specified")
    elif is_canary and stage is None:
        raise _not_deployable(
            f"Stage {name} must already be created before making a canary release deployment"
        )
    elif not is_canary and stage is not None and "canarySettings" in stage:
        raise _not_deployable(
            f"Non canary deployment not supported on stage {name} because Canary is enabled. "
            "Provide CanarySettings in deploymentInput."
        )


def _not_deployable(why: str) -> BadRequest:
    # AWS writes no space between the sentences.
    return BadRequest(f"Invalid deployment content specified.{why}")


def find_deployment(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    find_api(tx, scope, request["restApiId"])
    found = DEPLOYMENTS.find(tx, scope, request["restApiId"], request["deploymentId"])
    if found is None:
        raise NotFound("Invalid Deployment identifier specified")
    return found
