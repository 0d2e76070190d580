"""The kinds of documents that HTTP APIs consist of, found or refused.

Documents have the members that the Get operations of the API model answer, with times as seconds since 1970.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lambent.apis.documents import HTTP_APIS, HTTP_STAGES, Kind
from lambent.apis.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import Scope
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]

ROUTES = Kind("http-route")
INTEGRATIONS = Kind("http-integration")
AUTHORIZERS = Kind("http-authorizer")
DEPLOYMENTS = Kind("http-deployment")
SNAPSHOTS = Kind("http-snapshot")  # of a deployment, under its id: `live_apis` has the shape

OF_APIS = (ROUTES, INTEGRATIONS, AUTHORIZERS, DEPLOYMENTS, SNAPSHOTS, HTTP_STAGES)
_TIMES = ("CreatedDate", "LastUpdatedDate")


def shown(document: Mapping[str, Any]) -> Document:
    """A stored document as it is answered."""
    answer = dict(document)
    for name in _TIMES:
        if name in answer:
            answer[name] = datetime.fromtimestamp(answer[name], UTC)
    return answer


def find_api(tx: Tx, scope: Scope, api_id: str) -> Document:
    """Raises NotFound."""
    api = HTTP_APIS.find(tx, scope, "", api_id)
    if api is None:
        raise NotFound(f"Invalid API identifier specified {scope.account_id}:{api_id}")
    return api


def find_of_api(tx: Tx, scope: Scope, kind: Kind, noun: str, api_id: str, id_: str) -> Document:
    """What belongs to an API. Raises NotFound, naming it by its noun."""
    find_api(tx, scope, api_id)
    found = kind.find(tx, scope, api_id, id_)
    if found is None:
        raise NotFound(f"Unable to find {noun} by id {id_} within {api_id}")
    return found


def find_route(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    return find_of_api(tx, scope, ROUTES, "Route", request["ApiId"], request["RouteId"])


def find_integration(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    ids = request["ApiId"], request["IntegrationId"]
    return find_of_api(tx, scope, INTEGRATIONS, "Integration", *ids)


def find_authorizer(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    ids = request["ApiId"], request["AuthorizerId"]
    return find_of_api(tx, scope, AUTHORIZERS, "Authorizer", *ids)


def find_deployment(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    ids = request["ApiId"], request["DeploymentId"]
    return find_of_api(tx, scope, DEPLOYMENTS, "Deployment", *ids)


def find_stage(tx: Tx, scope: Scope, request: Request) -> Document:
    """Raises NotFound."""
    find_api(tx, scope, request["ApiId"])
    stage = HTTP_STAGES.find(tx, scope, request["ApiId"], request["StageName"])
    if stage is None:
        raise NotFound("Invalid stage identifier specified")
    return stage
