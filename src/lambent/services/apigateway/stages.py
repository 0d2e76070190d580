"""Stages: a deployment under a name, with variables, settings of methods, and perhaps a canary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import BASE_PATHS, STAGES
from lambent.apis.errors import BadRequest, Conflict, NotFound, refuse
from lambent.apis.tag_rules import check_tags
from lambent.services.apigateway.client_certificates import find_certificate
from lambent.services.apigateway.documents import ACCOUNT, DEPLOYMENTS, DOCUMENTATION_VERSIONS
from lambent.services.apigateway.paging import shown
from lambent.services.apigateway.rest_apis import find_api
from lambent.services.apigateway.stage_patches import PATCHES, cache_cluster
from lambent.services.apigateway.usage_plans import drop_stages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9_\-]{1,128}")
# "Stage variable: names alphanumeric and underscore; values [A-Za-z0-9-._~:/?#&=,]+" (CreateStage).
_VARIABLE_NAME = re.compile(r"\w+", re.ASCII)
_REQUEST_IDS = ("$context.requestId", "$context.extendedRequestId")
_STREAM = "deliverystream/amazon-apigateway-"
_LOG_DESTINATION = re.compile(
    r"arn:aws[\w-]*:(logs:[\w-]+:\d{12}:log-group:[^\s:*]+(:\*)?"
    rf"|firehose:[\w-]+:\d{{12}}:{_STREAM}.+)"
)
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9 \-._~:/?#&=,]+")


@dataclass(frozen=True, slots=True)
class StageOperations:
    """The operations on stages."""

    publisher: Publisher

    def create_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id, name = context.scope, request["restApiId"], request["stageName"]
        find_api(tx, scope, api_id)
        if STAGES.find(tx, scope, api_id, name) is not None:
            raise Conflict("Stage already exists")
        stage = new_stage(tx, context, request)
        STAGES.put(tx, scope, api_id, name, stage)
        self.publisher.stage_changed(tx, scope, api_id, stage)
        return shown(stage)

    def get_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(find_stage(tx, context.scope, request))

    def get_stages(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["restApiId"])
        wanted = request.get("deploymentId")
        stages = STAGES.of(tx, context.scope, request["restApiId"])
        return {
            "item": [shown(each) for each in stages if wanted in (None, "", each["deploymentId"])]
        }

    def update_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        stage = PATCHES.apply(find_stage(tx, scope, request), request)
        check_variables(stage.get("variables", {}))
        check_references(tx, scope, api_id, stage)
        _check_logging(tx, scope, stage)
        stage["lastUpdatedDate"] = int(context.now.timestamp())
        STAGES.put(tx, scope, api_id, stage["stageName"], stage)
        self.publisher.stage_changed(tx, scope, api_id, stage)
        return shown(stage)

    def delete_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        name = find_stage(tx, scope, request)["stageName"]
        place = (api_id, name)
        mapped = {
            row.owner
            for row in BASE_PATHS.all(tx, scope)
            if (row.document["restApiId"], row.document.get("stage")) == place
        }
        if mapped:
            raise BadRequest(
                f"Deleting stage {name} failed. Please remove all base path mappings related to "
                f"the stage in your domains: {', '.join(sorted(mapped))}"
            )
        STAGES.remove(tx, scope, api_id, name)
        drop_stages(tx, self.publisher, scope, api_id, name)
        self.publisher.stage_deleted(tx, api_id, name)
        return {}

    def flush_stage_cache(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_stage(tx, context.scope, request)
        self.publisher.answers_flushed(tx, request["restApiId"], request["stageName"])
        return {}

    def flush_authorizers_cache(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        """A stage that is put anew has a new generation, under which nothing is cached."""
        stage = find_stage(tx, context.scope, request)
        self.publisher.stage_changed(tx, context.scope, request["restApiId"], stage)
        return {}


def new_stage(tx: Tx, context: RequestContext, request: Request) -> Document:
    """A stage as CreateStage makes it. Raises BadRequest and NotFound."""
    name = request["stageName"]
    if not _NAME.fullmatch(name):
        raise BadRequest("Stage name only allows a-zA-Z0-9_")
    check_variables(request.get("variables") or {})
    check_tags(request.get("tags") or {})
    now = int(context.now.timestamp())
    stage: Document = {"deploymentId": request["deploymentId"], "stageName": name}
    for member in ("description", "documentationVersion"):
        if request.get(member):
            stage[member] = request[member]
    stage |= {
        **cache_cluster(
            is_enabled=bool(request.get("cacheClusterEnabled")),
            size=request.get("cacheClusterSize"),
        ),
        "methodSettings": {},
        "tracingEnabled": bool(request.get("tracingEnabled")),
        "createdDate": now,
        "lastUpdatedDate": now,
    }
    for member in ("variables", "tags"):
        if request.get(member):
            stage[member] = dict(request[member])
    if request.get("canarySettings"):
        settings = request["canarySettings"]
        stage = with_canary(stage, settings, settings.get("deploymentId", ""))
    check_references(tx, context.scope, request["restApiId"], stage)
    return stage


def with_canary(stage: Document, settings: Mapping[str, Any], deployment_id: str) -> Document:
    """The stage with a part of its traffic going to another deployment. Raises BadRequest."""
    canary: Document = {
        "percentTraffic": settings.get("percentTraffic", 0.0),
        "deploymentId": deployment_id or stage["deploymentId"],
        "useStageCache": bool(settings.get("useStageCache")),
    }
    if settings.get("stageVariableOverrides"):
        check_variables(settings["stageVariableOverrides"])
        canary["stageVariableOverrides"] = dict(settings["stageVariableOverrides"])
    if not 0 <= canary["percentTraffic"] <= 100:
        raise BadRequest("Canary percent traffic must be between 0 and 100")
    return {**stage, "canarySettings": canary}


def check_variables(variables: Mapping[str, str]) -> None:
    """Raises BadRequest."""
    for name, value in variables.items():
        if not _VARIABLE_NAME.fullmatch(name):
            raise BadRequest(
                f"Invalid stage variable name: {name}.  Please use names with only word characters."
            )
        if not _VARIABLE_VALUE.fullmatch(value):
            raise BadRequest(
                f"Invalid stage variable value of key {name}.  Please use values with alphanumeric "
                "characters and the symbols ' ', -', '.', '_', ':', '/', '?', '&', '=', and ','."
            )


def check_references(tx: Tx, scope: Scope, api_id: str, stage: Document) -> None:
    """Raises BadRequest and NotFound where what the stage names is not there."""
    version = stage.get("documentationVersion")
    if version and not DOCUMENTATION_VERSIONS.find(tx, scope, api_id, version):
        raise BadRequest("Invalid Documentation version specified")
    if "clientCertificateId" in stage:
        find_certificate(tx, scope, stage["clientCertificateId"])
    for deployment_id in (
        stage["deploymentId"],
        stage.get("canarySettings", {}).get("deploymentId"),
    ):
        if deployment_id is not None and not DEPLOYMENTS.find(tx, scope, api_id, deployment_id):
            raise BadRequest("Deployment id does not exist")


def _check_logging(tx: Tx, scope: Scope, stage: Document) -> None:
    """Raises BadRequest where a stage is to write logs and nobody may ("Set up CloudWatch logging for REST APIs")."""
    destination = stage.get("accessLogSettings", {}).get("destinationArn", "")
    stream = destination.rpartition(":")[2] if ":firehose:" in destination else ""
    if stream.startswith("deliverystream/") and not stream.startswith(_STREAM):
        raise BadRequest(
            "Kinesis Firehose delivery stream name must begin with the characters "
            f"'amazon-apigateway-': '{stream}'"
        )
    if destination and not _LOG_DESTINATION.fullmatch(destination):
        raise BadRequest(
            "Invalid ARN specified in the request. The ARN must be a valid CloudWatch Logs log group "
            "or Kinesis Data Firehose delivery stream ARN."
        )
    if ":firehose:" in destination:
        raise refuse("access logs to Firehose", "name a log group of CloudWatch Logs.")
    wanted = stage.get("accessLogSettings", {}).get("format", "")
    if destination and wanted and not any(each in wanted for each in _REQUEST_IDS):
        raise BadRequest(
            "Access Log format must include either $context.requestId or $context.extendedRequestId "
            f": '{wanted}'"
        )
    levels = {each.get("loggingLevel", "OFF") for each in stage["methodSettings"].values()}
    if not destination and not levels - {"OFF"}:
        return
    account = ACCOUNT.find(tx, scope, "", "account") or {}
    if "cloudwatchRoleArn" not in account:
        raise BadRequest(
            "CloudWatch Logs role ARN must be set in account settings to enable logging"
        )


def find_stage(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    find_api(tx, scope, request["restApiId"])
    stage = STAGES.find(tx, scope, request["restApiId"], request["stageName"])
    if stage is None:
        raise NotFound("Invalid stage identifier specified")
    return stage
