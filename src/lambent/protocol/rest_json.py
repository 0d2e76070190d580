"""AWS restJson1 (`rest-json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol.json_errors import JsonErrors
from lambent.protocol.json_reader import JsonReader, decode
from lambent.protocol.json_writer import JsonWriter, encode
from lambent.protocol.messages import WireResponse
from lambent.protocol.rest_request import RestRequest, as_it_is, read_text
from lambent.protocol.rest_response import RestHeaders, RestResponse, body_members
from lambent.protocol.streams import event_payload, event_reader

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.errors import ServiceError
    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.messages import Incoming
    from lambent.protocol.rest_response import Payload, WriteBody
    from lambent.protocol.shapes import OperationModel, Shape

_JSON = "application/json"
_EMPTY = b"{}"
_NO_CONTENT = 204


class RestJson:
    """Compiles the operations of one service."""

    name = "rest-json"

    def __init__(self, facts: ServiceFacts) -> None:
        self._facts = facts
        self._reader = JsonReader()
        self._writer = JsonWriter()
        self._errors = JsonErrors(facts, self._writer)

    def reader(self, operation: OperationModel) -> Callable[[Incoming], dict[str, Any]]:
        return RestRequest(operation, self._body_reader, self._payload_reader)

    def writer(self, operation: OperationModel) -> Callable[[Mapping[str, Any], str], WireResponse]:
        quirks = self._facts.quirks
        return RestResponse(
            operation,
            quirks.request_id_header,
            _JSON,
            self._body_writer(operation),
            self._payload(operation.output_shape),
        )

    def error(self, error: ServiceError, request_id: str) -> WireResponse:
        headers = [
            (self._facts.quirks.request_id_header, request_id),
            ("x-amzn-ErrorType", self._facts.shape_name(error.code)),
            ("Content-Type", _JSON),
            *error.headers,
        ]
        shape = self._facts.error_shape(error.code)
        if shape is not None:
            RestHeaders(shape).write(error.members, headers)
        return WireResponse(error.status, headers, encode(self._errors.document(error)))

    def _body_reader(
        self, shape: Shape, members: list[tuple[str, Shape]]
    ) -> Callable[[bytes], Any]:
        read = self._reader.members(members)
        return lambda body: read(decode(body)) if body else {}

    def _payload_reader(self, shape: Shape) -> Callable[[bytes], Any]:
        if shape.type_name == "blob":
            return as_it_is
        if shape.type_name == "string":
            return read_text
        if shape.traits.get("eventstream"):
            return event_reader(shape, self._event_reader)
        read = self._reader.compile(shape)
        return lambda body: read(decode(body))

    def _body_writer(self, operation: OperationModel) -> WriteBody | None:
        """None where nothing is in the body: no output at all, a payload, or a status that forbids one."""
        shape = operation.output_shape
        no_content = operation.http.get("responseCode") == _NO_CONTENT
        if shape is None or no_content or "payload" in shape.traits:
            return None
        members = body_members(shape)
        if not members:
            return None if shape.members else lambda _: _EMPTY
        write = self._writer.members(members)
        return lambda document: encode(write(document))

    def _payload(self, shape: Shape | None) -> Payload | None:
        if shape is None or "payload" not in shape.traits:
            return None
        member = shape.members[shape.traits["payload"]]
        if member.type_name == "blob":
            return self._facts.quirks.blob_type, None
        if member.type_name == "string":
            return "text/plain", str.encode
        if member.traits.get("eventstream"):
            return event_payload(member, _JSON, self._event_writer)
        write = self._writer.compile(member)
        if write is None:
            return _JSON, encode
        return _JSON, lambda value: encode(write(value))

    def _event_writer(
        self, members: list[tuple[str, Shape]]
    ) -> Callable[[Mapping[str, Any]], bytes]:
        write = self._writer.members(members)
        return lambda value: encode(write(value))

    def _event_reader(self, members: list[tuple[str, Shape]]) -> Callable[[bytes], dict[str, Any]]:
        read = self._reader.members(members)
        return lambda body: read(decode(body))
