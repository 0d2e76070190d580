"""Integrations of methods, and their responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import regex

from lambent.apis.errors import BadRequest, NotFound, refuse
from lambent.services.apigateway.documents import RESOURCES
from lambent.services.apigateway.integration_uris import check_uri
from lambent.services.apigateway.methods import (
    HTTP_METHODS,
    check_status,
    find_method,
    invalid_expressions,
)
from lambent.services.apigateway.patches import (
    PatchTable,
    boolean,
    entry,
    integer,
    item,
    member,
    one_of,
)
from lambent.services.apigateway.resources import find_resource
from lambent.services.apigateway.rest_apis import find_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "Integration timeout: 50 milliseconds to 29 seconds" (API Gateway quotas).
MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 50, 29_000
# "You can stream your response for up to 15 minutes" (response transfer modes).
MAX_STREAM_MS = 900_000
_PROXIES = ("AWS_PROXY", "HTTP_PROXY")
_PASSTHROUGH = ("WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER")
_CONTENT_HANDLING = ("CONVERT_TO_BINARY", "CONVERT_TO_TEXT")
# What request parameters of an integration are called, and what they may be mapped from ("Parameter mapping source").
_TARGET = re.compile(r"integration\.request\.(path|querystring|header)\.[^\s]+")
_SOURCE = re.compile(
    r"method\.request\.((path|querystring|header|multivalueheader|multivaluequerystring)\.[^\s]+|body(\..+|\[.+)?)"
    r"|stageVariables\.\w+|context\.[\w.]+|'[^']*'"
)
_RESPONSE_TARGET = re.compile(r"method\.response\.header\.[^\s]+")
_RESPONSE_SOURCE = re.compile(
    r"integration\.response\.((header|multivalueheader)\.[^\s]+|body(\..+|\[.+)?)"
    r"|stageVariables\.\w+|context\.[\w.]+|'[^']*'"
)
_METHOD_PARAMETER = re.compile(r"method\.request\.(path|querystring|header)\.([^\s]+)")
_ROLE = re.compile(
    r"arn:aws[\w-]*:iam::(\d{12}|\*):(role|user)/.+|arn:aws[\w-]*:iam::\d{12}:role/.+"
)


def put_integration(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    integration = new_integration(request, resource["id"])
    check_integration(integration, method)
    method["methodIntegration"] = integration
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return integration


def new_integration(request: Request, resource_id: str) -> Document:
    """An integration as PutIntegration makes it of its request. Raises BadRequest for what has no effect here."""
    _refuse_unserved(request)
    integration: Document = {"type": request["type"]}
    if request.get("integrationHttpMethod"):
        integration["httpMethod"] = request["integrationHttpMethod"]
    for name in ("uri", "connectionType", "credentials"):
        if request.get(name):
            integration[name] = request[name]
    if integration["type"] in ("HTTP", "HTTP_PROXY"):
        integration.setdefault("connectionType", "INTERNET")
    for name in ("requestParameters", "requestTemplates"):
        if request.get(name):
            integration[name] = dict(request[name])
    integration["passthroughBehavior"] = request.get("passthroughBehavior") or "WHEN_NO_MATCH"
    if request.get("contentHandling"):
        integration["contentHandling"] = request["contentHandling"]
    timeout = request.get("timeoutInMillis")
    integration["timeoutInMillis"] = MAX_TIMEOUT_MS if timeout is None else timeout
    integration["cacheNamespace"] = request.get("cacheNamespace") or resource_id
    integration["cacheKeyParameters"] = list(request.get("cacheKeyParameters") or ())
    if request.get("tlsConfig"):
        integration["tlsConfig"] = dict(request["tlsConfig"])
    if request.get("responseTransferMode"):
        integration["responseTransferMode"] = request["responseTransferMode"]
    return _with_transfer_mode(integration)


def _with_transfer_mode(integration: Document) -> Document:
    """Those that could stream say that they do not (an export of May 2026 that a public repository keeps)."""
    if integration["type"] in _PROXIES:
        return {"responseTransferMode": "BUFFERED"} | integration
    return {name: value for name, value in integration.items() if name != "responseTransferMode"}


def get_integration(tx: Tx, context: RequestContext, request: Request) -> Document:
    _, _, resource = _resource(tx, context, request)
    return find_integration(find_method(resource, request["httpMethod"]))


def update_integration(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    integration = PATCHES.apply(find_integration(method), request)
    if integration["type"] != "MOCK" and not integration.get("uri"):
        raise BadRequest("Invalid integration URI specified")
    _refuse_unserved(integration)
    integration = _with_transfer_mode(integration)
    check_integration(integration, method)
    method["methodIntegration"] = integration
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return integration


def delete_integration(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    find_integration(method)
    del method["methodIntegration"]
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return {}


# --- responses ---


def put_integration_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    integration = find_integration(method)
    response = new_integration_response(request)
    check_integration_response(response, method)
    integration.setdefault("integrationResponses", {})[response["statusCode"]] = response
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return response


def new_integration_response(request: Request) -> Document:
    """A response as PutIntegrationResponse makes it of its request."""
    response: Document = {"statusCode": check_status(request["statusCode"])}
    if request.get("selectionPattern") is not None:
        response["selectionPattern"] = request["selectionPattern"]
    if request.get("responseParameters"):
        response["responseParameters"] = dict(request["responseParameters"])
    if request.get("responseTemplates") is not None:
        response["responseTemplates"] = dict(request["responseTemplates"])
    if request.get("contentHandling"):
        response["contentHandling"] = request["contentHandling"]
    return response


def get_integration_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    _, _, resource = _resource(tx, context, request)
    integration = find_integration(find_method(resource, request["httpMethod"]))
    return _response(integration, request)


def update_integration_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    integration = find_integration(method)
    response = RESPONSE_PATCHES.apply(_response(integration, request), request)
    check_integration_response(response, method)
    integration["integrationResponses"][response["statusCode"]] = response
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return response


def delete_integration_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    integration = find_integration(find_method(resource, request["httpMethod"]))
    del integration["integrationResponses"][_response(integration, request)["statusCode"]]
    if not integration["integrationResponses"]:
        del integration["integrationResponses"]
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return {}


# --- rules ---


def find_integration(method: Document) -> Document:
    """Raises NotFound."""
    integration: Document | None = method.get("methodIntegration")
    if integration is None:
        raise NotFound("Invalid Integration identifier specified")
    return integration


def check_integration(integration: Document, method: Document) -> None:
    """Raises BadRequest."""
    if integration["type"] != "MOCK":
        http_method = integration.get("httpMethod")
        if not http_method:
            raise BadRequest("Enumeration value for HttpMethod must be non-empty")
        if http_method not in HTTP_METHODS:
            raise BadRequest(f"Enumeration value for HttpMethod is unknown: {http_method}")
        mode = integration.get("responseTransferMode", "BUFFERED")
        check_uri(integration["type"], integration.get("uri", ""), mode)
    is_streamed = integration.get("responseTransferMode") == "STREAM"
    longest_ms = MAX_STREAM_MS if is_streamed else MAX_TIMEOUT_MS
    if not MIN_TIMEOUT_MS <= integration["timeoutInMillis"] <= longest_ms:
        raise BadRequest(f"Timeout should be between 50 ms and {longest_ms} ms")
    if integration["passthroughBehavior"] not in _PASSTHROUGH:
        raise BadRequest(
            f"Invalid passthrough behavior specified. Valid options are {', '.join(_PASSTHROUGH)}"
        )
    credentials = integration.get("credentials", "")
    if credentials and not _ROLE.fullmatch(credentials):
        raise BadRequest("Invalid ARN specified in the request")
    _check_request_parameters(integration, method)


def check_integration_response(response: Document, method: Document) -> None:
    """Raises BadRequest and NotFound."""
    declared = method.get("methodResponses", {}).get(response["statusCode"])
    parameters = response.get("responseParameters", {})
    if declared is None and parameters:
        raise BadRequest(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
            "[No method response exists for method.]"
        )
    if declared is None:
        raise NotFound("Invalid Response status code specified")
    wrong = [name for name in parameters if not _RESPONSE_TARGET.fullmatch(name)]
    wrong += [value for value in parameters.values() if not _RESPONSE_SOURCE.fullmatch(value)]
    if wrong:
        raise invalid_expressions(wrong)
    unknown = [name for name in parameters if name not in declared.get("responseParameters", {})]
    if unknown:
        raise BadRequest(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
            f"[Invalid mapping expression parameter specified: {unknown[0]}]"
        )
    pattern = response.get("selectionPattern", "")
    try:
        regex.compile(pattern)
    except regex.error:
        raise BadRequest("Invalid regex pattern specified") from None


def _check_request_parameters(integration: Document, method: Document) -> None:
    parameters = integration.get("requestParameters", {})
    wrong = [name for name in parameters if not _TARGET.fullmatch(name)]
    wrong += [value for value in parameters.values() if not _SOURCE.fullmatch(value)]
    if wrong:
        raise invalid_expressions(wrong)
    declared = method.get("requestParameters", {})
    for value in integration.get("cacheKeyParameters", ()):
        if _METHOD_PARAMETER.fullmatch(value) and value not in declared:
            raise BadRequest("Invalid cache key parameter specified")
    for value in parameters.values():
        if _METHOD_PARAMETER.fullmatch(value) and value not in declared:
            raise BadRequest(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : "
                f"[Invalid mapping expression parameter specified: {value}]"
            )


def _refuse_unserved(request: Request) -> None:
    if request.get("connectionType") == "VPC_LINK" and not request.get("connectionId"):
        raise BadRequest(
            "ConnectionId should be set to the vpcLinkId or stage variable on connection type "
            "VPC_LINK"
        )
    if request.get("connectionType") == "VPC_LINK" or request.get("connectionId"):
        raise refuse("connectionType VPC_LINK", "there are no VPCs.")
    if request.get("responseTransferMode") == "STREAM" and request["type"] != "AWS_PROXY":
        raise refuse(f"responseTransferMode STREAM of {request['type']}", "functions stream.")
    if request.get("integrationTarget"):
        raise refuse("integrationTarget", "there are no VPCs.")


def _response(integration: Document, request: Request) -> Document:
    response: Document | None = integration.get("integrationResponses", {}).get(
        request["statusCode"]
    )
    if response is None:
        raise NotFound("Invalid Response status code specified")
    return response


def _resource(tx: Tx, context: RequestContext, request: Request) -> tuple[Scope, str, Document]:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    return scope, api_id, find_resource(tx, scope, api_id, request["resourceId"])


PATCHES = PatchTable(
    (
        member(
            "/type", convert=one_of("HTTP", "AWS", "MOCK", "HTTP_PROXY", "AWS_PROXY"), required=True
        ),
        member("/httpMethod"),
        member("/uri"),
        member("/credentials", "replace", "remove"),
        member("/connectionType"),
        member("/connectionId"),
        member("/passthroughBehavior", required=True),
        member("/contentHandling", "add", "replace", "remove", convert=one_of(*_CONTENT_HANDLING)),
        member("/timeoutInMillis", convert=integer, required=True),
        member("/cacheNamespace", required=True),
        item("/cacheKeyParameters/{parameter}", "add", "remove"),
        entry("/requestParameters/{parameter}"),
        entry("/requestTemplates/{contentType}"),
        member("/tlsConfig/insecureSkipVerification", convert=boolean),
        member("/responseTransferMode", convert=one_of("BUFFERED", "STREAM"), required=True),
    )
)
RESPONSE_PATCHES = PatchTable(
    (
        member("/selectionPattern"),
        entry("/responseParameters/{parameter}"),
        entry("/responseTemplates/{contentType}"),
        member("/contentHandling", "add", "replace", "remove", convert=one_of(*_CONTENT_HANDLING)),
    )
)
