"""Event streams as payloads of the REST protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol.events import CONTENT_TYPE, EventReader, EventWriter
from lambent.protocol.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.protocol.events import BodyReader, BodyWriter
    from lambent.protocol.rest_response import Payload
    from lambent.protocol.shapes import Shape


def event_payload(shape: Shape, content_type: str, body: BodyWriter) -> Payload:
    """A stream as an output's payload; `content_type` is that of the events' bodies."""
    return CONTENT_TYPE, EventWriter(shape, content_type, body).stream


def event_reader(shape: Shape, body: BodyReader) -> Callable[[bytes], Any]:
    """A stream as an input's payload: the list of its events."""
    return EventReader(shape, body).read
