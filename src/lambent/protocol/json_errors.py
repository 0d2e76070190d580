"""The body of an error in the JSON protocols: the members of its shape, and the message under the shape's name for it.

A modelled error is written through its shape; the rest of its members as they are. Without a message the
member is null, as AWS sends it, if the shape has one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol.rest_response import body_members

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambent.core.errors import ServiceError
    from lambent.protocol.facts import ServiceFacts
    from lambent.protocol.json_writer import JsonWriter
    from lambent.protocol.shapes import Shape

# AWS's front end writes the message of this one with a capital, whatever the service and its model.
_CAPITAL = frozenset({"AccessDeniedException"})


class JsonErrors:
    """Writes the errors of one service; a shape is compiled when it first occurs."""

    def __init__(self, facts: ServiceFacts, writer: JsonWriter) -> None:
        self._facts = facts
        self._writer = writer

    def document(self, error: ServiceError) -> dict[str, Any]:
        """The members of the body, the message last. Members that travel in header fields are left out."""
        if error.code in _CAPITAL:
            return {**error.members, "Message": error.message}
        shape = self._facts.error_shape(error.code)
        if shape is None:
            return {**error.members, "message": error.message}
        write = self._writer.members(body_members(shape))
        document: dict[str, Any] = write(_without_message(error.members))
        key = message_name(shape)
        if key or error.message is not None:
            document[key or "message"] = error.message
        return document

    def type_name(self, error: ServiceError) -> str:
        """The error's `__type`: its shape, after the namespace where the service has one."""
        name = self._facts.shape_name(error.code)
        namespace = self._facts.quirks.namespace
        return f"{namespace}#{name}" if namespace else name

    def query_header(self, error: ServiceError) -> list[tuple[str, str]]:
        """What the error was called before the service spoke JSON; clients of that time look for it."""
        if not self._facts.is_query_compatible:
            return []
        fault = "Sender" if error.is_sender_fault else "Receiver"
        return [("x-amzn-query-error", f"{self._facts.query_code(error.code)};{fault}")]


def message_name(shape: Shape) -> str:
    """How the shape spells its message member on the wire; empty if it has none."""
    for name, member in shape.members.items():
        if name.lower() in ("message", "errormessage"):
            return str(member.wire_name(name))
    return ""


def _without_message(members: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in members.items() if name.lower() != "message"}
