"""What a document says of the API as a whole, and what of it means nothing to an HTTP API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, refuse
from lambent.apis.open_api_parts import a_list, a_map, a_text
from lambent.services.apigatewayv2.cors import cors_configuration
from lambent.services.apigatewayv2.open_api.names import from_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    Document = dict[str, Any]

_PREFIX = "x-amazon-apigateway-"
ENDPOINT = _PREFIX + "endpoint-configuration"
# "Use OpenAPI definitions for HTTP APIs", and the extensions that say where they hold (developer guide).
_KNOWN = frozenset({"cors", "endpoint-configuration", "importexport-version"})
_KNOWN_OF_OPERATIONS = frozenset({"integration"})


def settings_of(document: Document) -> Document:
    """Members of an API. Raises BadRequest."""
    info = a_map(document, "info")
    settings: Document = {"Name": title_of(document)}
    for name, member in (("Description", "description"), ("Version", "version")):
        if a_text(info, member):
            settings[name] = a_text(info, member)
    cors = a_map(document, _PREFIX + "cors")
    if cors:
        settings["CorsConfiguration"] = cors_configuration(_cors(cors))
    settings["DisableExecuteApiEndpoint"] = _is_default_endpoint_disabled(document)
    return settings


def unknown_extensions(document: Document) -> Iterator[str]:
    """Extensions of the document and of its operations that have no effect on an HTTP API, with where they stand."""
    yield from (f"'{name}'" for name in _unknown(document, _KNOWN))
    for path, item in a_map(document, "paths").items():
        for method in a_map(item):
            for name in _unknown(a_map(item, method), _KNOWN_OF_OPERATIONS):
                yield f"'{name}' of '{method} {path}'"


def _unknown(holder: Document, known: frozenset[str]) -> Iterator[str]:
    for name in holder:
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) not in known:
            yield name


def _is_default_endpoint_disabled(document: Document) -> bool:
    """It may stand at the document, or at its servers."""
    for holder in (document, *a_list(document, "servers")):
        given = a_map(holder, ENDPOINT)
        if a_list(given, "vpcEndpointIds"):
            raise refuse("vpcEndpointIds", "there are no VPCs.")
        if given.get("disableExecuteApiEndpoint") is True:
            return True
    return False


def _cors(given: Document) -> Document:
    """Raises BadRequest where a member is not of the kind that the model wants."""
    cors = from_document(given)
    for name, value in cors.items():
        if name == "AllowCredentials":
            is_good = isinstance(value, bool)
        elif name == "MaxAge":
            is_good = isinstance(value, int) and not isinstance(value, bool)
        else:
            is_good = isinstance(value, list) and all(isinstance(each, str) for each in value)
        if not is_good:
            raise BadRequest(f"Invalid value for {name} in x-amazon-apigateway-cors")
    return cors


def title_of(document: Document) -> str:
    """Raises BadRequest where there is none."""
    title = a_text(a_map(document, "info"), "title")
    if not title.strip():
        raise BadRequest("Invalid OpenAPI input. The document has no info.title.")
    return title


def tags_of(document: Document) -> dict[str, str]:
    """Tags of the API stand among those of the document, marked (`x-amazon-apigateway-tag-value`)."""
    listed = document.get("tags")
    found = {}
    for each in listed if isinstance(listed, list) else ():
        value = a_text(each, "x-amazon-apigateway-tag-value")
        if value and a_text(each, "name"):
            found[a_text(each, "name")] = value
    return found
