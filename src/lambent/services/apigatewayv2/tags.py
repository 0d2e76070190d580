"""Tags: of APIs, stages and domain names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.documents import DOMAINS, HTTP_APIS, HTTP_STAGES, Kind
from lambent.apis.errors import BadRequest, NotFound
from lambent.apis.tag_rules import check_tags
from lambent.core.arn import Arn, InvalidArn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.services.apigatewayv2.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]


class Tags:
    """The operations on tags."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def get_tags(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        kind, _, _, document = _find(tx, context, request["ResourceArn"])
        return {"Tags": document.get(_member(kind), {})}

    def tag_resource(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        found = _find(tx, context, request["ResourceArn"])
        tags = {**found[3].get(_member(found[0]), {}), **(request.get("Tags") or {})}
        check_tags(tags)
        self._put(tx, context, *found, tags)
        return {}

    def untag_resource(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        found = _find(tx, context, request["ResourceArn"])
        held, gone = found[3].get(_member(found[0]), {}), set(request["TagKeys"])
        self._put(tx, context, *found, {key: held[key] for key in held if key not in gone})
        return {}

    def _put(
        self,
        tx: Tx,
        context: RequestContext,
        kind: Kind,
        owner: str,
        id_: str,
        document: Document,
        tags: Mapping[str, str],
    ) -> None:
        kind.put(tx, context.scope, owner, id_, document | {_member(kind): dict(tags)})
        if kind is HTTP_STAGES:
            stage = document | {"Tags": dict(tags)}
            self._publisher.stage_changed(tx, context.scope, owner, stage)


def _member(kind: Kind) -> str:
    """Domain names are kept as the REST service has them."""
    return "tags" if kind is DOMAINS else "Tags"


def _find(tx: Tx, context: RequestContext, text: str) -> tuple[Kind, str, str, Document]:
    """Kind, owner, id and document of `arn:aws:apigateway:REGION::/apis/ID[/stages/NAME]` and the like."""
    try:
        arn = Arn.parse(text)
    except InvalidArn:
        raise BadRequest("Invalid ARN specified in the request") from None
    match arn.resource.strip("/").split("/"):
        case ["apis", api_id, "stages", name]:
            kind, owner, id_ = HTTP_STAGES, api_id, name
        case ["apis", api_id]:
            kind, owner, id_ = HTTP_APIS, "", api_id
        case ["domainnames", name]:
            kind, owner, id_ = DOMAINS, "", name
        case _:
            raise BadRequest("Invalid ARN specified in the request")
    here = arn.service == "apigateway" and arn.region == context.scope.region
    document = kind.find(tx, context.scope, owner, id_) if here else None
    if document is None:
        raise NotFound("Invalid resource identifier specified")
    return kind, owner, id_, document
