"""A method of an import: from an operation of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lambent.apis.open_api_parts import a_text, reference_name
from lambent.apis.open_api_text import is_swagger
from lambent.core import ids
from lambent.services.apigateway.documents import MODELS
from lambent.services.apigateway.methods import check_method, check_status, new_method
from lambent.services.apigateway.open_api.operations import describe
from lambent.services.apigateway.open_api.security import protection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.apis.open_api_report import Report
    from lambent.core.context import Scope
    from lambent.core.ports import Tx

    Document = dict[str, Any]


_PLAIN = {
    "boolean": "BooleanSchema",
    "integer": "IntegerSchema",
    "number": "NumberSchema",
    "string": "StringSchema",
}


class Models(Protocol):
    """What an operation's import needs of the whole."""

    report: Report

    @property
    def place(self) -> tuple[Tx, Scope, str]: ...
    def put_model(self, name: str, schema: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class MethodImport:
    """One operation, with the path item that it stands in."""

    models: Models
    document: Document
    path: str
    path_item: Document
    operation: Document

    def run(self, http_method: str, authorizers: Mapping[str, str], validator_id: str) -> Document:
        """The method, with its responses. Raises BadRequest."""
        described = describe(self.document, self.path_item, self.operation)
        where = f"method '{http_method} {self.path}'"
        method = new_method(
            {
                "httpMethod": http_method,
                "operationName": a_text(self.operation, "operationId"),
                "requestParameters": described.parameters,
                "requestModels": self._names(described.schemas, ""),
                "requestValidatorId": validator_id,
                **protection(self.document, self.operation, authorizers),
            }
        )
        tx, scope, api_id = self.models.place
        check_method(tx, scope, api_id, method)
        for status, response in described.responses.items():
            if status.startswith("x-"):
                continue
            if status == "default":
                self.models.report.warnings.append(
                    f"Ignoring response 'default' of '{http_method}': a method response has a "
                    "status code"
                )
                continue
            models = self._names(response.schemas, f"{status} response to {where}")
            answer: Document = {"statusCode": check_status(status)}
            if response.headers:
                answer["responseParameters"] = {
                    f"method.response.header.{name}": False for name in response.headers
                }
            if models:
                answer["responseModels"] = models
            method.setdefault("methodResponses", {})[status] = answer
        return method

    def _names(self, schemas: Mapping[str, Any], response: str) -> dict[str, str]:
        """The models that schemas stand for; one that has no name gets one."""
        names = {}
        warnings = self.models.report.warnings
        tx, scope, api_id = self.models.place
        for content_type, schema in schemas.items():
            name = reference_name(schema)
            if name and MODELS.find(tx, scope, api_id, name) is None:
                warnings.append(f"Reference to model '{name}' not found. Ignoring.")
                continue
            if not name and response and (kind := _plain_kind(self.document, schema)):
                warnings.append(f"Unsupported model type '{kind}' in {response}. Ignoring.")
                continue
            if not name:
                name = f"MODEL{ids.hex_id(6)}"
                self.models.put_model(name, schema)
            names[content_type] = name
        return names


def _plain_kind(document: Document, schema: Any) -> str:
    """What AWS's reader of OpenAPI 3.0 calls a schema of a plain value; "" for others."""
    if is_swagger(document) or not isinstance(schema, dict) or "format" in schema:
        return ""
    return _PLAIN.get(a_text(schema, "type"), "")
