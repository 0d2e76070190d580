"""Resources: the tree of paths of an API.

The rules of path parts are those of "Resources" in the developer guide: letters, digits and `._-:`, or a variable in
braces, which may be greedy (`{proxy+}`) and then has no children; one variable among siblings.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, Conflict, LimitExceeded, NotFound
from lambent.core import ids
from lambent.services.apigateway.documents import RESOURCES
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, member
from lambent.services.apigateway.rest_apis import find_api

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

# "Resources per API: 300", raised on request (API Gateway quotas); a thousand is far from any limit of ours.
MAX_RESOURCES = 1000
_PART = re.compile(r"[A-Za-z0-9._\-:]+|\{[A-Za-z0-9._\-:]+\+?\}")
_PATCHES = PatchTable((member("/parentId", required=True), member("/pathPart", required=True)))


def create_resource(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    parent = find_resource(tx, scope, api_id, request["parentId"])
    resources = RESOURCES.of(tx, scope, api_id)
    check_number(len(resources) + 1)
    resource = new_resource(resources, parent, request["pathPart"])
    RESOURCES.put(tx, scope, api_id, resource["id"], resource)
    return bare(resource)


def new_resource(resources: Iterable[Document], parent: Document, part: str) -> Document:
    """A resource that may stand under `parent`. Raises BadRequest and Conflict."""
    check_place(resources, parent, part, "")
    return {
        "id": ids.lower_alphanumeric(6),
        "parentId": parent["id"],
        "pathPart": part,
        "path": join(parent["path"], part),
    }


def get_resource(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    resource = find_resource(tx, scope, api_id, request["resourceId"])
    return _embedded(resource, request)


def get_resources(tx: Tx, context: RequestContext, request: Request) -> Document:
    find_api(tx, context.scope, request["restApiId"])
    answer = page(
        RESOURCES.of(tx, context.scope, request["restApiId"]),
        request,
        lambda resource: str(resource["id"]),
    )
    answer["items"] = [_embedded(each, request) for each in answer["items"]]
    return answer


def update_resource(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    api = find_api(tx, scope, api_id)
    before = find_resource(tx, scope, api_id, request["resourceId"])
    after = _PATCHES.apply(before, request)
    if after == before:
        return bare(before)
    if before["id"] == api["rootResourceId"]:
        raise BadRequest("Root resource cannot update its name or parent.")
    resources = RESOURCES.of(tx, scope, api_id)
    parent = find_resource(tx, scope, api_id, after["parentId"])
    if parent["id"] in {each["id"] for each in _below(resources, before)}:
        raise BadRequest("Resources cannot be moved under themselves or their descendants.")
    if _is_greedy(after["pathPart"]) and any(
        each.get("parentId") == before["id"] for each in resources
    ):
        raise BadRequest("Cannot make a resource with children greedy")
    check_place(resources, parent, after["pathPart"], before["id"])
    after["path"] = join(parent["path"], after["pathPart"])
    for each in _below(resources, before):
        moved = after if each["id"] == after["id"] else dict(each)
        moved["path"] = after["path"] + each["path"][len(before["path"]) :]
        RESOURCES.put(tx, scope, api_id, moved["id"], moved)
    return bare(after)


def delete_resource(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    api = find_api(tx, scope, api_id)
    resource = find_resource(tx, scope, api_id, request["resourceId"])
    if resource["id"] == api["rootResourceId"]:
        raise BadRequest("Root resource cannot be deleted")
    for each in _below(RESOURCES.of(tx, scope, api_id), resource):
        RESOURCES.remove(tx, scope, api_id, each["id"])
    return {}


def find_resource(tx: Tx, scope: Scope, api_id: str, resource_id: str) -> Document:
    """Raises NotFound."""
    resource = RESOURCES.find(tx, scope, api_id, resource_id)
    if resource is None:
        raise NotFound("Invalid Resource identifier specified")
    return resource


def check_number(resources: int) -> None:
    """Raises LimitExceeded."""
    if resources > MAX_RESOURCES:
        raise LimitExceeded(
            "Maximum number of Resources for this API has been reached.  Please contact AWS if you "
            "need additional Resources."
        )


def check_place(resources: Iterable[Document], parent: Document, part: str, own_id: str) -> None:
    """May a resource with this path part stand under `parent`? Raises BadRequest and Conflict."""
    if not _PART.fullmatch(part):
        raise BadRequest(
            "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable "
            "and curly braces at the beginning and the end."
        )
    if _is_greedy(parent.get("pathPart", "")):
        raise BadRequest(
            f"Cannot create a child of a resource with a greedy path variable: {parent['pathPart']}"
        )
    if part.startswith("{") and part in parent["path"].split("/"):
        raise BadRequest(
            f"An ancestor of this resource has the same variable name as this one: {part}"
        )
    for sibling in resources:
        if sibling.get("parentId") != parent["id"] or sibling["id"] == own_id:
            continue
        if sibling["pathPart"] == part:
            raise Conflict(f"Another resource with the same parent already has this name: {part}")
        if part.startswith("{") and sibling["pathPart"].startswith("{"):
            raise BadRequest(
                f"A sibling ({sibling['pathPart']}) of this resource already has a variable path part "
                "-- only one is allowed"
            )


def join(parent_path: str, part: str) -> str:
    return parent_path.rstrip("/") + "/" + part


def bare(resource: Document) -> Document:
    """As it is answered without `embed`: methods by their names alone."""
    if "resourceMethods" not in resource:
        return resource
    return resource | {"resourceMethods": {name: {} for name in resource["resourceMethods"]}}


def _embedded(resource: Document, request: Request) -> Document:
    return resource if "methods" in (request.get("embed") or ()) else bare(resource)


def _is_greedy(part: str) -> bool:
    return part.endswith("+}")


def _below(resources: Iterable[Document], top: Document) -> list[Document]:
    """A resource and all that stand under it."""
    prefix = top["path"].rstrip("/") + "/"
    return [
        each for each in resources if each["id"] == top["id"] or each["path"].startswith(prefix)
    ]
