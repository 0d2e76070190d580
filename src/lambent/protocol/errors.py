"""Errors for requests of which not even the service is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.protocol.facts import ServiceFacts
from lambent.protocol.formats import FORMATS
from lambent.protocol.quirks import quirks_of
from lambent.protocol.shapes import ServiceModel

if TYPE_CHECKING:
    from lambent.core.errors import ServiceError
    from lambent.core.http import Headers
    from lambent.protocol.messages import WireResponse

_DEFAULT = "rest-json"
# Services, by the name that requests are signed with, whose clients read nothing but XML.
_REST_XML = frozenset({"s3", "s3express", "route53", "cloudfront"})


def serialize_error(protocol: str | None, error: ServiceError, request_id: str) -> WireResponse:
    """An error in a protocol's shape, of no service: JSON unless the protocol says otherwise."""
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": {}})
    wire = FORMATS[protocol or _DEFAULT](ServiceFacts(model, quirks_of("")))
    return wire.error(error, request_id)


def told_protocol(headers: Headers, signing_name: str | None) -> str | None:
    """The protocol that a request of no known service shows; None where it shows none. A client that gets an error in
    another protocol's shape cannot read its message.
    """
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if headers.get("x-amz-target"):
        return "json"
    if headers.get("content-type").startswith("application/x-www-form-urlencoded"):
        return "query"
    return "rest-xml" if signing_name in _REST_XML else None
