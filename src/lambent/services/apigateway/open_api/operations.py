"""What an operation of an OpenAPI document says of a method: parameters, bodies and responses, of either version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.apis.open_api_parts import a_list, a_map, a_text, resolve
from lambent.apis.open_api_text import is_swagger

if TYPE_CHECKING:
    from collections.abc import Iterable

    Document = dict[str, Any]

_LOCATIONS = {"path": "path", "query": "querystring", "header": "header"}
JSON = "application/json"


@dataclass(slots=True)
class Response:
    """Of a method, by status: `headers` by their names, `schemas` by content type."""

    headers: list[str] = field(default_factory=list)
    schemas: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Described:
    """`parameters` by the names that PutMethod has for them, `schemas` of the request's body by content type."""

    parameters: dict[str, bool] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)
    responses: dict[str, Response] = field(default_factory=dict)


def describe(document: Document, path_item: Document, operation: Document) -> Described:
    """The operation, with the parameters that it shares with others of its path."""
    described = Described()
    parameters = [
        resolve(document, each)
        for each in (*a_list(path_item, "parameters"), *a_list(operation, "parameters"))
    ]
    for each in parameters:
        location = _LOCATIONS.get(a_text(each, "in"))
        if location:
            required = location == "path" or each.get("required") is True
            described.parameters[f"method.request.{location}.{a_text(each, 'name')}"] = required
    if is_swagger(document):
        _swagger_body(document, operation, parameters, described)
    else:
        body = resolve(document, operation.get("requestBody"))
        described.schemas = _contents(body)
    for status, part in a_map(operation, "responses").items():
        described.responses[status] = _response(document, operation, resolve(document, part))
    return described


def _swagger_body(
    document: Document, operation: Document, parameters: Iterable[Document], described: Described
) -> None:
    for each in parameters:
        if a_text(each, "in") == "body" and "schema" in each:
            for content_type in _types(document, operation, "consumes"):
                described.schemas[content_type] = each["schema"]


def _response(document: Document, operation: Document, part: Document) -> Response:
    response = Response(headers=list(a_map(part, "headers")))
    if not is_swagger(document):
        response.schemas = _contents(part)
    elif "schema" in part:
        for content_type in _types(document, operation, "produces"):
            response.schemas[content_type] = part["schema"]
    return response


def _contents(part: Document) -> dict[str, Any]:
    content = a_map(part, "content")
    return {
        name: each["schema"] for name, each in content.items() if "schema" in a_map(content, name)
    }


def _types(document: Document, operation: Document, name: str) -> list[str]:
    found = a_list(operation, name) or a_list(document, name)
    return [each for each in found if isinstance(each, str)] or [JSON]
