"""ExportApi: an API, or what is deployed to a stage of it, as an OpenAPI 3.0 document.

In the shape of exports of AWS's that public repositories keep.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import yaml

from lambent.apis.errors import BadRequest
from lambent.services.apigatewayv2.documents import SNAPSHOTS, find_api, find_stage
from lambent.services.apigatewayv2.open_api.names import (
    INTEGRATION_NAMES,
    INTEGRATIONS,
    UNUSED,
    to_document,
)
from lambent.services.apigatewayv2.open_api.settings import ENDPOINT
from lambent.services.apigatewayv2.publishing import snapshot_of
from lambent.services.apigatewayv2.routes import DEFAULT_KEY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_ANY = "x-amazon-apigateway-any-method"
# Said of an integration only where it is another.
_USUAL_TIMEOUT_MS = 30_000
_EXPORTED = {member: name for name, member in INTEGRATION_NAMES.items()}


def export_api(tx: Tx, context: RequestContext, request: Request) -> Document:
    """The document as the body of the answer."""
    if request["Specification"] != "OAS30":
        raise BadRequest(f"Invalid specification: {request['Specification']}. Must be OAS30")
    if request["OutputType"] not in ("JSON", "YAML"):
        raise BadRequest(
            f"Invalid output type: {request['OutputType']}. Must be one of [JSON, YAML]"
        )
    if request.get("ExportVersion") not in (None, "", "1.0"):
        raise BadRequest(f"Invalid export version: {request['ExportVersion']}. Must be 1.0")
    find_api(tx, context.scope, request["ApiId"])
    snapshot: Document | None = snapshot_of(tx, context.scope, request["ApiId"])
    stage = ""
    if request.get("StageName"):
        found = find_stage(tx, context.scope, request)
        stage, deployment_id = found["StageName"], found.get("DeploymentId")
        snapshot = SNAPSHOTS.find(tx, context.scope, request["ApiId"], deployment_id or "")
    if snapshot is None:
        raise BadRequest("The stage has no deployment")
    document = _document(
        snapshot, stage, with_extensions=request.get("IncludeExtensions") is not False
    )
    if request["OutputType"] == "YAML":
        body = yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()
    else:
        body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
    return {"body": body}


def _document(snapshot: Document, stage: str, *, with_extensions: bool) -> Document:
    api = snapshot["Api"]
    created = datetime.fromtimestamp(api["CreatedDate"], UTC).strftime("%Y-%m-%d %H:%M:%SUTC")
    info: Document = {"title": api["Name"], "version": api.get("Version") or created}
    if api.get("Description"):
        info["description"] = api["Description"]
    path = "" if stage in ("", "$default") else f"/{stage}"
    document: Document = {
        "openapi": "3.0.1",
        "info": info,
        "servers": [
            {
                "url": f"{api['ApiEndpoint']}/{{basePath}}",
                "variables": {"basePath": {"default": path}},
            }
        ],
        "paths": _paths(snapshot, with_extensions=with_extensions),
    }
    schemes = {each["Name"]: _scheme(each) for each in snapshot["Authorizers"].values()}
    if any(each["AuthorizationType"] == "AWS_IAM" for each in snapshot["Routes"]):
        schemes["sigv4"] = {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "awsSigv4",
        }
    components: Document = {"securitySchemes": schemes} if schemes else {}
    if unused := _unused(snapshot):
        components[INTEGRATIONS] = unused
    if components and with_extensions:
        document["components"] = components
    if with_extensions:
        if "CorsConfiguration" in api:
            document["x-amazon-apigateway-cors"] = to_document(api["CorsConfiguration"])
        if api.get("DisableExecuteApiEndpoint"):
            document["servers"][0][ENDPOINT] = {"disableExecuteApiEndpoint": True}
        document["x-amazon-apigateway-importexport-version"] = "1.0"
    return document


def _paths(snapshot: Document, *, with_extensions: bool) -> Document:
    paths: Document = {}
    for route in sorted(snapshot["Routes"], key=lambda each: str(each["RouteKey"])):
        method, _, where = route["RouteKey"].partition(" ")
        name = _ANY if method in ("ANY", DEFAULT_KEY) else method.lower()
        item = paths.setdefault(where or f"/{DEFAULT_KEY}", {})
        item[name] = _operation(snapshot, route, with_extensions=with_extensions)
    for where, item in paths.items():
        if parameters := _parameters(where):
            item["parameters"] = parameters
    return paths


def _operation(snapshot: Document, route: Document, *, with_extensions: bool) -> Document:
    operation: Document = {}
    if route.get("OperationName"):
        operation["operationId"] = route["OperationName"]
    operation["responses"] = {
        "default": {"description": f"Default response for {route['RouteKey']}"}
    }
    if not with_extensions:
        return operation
    if route["RouteKey"] == DEFAULT_KEY:
        operation["isDefaultRoute"] = True
    authorizer = snapshot["Authorizers"].get(route.get("AuthorizerId"))
    if authorizer is not None:
        operation["security"] = [{authorizer["Name"]: route.get("AuthorizationScopes", [])}]
    elif route["AuthorizationType"] == "AWS_IAM":
        operation["security"] = [{"sigv4": []}]
    integration = snapshot["Integrations"].get(
        route.get("Target", "").removeprefix("integrations/")
    )
    if integration is not None:
        operation["x-amazon-apigateway-integration"] = _integration(integration)
    return operation


def _parameters(where: str) -> list[Document]:
    """The variables of a path; a greedy one has its plus sign."""
    names = [part[1:-1] for part in where.split("/") if part.startswith("{")]
    return [
        {
            "name": name,
            "in": "path",
            "description": f"Generated path parameter for {name}",
            "required": True,
            "schema": {"type": "string"},
        }
        for name in names
    ]


def _unused(snapshot: Document) -> Document:
    """The integrations that no route leads to."""
    used = {route.get("Target", "").removeprefix("integrations/") for route in snapshot["Routes"]}
    return {
        f"{UNUSED}{id_}": _integration(integration)
        for id_, integration in sorted(snapshot["Integrations"].items())
        if id_ not in used
    }


def _integration(integration: Document) -> Document:
    found = {_EXPORTED[name]: value for name, value in integration.items() if name in _EXPORTED}
    found["type"] = found["type"].lower()
    if found.get("timeoutInMillis") == _USUAL_TIMEOUT_MS:
        del found["timeoutInMillis"]
    return found


def _scheme(authorizer: Document) -> Document:
    source = ", ".join(authorizer.get("IdentitySource", []))
    if authorizer["AuthorizerType"] == "JWT":
        return {
            "type": "oauth2",
            "flows": {},
            "x-amazon-apigateway-authorizer": {
                "type": "jwt",
                "jwtConfiguration": to_document(authorizer["JwtConfiguration"]),
                "identitySource": source,
            },
        }
    members: Document = {"type": "request", "identitySource": source}
    for name in (
        "AuthorizerUri",
        "AuthorizerPayloadFormatVersion",
        "AuthorizerResultTtlInSeconds",
        "EnableSimpleResponses",
    ):
        if name in authorizer:
            members[f"{name[0].lower()}{name[1:]}"] = authorizer[name]
    if authorizer.get("AuthorizerCredentialsArn"):
        members["authorizerCredentials"] = authorizer["AuthorizerCredentialsArn"]
    return {
        "type": "apiKey",
        "name": "Unused",
        "in": "header",
        "x-amazon-apigateway-authorizer": members,
    }
