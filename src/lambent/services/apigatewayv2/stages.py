"""Stages: a deployment under a name, or whatever the API is (`AutoDeploy`); variables, throttling, access logs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import BASE_PATHS, HTTP_STAGES
from lambent.apis.errors import BadRequest, Conflict, NotFound
from lambent.apis.tag_rules import check_tags
from lambent.services.apigatewayv2.documents import (
    ROUTES,
    find_api,
    find_deployment,
    find_stage,
    shown,
)
from lambent.services.apigatewayv2.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_NAME = re.compile(r"[A-Za-z0-9_\-]{1,128}|\$default")
_VARIABLE_NAME = re.compile(r"[A-Za-z0-9_]+")
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9 \-._~:/?#&=,]*")
_LOG_GROUP = re.compile(r"arn:aws[\w-]*:logs:[\w-]+:\d{12}:log-group:[^\s:*]+(:\*)?")
_SETTINGS = ("DetailedMetricsEnabled", "ThrottlingBurstLimit", "ThrottlingRateLimit")


@dataclass(frozen=True, slots=True)
class Stages:
    """The operations on stages."""

    publisher: Publisher

    def create_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id, name = context.scope, request["ApiId"], request["StageName"]
        find_api(tx, scope, api_id)
        if HTTP_STAGES.find(tx, scope, api_id, name) is not None:
            raise Conflict("Stage already exists")
        stage = new_stage(tx, context, request)
        self._put(tx, context, api_id, stage)
        return shown(stage)

    def get_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(find_stage(tx, context.scope, request))

    def get_stages(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        return page(HTTP_STAGES.of(tx, context.scope, request["ApiId"]), request, "StageName")

    def update_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        stage = find_stage(tx, context.scope, request)
        was_automatic, had = bool(stage.get("AutoDeploy")), stage.get("DeploymentId")
        _apply(tx, context.scope, request["ApiId"], stage, request)
        stage["LastUpdatedDate"] = int(context.now.timestamp())
        is_new = bool(stage.get("AutoDeploy")) and not was_automatic
        self._put(tx, context, request["ApiId"], stage, deploys=is_new or had is None)
        return shown(stage)

    def delete_stage(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        name = find_stage(tx, scope, request)["StageName"]
        mapped = {
            row.owner
            for row in BASE_PATHS.all(tx, scope)
            if row.document["restApiId"] == api_id and row.document.get("stage") == name
        }
        if mapped:
            raise BadRequest(
                f"Deleting stage {name} failed. Please remove all base path mappings related to "
                f"the stage in your domains: {', '.join(sorted(mapped))}"
            )
        HTTP_STAGES.remove(tx, scope, api_id, name)
        self.publisher.stage_deleted(tx, api_id, name)
        return {}

    def delete_access_log_settings(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        stage = find_stage(tx, context.scope, request)
        stage.pop("AccessLogSettings", None)
        self._put(tx, context, request["ApiId"], stage, deploys=False)
        return {}

    def delete_route_settings(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        stage = find_stage(tx, context.scope, request)
        key = request["RouteKey"]
        if stage["RouteSettings"].pop(key, None) is None:
            raise NotFound(f"Unable to find Route by key {key} within the provided RouteSettings")
        self._put(tx, context, request["ApiId"], stage, deploys=False)
        return {}

    def reset_authorizers_cache(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        """A stage that is put anew has a new generation, under which nothing is cached."""
        stage = find_stage(tx, context.scope, request)
        self.publisher.stage_changed(tx, context.scope, request["ApiId"], stage)
        return {}

    def _put(
        self,
        tx: Tx,
        context: RequestContext,
        api_id: str,
        stage: Document,
        *,
        deploys: bool = True,
    ) -> None:
        if deploys and stage.get("AutoDeploy"):
            self.publisher.deploy_automatically(tx, context, api_id, stage)
            return
        HTTP_STAGES.put(tx, context.scope, api_id, stage["StageName"], stage)
        self.publisher.stage_changed(tx, context.scope, api_id, stage)


def new_stage(tx: Tx, context: RequestContext, request: Request) -> Document:
    """A stage as CreateStage makes it, not stored yet. Raises BadRequest and NotFound."""
    name = request["StageName"]
    if not _NAME.fullmatch(name):
        raise BadRequest("Stage name only allows a-zA-Z0-9_")
    check_tags(request.get("Tags") or {})
    now = int(context.now.timestamp())
    stage: Document = {
        "CreatedDate": now,
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "LastUpdatedDate": now,
        "RouteSettings": {},
        "StageName": name,
        "StageVariables": {},
        "Tags": dict(request.get("Tags") or {}),
    }
    _apply(tx, context.scope, request["ApiId"], stage, request)
    return stage


def _apply(tx: Tx, scope: Scope, api_id: str, stage: Document, request: Request) -> None:
    """What the request says about the stage."""
    if request.get("ClientCertificateId"):
        raise BadRequest("clientCertificateId is supported only for WebSocket APIs")
    if request.get("AutoDeploy") is not None:
        stage["AutoDeploy"] = request["AutoDeploy"]
    if request.get("DeploymentId"):
        if stage.get("AutoDeploy"):
            raise BadRequest(
                f"Deployment ID cannot be set on this stage {scope.account_id}:{api_id} because "
                "AutoDeploy is enabled."
            )
        find_deployment(tx, scope, request)
        stage["DeploymentId"] = request["DeploymentId"]
    if request.get("Description"):  # An empty one leaves it as it is.
        stage["Description"] = request["Description"]
    if request.get("StageVariables") is not None:
        _check_variables(request["StageVariables"])
        together = {**stage["StageVariables"], **request["StageVariables"]}
        stage["StageVariables"] = {name: value for name, value in together.items() if value}
    if request.get("AccessLogSettings"):
        stage["AccessLogSettings"] = _access_log(
            {**stage.get("AccessLogSettings", {}), **request["AccessLogSettings"]}
        )
    _apply_settings(tx, scope, api_id, stage, request)


def _apply_settings(tx: Tx, scope: Scope, api_id: str, stage: Document, request: Request) -> None:
    """Settings of routes, which must be there."""
    if request.get("DefaultRouteSettings"):
        stage["DefaultRouteSettings"] |= route_settings(request["DefaultRouteSettings"])
    keys = {route["RouteKey"] for route in ROUTES.of(tx, scope, api_id)}
    for key, settings in (request.get("RouteSettings") or {}).items():
        if key not in keys:
            raise NotFound(f"Unable to find Route by key {key} within the provided RouteSettings")
        before = stage["RouteSettings"].get(key) or {"DetailedMetricsEnabled": False}
        stage["RouteSettings"][key] = before | route_settings(settings)


def route_settings(given: Mapping[str, Any]) -> Document:
    """Raises BadRequest for what HTTP APIs have not, or is out of bounds."""
    if given.get("DataTraceEnabled") or given.get("LoggingLevel") not in (None, "OFF"):
        raise BadRequest("Execution logs are not supported on protocolType HTTP")
    settings = {name: given[name] for name in _SETTINGS if given.get(name) is not None}
    if settings.get("ThrottlingBurstLimit", 0) < 0 or settings.get("ThrottlingRateLimit", 0) < 0:
        raise BadRequest("Throttling limits must not be negative")
    return settings


def _check_variables(variables: Mapping[str, str]) -> None:
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


def _access_log(settings: Document) -> Document:
    arn = settings.get("DestinationArn", "")
    if ":firehose:" in arn:  # AWS writes no access logs of HTTP APIs there, either.
        raise BadRequest(
            "Access log destination must only contain characters a-z, A-Z, 0-9, '_', '-', '/', '.': "
            f"'{arn.rpartition(':')[2]}'"
        )
    if not _LOG_GROUP.fullmatch(arn):
        raise BadRequest(f"Invalid ARN specified in the request. {arn}")
    if "$context.requestId" not in settings.get("Format", "").replace(
        "extendedRequestId", "requestId"
    ):
        raise BadRequest(
            "Access Log format must include either $context.requestId or $context.extendedRequestId"
        )
    return settings
