"""Models of documents: their names, and how they refer to each other here and there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.open_api_parts import a_map, reference_name
from lambent.apis.open_api_text import is_swagger

if TYPE_CHECKING:
    Document = dict[str, Any]

_ADDRESS = "https://apigateway.amazonaws.com/restapis/{}/models/{}"
_ADDRESSED = re.compile(r"https://apigateway\.amazonaws\.com/restapis/[^/\"]+/models/(\w+)")


def schemas_of(document: Document) -> Document:
    """The schemas of a document by name."""
    if is_swagger(document):
        return a_map(document, "definitions")
    return a_map(document, "components", "schemas")


def to_model(api_id: str, schema: Any) -> str:
    """The text of a model: references to other schemas of the document become addresses of models of the API."""
    return orjson.dumps(_addressed(api_id, schema), option=orjson.OPT_INDENT_2).decode()


def from_model(schema: str, prefix: str) -> Any:
    """The other way round, without `$schema`. `prefix` stands before names in the document's references."""
    written = orjson.loads(_ADDRESSED.sub(lambda found: prefix + found[1], schema))
    if isinstance(written, dict):
        written.pop("$schema", None)
    return written


def referred_models(schema: str) -> list[str]:
    """The names of the models that one refers to."""
    return _ADDRESSED.findall(schema)


def _addressed(api_id: str, schema: Any) -> Any:
    if isinstance(schema, list):
        return [_addressed(api_id, each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    name = reference_name(schema)
    return {
        key: _ADDRESS.format(api_id, name) if key == "$ref" and name else _addressed(api_id, value)
        for key, value in schema.items()
    }
