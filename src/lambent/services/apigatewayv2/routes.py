"""Routes: a route key (`GET /pets/{id}`, `ANY /{proxy+}`, `$default`), who may call it, and what answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import HTTP_STAGES
from lambent.apis.errors import BadRequest, Conflict, NotFound
from lambent.core import ids
from lambent.services.apigatewayv2.documents import (
    AUTHORIZERS,
    INTEGRATIONS,
    ROUTES,
    find_api,
    find_route,
)
from lambent.services.apigatewayv2.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

DEFAULT_KEY = "$default"
_KEY = re.compile(r"(ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) (/\S*)")
_SEGMENT = re.compile(r"[^{}/]*|\{[\w.:-]+\}|\{[\w.:-]+\+\}")
_TARGET = re.compile(r"integrations/([a-z0-9]+)")
_WEBSOCKET_ONLY = (
    "ModelSelectionExpression",
    "RequestModels",
    "RequestParameters",
    "RouteResponseSelectionExpression",
)
_TYPES = ("NONE", "JWT", "AWS_IAM", "CUSTOM")
_MEMBERS = (
    "AuthorizationScopes",
    "AuthorizationType",
    "AuthorizerId",
    "OperationName",
    "RouteKey",
    "Target",
)


@dataclass(frozen=True, slots=True)
class Routes:
    """The operations on routes."""

    publisher: Publisher

    def create_route(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        route = new_route(tx, context.scope, request)
        check_key_is_free(tx, context.scope, request["ApiId"], route["RouteKey"])
        self._put(tx, context, request["ApiId"], route)
        return route

    def get_route(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return find_route(tx, context.scope, request)

    def get_routes(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        return page(ROUTES.of(tx, context.scope, request["ApiId"]), request, "RouteId")

    def update_route(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        before = find_route(tx, scope, request)
        route = new_route(tx, scope, _with_type({**before, **request}, request))
        route["RouteId"] = before["RouteId"]
        if "ApiGatewayManaged" in before:
            route["ApiGatewayManaged"] = True
        if route["RouteKey"] != before["RouteKey"]:
            check_key_is_free(tx, scope, api_id, route["RouteKey"])
        self._put(tx, context, api_id, route)
        return route

    def delete_route(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        route = find_route(tx, scope, request)
        ROUTES.remove(tx, scope, api_id, route["RouteId"])
        for stage in HTTP_STAGES.of(tx, scope, api_id):
            if stage["RouteSettings"].pop(route["RouteKey"], None) is not None:
                HTTP_STAGES.put(tx, scope, api_id, stage["StageName"], stage)
                self.publisher.stage_changed(tx, scope, api_id, stage)
        self.publisher.definition_changed(tx, context, api_id)
        return {}

    def delete_route_request_parameter(
        self, tx: Tx, context: RequestContext, request: Request
    ) -> Document:
        """Routes of HTTP APIs have no request parameters."""
        find_route(tx, context.scope, request)
        raise NotFound(f"Invalid request parameter key specified: {request['RequestParameterKey']}")

    def _put(self, tx: Tx, context: RequestContext, api_id: str, route: Document) -> None:
        ROUTES.put(tx, context.scope, api_id, route["RouteId"], route)
        self.publisher.definition_changed(tx, context, api_id)


def new_route(tx: Tx, scope: Scope, request: Request) -> Document:
    """A route as CreateRoute makes it. Raises BadRequest and NotFound."""
    if request.get("ApiKeyRequired"):
        raise BadRequest("ApiKeyRequired is not currently supported for HTTP APIs.")
    for name in _WEBSOCKET_ONLY:
        if request.get(name):
            raise BadRequest(f"{name[0].lower()}{name[1:]} is supported only for WebSocket APIs")
    check_key(request["RouteKey"])
    route: Document = {"ApiKeyRequired": False, "AuthorizationType": "NONE"}
    route |= {name: request[name] for name in _MEMBERS if request.get(name) not in (None, "", [])}
    route["RouteId"] = ids.lower_alphanumeric(7)
    _check_target(tx, scope, request["ApiId"], route)
    _check_authorization(tx, scope, request["ApiId"], route)
    return dict(sorted(route.items()))


def check_key(key: str) -> None:
    """Raises BadRequest."""
    if not key:
        raise BadRequest("Route key is required")
    if key == DEFAULT_KEY:
        return
    found = _KEY.fullmatch(key)
    if found is None:
        raise BadRequest(
            "The provided route key is not formatted properly for HTTP protocol. "
            'Format should be "[HTTP METHOD] /[RESOURCE PATH]" or "$default"'
        )
    segments = found[2].split("/")[1:]
    names = [each.strip("{}+") for each in segments if each.startswith("{")]
    if any(not _SEGMENT.fullmatch(each) for each in segments) or len(names) != len(set(names)):
        raise BadRequest(f"Invalid path specified in route key: {found[2]}")
    if any(each.endswith("+}") for each in segments[:-1]):
        raise BadRequest("A greedy path variable is allowed only at the end of a route")


def check_key_is_free(tx: Tx, scope: Scope, api_id: str, key: str) -> None:
    """Raises Conflict, and BadRequest for what is no key."""
    check_key(key)
    for other in ROUTES.of(tx, scope, api_id):
        if _normal(other["RouteKey"]) == _normal(key):
            raise Conflict(f"Route with key {key} already exists for this API")


def _normal(key: str) -> str:
    """Keys that differ in the names of their variables alone are the same."""
    return re.sub(r"\{[^}+]*(\+?)\}", r"{\1}", key)


def _with_type(route: Document, request: Request) -> Document:
    """An update to a type without an authorizer leaves none."""
    kind = request.get("AuthorizationType")
    if kind in ("NONE", "AWS_IAM") and not request.get("AuthorizerId"):
        route.pop("AuthorizerId", None)
    if kind in ("NONE", "AWS_IAM", "CUSTOM") and not request.get("AuthorizationScopes"):
        route.pop("AuthorizationScopes", None)
    return route


def _check_target(tx: Tx, scope: Scope, api_id: str, route: Document) -> None:
    if "Target" not in route:
        return
    found = _TARGET.fullmatch(route["Target"])
    if found is None:
        raise BadRequest(
            "Unexpected or malformed target in route. Correct format should be "
            "integrations/<integration_id>."
        )
    if INTEGRATIONS.find(tx, scope, api_id, found[1]) is None:
        raise NotFound(f"Unable to find Integration by id {found[1]} within {api_id}")


def _check_authorization(tx: Tx, scope: Scope, api_id: str, route: Document) -> None:
    kind, authorizer_id = route["AuthorizationType"], route.get("AuthorizerId")
    if kind not in _TYPES:
        raise BadRequest(f"Invalid authorization type specified: {kind}")
    if route.get("AuthorizationScopes") and kind != "JWT":
        raise BadRequest(
            "Authorization Scopes are only valid for COGNITO_USER_POOLS and JWT authorization type"
        )
    if kind in ("NONE", "AWS_IAM"):
        if authorizer_id:
            raise BadRequest(f"AuthorizerId cannot be specified for authorization type {kind}")
        return
    authorizer = AUTHORIZERS.find(tx, scope, api_id, authorizer_id) if authorizer_id else None
    if authorizer is None or (authorizer["AuthorizerType"] == "JWT") != (kind == "JWT"):
        wanted = (
            "JWT requires a valid JWT authorizer."
            if kind == "JWT"
            else "CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."
        )
        raise BadRequest(
            f"Invalid authorizer ID specified. Setting the authorization type to {wanted}"
        )
