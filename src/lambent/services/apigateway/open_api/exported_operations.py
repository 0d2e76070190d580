"""A method of an export, with its integration, in either version of OpenAPI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.apigateway.integrations import MAX_TIMEOUT_MS
from lambent.services.apigateway.open_api.exported_security import requirements_of

if TYPE_CHECKING:
    Document = dict[str, Any]

_LOCATIONS = {"path": "path", "querystring": "query", "header": "header"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """Which version is written, and what of API Gateway's own with it."""

    is_swagger: bool
    extensions: frozenset[str]

    @property
    def schema_prefix(self) -> str:
        return "#/definitions/" if self.is_swagger else "#/components/schemas/"


def operation_of(
    snapshot: Document, resource: Document, method: Document, dialect: Dialect
) -> Document:
    """The operation object of a method."""
    operation: Document = {}
    if "operationName" in method:
        operation["operationId"] = method["operationName"]
    parameters = _parameters(method, dialect)
    if dialect.is_swagger:
        _swagger_types(method, parameters, operation, dialect)
    if parameters:
        operation["parameters"] = parameters
    if not dialect.is_swagger and method.get("requestModels"):
        content = _content(method["requestModels"], dialect)
        operation["requestBody"] = {"content": content, "required": True}
    operation["responses"] = {
        status: _response(response, dialect)
        for status, response in sorted(method.get("methodResponses", {}).items())
    }
    security = requirements_of(snapshot, method, dialect)
    if security:
        operation["security"] = security
    if "apigateway" in dialect.extensions and "requestValidatorId" in method:
        for each in snapshot["requestValidators"]:
            if each["id"] == method["requestValidatorId"]:
                operation["x-amazon-apigateway-request-validator"] = each["name"]
    if "integrations" in dialect.extensions and "methodIntegration" in method:
        operation["x-amazon-apigateway-integration"] = _integration(
            method["methodIntegration"], resource["id"]
        )
    return operation


def _parameters(method: Document, dialect: Dialect) -> list[Document]:
    parameters = []
    for name, required in sorted(method.get("requestParameters", {}).items()):
        _, _, location, own = name.split(".", 3)
        parameter: Document = {"name": own, "in": _LOCATIONS[location]}
        if required or location == "path":
            parameter["required"] = True
        elif dialect.is_swagger:
            parameter["required"] = False
        parameter |= {"type": "string"} if dialect.is_swagger else {"schema": {"type": "string"}}
        parameters.append(parameter)
    return parameters


def _swagger_types(
    method: Document, parameters: list[Document], operation: Document, dialect: Dialect
) -> None:
    """What Swagger says beside the parameters and responses: types, and the body as one more parameter."""
    consumed = sorted(method.get("requestModels", {}))
    produced = sorted(
        {
            content_type
            for response in method.get("methodResponses", {}).values()
            for content_type in response.get("responseModels", {})
        }
    )
    if consumed:
        operation["consumes"] = consumed
        model = method["requestModels"][consumed[0]]
        parameters.append(
            {
                "in": "body",
                "name": model,
                "required": True,
                "schema": {"$ref": dialect.schema_prefix + model},
            }
        )
    if produced:
        operation["produces"] = produced


def _response(response: Document, dialect: Dialect) -> Document:
    written: Document = {"description": f"{response['statusCode']} response"}
    headers = [
        name.removeprefix("method.response.header.")
        for name in response.get("responseParameters", {})
    ]
    if headers:
        kind: Document = (
            {"type": "string"} if dialect.is_swagger else {"schema": {"type": "string"}}
        )
        written["headers"] = dict.fromkeys(headers, kind)
    models = response.get("responseModels", {})
    if dialect.is_swagger and models:
        first = models[min(models)]
        written["schema"] = {"$ref": dialect.schema_prefix + first}
    elif models:
        written["content"] = _content(models, dialect)
    elif not dialect.is_swagger:
        written["content"] = {}
    return written


def _content(models: Document, dialect: Dialect) -> Document:
    return {
        content_type: {"schema": {"$ref": dialect.schema_prefix + model}}
        for content_type, model in sorted(models.items())
    }


def _integration(integration: Document, resource_id: str) -> Document:
    written: Document = {"type": integration["type"].lower()}
    for name in ("httpMethod", "uri", "credentials", "contentHandling"):
        if name in integration:
            written[name] = integration[name]
    responses = integration.get("integrationResponses", {})
    if responses:
        written["responses"] = {
            each.get("selectionPattern") or "default": {
                name: each[name]
                for name in (
                    "statusCode",
                    "responseParameters",
                    "responseTemplates",
                    "contentHandling",
                )
                if name in each
            }
            for each in responses.values()
        }
    for name in ("requestParameters", "requestTemplates", "tlsConfig"):
        if name in integration:
            written[name] = integration[name]
    written["passthroughBehavior"] = integration["passthroughBehavior"].lower()
    if integration["timeoutInMillis"] != MAX_TIMEOUT_MS:
        written["timeoutInMillis"] = integration["timeoutInMillis"]
    if "responseTransferMode" in integration:
        written["responseTransferMode"] = integration["responseTransferMode"]
    keys, namespace = integration["cacheKeyParameters"], integration["cacheNamespace"]
    if keys or namespace != resource_id:
        written["cacheNamespace"] = namespace
    if keys:
        written["cacheKeyParameters"] = keys
    return written
