"""Models: the JSON schemas of bodies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.documents import REST_APIS
from lambent.apis.errors import BadRequest, Conflict, NotFound
from lambent.apis.json_text import parse_json
from lambent.core import ids
from lambent.services.apigateway.documents import MODELS, RESOURCES
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, member

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_CONTENT_TYPE = re.compile(r"[\w.+*-]+/[\w.+*-]+(?: *;.*)?")
# The simple types of JSON schema draft 4.
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_NAME = re.compile(r"[A-Za-z0-9]+")
# What every API is made with.
DEFAULT_MODELS: tuple[Document, ...] = (
    {
        "name": "Empty",
        "description": "This is a default empty schema model",
        "schema": '{\n  "$schema": "http://json-schema.org/draft-04/schema#",\n'
        '  "title" : "Empty Schema",\n  "type" : "object"\n}',
        "contentType": "application/json",
    },
    {
        "name": "Error",
        "description": "This is a default error schema model",
        "schema": '{\n  "$schema" : "http://json-schema.org/draft-04/schema#",\n'
        '  "title" : "Error Schema",\n  "type" : "object",\n  "properties" : {\n'
        '    "message" : { "type" : "string" }\n  }\n}',
        "contentType": "application/json",
    },
)
_PATCHES = PatchTable((member("/description"), member("/schema", required=True)))
# "API Gateway models are defined using JSON schema draft 4" (important notes); a reference names another model by its
# address, or a definition of the same schema.
_CANONICAL = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/\w+|#.*")
_OF_SCHEMAS = frozenset({"definitions", "properties", "patternProperties", "dependencies"})
_SCHEMAS = frozenset(
    {"additionalItems", "additionalProperties", "allOf", "anyOf", "items", "not", "oneOf"}
)
_KEYWORDS = (
    _OF_SCHEMAS
    | _SCHEMAS
    | frozenset(
        {
            "$ref",
            "$schema",
            "default",
            "description",
            "enum",
            "exclusiveMaximum",
            "exclusiveMinimum",
            "format",
            "id",
            "maxItems",
            "maxLength",
            "maxProperties",
            "maximum",
            "minItems",
            "minLength",
            "minProperties",
            "minimum",
            "multipleOf",
            "pattern",
            "required",
            "title",
            "type",
            "uniqueItems",
        }
    )
)
_INVALID = "Invalid model schema specified"
_REFERENCE = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/]+/models/(\w+)")


def create_model(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    _check_api(tx, scope, api_id)
    name = request["name"]
    if MODELS.find(tx, scope, api_id, name) is not None:
        raise Conflict("Model name already exists for this REST API")
    model = new_model(request)
    check_keywords(model["schema"])
    MODELS.put(tx, scope, api_id, name, model)
    return model


def new_model(request: Request) -> Document:
    """A model as CreateModel makes it. Raises BadRequest."""
    if not _NAME.fullmatch(request["name"]):
        raise BadRequest("Model name must be alphanumeric: " + request["name"])
    if not _CONTENT_TYPE.fullmatch(request["contentType"]):
        raise BadRequest(
            "Validation Result: warnings : [], errors : "
            f"[Invalid content type specified: {request['contentType']}]"
        )
    model: Document = {"id": ids.lower_alphanumeric(6), "name": request["name"]}
    if request.get("description"):
        model["description"] = request["description"]
    schema = request.get("schema")
    if not schema:
        raise BadRequest("Model schema must have a valid schema: Null schema")
    check_schema(schema)
    return model | {"schema": schema, "contentType": request["contentType"]}


def get_model(tx: Tx, context: RequestContext, request: Request) -> Document:
    model = find_model(tx, context.scope, request["restApiId"], request["modelName"])
    if not request.get("flatten"):
        return model
    others = {each["name"]: each for each in MODELS.of(tx, context.scope, request["restApiId"])}
    return model | {"schema": flattened(model, others)}


def get_models(tx: Tx, context: RequestContext, request: Request) -> Document:
    _check_api(tx, context.scope, request["restApiId"])
    models = MODELS.of(tx, context.scope, request["restApiId"])
    return page(models, request, lambda model: str(model["name"]))


def get_model_template(tx: Tx, context: RequestContext, request: Request) -> Document:
    model = find_model(tx, context.scope, request["restApiId"], request["modelName"])
    schema = orjson.loads(model["schema"])
    return {"value": "#set($inputRoot = $input.path('$'))\n" + _template(schema, "", "$inputRoot")}


def update_model(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    before = find_model(tx, scope, api_id, request["modelName"])
    model = _PATCHES.apply(before, request)
    check_schema(model["schema"])
    check_keywords(model["schema"])
    MODELS.put(tx, scope, api_id, model["name"], model)
    return model


def delete_model(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id, name = context.scope, request["restApiId"], request["modelName"]
    find_model(tx, scope, api_id, name)
    use = _use_of(name, RESOURCES.of(tx, scope, api_id))
    if use:
        raise Conflict(f"Cannot delete model '{name}', is referenced in {use}")
    for other in MODELS.of(tx, scope, api_id):
        if other["name"] != name and name in _REFERENCE.findall(other["schema"]):
            raise Conflict(
                f"Cannot delete model '{name}', is referenced in other models: {other['name']}"
            )
    MODELS.remove(tx, scope, api_id, name)
    return {}


def find_model(tx: Tx, scope: Scope, api_id: str, name: str) -> Document:
    """Raises NotFound."""
    _check_api(tx, scope, api_id)
    model = MODELS.find(tx, scope, api_id, name)
    if model is None:
        raise NotFound(f"Invalid model name specified: {name}")
    return model


def check_schema(schema: str) -> None:
    """Is it a JSON object, and does it refer only to what can be found? Raises BadRequest."""
    try:
        document = parse_json(schema)
    except ValueError:
        raise _invalid_schema() from None
    if not isinstance(document, dict):
        raise _invalid_schema()
    for each in _schemas_in(document):
        kind = each.get("type")
        if isinstance(kind, str) and kind not in _TYPES:
            raise _invalid_schema()
        reference = each.get("$ref")
        if isinstance(reference, str) and not _CANONICAL.fullmatch(reference):
            raise _invalid_schema("Model reference must be in canonical form")


def check_keywords(schema: str) -> None:
    """Raises BadRequest for words that JSON schema draft 4 does not know. Imports leave them out instead."""
    for each in _schemas_in(orjson.loads(schema)):
        unknown = [name for name in each if name not in _KEYWORDS]
        if unknown:
            keywords = orjson.dumps(unknown).decode()
            raise _invalid_schema(f"{_INVALID}. Unsupported keyword(s): {keywords}")


def _schemas_in(schema: Any) -> Iterator[Document]:
    """A schema and those within it, the outer first."""
    rest = [schema]
    while rest:
        each = rest.pop(0)
        if not isinstance(each, dict):
            continue
        yield each
        for name, value in each.items():
            if name in _OF_SCHEMAS and isinstance(value, dict):
                rest += value.values()
            elif name in _SCHEMAS:
                rest += value if isinstance(value, list) else [value]


def _invalid_schema(why: str = _INVALID) -> BadRequest:
    return BadRequest(
        f"Invalid model specified: Validation Result: warnings : [], errors : [{why}]"
    )


def flattened(model: Document, others: Mapping[str, Document]) -> str:
    """The schema with the models that it refers to among its own definitions."""
    schema = orjson.loads(model["schema"])
    names, found = [model["name"]], {}
    while names:
        text = others[names.pop()]["schema"]
        for name in _REFERENCE.findall(text):
            if name in others and name not in found:
                found[name] = orjson.loads(
                    _REFERENCE.sub(r"#/definitions/\1", others[name]["schema"])
                )
                names.append(name)
    text = _REFERENCE.sub(r"#/definitions/\1", orjson.dumps(schema).decode())
    document = orjson.loads(text)
    if found:
        document["definitions"] = {**document.get("definitions", {}), **found}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def _use_of(name: str, resources: Iterable[Document]) -> str:
    """The first method, or response of one, that refers to the model, in AWS's words."""
    for resource in resources:
        for method in resource.get("resourceMethods", {}).values():
            place = f"{resource['path'].rstrip('/')}/{method['httpMethod']}"
            if name in method.get("requestModels", {}).values():
                return f"method request: {place}"
            for response in method.get("methodResponses", {}).values():
                if name in response.get("responseModels", {}).values():
                    return f"method response: {place}"
    return ""


def _template(schema: Any, indent: str, path: str) -> str:
    """A mapping template that writes what the schema describes, with example values."""
    kind = schema.get("type") if isinstance(schema, dict) else None
    deeper = indent + "  "
    if kind == "object" or (kind is None and isinstance(schema, dict) and "properties" in schema):
        rows = [
            f'{deeper}"{name}" : {_template(value, deeper, f"{path}.{name}")}'
            for name, value in schema.get("properties", {}).items()
        ]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}" if rows else "{ }"
    if kind == "array":
        element = _template(schema.get("items", {}), deeper, "$elem")
        return (
            f"[\n#foreach($elem in {path})\n{deeper}{element}#if($foreach.hasNext),#end\n"
            f"#end\n{indent}]"
        )
    return {"string": '"foo"', "number": "42", "integer": "42", "boolean": "true"}.get(
        str(kind), "{ }"
    )


def _check_api(tx: Tx, scope: Scope, api_id: str) -> None:
    if REST_APIS.find(tx, scope, "", api_id) is None:
        raise NotFound(f"Invalid API identifier specified {scope.account_id}:{api_id}")
