"""Makes an API what an OpenAPI document says.

Everything goes through the same rules as the single operations (`new_method`, `check_integration`, ...). What a rule
refuses is collected, so that one answer tells everything that is wrong; nothing of a refused import stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.open_api_parts import a_list, a_map, a_text, texts
from lambent.apis.open_api_report import Report
from lambent.core import ids
from lambent.core.errors import ServiceError
from lambent.services.apigateway.authorizers import new_authorizer
from lambent.services.apigateway.documentation import put_part
from lambent.services.apigateway.documents import (
    AUTHORIZERS,
    DEFINITION,
    GATEWAY_RESPONSES,
    MODELS,
    RESOURCES,
    VALIDATORS,
)
from lambent.services.apigateway.gateway_responses import DEFAULT_STATUS, new_gateway_response
from lambent.services.apigateway.models import new_model
from lambent.services.apigateway.open_api.integration import (
    TYPES,
    check_form,
    integration_request,
    response_requests,
    unread_members,
)
from lambent.services.apigateway.open_api.methods import MethodImport
from lambent.services.apigateway.open_api.schemas import schemas_of, to_model
from lambent.services.apigateway.open_api.security import authorizer_request, schemes_of
from lambent.services.apigateway.open_api.settings import (
    base_path,
    unknown_extensions,
    unknown_of_operation,
)
from lambent.services.apigateway.resources import check_number, new_resource

if TYPE_CHECKING:
    from lambent.core.context import Scope
    from lambent.core.ports import Tx

    Document = dict[str, Any]

ANY_METHOD = "x-amazon-apigateway-any-method"
_OPERATIONS = {
    "get": "GET",
    "put": "PUT",
    "post": "POST",
    "delete": "DELETE",
    "options": "OPTIONS",
    "head": "HEAD",
    "patch": "PATCH",
    ANY_METHOD: "ANY",
}
_INTEGRATION = "x-amazon-apigateway-integration"
_VALIDATOR = "x-amazon-apigateway-request-validator"
_VALIDATORS = "x-amazon-apigateway-request-validators"


class Import:
    """One import into one API, which is there already with its root resource.

    Args:
        overwrite: what the document does not say goes; else it stays.
        base: what becomes of the document's base path: "ignore", "prepend" or "split".
    """

    def __init__(
        self, tx: Tx, scope: Scope, api: Document, document: Document, *, overwrite: bool, base: str
    ) -> None:
        self._tx, self._scope, self._api, self._document = tx, scope, api, document
        self._prefix = base_path(document, base)
        self.report = Report()
        resources = RESOURCES.of(tx, scope, api["id"])
        self._known_ids = {each["path"]: each["id"] for each in resources}
        self._resources = {each["path"]: each for each in resources}
        if overwrite:
            for kind in DEFINITION:
                kind.remove_of(tx, scope, api["id"])
            self._resources = {"/": {"id": api["rootResourceId"], "path": "/"}}
        self._validators: dict[str, str] = {}
        self._authorizers: dict[str, str] = {}

    def run(self) -> None:
        """Raises BadRequest with everything that is wrong."""
        for name in unknown_extensions(self._document):
            self.report.warnings.append(f"Ignoring extension '{name}': REST APIs do not have it")
        if len(a_list(self._document, "servers")) > 1:
            self.report.warnings.append(
                "More than one server provided. Ignoring all but the first for defining endpoint "
                "configuration"
            )
        self._models()
        self._request_validators()
        self._security()
        self._gateway_responses()
        paths = a_map(self._document, "paths")
        for path, item in paths.items():
            for name in _OPERATIONS:
                operation = item.get(name) if isinstance(item, dict) else None
                if isinstance(operation, dict):
                    check_form(path, operation.get(_INTEGRATION))
        for path, item in paths.items():
            self._path(path, item)
        check_number(len(self._resources))
        for resource in self._resources.values():
            RESOURCES.put(self._tx, self._scope, self._api["id"], resource["id"], resource)
        documentation = a_map(self._document, "x-amazon-apigateway-documentation")
        for part in a_list(documentation, "documentationParts"):
            with self.report.warning("Unable to create documentation part"):
                put_part(self._tx, self._scope, self._api["id"], part)

    def put_model(self, name: str, schema: Any) -> None:
        """A model of the document, or one without a name of its own."""
        request = {
            "name": name,
            "schema": to_model(self._api["id"], schema),
            "contentType": "application/json",
            "description": a_text(schema, "description"),
        }
        model = new_model(request)
        before = MODELS.find(self._tx, self._scope, self._api["id"], name)
        if before is not None:
            model["id"] = before["id"]
        MODELS.put(self._tx, self._scope, self._api["id"], name, model)

    def _models(self) -> None:
        for name, schema in schemas_of(self._document).items():
            with self.report.error(f"Unable to create model for '{name}'"):
                self.put_model(name, schema)

    def _request_validators(self) -> None:
        before = {
            each["name"]: each for each in VALIDATORS.of(self._tx, self._scope, self._api["id"])
        }
        self._validators = {name: each["id"] for name, each in before.items()}
        given = a_map(self._document, _VALIDATORS)
        for name in given:
            settings = a_map(given, name)
            validator: Document = {
                "id": self._validators.setdefault(name, ids.lower_alphanumeric(6)),
                "name": name,
                "validateRequestBody": settings.get("validateRequestBody") is True,
                "validateRequestParameters": settings.get("validateRequestParameters") is True,
            }
            VALIDATORS.put(self._tx, self._scope, self._api["id"], validator["id"], validator)

    def _security(self) -> None:
        before = {
            each["name"]: each["id"]
            for each in AUTHORIZERS.of(self._tx, self._scope, self._api["id"])
        }
        schemes = schemes_of(self._document)
        for name in schemes:
            request = authorizer_request(name, a_map(schemes, name))
            if request is None:
                continue
            with self.report.error(f"Unable to create authorizer '{name}'"):
                authorizer = new_authorizer(request)
                authorizer["id"] = before.get(name, authorizer["id"])
                AUTHORIZERS.put(
                    self._tx, self._scope, self._api["id"], authorizer["id"], authorizer
                )
                self._authorizers[name] = authorizer["id"]

    def _gateway_responses(self) -> None:
        given = a_map(self._document, "x-amazon-apigateway-gateway-responses")
        for kind in given:
            if kind not in DEFAULT_STATUS:
                self.report.errors.append(f"Invalid gateway response type: {kind}")
                continue
            settings = a_map(given, kind)
            with self.report.error(f"Unable to put gateway response '{kind}'"):
                response = new_gateway_response(
                    {
                        "responseType": kind,
                        "statusCode": a_text(settings, "statusCode"),
                        "responseParameters": texts(settings.get("responseParameters")),
                        "responseTemplates": texts(settings.get("responseTemplates")),
                    }
                )
                GATEWAY_RESPONSES.put(self._tx, self._scope, self._api["id"], kind, response)

    def _path(self, path: str, item: Any) -> None:
        if path.startswith("x-") or not isinstance(item, dict):
            return
        try:
            resource = self._resource(self._prefix + path)
        except ServiceError as problem:
            self.report.errors.append(
                f"Unable to create resource at path '{path}': {problem.message}"
            )
            return
        for name, operation in item.items():
            http_method = _OPERATIONS.get(name)
            if http_method and isinstance(operation, dict):
                self._operation(resource, item, http_method, operation)
            elif name == "trace":
                self.report.warnings.append(f"Unsupported method TRACE at path '{path}'")

    def _resource(self, path: str) -> Document:
        """The resource at a path, made with those above it where it is not there. Raises BadRequest and Conflict."""
        resource = self._resources["/"]
        for part in path.strip("/").split("/") if path.strip("/") else ():
            full = resource["path"].rstrip("/") + "/" + part
            found = self._resources.get(full)
            if found is None:
                found = new_resource(self._resources.values(), resource, part)
                found["id"] = self._known_ids.get(full, found["id"])
                self._resources[full] = found
            resource = found
        return resource

    def _operation(
        self, resource: Document, item: Document, http_method: str, operation: Document
    ) -> None:
        where = f"'{http_method}' for resource at path '{resource['path']}'"
        method: Document = {}
        doing = f"Unable to put method '{http_method}' on resource at path '{resource['path']}'"
        with self.report.error(doing):
            method = MethodImport(self, self._document, resource["path"], item, operation).run(
                http_method, self._authorizers, self._validator(operation)
            )
            resource.setdefault("resourceMethods", {})[http_method] = method
        for name in unknown_of_operation(operation):
            self.report.warnings.append(
                f"Ignoring extension '{name}' of {where}: REST APIs do not have it"
            )
        given = a_map(operation, _INTEGRATION)
        if not method or not given:
            return
        if a_text(given, "type").upper() not in TYPES:
            self.report.warnings.append(
                f"Unknown integration type '{given.get('type') or 'null'}' for "
                f"'{http_method} {resource['path']}'. Ignoring."
            )
            return
        for name in unread_members(given):
            self.report.warnings.append(
                f"Ignoring '{name}' of the integration of {where}: those of REST APIs do not have it"
            )
        with self.report.error(f"Unable to put integration on {where}"):
            method["methodIntegration"] = integration_request(given, resource["id"], method)
        if "methodIntegration" not in method:
            return
        for status, response in response_requests(given, method, self.report, where).items():
            method["methodIntegration"].setdefault("integrationResponses", {})[status] = response

    def _validator(self, operation: Document) -> str:
        """The id of the validator that an operation has, or the whole document; "" without one."""
        name = a_text(operation, _VALIDATOR) or a_text(self._document, _VALIDATOR)
        if name and name not in self._validators:
            self.report.errors.append(f"Invalid request validator: {name}")
        return self._validators.get(name, "")

    @property
    def place(self) -> tuple[Tx, Scope, str]:
        """Where what an operation refers to is looked for."""
        return self._tx, self._scope, self._api["id"]
