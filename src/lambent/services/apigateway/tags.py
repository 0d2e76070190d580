"""Tags: of APIs, stages, API keys, usage plans, client certificates and domain names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.documents import DOMAINS, REST_APIS, STAGES
from lambent.apis.errors import BadRequest, NotFound
from lambent.apis.tag_rules import check_tags
from lambent.core.arn import Arn, InvalidArn
from lambent.services.apigateway.documents import API_KEYS, CLIENT_CERTIFICATES, USAGE_PLANS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.apis.documents import Kind
    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.services.apigateway.publishing import Publisher

    Request = Mapping[str, Any]
    Document = dict[str, Any]

_KINDS = {
    "restapis": REST_APIS,
    "apikeys": API_KEYS,
    "usageplans": USAGE_PLANS,
    "clientcertificates": CLIENT_CERTIFICATES,
    "domainnames": DOMAINS,
}


class Tags:
    """The operations on tags."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    def get_tags(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        _, _, _, document = _find(tx, context, request["resourceArn"])
        return {"tags": document.get("tags", {})}

    def tag_resource(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        kind, owner, id_, document = _find(tx, context, request["resourceArn"])
        tags = {**document.get("tags", {}), **request["tags"]}
        check_tags(tags)
        self._put(tx, context, kind, owner, id_, document | {"tags": tags})
        return {}

    def untag_resource(self, tx: Tx, context: RequestContext, request: Request) -> Document:
        kind, owner, id_, document = _find(tx, context, request["resourceArn"])
        gone = set(request["tagKeys"])
        tags = {key: value for key, value in document.get("tags", {}).items() if key not in gone}
        document = {name: value for name, value in document.items() if name != "tags"}
        self._put(tx, context, kind, owner, id_, document | ({"tags": tags} if tags else {}))
        return {}

    def _put(
        self,
        tx: Tx,
        context: RequestContext,
        kind: Kind,
        owner: str,
        id_: str,
        document: Document,
    ) -> None:
        kind.put(tx, context.scope, owner, id_, document)
        if kind is STAGES:
            self._publisher.stage_changed(tx, context.scope, owner, document)


def _find(tx: Tx, context: RequestContext, text: str) -> tuple[Kind, str, str, Document]:
    """Kind, owner, id and document of `arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME]` and the like."""
    try:
        arn = Arn.parse(text)
    except InvalidArn:
        raise BadRequest("Invalid ARN specified in the request") from None
    match arn.resource.strip("/").split("/"):
        case ["restapis", api_id, "stages", name]:
            kind, owner, id_ = STAGES, api_id, name
        case [noun, id_] if noun in _KINDS:
            kind, owner = _KINDS[noun], ""
        case _:
            raise BadRequest("Invalid ARN specified in the request")
    here = arn.service == "apigateway" and arn.region == context.scope.region
    document = kind.find(tx, context.scope, owner, id_) if here else None
    if document is None:
        raise NotFound("Invalid resource identifier specified")
    return kind, owner, id_, document
