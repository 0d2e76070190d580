"""Authorizers: JWT, with an issuer and an audience, and Lambda functions (REQUEST)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lambent.apis.errors import BadRequest, Conflict
from lambent.core import ids
from lambent.services.apigatewayv2.documents import (
    AUTHORIZERS,
    ROUTES,
    find_api,
    find_authorizer,
)
from lambent.services.apigatewayv2.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

MAX_TTL_S = 3600
_URI = re.compile(
    r"arn:aws[\w-]*:apigateway:[\w-]+:lambda:path/2015-03-31/functions/"
    r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:[\w${}.:-]+/invocations"
)
_JWT_SOURCE = re.compile(r"\$request\.(header|querystring)\.[^\s,]+")
_SOURCE = re.compile(
    r"\$request\.(header|querystring)\.[^\s,]+|\$stageVariables\.\w+|\$context\.[\w.]+"
)
_MEMBERS = (
    "AuthorizerCredentialsArn",
    "AuthorizerPayloadFormatVersion",
    "AuthorizerResultTtlInSeconds",
    "AuthorizerType",
    "AuthorizerUri",
    "EnableSimpleResponses",
    "IdentitySource",
    "JwtConfiguration",
    "Name",
)
_LAMBDA_ONLY = (
    "AuthorizerCredentialsArn",
    "AuthorizerPayloadFormatVersion",
    "AuthorizerResultTtlInSeconds",
    "AuthorizerUri",
    "EnableSimpleResponses",
)


@dataclass(frozen=True, slots=True)
class Authorizers:
    """The operations on authorizers."""

    publisher: Publisher

    def create_authorizer(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        authorizer = new_authorizer(request)
        self._put(tx, context, request["ApiId"], authorizer)
        return authorizer

    def get_authorizer(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return find_authorizer(tx, context.scope, request)

    def get_authorizers(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["ApiId"])
        return page(AUTHORIZERS.of(tx, context.scope, request["ApiId"]), request, "AuthorizerId")

    def update_authorizer(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        before = find_authorizer(tx, context.scope, request)
        kind = request.get("AuthorizerType") or before["AuthorizerType"]
        if kind != before["AuthorizerType"]:
            raise BadRequest("AuthorizerType cannot be changed")
        authorizer = new_authorizer({**before, **request})
        authorizer["AuthorizerId"] = before["AuthorizerId"]
        self._put(tx, context, request["ApiId"], authorizer)
        return authorizer

    def delete_authorizer(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["ApiId"]
        authorizer = find_authorizer(tx, scope, request)
        for route in ROUTES.of(tx, scope, api_id):
            if route.get("AuthorizerId") == authorizer["AuthorizerId"]:
                raise Conflict(
                    f"Cannot delete authorizer '{authorizer['Name']}', is referenced in route: "
                    f"{route['RouteKey']}"
                )
        AUTHORIZERS.remove(tx, scope, api_id, authorizer["AuthorizerId"])
        self.publisher.definition_changed(tx, context, api_id)
        return {}

    def _put(self, tx: Tx, context: RequestContext, api_id: str, authorizer: Document) -> None:
        for other in AUTHORIZERS.of(tx, context.scope, api_id):
            is_same = other["AuthorizerId"] == authorizer["AuthorizerId"]
            if other["Name"] == authorizer["Name"] and not is_same:
                raise BadRequest(
                    f"Authorizer name must be unique. Authorizer {authorizer['Name']} already "
                    "exists in this RestApi."
                )
        AUTHORIZERS.put(tx, context.scope, api_id, authorizer["AuthorizerId"], authorizer)
        self.publisher.definition_changed(tx, context, api_id)


def new_authorizer(request: Request) -> Document:
    """An authorizer as CreateAuthorizer makes it. Raises BadRequest."""
    if request.get("IdentityValidationExpression"):
        raise BadRequest("identityValidationExpression is not supported for HTTP APIs")
    authorizer: Document = {"AuthorizerId": ids.lower_alphanumeric(6)}
    authorizer |= {name: request[name] for name in _MEMBERS if request.get(name) not in (None, "")}
    if authorizer["AuthorizerType"] == "JWT":
        _check_jwt(authorizer)
    else:
        _check_function(authorizer)
    return dict(sorted(authorizer.items()))


def _check_jwt(authorizer: Document) -> None:
    for name in _LAMBDA_ONLY:
        if authorizer.get(name) or (name == "EnableSimpleResponses" and name in authorizer):
            raise BadRequest(f"{name} can only be set for REQUEST authorizer.")
        authorizer.pop(name, None)
    configuration = authorizer.get("JwtConfiguration") or {}
    issuer = configuration.get("Issuer", "")
    if not configuration:
        raise BadRequest("JwtConfiguration must not be null for JWT Authorizer")
    if not configuration.get("Audience"):
        raise BadRequest("Audience list must have at least 1 item for JWT Authorizer")
    parts = urlsplit(issuer)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise BadRequest("Invalid issuer: Issuer is not a valid URL for JWT Authorizer")
    sources = authorizer.get("IdentitySource") or []
    if len(sources) != 1 or not _JWT_SOURCE.fullmatch(sources[0]):
        raise BadRequest(
            "Identity source of a JWT authorizer must be one of $request.header.name or $request.querystring.name"
        )


def _check_function(authorizer: Document) -> None:
    if authorizer.get("JwtConfiguration"):
        raise BadRequest("JwtConfiguration is supported only for JWT authorizers")
    if not authorizer.get("AuthorizerUri"):
        raise BadRequest("AuthorizerUri is a required field in an Authorizer")
    if not _URI.fullmatch(authorizer["AuthorizerUri"]):
        raise BadRequest(
            f"Invalid Authorizer URI: {authorizer['AuthorizerUri']}. Authorizer URI should "
            "be a valid API Gateway ARN that represents a Lambda function invocation."
        )
    version = authorizer.get("AuthorizerPayloadFormatVersion")
    if version not in ("1.0", "2.0"):
        raise BadRequest(
            "AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer"
        )
    if authorizer.get("EnableSimpleResponses") and version != "2.0":
        raise BadRequest(
            'EnableSimpleResponses can only be set for AuthorizerPayloadFormatVersion "2.0".'
        )
    authorizer["EnableSimpleResponses"] = bool(authorizer.get("EnableSimpleResponses"))
    ttl = authorizer.get("AuthorizerResultTtlInSeconds", 0)
    if not 0 <= ttl <= MAX_TTL_S:
        raise BadRequest(
            "Authorizer result TTL outside allowable range. TTL must be between 0 and 3600 seconds."
        )
    sources = authorizer.get("IdentitySource") or []
    if ttl and not sources:
        raise BadRequest(
            "Identity source must be set if authorizer caching is enabled (TTL is greater than 0)"
        )
    for each in sources:
        if not _SOURCE.fullmatch(each):
            raise BadRequest(f"Invalid identity source expression: {each}")
