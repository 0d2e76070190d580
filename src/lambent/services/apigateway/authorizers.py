"""Authorizers: functions (TOKEN and REQUEST), and Cognito user pools, whose tokens are verified with their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import regex

from lambent.apis.errors import BadRequest, Conflict, NotFound, refuse
from lambent.core import ids
from lambent.services.apigateway.documents import AUTHORIZERS, RESOURCES
from lambent.services.apigateway.integration_uris import check_uri
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, custom, integer, member, one_of
from lambent.services.apigateway.rest_apis import find_api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "The default value is 300, the maximum value is 3600, or 1 hour" (CreateAuthorizer).
DEFAULT_TTL_S, MAX_TTL_S = 300, 3600
_TOKEN_SOURCE = re.compile(r"method\.request\.header\.[a-zA-Z0-9._-]+")
_SOURCE = re.compile(
    r"method\.request\.(header|querystring|multivalueheader|multivaluequerystring)\.[^\s,]+"
    r"|stageVariables\.\w+|context\.[\w.]+"
)
_POOLS = "COGNITO_USER_POOLS"
_POOL = re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/[\w-]+")


def _change_pools(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    held = () if op == "replace" else document.get("providerARNs", ())
    kept = [each for each in held if each != value]
    document["providerARNs"] = kept if op == "remove" else [*kept, value]


_PATCHES = PatchTable(
    (
        member("/name", required=True),
        member("/type", convert=one_of("TOKEN", "REQUEST", _POOLS), required=True),
        member("/authType", "replace", "remove"),
        member("/authorizerUri", required=True),
        member("/authorizerCredentials", "replace", "remove"),
        custom("/providerARNs", _change_pools, "add", "replace", "remove"),
        member("/identitySource", "replace", "remove"),
        member("/identityValidationExpression", "replace", "remove"),
        member("/authorizerResultTtlInSeconds", convert=integer, required=True),
    )
)


def create_authorizer(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    authorizer = new_authorizer(request)
    _check_name(tx, scope, api_id, authorizer)
    AUTHORIZERS.put(tx, scope, api_id, authorizer["id"], authorizer)
    return authorizer


def new_authorizer(request: Request) -> Document:
    """An authorizer as CreateAuthorizer makes it. Raises BadRequest."""
    kind = request["type"]
    if kind == "JWT" or request.get("jwtConfiguration"):
        raise refuse("authorizers of type JWT", "only TOKEN, REQUEST and COGNITO_USER_POOLS.")
    is_pool = kind == _POOLS
    authorizer: Document = {
        "id": ids.lower_alphanumeric(6),
        "name": request["name"],
        "type": kind,
        "authType": request.get("authType") or ("cognito_user_pools" if is_pool else "custom"),
    }
    if is_pool:
        authorizer["providerARNs"] = list(request.get("providerARNs") or ())
    for name in (
        "authorizerUri",
        "authorizerCredentials",
        "identitySource",
        "identityValidationExpression",
    ):
        if request.get(name):
            authorizer[name] = request[name]
    if request.get("authorizerResultTtlInSeconds") is not None:
        authorizer["authorizerResultTtlInSeconds"] = request["authorizerResultTtlInSeconds"]
    check_authorizer(authorizer)
    return authorizer


def check_authorizer(authorizer: Document) -> None:
    """Raises BadRequest."""
    ttl = _ttl(authorizer)
    if not 0 <= ttl <= MAX_TTL_S:
        raise BadRequest(
            "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds."
        )
    if authorizer["type"] == _POOLS:
        _check_pools(authorizer.get("providerARNs") or ())
    else:
        _check_uri(authorizer.get("authorizerUri", ""))
    _check_source(authorizer)
    expression = authorizer.get("identityValidationExpression", "")
    try:
        regex.compile(expression)
    except regex.error:
        raise BadRequest(f"Invalid identity validation expression: {expression}") from None


def _check_pools(arns: Sequence[str]) -> None:
    if not arns:
        raise BadRequest("ProviderARNs cannot be empty")
    if not all(_POOL.fullmatch(arn) for arn in arns):
        raise BadRequest("Invalid ARN specified in the request")


def _check_uri(uri: str) -> None:
    if not uri:
        raise BadRequest("Authorizer Uri must be specified")
    try:
        check_uri("AWS_PROXY", uri)
    except BadRequest:
        raise BadRequest(
            f"Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN "
            "that represents a Lambda function invocation."
        ) from None


def _ttl(authorizer: Document) -> int:
    """What holds where it was not said, which answers do not say either."""
    ttl: int = authorizer.get("authorizerResultTtlInSeconds", DEFAULT_TTL_S)
    return ttl


def _check_source(authorizer: Document) -> None:
    source = authorizer.get("identitySource", "")
    if authorizer["type"] in ("TOKEN", _POOLS):
        if not _TOKEN_SOURCE.fullmatch(source):
            raise BadRequest(
                f"Invalid token source expression: {source}. The source must be a method request "
                "header, matching 'method.request.header.[a-zA-Z0-9._-]+'."
                if source
                else "IdentitySource cannot be empty"
            )
    elif source:
        if not all(_SOURCE.fullmatch(part.strip()) for part in source.split(",")):
            raise BadRequest(
                f"Invalid request identity source expression: {source}. The sources must be "
                "separated by comma, and each source must be either a method request parameter, "
                "matching 'method.request.querystring|header.[a-zA-Z0-9._-]+', or a stage variable, "
                "matching 'stageVariables.[a-zA-Z0-9._-]+', or a context parameter, matching "
                "'context.[a-zA-Z0-9._-]+'"
            )
    elif _ttl(authorizer):
        raise BadRequest("Invalid request input")


def get_authorizer(tx: Tx, context: RequestContext, request: Request) -> Document:
    return find_authorizer(tx, context.scope, request)


def get_authorizers(tx: Tx, context: RequestContext, request: Request) -> Document:
    find_api(tx, context.scope, request["restApiId"])
    authorizers = AUTHORIZERS.of(tx, context.scope, request["restApiId"])
    return page(authorizers, request, lambda each: str(each["id"]))


def update_authorizer(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    authorizer = _PATCHES.apply(find_authorizer(tx, scope, request), request)
    check_authorizer(authorizer)
    _check_name(tx, scope, api_id, authorizer)
    AUTHORIZERS.put(tx, scope, api_id, authorizer["id"], authorizer)
    return authorizer


def delete_authorizer(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    authorizer = find_authorizer(tx, scope, request)
    for resource in RESOURCES.of(tx, scope, api_id):
        for method in resource.get("resourceMethods", {}).values():
            if method.get("authorizerId") == authorizer["id"]:
                raise Conflict(
                    f"Cannot delete authorizer '{authorizer['name']}', is referenced in method: "
                    f"{method['httpMethod']}/{resource['path']}"
                )
    AUTHORIZERS.remove(tx, scope, api_id, authorizer["id"])
    return {}


def find_authorizer(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    find_api(tx, scope, request["restApiId"])
    found = AUTHORIZERS.find(tx, scope, request["restApiId"], request["authorizerId"])
    if found is None:
        raise NotFound("Invalid Authorizer identifier specified")
    return found


def _check_name(tx: Tx, scope: Scope, api_id: str, authorizer: Document) -> None:
    for other in AUTHORIZERS.of(tx, scope, api_id):
        if other["name"] == authorizer["name"] and other["id"] != authorizer["id"]:
            raise BadRequest(
                f"Authorizer name must be unique. Authorizer {authorizer['name']} already exists "
                "in this RestApi."
            )
