"""Apis: created (also with all that a first call needs), listed, changed, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import BASE_PATHS, HTTP_APIS, is_free_id
from lambent.apis.errors import BadRequest, refuse
from lambent.apis.tag_rules import check_tags
from lambent.core import ids
from lambent.services.apigatewayv2.cors import cors_configuration
from lambent.services.apigatewayv2.documents import (
    INTEGRATIONS,
    OF_APIS,
    ROUTES,
    find_api,
    shown,
)
from lambent.services.apigatewayv2.integrations import new_integration
from lambent.services.apigatewayv2.paging import page
from lambent.services.apigatewayv2.routes import check_key_is_free, new_route
from lambent.services.apigatewayv2.stages import new_stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

ROUTE_SELECTION = "$request.method $request.path"
API_KEY_SELECTION = "$request.header.x-api-key"
_QUICK = ("RouteKey", "CredentialsArn")


@dataclass(frozen=True, slots=True)
class Apis:
    """The operations on APIs."""

    publisher: Publisher

    def create_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        _check_kind(request)
        api = new_api(tx, context, request)
        scope = context.scope
        HTTP_APIS.put(tx, scope, "", api["ApiId"], api)
        self.publisher.api_created(tx, scope, api["ApiId"])
        if request.get("Target"):
            self._furnish(tx, context, api["ApiId"], request)
        else:
            for name in _QUICK:
                if request.get(name):
                    raise BadRequest(f"{name} can only be set when target is specified")
        made = shown(api)
        if not made["Tags"]:  # only where an API is read
            del made["Tags"]
        return made

    def _furnish(self, tx: Tx, context: RequestContext, api_id: str, request: Request) -> None:
        """Quick create: an integration, a route to it, and a stage that deploys by itself."""
        scope, managed = context.scope, {"ApiGatewayManaged": True}
        integration = new_integration(_quick_integration(request)) | managed
        INTEGRATIONS.put(tx, scope, api_id, integration["IntegrationId"], integration)
        target = f"integrations/{integration['IntegrationId']}"
        key = request.get("RouteKey") or "$default"
        route = new_route(tx, scope, {"ApiId": api_id, "RouteKey": key, "Target": target}) | managed
        ROUTES.put(tx, scope, api_id, route["RouteId"], route)
        asked = {"ApiId": api_id, "StageName": "$default", "AutoDeploy": True}
        stage = new_stage(tx, context, asked) | managed
        self.publisher.deploy_automatically(tx, context, api_id, stage)

    def get_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(find_api(tx, context.scope, request["ApiId"]))

    def get_apis(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return page(HTTP_APIS.of(tx, context.scope), request, "ApiId")

    def update_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        api = find_api(tx, scope, api_id)
        _check_members(request)
        for name in (
            "Name",
            "Description",
            "Version",
            "DisableExecuteApiEndpoint",
            "IpAddressType",
        ):
            if request.get(name) is not None:
                api[name] = request[name]
        if not api["Name"].strip():
            raise BadRequest("Invalid API name specified")
        if request.get("CorsConfiguration"):
            api["CorsConfiguration"] = cors_configuration(request["CorsConfiguration"])
        HTTP_APIS.put(tx, scope, "", api_id, api)
        self._update_quick(tx, scope, api_id, request)
        self.publisher.definition_changed(tx, context, api_id)
        return shown(api)

    def _update_quick(self, tx: Tx, scope: Scope, api_id: str, request: Request) -> None:
        """Target, route key and credentials of an API that was made by quick create."""
        if not any(request.get(name) for name in ("Target", *_QUICK)):
            return
        integrations = [each for each in INTEGRATIONS.of(tx, scope, api_id) if _is_managed(each)]
        routes = [each for each in ROUTES.of(tx, scope, api_id) if _is_managed(each)]
        if not integrations or not routes:
            raise BadRequest(
                "target, routeKey and credentialsArn can only be updated for APIs that were created "
                "by quick create"
            )
        integration, route = integrations[0], routes[0]
        if request.get("Target"):
            kept = {"CredentialsArn": integration.get("CredentialsArn"), **request}
            fresh = new_integration(_quick_integration(kept))
            integration = fresh | {
                "IntegrationId": integration["IntegrationId"],
                "ApiGatewayManaged": True,
            }
        if request.get("CredentialsArn"):
            integration["CredentialsArn"] = request["CredentialsArn"]
        INTEGRATIONS.put(tx, scope, api_id, integration["IntegrationId"], integration)
        if request.get("RouteKey") and request["RouteKey"] != route["RouteKey"]:
            check_key_is_free(tx, scope, api_id, request["RouteKey"])
            ROUTES.put(
                tx, scope, api_id, route["RouteId"], route | {"RouteKey": request["RouteKey"]}
            )

    def delete_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        find_api(tx, scope, api_id)
        if any(row.document["restApiId"] == api_id for row in BASE_PATHS.all(tx, scope)):
            raise BadRequest(
                f"Deleting API {api_id} failed. Please remove all API mappings for the API from "
                "your custom domain names."
            )
        for kind in OF_APIS:
            kind.remove_of(tx, scope, api_id)
        HTTP_APIS.remove(tx, scope, "", api_id)
        self.publisher.api_deleted(tx, api_id)
        return {}

    def delete_cors_configuration(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        api = find_api(tx, context.scope, request["ApiId"])
        api.pop("CorsConfiguration", None)
        HTTP_APIS.put(tx, context.scope, "", api["ApiId"], api)
        self.publisher.definition_changed(tx, context, api["ApiId"])
        return {}


def new_api(tx: Tx, context: RequestContext, request: Request) -> Document:
    """An API as CreateApi makes it, not stored yet. Raises BadRequest."""
    _check_members(request)
    if not request["Name"].strip():
        raise BadRequest("Invalid API name specified")
    check_tags(request.get("Tags") or {})
    api_id = ids.lower_alphanumeric(10)
    while not is_free_id(tx, api_id):
        api_id = ids.lower_alphanumeric(10)
    api: Document = {
        "ApiEndpoint": _endpoint(context, api_id),
        "ApiId": api_id,
        "ApiKeySelectionExpression": API_KEY_SELECTION,
        "CreatedDate": int(context.now.timestamp()),
        "DisableExecuteApiEndpoint": bool(request.get("DisableExecuteApiEndpoint")),
        "IpAddressType": request.get("IpAddressType") or "ipv4",
        "Name": request["Name"],
        "ProtocolType": "HTTP",
        "RouteSelectionExpression": ROUTE_SELECTION,
        "Tags": dict(request.get("Tags") or {}),
    }
    if request.get("CorsConfiguration"):
        api["CorsConfiguration"] = cors_configuration(request["CorsConfiguration"])
    for name in ("Description", "Version"):
        if request.get(name):
            api[name] = request[name]
    return api


def _endpoint(context: RequestContext, api_id: str) -> str:
    """An address at this platform: names under `localhost` lead to it without DNS of ours."""
    scheme, _, host = context.endpoint.partition("://")
    port = host.rpartition(":")[2] if ":" in host.rpartition("]")[2] else ""
    return f"{scheme}://{api_id}.execute-api.{context.scope.region}.localhost" + (
        f":{port}" if port else ""
    )


def _check_kind(request: Request) -> None:
    if request["ProtocolType"] == "WEBSOCKET":
        raise refuse("WebSocket APIs", "only HTTP APIs.")
    if request["ProtocolType"] != "HTTP":
        raise BadRequest(
            f"Invalid protocol specified: {request['ProtocolType']}. Must be one of [HTTP, WEBSOCKET]"
        )


def _check_members(request: Request) -> None:
    """Raises BadRequest for what HTTP APIs have not."""
    selection = request.get("RouteSelectionExpression")
    if selection and selection not in (ROUTE_SELECTION, "${request.method} ${request.path}"):
        raise BadRequest(
            'Route selection expression is currently limited to "${request.method} ${request.path}"'
        )
    if request.get("DisableSchemaValidation"):
        raise BadRequest("disableSchemaValidation is supported only for WebSocket APIs")
    key = request.get("ApiKeySelectionExpression")
    if key and key != API_KEY_SELECTION:
        raise BadRequest("apiKeySelectionExpression is supported only for WebSocket APIs")


def _quick_integration(request: Request) -> Document:
    target = request["Target"]
    given: Document = {"IntegrationUri": target, "CredentialsArn": request.get("CredentialsArn")}
    if target.startswith("arn:"):
        return given | {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0"}
    return given | {
        "IntegrationType": "HTTP_PROXY",
        "IntegrationMethod": "ANY",
        "PayloadFormatVersion": "1.0",
    }


def _is_managed(document: Mapping[str, Any]) -> bool:
    return bool(document.get("ApiGatewayManaged"))
