"""Gateway responses: what the gateway answers by itself, by the reason for it.

Types, statuses and default templates: "Gateway response types for API Gateway" in the developer guide.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, NotFound
from lambent.services.apigateway.documents import GATEWAY_RESPONSES
from lambent.services.apigateway.methods import invalid_expressions
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, entry, member
from lambent.services.apigateway.rest_apis import find_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# The default statuses; the two that stand for all others have none of their own.
DEFAULT_STATUS: Mapping[str, str | None] = {
    "ACCESS_DENIED": "403",
    "API_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_CONFIGURATION_ERROR": "500",
    "AUTHORIZER_FAILURE": "500",
    "BAD_REQUEST_BODY": "400",
    "BAD_REQUEST_PARAMETERS": "400",
    "DEFAULT_4XX": None,
    "DEFAULT_5XX": None,
    "EXPIRED_TOKEN": "403",
    "INTEGRATION_FAILURE": "504",
    "INTEGRATION_TIMEOUT": "504",
    "INVALID_API_KEY": "403",
    "INVALID_SIGNATURE": "403",
    "MISSING_AUTHENTICATION_TOKEN": "403",
    "QUOTA_EXCEEDED": "429",
    "REQUEST_TOO_LARGE": "413",
    "RESOURCE_NOT_FOUND": "404",
    "THROTTLED": "429",
    "UNAUTHORIZED": "401",
    "UNSUPPORTED_MEDIA_TYPE": "415",
    "WAF_FILTERED": "403",
}
DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_TARGET = re.compile(r"gatewayresponse\.header\.[^\s]+")
_SOURCE = re.compile(
    r"'[^']*'|method\.request\.(header|querystring|path|multivalueheader|multivaluequerystring)\.[^\s]+"
    r"|context\.[\w.]+|stageVariables\.\w+"
)
_STATUS = re.compile(r"[1-5]\d\d")
_PATCHES = PatchTable(
    (
        member("/statusCode", "add", "replace", "remove"),
        entry("/responseParameters/{parameter}"),
        entry("/responseTemplates/{contentType}"),
    )
)


def put_gateway_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    response = new_gateway_response(request)
    GATEWAY_RESPONSES.put(tx, scope, api_id, response["responseType"], response)
    return _shown(response)


def new_gateway_response(request: Request) -> Document:
    """A response as PutGatewayResponse makes it. Raises BadRequest."""
    kind = request["responseType"]
    response: Document = {"responseType": kind}
    status = request.get("statusCode") or DEFAULT_STATUS[kind]
    if status:
        response["statusCode"] = status
    response["responseParameters"] = dict(request.get("responseParameters") or {})
    response["responseTemplates"] = dict(request.get("responseTemplates") or {})
    response["defaultResponse"] = False
    _check(response)
    return response


def get_gateway_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    return _shown(_find(tx, context, request))


def get_gateway_responses(tx: Tx, context: RequestContext, request: Request) -> Document:
    find_api(tx, context.scope, request["restApiId"])
    own = {
        each["responseType"]: each
        for each in GATEWAY_RESPONSES.of(tx, context.scope, request["restApiId"])
    }
    responses = [_shown(own.get(kind) or default_response(kind)) for kind in DEFAULT_STATUS]
    return page(responses, request, lambda each: str(each["responseType"]))


def update_gateway_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    response = _PATCHES.apply(_find(tx, context, request), request)
    response.setdefault("responseParameters", {})
    response.setdefault("responseTemplates", {})
    response["defaultResponse"] = False
    _check(response)
    GATEWAY_RESPONSES.put(
        tx, context.scope, request["restApiId"], response["responseType"], response
    )
    return _shown(response)


def delete_gateway_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    if not GATEWAY_RESPONSES.remove(tx, scope, api_id, request["responseType"]):
        raise NotFound("Gateway response type not defined on api")
    return {}


def _find(tx: Tx, context: RequestContext, request: Request) -> Document:
    find_api(tx, context.scope, request["restApiId"])
    kind = request["responseType"]
    found = GATEWAY_RESPONSES.find(tx, context.scope, request["restApiId"], kind)
    return found or default_response(kind)


def _shown(response: Document) -> Document:
    """With the default template where there is none; exports tell the two apart."""
    templates = response["responseTemplates"] or {"application/json": DEFAULT_TEMPLATE}
    return response | {"responseTemplates": templates}


def default_response(kind: str) -> Document:
    """What the gateway answers as long as nobody changes it."""
    response: Document = {"responseType": kind}
    status = DEFAULT_STATUS[kind]
    if status:
        response["statusCode"] = status
    return response | {
        "responseParameters": {},
        "responseTemplates": {"application/json": DEFAULT_TEMPLATE},
        "defaultResponse": True,
    }


def _check(response: Document) -> None:
    status = response.get("statusCode", "400")
    if not _STATUS.fullmatch(status):
        raise BadRequest(f"Invalid status code specified: {status}")
    parameters = response["responseParameters"]
    wrong = [name for name in parameters if not _TARGET.fullmatch(name)]
    wrong += [value for value in parameters.values() if not _SOURCE.fullmatch(value)]
    if wrong:
        raise invalid_expressions(wrong)
