"""The XML of an error: `<ErrorResponse><Error>...` with the request id beside the error, or S3's bare `<Error>`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.protocol.messages import WireResponse
from lambent.protocol.rest_response import RestHeaders, body_members
from lambent.protocol.xml_tree import escape
from lambent.protocol.xml_writer import DECLARATION, XmlWriter

if TYPE_CHECKING:
    from lambent.core.errors import ServiceError
    from lambent.protocol.facts import ServiceFacts

_CONTENT_TYPE = "text/xml"


class XmlErrors:
    """Writes the errors of one service."""

    def __init__(self, facts: ServiceFacts, writer: XmlWriter) -> None:
        self._facts = facts
        self._writer = writer
        quirks = facts.quirks
        namespace = quirks.xml_namespace or str(facts.model.metadata.get("xmlNamespace", ""))
        self._xmlns = f' xmlns="{escape(namespace)}"' if namespace else ""

    def response(self, error: ServiceError, request_id: str) -> WireResponse:
        quirks = self._facts.quirks
        headers = [(quirks.request_id_header, request_id), ("Content-Type", _CONTENT_TYPE)]
        headers += error.headers
        shape = self._facts.error_shape(error.code)
        if shape is not None:
            RestHeaders(shape).write(error.members, headers)
        inner = self._inner(error)
        if quirks.has_bare_errors:
            body = f"<Error>{inner}<RequestId>{escape(request_id)}</RequestId></Error>"
        else:
            fault = "Sender" if error.is_sender_fault else "Receiver"
            body = (
                f"<ErrorResponse{self._xmlns}><Error><Type>{fault}</Type>{inner}</Error>"
                f"<RequestId>{escape(request_id)}</RequestId></ErrorResponse>"
            )
        return WireResponse(error.status, headers, f"{DECLARATION}{body}".encode())

    def _inner(self, error: ServiceError) -> str:
        """Code, message, and the other members of the error's shape."""
        parts = [f"<Code>{escape(self._facts.query_code(error.code))}</Code>"]
        if error.message is not None:
            parts.append(f"<Message>{escape(error.message)}</Message>")
        shape = self._facts.error_shape(error.code)
        if shape is None:
            # S3's errors are hardly modelled; their members are texts (BucketName, Key, ...).
            parts += [
                f"<{name}>{escape(str(value))}</{name}>" for name, value in error.members.items()
            ]
        else:
            members = [row for row in body_members(shape) if row[0].lower() not in _OWN]
            self._writer.content(members)(parts, error.members)
        return "".join(parts)


# What an error has in any case, whether or not its shape repeats it.
_OWN = frozenset({"code", "message", "type"})
