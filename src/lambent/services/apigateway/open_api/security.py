"""Who may call an operation: security schemes, authorizers, and the extensions for both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.open_api_parts import a_list, a_map, a_text
from lambent.apis.open_api_text import is_swagger

if TYPE_CHECKING:
    from collections.abc import Mapping

    Document = dict[str, Any]

AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTH_TYPE = "x-amazon-apigateway-authtype"
AUTH = "x-amazon-apigateway-auth"
POOLS = "COGNITO_USER_POOLS"


def schemes_of(document: Document) -> Document:
    """The security schemes by name."""
    if is_swagger(document):
        return a_map(document, "securityDefinitions")
    return a_map(document, "components", "securitySchemes")


def authorizer_request(name: str, scheme: Document) -> Document | None:
    """What CreateAuthorizer would be asked for a scheme; None for a scheme without an authorizer."""
    given = a_map(scheme, AUTHORIZER)
    if not given:
        return None
    kind = a_text(given, "type").upper() or "TOKEN"
    request: Document = {
        "name": name,
        "type": kind,
        "authType": a_text(scheme, AUTH_TYPE),
        "providerARNs": a_list(given, "providerARNs"),
    }
    for member in (
        "authorizerUri",
        "authorizerCredentials",
        "identitySource",
        "identityValidationExpression",
    ):
        request[member] = a_text(given, member)
    if kind == "TOKEN" or (kind == POOLS and not request["identitySource"]):
        request["identitySource"] = f"method.request.header.{a_text(scheme, 'name')}"
    ttl = given.get("authorizerResultTtlInSeconds")
    if isinstance(ttl, int):
        request["authorizerResultTtlInSeconds"] = ttl
    return request


def protection(document: Document, operation: Document, authorizers: Mapping[str, str]) -> Document:
    """The members of a method that protect it. `authorizers` are the ids of those that the document defines."""
    schemes = schemes_of(document)
    method: Document = {"authorizationType": "NONE", "apiKeyRequired": False}
    requirements = operation.get("security", document.get("security"))
    for requirement in requirements if isinstance(requirements, list) else ():
        for name in requirement if isinstance(requirement, dict) else ():
            scheme = a_map(schemes, name)
            if name in authorizers:
                method["authorizerId"] = authorizers[name]
                is_pool = a_text(a_map(scheme, AUTHORIZER), "type").upper() == POOLS
                method["authorizationType"] = POOLS if is_pool else "CUSTOM"
                if is_pool and a_list(requirement, name):
                    method["authorizationScopes"] = [str(each) for each in requirement[name]]
            elif a_text(scheme, AUTH_TYPE).lower() == "awssigv4":
                method["authorizationType"] = "AWS_IAM"
            elif is_api_key(scheme):
                method["apiKeyRequired"] = True
    kind = a_text(a_map(operation, AUTH), "type") or a_text(a_map(document, AUTH), "type")
    if kind and method["authorizationType"] == "NONE":
        method["authorizationType"] = kind.upper()
    return method


def is_api_key(scheme: Document) -> bool:
    """The scheme of API keys: in the header x-api-key."""
    return a_text(scheme, "type") == "apiKey" and a_text(scheme, "name").lower() == "x-api-key"
