"""Documentation parts of APIs; `documentation_versions` has the versions.

A part belongs to a place in the API; which members a place has goes by its type (DocumentationPartLocation).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.errors import BadRequest, Conflict, NotFound, refuse
from lambent.apis.json_text import parse_json
from lambent.core import ids
from lambent.services.apigateway.documents import DOCUMENTATION_PARTS
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, member
from lambent.services.apigateway.rest_apis import find_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# The members that a location of each type may have, beside the type; the first `n` of them have defaults.
_MEMBERS: Mapping[str, tuple[str, ...]] = {
    "API": (),
    "AUTHORIZER": ("name",),
    "MODEL": ("name",),
    "RESOURCE": ("path",),
    "METHOD": ("path", "method"),
    "PATH_PARAMETER": ("path", "method", "name"),
    "QUERY_PARAMETER": ("path", "method", "name"),
    "REQUEST_HEADER": ("path", "method", "name"),
    "REQUEST_BODY": ("path", "method"),
    "RESPONSE": ("path", "method", "statusCode"),
    "RESPONSE_HEADER": ("path", "method", "statusCode", "name"),
    "RESPONSE_BODY": ("path", "method", "statusCode"),
}
_DEFAULTS = {"path": "/", "method": "*", "statusCode": "*"}
_PART_PATCHES = PatchTable((member("/properties", required=True),))


def create_documentation_part(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    part = new_part(request["location"], request["properties"])
    if any(
        each["location"] == part["location"] for each in DOCUMENTATION_PARTS.of(tx, scope, api_id)
    ):
        raise Conflict(
            "Documentation part already exists for the specified location: "
            + ", ".join(f"{name} '{value}'" for name, value in part["location"].items())
        )
    DOCUMENTATION_PARTS.put(tx, scope, api_id, part["id"], part)
    return part


def new_part(location: Mapping[str, Any], properties: str) -> Document:
    """A part as CreateDocumentationPart makes it. Raises BadRequest."""
    kind = location["type"]
    members = _MEMBERS[kind]
    place: Document = {"type": kind}
    for name, value in location.items():
        if name != "type" and value and kind == "API":
            raise BadRequest(
                "[Location type: API cannot have path, method, statusCode or name defined.]"
            )
        if name != "type" and value and name not in members:
            raise BadRequest(f"Unsupported location attribute: {name} for type {kind}")
    for name in members:
        value = location.get(name) or _DEFAULTS.get(name)
        if value is None:
            raise BadRequest(f"Documentation part name must be specified for type {kind}")
        place[name] = value
    _check_properties(properties)
    return {"id": ids.lower_alphanumeric(6), "location": place, "properties": properties}


def get_documentation_part(tx: Tx, context: RequestContext, request: Request) -> Document:
    return _find_part(tx, context.scope, request)


def get_documentation_parts(tx: Tx, context: RequestContext, request: Request) -> Document:
    find_api(tx, context.scope, request["restApiId"])
    if request.get("locationStatus") == "UNDOCUMENTED":
        raise refuse("locationStatus UNDOCUMENTED")
    kind, name, path = request.get("type"), request.get("nameQuery"), request.get("path")
    parts = [
        part
        for part in DOCUMENTATION_PARTS.of(tx, context.scope, request["restApiId"])
        if kind in (None, part["location"]["type"])
        and (not name or name in part["location"].get("name", ""))
        and (not path or part["location"].get("path") == path)
    ]
    return page(parts, request, lambda part: str(part["id"]))


def update_documentation_part(tx: Tx, context: RequestContext, request: Request) -> Document:
    part = _PART_PATCHES.apply(_find_part(tx, context.scope, request), request)
    _check_properties(part["properties"])
    DOCUMENTATION_PARTS.put(tx, context.scope, request["restApiId"], part["id"], part)
    return part


def delete_documentation_part(tx: Tx, context: RequestContext, request: Request) -> Document:
    part = _find_part(tx, context.scope, request)
    DOCUMENTATION_PARTS.remove(tx, context.scope, request["restApiId"], part["id"])
    return {}


def import_documentation_parts(tx: Tx, context: RequestContext, request: Request) -> Document:
    """Of the `x-amazon-apigateway-documentation` of an OpenAPI document, or of its `documentationParts` alone."""
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    try:
        document = parse_json(request["body"])
    except ValueError:
        raise BadRequest("Unable to parse the documentation parts: the body is not JSON") from None
    document = document if isinstance(document, dict) else {}
    document = document.get("x-amazon-apigateway-documentation", document)
    given = document.get("documentationParts") if isinstance(document, dict) else None
    if not isinstance(given, list):
        raise BadRequest("Unable to parse the documentation parts: there is no documentationParts")
    if request.get("mode") == "overwrite":
        DOCUMENTATION_PARTS.remove_of(tx, scope, api_id)
    made, warnings = [], []
    for number, each in enumerate(given):
        try:
            made.append(put_part(tx, scope, api_id, each))
        except BadRequest as problem:
            warnings.append(f"documentationParts[{number}]: {problem.message}")
    if warnings and request.get("failOnWarnings"):
        raise BadRequest("; ".join(warnings))
    return {"ids": made, "warnings": warnings}


def put_part(tx: Tx, scope: Scope, api_id: str, given: Any) -> str:
    """A part of an import, in the place of one at the same location. Raises BadRequest."""
    location = given.get("location") if isinstance(given, dict) else None
    if not isinstance(location, dict) or location.get("type") not in _MEMBERS:
        raise BadRequest("Invalid documentation part location")
    properties = given.get("properties", {})
    text = properties if isinstance(properties, str) else orjson.dumps(properties).decode()
    part = new_part(location, text)
    for other in DOCUMENTATION_PARTS.of(tx, scope, api_id):
        if other["location"] == part["location"]:
            part["id"] = other["id"]
            old = orjson.loads(other["properties"])
            part["properties"] = orjson.dumps({**old, **orjson.loads(text)}).decode()
    DOCUMENTATION_PARTS.put(tx, scope, api_id, part["id"], part)
    return str(part["id"])


def _find_part(tx: Tx, scope: Scope, request: Request) -> Document:
    find_api(tx, scope, request["restApiId"])
    found = DOCUMENTATION_PARTS.find(
        tx, scope, request["restApiId"], request["documentationPartId"]
    )
    if found is None:
        raise NotFound("Invalid Documentation part identifier specified")
    return found


def _check_properties(properties: str) -> None:
    if not properties:
        raise BadRequest("Documentation part properties must be non-empty")
    try:
        document = parse_json(properties)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise BadRequest("Invalid documentation part properties: it must be a JSON object")
