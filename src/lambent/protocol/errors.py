"""Errors for requests of which not even the service is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.protocol.facts import ServiceFacts
from lambent.protocol.formats import FORMATS
from lambent.protocol.quirks import quirks_of
from lambent.protocol.shapes import ServiceModel

if TYPE_CHECKING:
    from lambent.core.errors import ServiceError
    from lambent.protocol.messages import WireResponse

_DEFAULT = "rest-json"


def serialize_error(protocol: str | None, error: ServiceError, request_id: str) -> WireResponse:
    """An error in a protocol's shape, of no service: JSON unless the protocol says otherwise."""
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": {}})
    wire = FORMATS[protocol or _DEFAULT](ServiceFacts(model, quirks_of("")))
    return wire.error(error, request_id)
