"""Security schemes of an export: the API key, IAM, and authorizers by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.services.apigateway.open_api.security import AUTH_TYPE, AUTHORIZER, POOLS

if TYPE_CHECKING:
    from lambent.services.apigateway.open_api.exported_operations import Dialect

    Document = dict[str, Any]

API_KEY, IAM = "api_key", "sigv4"


def schemes_written(snapshot: Document, dialect: Dialect) -> Document:
    """The schemes that methods of the API use."""
    methods = [
        method
        for resource in snapshot["resources"]
        for method in resource.get("resourceMethods", {}).values()
    ]
    schemes: Document = {}
    if any(method["apiKeyRequired"] for method in methods):
        schemes[API_KEY] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    if "authorizers" not in dialect.extensions:
        return schemes
    if any(method["authorizationType"] == "AWS_IAM" for method in methods):
        schemes[IAM] = {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            AUTH_TYPE: "awsSigv4",
        }
    used = {method.get("authorizerId") for method in methods}
    for authorizer in snapshot["authorizers"]:
        if authorizer["id"] in used:
            schemes[authorizer["name"]] = _scheme(authorizer)
    return schemes


def requirements_of(snapshot: Document, method: Document, dialect: Dialect) -> list[Document]:
    """`security` of an operation."""
    found: list[Document] = []
    if "authorizers" in dialect.extensions:
        if method["authorizationType"] == "AWS_IAM":
            found.append({IAM: []})
        found += [
            {each["name"]: list(method.get("authorizationScopes", ()))}
            for each in snapshot["authorizers"]
            if each["id"] == method.get("authorizerId")
        ]
    if method["apiKeyRequired"]:
        found.append({API_KEY: []})
    return found


def _scheme(authorizer: Document) -> Document:
    header = "Unused"
    if authorizer["type"] in ("TOKEN", POOLS):
        header = authorizer["identitySource"].removeprefix("method.request.header.")
    written: Document = {
        name: authorizer[name]
        for name in (
            "providerARNs",
            "authorizerUri",
            "authorizerCredentials",
            "authorizerResultTtlInSeconds",
            "identityValidationExpression",
        )
        if name in authorizer
    }
    if authorizer["type"] == "REQUEST" and "identitySource" in authorizer:
        written["identitySource"] = authorizer["identitySource"]
    return {
        "type": "apiKey",
        "name": header,
        "in": "header",
        AUTH_TYPE: authorizer["authType"],
        AUTHORIZER: {**written, "type": authorizer["type"].lower()},
    }
