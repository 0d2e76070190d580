"""What a document says of the API as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from lambent.apis.errors import BadRequest, refuse
from lambent.apis.open_api_parts import a_list, a_map, a_text
from lambent.apis.open_api_text import is_swagger
from lambent.services.apigateway.resource_policies import policy_text
from lambent.services.apigateway.rest_apis import check_compression, check_security

if TYPE_CHECKING:
    from collections.abc import Mapping

    Document = dict[str, Any]

_PREFIX = "x-amazon-apigateway-"
# Of the whole document; those of single operations are dealt with where they stand.
_REPLACED = ("description", "version", "binaryMediaTypes", "minimumCompressionSize", "policy")

_KNOWN = frozenset(
    {
        "api-key-source",
        "auth",
        "binary-media-types",
        "documentation",
        "endpoint-access-mode",
        "endpoint-configuration",
        "gateway-responses",
        "importexport-version",
        "minimum-compression-size",
        "policy",
        "request-validator",
        "request-validators",
        "security-policy",
    }
)
_KNOWN_OF_OPERATIONS = frozenset({"auth", "integration", "request-validator"})


def settings_of(document: Document) -> Document:
    """Members of a RestApi, but for its id and times. Raises BadRequest."""
    info = a_map(document, "info")
    settings: Document = {"name": a_text(info, "title")}
    for member in ("description", "version"):
        if a_text(info, member):
            settings[member] = a_text(info, member)
    media_types = a_list(document, _PREFIX + "binary-media-types")
    if media_types:
        settings["binaryMediaTypes"] = [str(each) for each in media_types]
    size = document.get(_PREFIX + "minimum-compression-size")
    if isinstance(size, int):
        check_compression(size)
        settings["minimumCompressionSize"] = size
    source = a_text(document, _PREFIX + "api-key-source").upper()
    if source:
        if source not in ("HEADER", "AUTHORIZER"):
            raise BadRequest(f"Invalid API key source: {source}")
        settings["apiKeySource"] = source
    policy = document.get(_PREFIX + "policy")
    if policy:
        text = policy if isinstance(policy, str) else orjson.dumps(policy).decode()
        settings["policy"] = policy_text(text)
    check_security(
        a_text(document, _PREFIX + "security-policy"),
        a_text(document, _PREFIX + "endpoint-access-mode"),
    )
    settings |= _endpoint(document)
    return settings


def apply_settings(api: Document, settings: Document, *, overwrite: bool) -> Document:
    """The API with what the document says; overwritten, without what it does not say."""
    kept = {name: value for name, value in api.items() if not (overwrite and name in _REPLACED)}
    name = settings["name"] or api.get("name", "")
    return {**kept, **settings, "name": name}


def unknown_extensions(document: Document) -> list[str]:
    """Extensions of the whole document that have no effect on a REST API."""
    return _unknown(document, _KNOWN)


def unknown_of_operation(operation: Document) -> list[str]:
    """The same for a single operation."""
    return _unknown(operation, _KNOWN_OF_OPERATIONS)


def _unknown(holder: Document, known: frozenset[str]) -> list[str]:
    return [
        name for name in holder if name.startswith(_PREFIX) and name[len(_PREFIX) :] not in known
    ]


def base_path(document: Document, mode: str) -> str:
    """What stands before every path. `split` leaves out the first part of the base path (import parameters)."""
    if mode not in ("ignore", "prepend", "split"):
        raise BadRequest(f"Invalid value for parameter basepath: {mode}")
    if mode == "ignore":
        return ""
    path = a_text(document, "basePath") if is_swagger(document) else _server_path(document)
    parts = [part for part in path.split("/") if part]
    if mode == "split":
        parts = parts[1:]
    return "".join(f"/{part}" for part in parts)


def parameters_of(request: Mapping[str, Any]) -> dict[str, str]:
    """The parameters of an import, which are query parameters; names count without case. Raises BadRequest."""
    given = {name.lower(): value for name, value in (request.get("parameters") or {}).items()}
    for name in ("mode", "failonwarnings"):
        given.pop(name, None)
    known = {"basepath", "endpointconfigurationtypes", "ignore"}
    if "endpointconfigurationvpcendpointids" in given:
        raise refuse("endpointConfigurationVpcEndpointIds", "there are no VPCs.")
    wrong = sorted(given.keys() - known)
    if wrong:
        raise BadRequest(f"Invalid parameter: {wrong[0]}")
    return given


def _server_path(document: Document) -> str:
    """The path of the first server, with its variables replaced; API Gateway writes the path into one of those."""
    servers = a_list(document, "servers")
    url = a_text(servers[0], "url") if servers else ""
    variables = a_map(servers[0], "variables") if servers else {}
    for name in variables:
        url = url.replace(f"{{{name}}}", a_text(a_map(variables, name), "default").strip("/"))
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _endpoint(document: Document) -> Document:
    given = a_map(document, _PREFIX + "endpoint-configuration")
    if not given and not is_swagger(document):
        servers = a_list(document, "servers")
        given = a_map(servers[0], _PREFIX + "endpoint-configuration") if servers else {}
    if a_list(given, "vpcEndpointIds"):
        raise refuse("vpcEndpointIds", "there are no VPCs.")
    disabled = given.get("disableExecuteApiEndpoint")
    return {"disableExecuteApiEndpoint": disabled} if isinstance(disabled, bool) else {}
