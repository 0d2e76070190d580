"""What the two RPC protocols with plain documents, JSON and CBOR, have in common: the whole input and the whole output
are one document. Event streams begin with an `initial-response` that holds the other members of the output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol.events import CONTENT_TYPE, EventReader, EventWriter
from lambent.protocol.eventstream import EventDecoder, EventMessage, encode_message
from lambent.protocol.json_errors import JsonErrors
from lambent.protocol.messages import WireResponse
from lambent.protocol.shapes import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.errors import ServiceError
    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.json_reader import JsonReader
    from lambent.protocol.json_writer import JsonWriter
    from lambent.protocol.messages import Incoming
    from lambent.protocol.shapes import OperationModel, Shape

    Read = Callable[[Incoming], dict[str, Any]]
    Write = Callable[[Mapping[str, Any], str], WireResponse]


class DocumentRpc:
    """Compiles the operations of one service. `decode` and `encode` are the document's bytes."""

    name = ""

    def __init__(
        self,
        facts: ServiceFacts,
        reader: JsonReader,
        writer: JsonWriter,
        decode: Callable[[bytes], Any],
        encode: Callable[[Any], bytes],
        content_type: str,
        extra_headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self._facts = facts
        self._reader = reader
        self._writer = writer
        self._decode = decode
        self._encode = encode
        self._content_type = content_type
        self._extra_headers = extra_headers
        self._errors = JsonErrors(facts, writer)

    def reader(self, operation: OperationModel) -> Read:
        shape, decode = operation.input_shape, self._decode
        if shape is None:
            return lambda _: {}
        stream = shape.event_stream_name
        if stream is not None:
            return self._stream_reader(shape, stream)
        read = self._reader.compile(shape)
        return lambda incoming: read(decode(incoming.body))

    def writer(self, operation: OperationModel) -> Write:
        shape, encode = operation.output_shape, self._encode
        if shape is None:
            return lambda _, request_id: WireResponse(200, self._headers(request_id))
        stream = shape.event_stream_name
        if stream is not None:
            return self._stream_writer(shape, stream)
        write = self._writer.members(shape.members.items())
        return lambda output, request_id: WireResponse(
            200, self._headers(request_id), encode(write(output))
        )

    def error(self, error: ServiceError, request_id: str) -> WireResponse:
        headers = [*self._headers(request_id), *error.headers, *self._errors.query_header(error)]
        document = {"__type": self._errors.type_name(error), **self._errors.document(error)}
        return WireResponse(error.status, headers, self._encode(document))

    def _headers(self, request_id: str, content_type: str = "") -> list[tuple[str, str]]:
        return [
            (self._facts.quirks.request_id_header, request_id),
            ("Content-Type", content_type or self._content_type),
            *self._extra_headers,
        ]

    def _stream_writer(self, shape: Shape, stream: str) -> Write:
        writer = EventWriter(shape.members[stream], self._content_type, self._body_writer)
        write_rest = self._body_writer(_without(shape, stream))

        def write(output: Mapping[str, Any], request_id: str) -> WireResponse:
            headers = {":message-type": "event", ":event-type": "initial-response"}
            first = EventMessage(
                {**headers, ":content-type": self._content_type}, write_rest(output)
            )
            body = writer.stream(output[stream], (encode_message(first),))
            return WireResponse(200, self._headers(request_id, CONTENT_TYPE), body)

        return write

    def _stream_reader(self, shape: Shape, stream: str) -> Read:
        reader = EventReader(shape.members[stream], self._body_reader)
        read_rest = self._body_reader(_without(shape, stream))

        def read(incoming: Incoming) -> dict[str, Any]:
            result: dict[str, Any] = {}
            events = []
            decoder = EventDecoder()
            for message in decoder.feed(incoming.body):
                if message.headers.get(":event-type") == "initial-request":
                    result = read_rest(message.payload)
                else:
                    events.append(reader.event(message))
            decoder.finish()
            return {**result, stream: events}

        return read

    def _body_writer(self, members: list[tuple[str, Shape]]) -> Callable[[Any], bytes]:
        write, encode = self._writer.members(members), self._encode
        return lambda value: encode(write(value))

    def _body_reader(self, members: list[tuple[str, Shape]]) -> Callable[[bytes], dict[str, Any]]:
        read, decode = self._reader.members(members), self._decode
        return lambda body: read(decode(body))


def _without(shape: Shape, stream: str) -> list[tuple[str, Shape]]:
    return [(name, member) for name, member in shape.members.items() if name != stream]
