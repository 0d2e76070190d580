"""GetExport: what is deployed to a stage, as a document of either version.

`extensions` says what of API Gateway's own is written: nothing, `integrations`, `authorizers`, or all of it
(`apigateway`); and `documentation`, that of the stage's documentation version. Those for Postman are refused.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from lambent.apis.errors import BadRequest, refuse
from lambent.services.apigateway.documents import DOCUMENTATION_VERSIONS, SNAPSHOTS
from lambent.services.apigateway.open_api.exported_operations import Dialect, operation_of
from lambent.services.apigateway.open_api.exported_security import schemes_written
from lambent.services.apigateway.open_api.schemas import from_model, referred_models
from lambent.services.apigateway.open_api.yaml_text import yaml_text
from lambent.services.apigateway.rest_apis import SECURITY_POLICY
from lambent.services.apigateway.stages import find_stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_ALL = frozenset({"integrations", "authorizers", "apigateway"})
_EXTENSIONS = _ALL | {"documentation"}
_TYPES = ("application/json", "application/yaml")
_ANY = "x-amazon-apigateway-any-method"
_PREFIX = "x-amazon-apigateway-"


def get_export(tx: Tx, context: RequestContext, request: Request) -> Document:
    kind = request["exportType"]
    if kind not in ("swagger", "oas30"):
        raise BadRequest(f"No API exporter for type '{kind}'")
    content_type = request.get("accepts") or "application/json"
    if content_type not in _TYPES:
        raise BadRequest(f"Invalid export content type: {content_type}")
    stage = find_stage(tx, context.scope, request)
    snapshot = SNAPSHOTS.find(tx, context.scope, request["restApiId"], stage["deploymentId"])
    assert snapshot is not None  # a deployment that a stage has is not deleted
    dialect = Dialect(is_swagger=kind == "swagger", extensions=_extensions(request))
    document = _Export(snapshot, stage, context.scope.region, dialect).document()
    version = stage.get("documentationVersion")
    if version and "documentation" in dialect.extensions:
        kept = DOCUMENTATION_VERSIONS.find(tx, context.scope, request["restApiId"], version)
        document |= _documentation(kept or {"parts": []}, version)
    if content_type == "application/yaml":
        body = yaml_text(document).encode()
        suffix = "yaml"
    else:
        body = orjson.dumps(document, option=orjson.OPT_INDENT_2)
        suffix = "json"
    moment = context.now.strftime("%Y-%m-%dT%H-%M-%SZ")
    return {
        "contentType": content_type,
        "contentDisposition": f'attachment; filename="{kind}_{moment}.{suffix}"',
        "body": body,
    }


def _extensions(request: Request) -> frozenset[str]:
    given = (request.get("parameters") or {}).get("extensions", "")
    wanted = {each.strip() for each in given.split(",") if each.strip()}
    if "postman" in wanted:
        raise refuse("the export extension 'postman'")
    wrong = sorted(wanted - _EXTENSIONS)
    if wrong:
        raise BadRequest(f"Invalid export extension: {wrong[0]}")
    return frozenset(wanted | _ALL if "apigateway" in wanted else wanted)


def _documentation(kept: Document, version: str) -> Document:
    """The parts that a version has kept, with their properties as JSON."""
    parts = [
        {"location": each["location"], "properties": orjson.loads(each["properties"])}
        for each in kept["parts"]
    ]
    return {_PREFIX + "documentation": {"version": version, "documentationParts": parts}}


def _models_of(resource: Document) -> Iterator[str]:
    for method in resource.get("resourceMethods", {}).values():
        yield from method.get("requestModels", {}).values()
        for response in method.get("methodResponses", {}).values():
            yield from response.get("responseModels", {}).values()


class _Export:
    """Writes one document."""

    def __init__(self, snapshot: Document, stage: Document, region: str, dialect: Dialect) -> None:
        self._snapshot, self._stage, self._region = snapshot, stage, region
        self._dialect = dialect
        self._api = snapshot["restApi"]

    def document(self) -> Document:
        host = f"{self._api['id']}.execute-api.{self._region}.amazonaws.com"
        info = {"title": self._api["name"], "version": self._version()}
        if "description" in self._api:
            info = {
                "title": info["title"],
                "description": self._api["description"],
                "version": info["version"],
            }
        schemes = schemes_written(self._snapshot, self._dialect)
        schemas = self._schemas()
        if self._dialect.is_swagger:
            document: Document = {
                "swagger": "2.0",
                "info": info,
                "host": host,
                "basePath": f"/{self._stage['stageName']}",
                "schemes": ["https"],
                "paths": self._paths(),
            }
            if schemes:
                document["securityDefinitions"] = schemes
            if schemas:
                document["definitions"] = schemas
        else:
            base = {"default": self._stage["stageName"]}
            document = {
                "openapi": "3.0.1",
                "info": info,
                "servers": [
                    {"url": f"https://{host}/{{basePath}}", "variables": {"basePath": base}}
                ],
                "paths": self._paths(),
                "components": {
                    **({"schemas": schemas} if schemas else {}),
                    **({"securitySchemes": schemes} if schemes else {}),
                },
            }
        return document | self._of_the_whole()

    def _version(self) -> str:
        """That of the API, or, as it had none, when it was made."""
        made = datetime.fromtimestamp(self._api["createdDate"], UTC)
        return str(self._api.get("version") or made.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def _paths(self) -> Document:
        paths: Document = {}
        for resource in sorted(self._snapshot["resources"], key=lambda each: str(each["path"])):
            for http_method, method in sorted(resource.get("resourceMethods", {}).items()):
                name = _ANY if http_method == "ANY" else http_method.lower()
                written = operation_of(self._snapshot, resource, method, self._dialect)
                paths.setdefault(resource["path"], {})[name] = written
        return paths

    def _schemas(self) -> Document:
        """Of the models that methods use, and of those that these refer to."""
        texts = {each["name"]: each["schema"] for each in self._snapshot["models"]}
        wanted = [name for each in self._snapshot["resources"] for name in _models_of(each)]
        used: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name in texts and name not in used:
                used.add(name)
                wanted += referred_models(texts[name])
        return {
            name: from_model(text, self._dialect.schema_prefix)
            for name, text in texts.items()
            if name in used
        }

    def _of_the_whole(self) -> Document:
        if "apigateway" not in self._dialect.extensions:
            return {}
        written: Document = {}
        for member, name in (
            ("binaryMediaTypes", "binary-media-types"),
            ("minimumCompressionSize", "minimum-compression-size"),
        ):
            if member in self._api:
                written[_PREFIX + name] = self._api[member]
        if self._api["apiKeySource"] != "HEADER":
            written[_PREFIX + "api-key-source"] = self._api["apiKeySource"]
        if "policy" in self._snapshot:
            written[_PREFIX + "policy"] = orjson.loads(self._snapshot["policy"])
        responses = self._snapshot["gatewayResponses"]
        if responses:
            written[_PREFIX + "gateway-responses"] = {
                kind: {
                    name: int(each[name]) if name == "statusCode" else each[name]
                    for name in ("statusCode", "responseParameters", "responseTemplates")
                    if each.get(name)
                }
                for kind, each in responses.items()
            }
        validators = self._snapshot["requestValidators"]
        if validators:
            written[_PREFIX + "request-validators"] = {
                each["name"]: {
                    "validateRequestParameters": each["validateRequestParameters"],
                    "validateRequestBody": each["validateRequestBody"],
                }
                for each in validators
            }
        written[_PREFIX + "security-policy"] = SECURITY_POLICY
        return written
