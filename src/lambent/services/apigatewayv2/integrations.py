"""Integrations: a Lambda function (AWS_PROXY) or an HTTP backend (HTTP_PROXY)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, Conflict, refuse
from lambent.core import ids
from lambent.services.apigatewayv2.documents import (
    INTEGRATIONS,
    ROUTES,
    find_api,
    find_integration,
)
from lambent.services.apigatewayv2.mapping_rules import (
    check_request_parameters,
    check_response_parameters,
)
from lambent.services.apigatewayv2.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "Custom timeout between 50 and 30,000 milliseconds for HTTP APIs. The default timeout is 30 seconds".
MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 50, 30_000
_METHODS = frozenset({"ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_FUNCTION = re.compile(
    r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w${}.:-]+"
    r"|arn:aws[\w-]*:apigateway:[\w-]+:lambda:path/2015-03-31/functions/"
    r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w${}.:-]+/invocations"
)
_ADDRESS = re.compile(r"https?://[^/\s]+(/\S*)?|\$\{stageVariables\.\w+\}\S*")
_WEBSOCKET_ONLY = (
    "ContentHandlingStrategy",
    "RequestTemplates",
    "TemplateSelectionExpression",
    "PassthroughBehavior",
)
# "Integration subtype reference" of the developer guide.
_SUBTYPES = frozenset(
    {
        "AppConfig-GetConfiguration",
        "EventBridge-PutEvents",
        "Kinesis-PutRecord",
        "SQS-DeleteMessage",
        "SQS-PurgeQueue",
        "SQS-ReceiveMessage",
        "SQS-SendMessage",
        "StepFunctions-StartExecution",
        "StepFunctions-StartSyncExecution",
        "StepFunctions-StopExecution",
    }
)
# Not TlsConfig, which AWS takes with any integration and keeps for private ones alone.
_MEMBERS = (
    "CredentialsArn",
    "Description",
    "IntegrationMethod",
    "IntegrationType",
    "IntegrationUri",
    "PayloadFormatVersion",
    "RequestParameters",
    "ResponseParameters",
    "TimeoutInMillis",
)


@dataclass(frozen=True, slots=True)
class Integrations:
    """The operations on integrations."""

    publisher: Publisher

    def create_integration(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        integration = new_integration(request)
        self._put(tx, context, request["ApiId"], integration)
        return integration

    def get_integration(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return find_integration(tx, context.scope, request)

    def get_integrations(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        return page(INTEGRATIONS.of(tx, context.scope, request["ApiId"]), request, "IntegrationId")

    def update_integration(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        before = find_integration(tx, context.scope, request)
        changed = {
            name: request[name] for name in request if name not in ("ApiId", "IntegrationId")
        }
        for name in ("RequestParameters", "ResponseParameters"):
            if name in changed:
                changed[name] = _merged(before.get(name) or {}, changed[name])
        integration = new_integration({**before, **changed})
        integration["IntegrationId"] = before["IntegrationId"]
        if "ApiGatewayManaged" in before:
            integration["ApiGatewayManaged"] = True
        self._put(tx, context, request["ApiId"], integration)
        return integration

    def delete_integration(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        integration = find_integration(tx, scope, request)
        target = f"integrations/{integration['IntegrationId']}"
        routes = [
            each["RouteId"] for each in ROUTES.of(tx, scope, api_id) if each.get("Target") == target
        ]
        if routes:
            raise Conflict(
                "Cannot delete Integration because it is referenced by the following Routes with "
                f"Ids: [{', '.join(routes)}]"
            )
        INTEGRATIONS.remove(tx, scope, api_id, integration["IntegrationId"])
        self.publisher.definition_changed(tx, context, api_id)
        return {}

    def _put(self, tx: Tx, context: RequestContext, api_id: str, integration: Document) -> None:
        INTEGRATIONS.put(tx, context.scope, api_id, integration["IntegrationId"], integration)
        self.publisher.definition_changed(tx, context, api_id)


def new_integration(request: Request) -> Document:
    """An integration as CreateIntegration makes it. Raises BadRequest."""
    _refuse_unserved(request)
    integration: Document = {
        "ConnectionType": "INTERNET",
        "IntegrationId": ids.lower_alphanumeric(7),
    }
    integration |= {name: request[name] for name in _MEMBERS if request.get(name) not in (None, "")}
    kind = integration.get("IntegrationType", "")
    if kind == "AWS_PROXY":
        _check_function(integration)
    elif kind == "HTTP_PROXY":
        _check_backend(integration)
    else:
        raise BadRequest(
            "Currently, an API with a protocol type of HTTP may only be associated with proxy "
            "integrations (AWS_PROXY, HTTP_PROXY)"
        )
    if "PayloadFormatVersion" not in integration:
        raise BadRequest("PayloadFormatVersion is a required parameter for integration")
    integration.setdefault("TimeoutInMillis", MAX_TIMEOUT_MS)
    if not MIN_TIMEOUT_MS <= integration["TimeoutInMillis"] <= MAX_TIMEOUT_MS:
        raise BadRequest("Timeout should be between 50 ms and 30000 ms")
    check_request_parameters(integration.get("RequestParameters") or {})
    check_response_parameters(integration.get("ResponseParameters") or {})
    return dict(sorted(integration.items()))


def _check_function(integration: Document) -> None:
    uri = integration.get("IntegrationUri", "")
    if not _FUNCTION.fullmatch(uri):
        raise BadRequest(
            f"Invalid lambda function ARN: {uri}" if uri else "IntegrationUri is required"
        )
    if integration.setdefault("IntegrationMethod", "POST") not in ("POST", "ANY"):
        raise BadRequest("HttpMethod must be POST for AWS_PROXY IntegrationType")
    _check_version(integration)


def _check_backend(integration: Document) -> None:
    uri = integration.get("IntegrationUri", "")
    if not _ADDRESS.fullmatch(uri):
        raise BadRequest("Invalid HTTP endpoint specified for URI")
    method = integration.get("IntegrationMethod")
    if not method:
        raise BadRequest(
            "HttpMethod parameter method must be specified for integrationType HTTPPROXY"
        )
    if method not in _METHODS:
        raise BadRequest("Invalid HTTP method specified for integration")
    integration.setdefault("PayloadFormatVersion", "1.0")
    _check_version(integration)
    if integration["PayloadFormatVersion"] != "1.0":
        raise BadRequest(
            f"PayloadFormatVersion {integration['PayloadFormatVersion']} is not supported for "
            "integration of type HTTP_PROXY"
        )


def _check_version(integration: Document) -> None:
    version = integration.get("PayloadFormatVersion")
    if version not in (None, "1.0", "2.0"):
        raise BadRequest(f"Unsupported PayloadFormatVersion: {version}")


def _refuse_unserved(request: Request) -> None:
    if request.get("IntegrationSubtype"):
        _refuse_subtype(request, request["IntegrationSubtype"])
    if request.get("ConnectionType") == "VPC_LINK" and not request.get("ConnectionId"):
        raise BadRequest("ConnectionId must be set to vpcLinkId for ConnectionType VPC_LINK")
    if request.get("ConnectionType") == "VPC_LINK" or request.get("ConnectionId"):
        raise refuse("connectionType VPC_LINK", "there are no VPCs.")
    for name in _WEBSOCKET_ONLY:
        if request.get(name):
            raise BadRequest(f"{name[0].lower()}{name[1:]} is supported only for WebSocket APIs")


def _refuse_subtype(request: Request, subtype: str) -> None:
    """In AWS's words where AWS would refuse it, too."""
    if subtype not in _SUBTYPES or request.get("PayloadFormatVersion") not in (None, "", "1.0"):
        raise BadRequest(f"Operation: {subtype} is not supported.")
    if not request.get("CredentialsArn"):
        raise BadRequest(
            f"Role ARN must be specified for AWS integration configuration with Subtype: {subtype}"
        )
    raise refuse(f"integrationSubtype {subtype}", "AWS_PROXY calls functions alone.")


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> Document:
    """Parameters are merged; "to remove a parameter, set its value to an empty string" (UpdateIntegration)."""
    together = {**before, **given}
    return {name: value for name, value in together.items() if value not in ("", {})}
