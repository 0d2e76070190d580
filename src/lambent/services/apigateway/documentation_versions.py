"""Documentation versions: the parts of an API as they were at a time, under a name that stages can have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import STAGES
from lambent.apis.errors import Conflict, NotFound
from lambent.services.apigateway.documents import DOCUMENTATION_PARTS, DOCUMENTATION_VERSIONS
from lambent.services.apigateway.paging import page, shown
from lambent.services.apigateway.patches import PatchTable, member
from lambent.services.apigateway.rest_apis import find_api
from lambent.services.apigateway.stages import find_stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_PATCHES = PatchTable((member("/description"),))
_KEPT = "parts"  # what an export shows of a version, and the API does not


@dataclass(frozen=True, slots=True)
class DocumentationVersions:
    """The operations on documentation versions."""

    publisher: Publisher

    def create(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        name = request["documentationVersion"]
        find_api(tx, scope, api_id)
        if DOCUMENTATION_VERSIONS.find(tx, scope, api_id, name) is not None:
            raise Conflict("Documentation version already exists")
        version: Document = {"version": name, "createdDate": int(context.now.timestamp())}
        if request.get("description"):
            version["description"] = request["description"]
        version[_KEPT] = [
            {"location": each["location"], "properties": each["properties"]}
            for each in DOCUMENTATION_PARTS.of(tx, scope, api_id)
        ]
        DOCUMENTATION_VERSIONS.put(tx, scope, api_id, name, version)
        if request.get("stageName"):
            stage = find_stage(tx, scope, request) | {"documentationVersion": name}
            stage["lastUpdatedDate"] = int(context.now.timestamp())
            STAGES.put(tx, scope, api_id, stage["stageName"], stage)
            self.publisher.stage_changed(tx, scope, api_id, stage)
        return shown(version, _KEPT)

    def get(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        return shown(_find(tx, context.scope, request), _KEPT)

    def list(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        find_api(tx, context.scope, request["restApiId"])
        versions = DOCUMENTATION_VERSIONS.of(tx, context.scope, request["restApiId"])
        return page(versions, request, lambda each: str(each["version"]), _KEPT)

    def update(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        version = _PATCHES.apply(_find(tx, context.scope, request), request)
        DOCUMENTATION_VERSIONS.put(
            tx, context.scope, request["restApiId"], version["version"], version
        )
        return shown(version, _KEPT)

    def delete(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        scope, api_id = context.scope, request["restApiId"]
        name = _find(tx, scope, request)["version"]
        for stage in STAGES.of(tx, scope, api_id):
            if stage.get("documentationVersion") == name:
                raise Conflict(
                    f"Documentation version is associated with the stage {stage['stageName']}"
                )
        DOCUMENTATION_VERSIONS.remove(tx, scope, api_id, name)
        return {}


def _find(tx: Tx, scope: Scope, request: Request) -> Document:
    find_api(tx, scope, request["restApiId"])
    name = request["documentationVersion"]
    found = DOCUMENTATION_VERSIONS.find(tx, scope, request["restApiId"], name)
    if found is None:
        raise NotFound("Invalid Documentation version specified")
    return found
