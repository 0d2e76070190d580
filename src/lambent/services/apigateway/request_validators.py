"""Request validators: what of a request is checked before it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, Conflict, NotFound
from lambent.core import ids
from lambent.services.apigateway.documents import RESOURCES, VALIDATORS
from lambent.services.apigateway.paging import page
from lambent.services.apigateway.patches import PatchTable, boolean, member
from lambent.services.apigateway.rest_apis import find_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_PATCHES = PatchTable(
    (
        member("/name", required=True),
        member("/validateRequestBody", convert=boolean, required=True),
        member("/validateRequestParameters", convert=boolean, required=True),
    )
)


def create_request_validator(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    find_api(tx, scope, api_id)
    validator: Document = {
        "id": ids.lower_alphanumeric(6),
        "name": request.get("name") or "",
        "validateRequestBody": bool(request.get("validateRequestBody")),
        "validateRequestParameters": bool(request.get("validateRequestParameters")),
    }
    if not validator["name"]:
        raise BadRequest("Request Validator name must be specified")
    VALIDATORS.put(tx, scope, api_id, validator["id"], validator)
    return validator


def get_request_validator(tx: Tx, context: RequestContext, request: Request) -> Document:
    return _find(tx, context.scope, request)


def get_request_validators(tx: Tx, context: RequestContext, request: Request) -> Document:
    find_api(tx, context.scope, request["restApiId"])
    validators = VALIDATORS.of(tx, context.scope, request["restApiId"])
    return page(validators, request, lambda each: str(each["id"]))


def update_request_validator(tx: Tx, context: RequestContext, request: Request) -> Document:
    validator = _PATCHES.apply(_find(tx, context.scope, request), request)
    VALIDATORS.put(tx, context.scope, request["restApiId"], validator["id"], validator)
    return validator


def delete_request_validator(tx: Tx, context: RequestContext, request: Request) -> Document:
    scope, api_id = context.scope, request["restApiId"]
    validator = _find(tx, scope, request)
    for resource in RESOURCES.of(tx, scope, api_id):
        for method in resource.get("resourceMethods", {}).values():
            if method.get("requestValidatorId") == validator["id"]:
                raise Conflict(
                    f"Cannot delete request validator '{validator['id']}', is referenced in "
                    f"method(s): {resource['path']} {method['httpMethod']}"
                )
    VALIDATORS.remove(tx, scope, api_id, validator["id"])
    return {}


def _find(tx: Tx, scope: Scope, request: Request) -> Document:
    find_api(tx, scope, request["restApiId"])
    validator = VALIDATORS.find(tx, scope, request["restApiId"], request["requestValidatorId"])
    if validator is None:
        raise NotFound("Invalid Request Validator identifier specified")
    return validator
