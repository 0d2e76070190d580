"""What only WebSocket APIs have: models, route responses, integration responses. An HTTP API has none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, NotFound
from lambent.services.apigatewayv2.documents import find_api, find_integration, find_route

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx

    Request = Mapping[str, Any]
    Document = dict[str, Any]
    Run = Callable[[Tx, RequestContext, Request], Document]


# In AWS's words.
NO_MODELS = "Currently, Models are not permitted for APIs with a protocol type of HTTP"
NO_ROUTE_RESPONSES = "RouteResponses are currently not supported for this API protocol type."
NO_INTEGRATION_RESPONSES = (
    "IntegrationResponses are currently not supported for this API protocol type."
)


def _owner(tx: Tx, context: RequestContext, request: Request) -> None:
    """Raises NotFound where what the part would belong to is not there."""
    if "RouteId" in request:
        find_route(tx, context.scope, request)
    elif "IntegrationId" in request:
        find_integration(tx, context.scope, request)
    else:
        find_api(tx, context.scope, request["ApiId"])


def none_of(tx: Tx, context: RequestContext, request: Request) -> Document:
    """The list of them."""
    _owner(tx, context, request)
    return {"Items": []}


def absent(noun: str, member: str) -> Run:
    """Whoever asks for one of them."""

    def run(tx: Tx, context: RequestContext, request: Request) -> Document:
        _owner(tx, context, request)
        raise NotFound(f"Unable to find {noun} by id {request[member]} within {request['ApiId']}")

    return run


def refused(why: str) -> Run:
    """Whoever wants to make one."""

    def run(tx: Tx, context: RequestContext, request: Request) -> Document:
        _owner(tx, context, request)
        raise BadRequest(why)

    return run
