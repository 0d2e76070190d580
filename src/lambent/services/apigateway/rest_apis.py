"""RestApis: created, cloned, listed, changed, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import BASE_PATHS, REST_APIS
from lambent.apis.errors import BadRequest, NotFound, refuse
from lambent.apis.tag_rules import check_tags
from lambent.core import ids
from lambent.services.apigateway.documents import DEFINITION, MODELS, OF_APIS, RESOURCES
from lambent.services.apigateway.endpoints import (
    ENDPOINT_RULES,
    VPC_ENDPOINT_RULE,
    endpoint_configuration,
)
from lambent.services.apigateway.models import DEFAULT_MODELS
from lambent.services.apigateway.paging import page, shown
from lambent.services.apigateway.patches import PatchTable, boolean, custom, item, member, one_of
from lambent.services.apigateway.resource_policies import name_own_resources, policy_text
from lambent.services.apigateway.usage_plans import drop_stages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "minimumCompressionSize: a non-negative integer between 0 and 10485760 (10M) bytes, inclusive".
MAX_COMPRESSION_SIZE = 10_485_760
# What AWS answers of an API since November 2025, whatever kind its endpoint is of (GetRestApis of 2026).
SECURITY_POLICY = "TLS_1_0"
_KEPT = (
    "name",
    "description",
    "version",
    "binaryMediaTypes",
    "minimumCompressionSize",
    "policy",
)


@dataclass(frozen=True, slots=True)
class RestApis:
    """The operations on APIs."""

    publisher: Publisher

    def create_rest_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        api = new_api(tx, context, request)
        scope = context.scope
        if request.get("cloneFrom"):
            source = find_api(tx, scope, request["cloneFrom"])
            _clone(tx, scope, source, api)
        else:
            _furnish(tx, scope, api)
        name_own_resources(scope, api)
        REST_APIS.put(tx, scope, "", api["id"], api)
        self.publisher.api_created(tx, scope, api["id"])
        return answered(api)

    def get_rest_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return read(find_api(tx, context.scope, request["restApiId"]))

    def get_rest_apis(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        apis = [_whole({"tags": {}, **api}) for api in REST_APIS.of(tx, context.scope)]
        return page(apis, request, lambda api: str(api["id"]))

    def update_rest_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        api = PATCHES.apply(find_api(tx, context.scope, request["restApiId"]), request)
        _check_name(api["name"])
        name_own_resources(context.scope, api)
        REST_APIS.put(tx, context.scope, "", api["id"], api)
        return read(api)

    def delete_rest_api(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        find_api(tx, scope, api_id)
        mapped = {r.owner for r in BASE_PATHS.all(tx, scope) if r.document["restApiId"] == api_id}
        if mapped:
            raise BadRequest(
                f"Deleting RestApi {api_id} failed. Please remove all base path mappings related "
                f"to the RestApi in your domains: {', '.join(sorted(mapped))}"
            )
        for kind in OF_APIS:
            kind.remove_of(tx, scope, api_id)
        REST_APIS.remove(tx, scope, "", api_id)
        drop_stages(tx, self.publisher, scope, api_id)
        self.publisher.api_deleted(tx, api_id)
        return {}


def answered(api: Document) -> Document:
    """An API as the operations answer it that make it."""
    return shown(_whole(api))


def read(api: Document) -> Document:
    """An API as the others answer it: with the tags that it has not."""
    return answered({"tags": {}, **api})


def _whole(api: Document) -> Document:
    """With what is the same for every API of this platform."""
    return {**api, "securityPolicy": SECURITY_POLICY, "apiStatus": "AVAILABLE"}


def find_api(tx: Tx, scope: Scope, api_id: str) -> Document:
    """Raises NotFound."""
    api = REST_APIS.find(tx, scope, "", api_id)
    if api is None:
        raise NotFound(f"Invalid API identifier specified {scope.account_id}:{api_id}")
    return api


def new_api(tx: Tx, context: RequestContext, request: Request) -> Document:
    """An API as CreateRestApi makes it, not stored yet; its root resource has an id and is not there."""
    _check_name(request["name"])
    check_security(request.get("securityPolicy"), request.get("endpointAccessMode"))
    api: Document = {"id": _free_id(tx)}
    api |= {
        name: request[name]
        for name in _KEPT
        if request.get(name) is not None and request[name] not in ("", [])
    }
    if "policy" in api:
        api["policy"] = policy_text(api["policy"])
    check_compression(api.get("minimumCompressionSize"))
    check_tags(request.get("tags") or {})
    if request.get("tags"):
        api["tags"] = dict(request["tags"])
    api["createdDate"] = int(context.now.timestamp())
    api["apiKeySource"] = request.get("apiKeySource") or "HEADER"
    api["endpointConfiguration"] = endpoint_configuration(request.get("endpointConfiguration"))
    api["disableExecuteApiEndpoint"] = bool(request.get("disableExecuteApiEndpoint"))
    api["rootResourceId"] = ids.lower_alphanumeric(10)
    return api


def check_security(policy: str | None, mode: str | None) -> None:
    """Raises BadRequest for anything but what an API has that nobody says this of."""
    if policy not in (None, "", SECURITY_POLICY):
        raise refuse(f"securityPolicy {policy}", "TLS ends before this platform.")
    if mode == "STRICT" and policy in (None, "", SECURITY_POLICY):
        raise BadRequest("Endpoint access mode is not supported for this security policy")
    if mode not in (None, "", "BASIC"):
        raise refuse(f"endpointAccessMode {mode}", "TLS ends before this platform.")


def _set_security(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    check_security(value, None)


def _set_access_mode(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    check_security(None, value)


def _check_name(name: str) -> None:
    if not name.strip():
        raise BadRequest("Name must not be blank")


def check_compression(size: int | None) -> None:
    """Raises BadRequest."""
    if size is not None and not 0 <= size <= MAX_COMPRESSION_SIZE:
        raise BadRequest("Invalid minimum compression size, must be between 0 and 10485760")


def _free_id(tx: Tx) -> str:
    """An id that no API of the platform has."""
    while True:
        api_id = ids.lower_alphanumeric(10)
        if not REST_APIS.everywhere(tx, api_id):
            return api_id


def _furnish(tx: Tx, scope: Scope, api: Document) -> None:
    """The root resource and the models that every API is made with."""
    root = {"id": api["rootResourceId"], "path": "/"}
    RESOURCES.put(tx, scope, api["id"], root["id"], root)
    for model in DEFAULT_MODELS:
        MODELS.put(tx, scope, api["id"], model["name"], {"id": ids.lower_alphanumeric(6), **model})


def _clone(tx: Tx, scope: Scope, source: Document, api: Document) -> None:
    """The definition of another API, under the ids it has there, but for those of the resources."""
    for name in ("binaryMediaTypes", "minimumCompressionSize", "policy"):
        if name in source and name not in api:
            api[name] = source[name]
    new_ids = {source["rootResourceId"]: api["rootResourceId"]}
    for kind in DEFINITION:
        if kind is not RESOURCES:
            for document in kind.of(tx, scope, source["id"]):
                kind.put(tx, scope, api["id"], _key(document), document)
    resources = RESOURCES.of(tx, scope, source["id"])
    for resource in resources:
        new_ids.setdefault(resource["id"], ids.lower_alphanumeric(6))
    for resource in resources:
        copied = resource | {"id": new_ids[resource["id"]]}
        if "parentId" in copied:
            copied["parentId"] = new_ids[copied["parentId"]]
        RESOURCES.put(tx, scope, api["id"], copied["id"], copied)


def _key(document: Document) -> str:
    """What a document of a definition is stored under: models by name, gateway responses by type."""
    if "schema" in document or "contentType" in document:
        return str(document["name"])
    return str(document.get("responseType") or document["id"])


def _set_compression(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    document.pop("minimumCompressionSize", None)
    if op != "remove" and value not in ("", "null"):
        if not value.isdigit():
            raise BadRequest("Invalid minimum compression size, must be between 0 and 10485760")
        check_compression(int(value))
        document["minimumCompressionSize"] = int(value)


def _set_policy(document: Document, op: str, value: str, _: Sequence[str]) -> None:
    document.pop("policy", None)
    if op != "remove" and value:
        document["policy"] = policy_text(value)


@dataclass(frozen=True, slots=True)
class _ApiTable(PatchTable):
    """A media type whose slash is not escaped is refused in words of its own."""

    def apply_one(self, document: Document, operation: Mapping[str, Any]) -> None:
        path = operation.get("path", "")
        if path.startswith("/binaryMediaTypes/") and path.count("/") > 2:
            raise BadRequest(f"Invalid patch path {path}")
        PatchTable.apply_one(self, document, operation)


PATCHES = _ApiTable(
    (
        member("/name", required=True),
        member("/description"),
        member("/version"),
        item("/binaryMediaTypes/{mediaType}"),
        custom("/minimumCompressionSize", _set_compression, "add", "replace", "remove"),
        member("/apiKeySource", convert=one_of("HEADER", "AUTHORIZER"), required=True),
        custom("/policy", _set_policy, "add", "replace", "remove"),
        member("/disableExecuteApiEndpoint", convert=boolean, required=True),
        *ENDPOINT_RULES,
        VPC_ENDPOINT_RULE,
        custom("/securityPolicy", _set_security),
        custom("/endpointAccessMode", _set_access_mode),
    )
)
