"""An OpenAPI document on its way into an API: authorizers first, then the paths with what they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from lambent.apis.errors import BadRequest
from lambent.apis.open_api_parts import a_list, a_map, a_text, resolve
from lambent.apis.open_api_report import Report
from lambent.services.apigatewayv2.authorizers import new_authorizer
from lambent.services.apigatewayv2.documents import AUTHORIZERS, INTEGRATIONS, ROUTES
from lambent.services.apigatewayv2.integrations import new_integration
from lambent.services.apigatewayv2.open_api.names import INTEGRATION_NAMES, UNUSED, from_document
from lambent.services.apigatewayv2.open_api.names import INTEGRATIONS as SHARED
from lambent.services.apigatewayv2.open_api.settings import unknown_extensions
from lambent.services.apigatewayv2.routes import DEFAULT_KEY, check_key_is_free, new_route

if TYPE_CHECKING:
    from lambent.core.context import Scope
    from lambent.core.ports import Tx

    Document = dict[str, Any]

_METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_AUTHORIZER = "x-amazon-apigateway-authorizer"


class Import:
    """One import.

    Args:
        base: what becomes of the path of the first server: `ignore`, `prepend` or `split`.

    Attributes:
        report: what was wrong with the document.
    """

    def __init__(self, tx: Tx, scope: Scope, api_id: str, document: Document, base: str) -> None:
        self._tx, self._scope, self._api_id = tx, scope, api_id
        self._document = document
        self._prefix = _prefix(document, base)
        self._authorizers: dict[str, Document] = {}
        self._shared: dict[str, str] = {}  # integrations that several operations refer to
        self.report = Report()

    def run(self) -> None:
        for where in unknown_extensions(self._document):
            self.report.warnings.append(f"Ignoring extension {where}: HTTP APIs do not have it")
        for name, scheme in a_map(self._document, "components", "securitySchemes").items():
            with self.report.error(
                f"Unable to create authorizer from security definition: '{name}'"
            ):
                self._authorizer(name, resolve(self._document, scheme))
        for path, item in a_map(self._document, "paths").items():
            self._path(path, resolve(self._document, item))
        for name, integration in a_map(self._document, "components", SHARED).items():
            if name.startswith(UNUSED):
                with self.report.error(f"Unable to create integration '{name}'"):
                    self._new_integration(resolve(self._document, integration))

    def _authorizer(self, name: str, scheme: Document) -> None:
        given = a_map(scheme, _AUTHORIZER)
        if not given:
            return
        is_jwt = a_text(given, "type").lower() == "jwt"
        source = a_text(given, "identitySource")
        sources = [each.strip() for each in source.split(",") if each.strip()]
        request: Document = {"Name": name, "IdentitySource": sources}
        if is_jwt:
            configuration = from_document(a_map(given, "jwtConfiguration"))
            request |= {"AuthorizerType": "JWT", "JwtConfiguration": configuration}
        else:
            request |= {
                "AuthorizerType": "REQUEST",
                "AuthorizerUri": a_text(given, "authorizerUri"),
                "AuthorizerCredentialsArn": a_text(given, "authorizerCredentials"),
                "AuthorizerPayloadFormatVersion": a_text(given, "authorizerPayloadFormatVersion"),
                "EnableSimpleResponses": given.get("enableSimpleResponses") is True,
            }
            ttl = given.get("authorizerResultTtlInSeconds")
            if isinstance(ttl, int) and not isinstance(ttl, bool):
                request["AuthorizerResultTtlInSeconds"] = ttl
        _check_jwt_members(request)
        authorizer = new_authorizer(request)
        id_ = authorizer["AuthorizerId"]
        AUTHORIZERS.put(self._tx, self._scope, self._api_id, id_, authorizer)
        self._authorizers[name] = authorizer

    def _path(self, path: str, item: Document) -> None:
        for name, operation in item.items():
            if name not in (*_METHODS, _ANY) or not isinstance(operation, dict):
                continue
            method = "ANY" if name == _ANY else name.upper()
            key = DEFAULT_KEY if path == "/$default" else f"{method} {self._prefix}{path}"
            with self.report.error(f"Unable to create route '{key}'"):
                self._route(key, operation)

    def _route(self, key: str, operation: Document) -> None:
        check_key_is_free(self._tx, self._scope, self._api_id, key)
        request: Document = {"ApiId": self._api_id, "RouteKey": key}
        if a_text(operation, "operationId"):
            request["OperationName"] = a_text(operation, "operationId")
        integration_id = self._integration(operation)
        if integration_id:
            request["Target"] = f"integrations/{integration_id}"
        else:
            with self.report.warning(f"Route '{key}'"):
                raise BadRequest("no integration is defined")
        request |= self._security(operation)
        route = new_route(self._tx, self._scope, request)
        ROUTES.put(self._tx, self._scope, self._api_id, route["RouteId"], route)

    def _integration(self, operation: Document) -> str:
        """The id of an operation's integration; "" without one."""
        given = operation.get(_INTEGRATION)
        reference = a_text(given, "$ref")
        if reference in self._shared:
            return self._shared[reference]
        members = resolve(self._document, given)
        if not members:
            return ""
        id_ = self._new_integration(members)
        if reference:
            self._shared[reference] = id_
        return id_

    def _new_integration(self, members: Document) -> str:
        for name in sorted(members.keys() - INTEGRATION_NAMES.keys()):
            self.report.warnings.append(
                f"Ignoring '{name}' of an integration: those of HTTP APIs do not have it"
            )
        integration = new_integration(_integration_request(members))
        id_ = str(integration["IntegrationId"])
        INTEGRATIONS.put(self._tx, self._scope, self._api_id, id_, integration)
        return id_

    def _security(self, operation: Document) -> Document:
        holder = operation if "security" in operation else self._document
        for requirement in a_list(holder, "security"):
            for name, scopes in requirement.items() if isinstance(requirement, dict) else ():
                scheme = resolve(
                    self._document, a_map(self._document, "components", "securitySchemes").get(name)
                )
                if a_text(scheme, "x-amazon-apigateway-authtype") == "awsSigv4":
                    return {"AuthorizationType": "AWS_IAM"}
                authorizer = self._authorizers.get(name)
                if authorizer is None:
                    continue
                is_jwt = authorizer["AuthorizerType"] == "JWT"
                found: Document = {
                    "AuthorizationType": "JWT" if is_jwt else "CUSTOM",
                    "AuthorizerId": authorizer["AuthorizerId"],
                }
                if is_jwt and isinstance(scopes, list):
                    found["AuthorizationScopes"] = [str(each) for each in scopes]
                return found
        return {}


def _integration_request(members: Document) -> Document:
    request = {
        INTEGRATION_NAMES[name]: value
        for name, value in members.items()
        if name in INTEGRATION_NAMES
    }
    kind = a_text(members, "type").upper()
    request["IntegrationType"] = kind
    if kind == "AWS_PROXY":
        request.pop("IntegrationMethod", None)
    for name in (
        "IntegrationUri",
        "CredentialsArn",
        "PayloadFormatVersion",
        "IntegrationMethod",
        "Description",
    ):
        if name in request:
            request[name] = (
                request[name].upper()
                if name == "IntegrationMethod" and isinstance(request[name], str)
                else str(request[name])
            )
    for name in ("RequestParameters", "ResponseParameters"):
        if name in request and not isinstance(request[name], dict):
            raise BadRequest(f"Invalid {name} specified")
    timeout = request.get("TimeoutInMillis")
    if timeout is not None and (not isinstance(timeout, int) or isinstance(timeout, bool)):
        raise BadRequest("Timeout should be between 50 ms and 30000 ms")
    return request


def _check_jwt_members(request: Document) -> None:
    """What the model would have checked of a request."""
    configuration = request.get("JwtConfiguration") or {}
    audience, issuer = configuration.get("Audience"), configuration.get("Issuer")
    if configuration and not (isinstance(audience, list) and isinstance(issuer, str)):
        raise BadRequest("Invalid jwtConfiguration specified")


def _prefix(document: Document, base: str) -> str:
    """The base path that routes begin with (`basepath`): that of the first server."""
    if base not in ("ignore", "prepend", "split"):
        raise BadRequest(f"Invalid basepath mode: {base}")
    servers = a_list(document, "servers")
    if base == "ignore" or not servers:
        return ""
    url = a_text(servers[0], "url")
    variables = a_map(servers[0], "variables")
    for name in variables:
        url = url.replace(f"{{{name}}}", a_text(a_map(variables, name), "default"))
    try:
        path = urlsplit(url).path.strip("/")
    except ValueError:
        raise BadRequest("Invalid server URL") from None
    if base == "split":
        path = path.partition("/")[2]
    return f"/{path}" if path else ""
