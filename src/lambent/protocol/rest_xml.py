"""AWS restXml (`rest-xml`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol.rest_request import RestRequest, as_it_is, read_text
from lambent.protocol.rest_response import RestResponse, body_members
from lambent.protocol.streams import event_payload, event_reader
from lambent.protocol.xml_errors import XmlErrors
from lambent.protocol.xml_reader import XmlReader
from lambent.protocol.xml_tree import parse_xml
from lambent.protocol.xml_writer import XmlWriter, document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.errors import ServiceError
    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.messages import Incoming, WireResponse
    from lambent.protocol.rest_response import Payload, WriteBody
    from lambent.protocol.shapes import OperationModel, Shape

_XML = "application/xml"


class RestXml:
    """Compiles the operations of one service."""

    name = "rest-xml"

    def __init__(self, facts: ServiceFacts) -> None:
        self._facts = facts
        self._reader = XmlReader()
        self._writer = XmlWriter()
        self._errors = XmlErrors(facts, self._writer)

    def reader(self, operation: OperationModel) -> Callable[[Incoming], dict[str, Any]]:
        return RestRequest(operation, self._body_reader, self._payload_reader)

    def writer(self, operation: OperationModel) -> Callable[[Mapping[str, Any], str], WireResponse]:
        return RestResponse(
            operation,
            self._facts.quirks.request_id_header,
            _XML,
            self._body_writer(operation.output_shape),
            self._payload(operation.output_shape),
        )

    def error(self, error: ServiceError, request_id: str) -> WireResponse:
        return self._errors.response(error, request_id)

    def _body_reader(
        self, shape: Shape, members: list[tuple[str, Shape]]
    ) -> Callable[[bytes], Any]:
        read = self._reader.members(members)
        return lambda body: read(parse_xml(body)) if body else {}

    def _payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        if shape.type_name == "blob":
            return as_it_is
        if shape.type_name == "string":
            return read_text
        if shape.traits.get("eventstream"):
            return event_reader(shape, self._event_reader)
        read = self._reader.compile(shape)
        return lambda body: read(parse_xml(body))

    def _body_writer(self, shape: Shape | None) -> WriteBody | None:
        if shape is None or "payload" in shape.traits:
            return None
        members = body_members(shape)
        if not members:
            return None
        name = shape.traits.get("locationName", shape.name)
        write = self._writer.element(shape, name, self._facts.quirks.xml_namespace)
        return lambda value: document(write, value)

    def _payload(self, shape: Shape | None) -> Payload | None:
        if shape is None or "payload" not in shape.traits:
            return None
        member = shape.members[shape.traits["payload"]]
        if member.type_name == "blob":
            return self._facts.quirks.blob_type, lambda value: value
        if member.type_name == "string":
            return "text/plain", str.encode
        if member.traits.get("eventstream"):
            return event_payload(member, "text/xml", self._event_writer)
        name = member.traits.get("locationName", member.name)
        write = self._writer.element(member, name, self._facts.quirks.xml_namespace)
        return _XML, lambda value: document(write, value)

    def _event_writer(
        self, members: list[tuple[str, Shape]]
    ) -> Callable[[Mapping[str, Any]], bytes]:
        write = self._writer.content(members)

        def write_body(value: Mapping[str, Any]) -> bytes:
            parts = ["<Event>"]
            write(parts, value)
            return "".join([*parts, "</Event>"]).encode()

        return write_body

    def _event_reader(self, members: list[tuple[str, Shape]]) -> Callable[[bytes], dict[str, Any]]:
        read = self._reader.members(members)
        return lambda body: read(parse_xml(body))
