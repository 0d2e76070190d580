"""Methods of resources, and their responses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, Conflict, NotFound
from lambent.services.apigateway.documents import AUTHORIZERS, MODELS, RESOURCES, VALIDATORS
from lambent.services.apigateway.patches import PatchTable, boolean, custom, entry, item, member
from lambent.services.apigateway.resources import find_resource
from lambent.services.apigateway.rest_apis import find_api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

HTTP_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY")
_AUTHORIZATION = ("NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")
_METHOD_PARAMETER = re.compile(r"method\.request\.(path|querystring|header)\.[^\s.][^\s]*")
_RESPONSE_PARAMETER = re.compile(r"method\.response\.header\.[^\s]+")
_STATUS = re.compile(r"[1-5]\d\d")
_KEPT = (
    "operationName",
    "requestParameters",
    "requestModels",
    "requestValidatorId",
    "authorizationScopes",
)


def put_method(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    http_method = check_http_method(request["httpMethod"])
    methods = resource.setdefault("resourceMethods", {})
    if http_method in methods:
        raise Conflict("Method already exists for this resource")
    method = new_method(request)
    check_method(tx, scope, api_id, method)
    methods[http_method] = method
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return method


def new_method(request: Request) -> Document:
    """A method as PutMethod makes it of its request, not checked against the API yet."""
    method: Document = {
        "httpMethod": request["httpMethod"].upper(),
        "authorizationType": request["authorizationType"],
        "apiKeyRequired": bool(request.get("apiKeyRequired")),
    }
    if request.get("authorizerId"):
        method["authorizerId"] = request["authorizerId"]
    method |= {name: request[name] for name in _KEPT if request.get(name)}
    return method


def get_method(tx: Tx, context: RequestContext, request: Request) -> Document:
    _, _, resource = _resource(tx, context, request)
    return find_method(resource, request["httpMethod"])


def update_method(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = PATCHES.apply(find_method(resource, request["httpMethod"]), request)
    if method["authorizationType"] not in ("CUSTOM", "COGNITO_USER_POOLS"):
        method.pop("authorizerId", None)
    check_method(tx, scope, api_id, method)
    resource["resourceMethods"][method["httpMethod"]] = method
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return method


def delete_method(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    del resource["resourceMethods"][method["httpMethod"]]
    if not resource["resourceMethods"]:
        del resource["resourceMethods"]
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return {}


# --- responses ---


def put_method_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    status = check_status(request["statusCode"])
    responses = method.setdefault("methodResponses", {})
    if status in responses:
        raise Conflict("Response already exists for this resource")
    response: Document = {"statusCode": status}
    for name in ("responseParameters", "responseModels"):
        if request.get(name):
            response[name] = dict(request[name])
    _check_response(tx, scope, api_id, response)
    responses[status] = response
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return response


def get_method_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    _, _, resource = _resource(tx, context, request)
    return _response(find_method(resource, request["httpMethod"]), request)


def update_method_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    response = RESPONSE_PATCHES.apply(_response(method, request), request)
    _check_response(tx, scope, api_id, response)
    method["methodResponses"][response["statusCode"]] = response
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return response


def delete_method_response(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, resource = _resource(tx, context, request)
    method = find_method(resource, request["httpMethod"])
    del method["methodResponses"][_response(method, request)["statusCode"]]
    if not method["methodResponses"]:
        del method["methodResponses"]
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return {}


# --- rules ---


def find_method(resource: Document, http_method: str) -> Document:
    """Raises NotFound."""
    methods: dict[str, Document] = resource.get("resourceMethods", {})
    if http_method.upper() not in methods:
        raise NotFound("Invalid Method identifier specified")
    return methods[http_method.upper()]


def check_http_method(name: str) -> str:
    """In capitals. Raises BadRequest."""
    if name.upper() not in HTTP_METHODS:
        raise BadRequest(
            f"Invalid HttpMethod specified. Valid options are {','.join(HTTP_METHODS)}"
        )
    return name.upper()


def check_status(status: str) -> str:
    """Raises BadRequest."""
    if not _STATUS.fullmatch(status):
        raise BadRequest(f"Invalid status code specified: {status}")
    return status


def check_method(tx: Tx, scope: Scope, api_id: str, method: Document) -> None:
    """Is everything that a method refers to there? Raises BadRequest and NotFound."""
    kind = method["authorizationType"]
    if kind not in _AUTHORIZATION:
        raise BadRequest(
            f"Invalid authorization type specified. Valid options are {', '.join(_AUTHORIZATION)}"
        )
    if method.get("authorizationScopes") and kind != "COGNITO_USER_POOLS":
        raise BadRequest(
            "Invalid Method authorization type specified. Authorization Scopes are only valid for "
            "COGNITO_USER_POOLS authorization type"
        )
    if kind in ("CUSTOM", "COGNITO_USER_POOLS"):
        authorizer = AUTHORIZERS.find(tx, scope, api_id, method.get("authorizerId", ""))
        if authorizer is None:
            raise BadRequest(
                "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or "
                "COGNITO_USER_POOLS requires a valid authorizer."
            )
    check_parameters(method.get("requestParameters", {}), _METHOD_PARAMETER)
    check_models(tx, scope, api_id, method.get("requestModels", {}).values())
    validator = method.get("requestValidatorId")
    if validator and VALIDATORS.find(tx, scope, api_id, validator) is None:
        raise BadRequest("Invalid Request Validator identifier specified")


def check_models(tx: Tx, scope: Scope, api_id: str, names: Iterable[str]) -> None:
    """Raises BadRequest."""
    for name in names:
        if MODELS.find(tx, scope, api_id, name) is None:
            raise BadRequest(f"Invalid model identifier specified: {name}")


def check_parameters(names: Iterable[str], pattern: re.Pattern[str]) -> None:
    """Raises BadRequest for the first that does not match."""
    wrong = [name for name in names if not pattern.fullmatch(name)]
    if wrong:
        raise invalid_expressions(wrong)


def invalid_expressions(wrong: Iterable[str]) -> BadRequest:
    errors = ", ".join(f"Invalid mapping expression specified: {name}" for name in wrong)
    return BadRequest(
        "Invalid mapping expression specified: "
        f"Validation Result: warnings : [], errors : [{errors}]"
    )


def _check_response(tx: Tx, scope: Scope, api_id: str, response: Document) -> None:
    check_parameters(response.get("responseParameters", {}), _RESPONSE_PARAMETER)
    check_models(tx, scope, api_id, response.get("responseModels", {}).values())


def _response(method: Document, request: Request) -> Document:
    response: Document | None = method.get("methodResponses", {}).get(request["statusCode"])
    if response is None:
        raise NotFound("Invalid Response status code specified")
    return response


def _resource(tx: Tx, context: RequestContext, request: Request) -> tuple[Scope, str, Document]:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    return scope, api_id, find_resource(tx, scope, api_id, request["resourceId"])


def _change_scopes(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    """The scope is the value, which is how Terraform patches them."""
    kept = [each for each in document.pop("authorizationScopes", ()) if each != value]
    if op == "add":
        kept.append(value)
    if kept:
        document["authorizationScopes"] = kept


PATCHES = PatchTable(
    (
        member("/authorizationType", required=True),
        member("/authorizerId", "replace", "remove"),
        member("/apiKeyRequired", convert=boolean, required=True),
        member("/operationName", "replace", "remove"),
        member("/requestValidatorId", "replace", "remove"),
        entry("/requestParameters/{parameter}", convert=boolean),
        entry("/requestModels/{contentType}"),
        custom("/authorizationScopes", _change_scopes, "add", "remove"),
        item("/authorizationScopes/{scope}", "add", "remove"),
    )
)
RESPONSE_PATCHES = PatchTable(
    (
        entry("/responseParameters/{parameter}", convert=boolean),
        entry("/responseModels/{contentType}"),
    )
)
