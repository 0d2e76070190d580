"""AWS query (`query`): forms in, XML out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol.messages import WireResponse
from lambent.protocol.query_reader import QueryReader, form_tree
from lambent.protocol.query_string import decode_query
from lambent.protocol.rest_request import read_text
from lambent.protocol.xml_errors import XmlErrors
from lambent.protocol.xml_tree import escape
from lambent.protocol.xml_writer import XmlWriter, document

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.errors import ServiceError
    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.messages import Incoming
    from lambent.protocol.shapes import OperationModel

_CONTENT_TYPE = "text/xml"


class Query:
    """Compiles the operations of one service."""

    name = "query"

    def __init__(self, facts: ServiceFacts) -> None:
        self._facts = facts
        self._reader = QueryReader()
        self._writer = XmlWriter()
        self._errors = XmlErrors(facts, self._writer)
        namespace = facts.quirks.xml_namespace or str(facts.model.metadata.get("xmlNamespace", ""))
        self._xmlns = f' xmlns="{escape(namespace)}"' if namespace else ""

    def reader(self, operation: OperationModel) -> Callable[[Incoming], dict[str, Any]]:
        shape = operation.input_shape
        if shape is None:
            return lambda _: {}
        read = self._reader.compile(shape)

        def read_form(incoming: Incoming) -> dict[str, Any]:
            pairs = decode_query(incoming.query) + decode_query(read_text(incoming.body))
            result: dict[str, Any] = read(form_tree(pairs))
            return result

        return read_form

    def writer(self, operation: OperationModel) -> Callable[[Mapping[str, Any], str], WireResponse]:
        name, shape = operation.name, operation.output_shape
        write_result = None
        if shape is not None:
            wrapper = shape.traits.get("resultWrapper", f"{name}Result")
            write_result = self._writer.element(shape, wrapper)

        def write(parts: list[str], content: tuple[Mapping[str, Any], str]) -> None:
            output, request_id = content
            parts.append(f"<{name}Response{self._xmlns}>")
            if write_result is not None:
                write_result(parts, output)
            parts.append(
                f"<ResponseMetadata><RequestId>{escape(request_id)}</RequestId></ResponseMetadata>"
                f"</{name}Response>"
            )

        def respond(output: Mapping[str, Any], request_id: str) -> WireResponse:
            headers = [
                (self._facts.quirks.request_id_header, request_id),
                ("Content-Type", _CONTENT_TYPE),
            ]
            return WireResponse(200, headers, document(write, (output, request_id)))

        return respond

    def error(self, error: ServiceError, request_id: str) -> WireResponse:
        return self._errors.response(error, request_id)
