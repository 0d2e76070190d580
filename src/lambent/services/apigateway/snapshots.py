"""What a deployment keeps of its API: everything the data plane needs, in one document that never changes.

Its shape is in `stages_in_memory`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
from lambent.services.apigateway.documents import (
    AUTHORIZERS,
    GATEWAY_RESPONSES,
    MODELS,
    RESOURCES,
    VALIDATORS,
)
from lambent.services.apigateway.resource_policies import plain_policy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambent.core.context import Scope
    from lambent.core.ports import Tx

    Document = dict[str, Any]


def snapshot_of(tx: Tx, scope: Scope, api: Document) -> Document:
    """The API as it is now. Raises BadRequest where it cannot be deployed."""
    snapshot = draft_of(tx, scope, api)
    check_deployable(snapshot["resources"])
    if api["endpointConfiguration"]["types"] == ["PRIVATE"] and "policy" not in api:
        raise BadRequest("Private REST API doesn't have a resource policy attached to it")
    return snapshot


def draft_of(tx: Tx, scope: Scope, api: Document) -> Document:
    """The API as it is now, whether or not it can be deployed."""
    snapshot: Document = {
        "restApi": api,
        "resources": RESOURCES.of(tx, scope, api["id"]),
        "authorizers": AUTHORIZERS.of(tx, scope, api["id"]),
        "models": MODELS.of(tx, scope, api["id"]),
        "requestValidators": VALIDATORS.of(tx, scope, api["id"]),
        "gatewayResponses": {
            each["responseType"]: each for each in GATEWAY_RESPONSES.of(tx, scope, api["id"])
        },
    }
    if "policy" in api:
        snapshot["policy"] = plain_policy(api["policy"])
    return snapshot


def check_deployable(resources: Iterable[Mapping[str, Any]]) -> None:
    """Raises BadRequest."""
    methods = [method for each in resources for method in each.get("resourceMethods", {}).values()]
    if not methods:
        raise BadRequest("The REST API doesn't contain any methods")
    if any("methodIntegration" not in method for method in methods):
        raise BadRequest("No integration defined for method")


def summary_of(snapshot: Mapping[str, Any]) -> Document:
    """`apiSummary`: paths, their methods, and how those are protected."""
    return {
        resource["path"]: {
            name: {
                "authorizationType": method["authorizationType"],
                "apiKeyRequired": method["apiKeyRequired"],
            }
            for name, method in resource["resourceMethods"].items()
        }
        for resource in snapshot["resources"]
        if resource.get("resourceMethods")
    }
