"""Writes REST answers: status, header fields and body, as the output's traits divide them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol import header_values
from lambent.protocol.messages import WireResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.protocol.shapes import OperationModel, Shape
    from lambent.protocol.text_values import WriteText

    Members = list[tuple[str, Shape]]
    WriteBody = Callable[[Mapping[str, Any]], bytes]
    # The payload's content type and how to write it; None for one that is bytes already.
    Payload = tuple[str, Callable[[Any], Any] | None]


# Where members of an answer can be, other than in its body.
OUTSIDE_BODY = frozenset({"header", "headers", "statusCode"})


class RestHeaders:
    """The header fields of one structure: an output or an error."""

    def __init__(self, shape: Shape) -> None:
        self._fields: list[tuple[str, str, WriteText]] = []
        self._prefixes: list[tuple[str, str]] = []
        for name, member in shape.members.items():
            location = member.traits.get("location")
            wire_name = member.wire_name(name)
            if location == "header":
                self._fields.append((name, wire_name, header_values.writer(member)))
            elif location == "headers":
                self._prefixes.append((name, member.traits.get("locationName", "")))

    def write(self, document: Mapping[str, Any], headers: list[tuple[str, str]]) -> None:
        """Append the fields of `document`'s members."""
        for name, field, write in self._fields:
            value = document.get(name)
            if value is not None and value != []:
                headers.append((field, write(value)))
        for name, prefix in self._prefixes:
            for key, text in (document.get(name) or {}).items():
                headers.append((prefix + key, text))


class RestResponse:
    """Compiles one operation. Exactly one of `body` and `payload` is there, or neither: then nothing is in the body."""

    def __init__(
        self,
        operation: OperationModel,
        request_id_header: str,
        content_type: str,
        body: WriteBody | None,
        payload: Payload | None,
    ) -> None:
        shape = operation.output_shape
        self._status = operation.http.get("responseCode", 200)
        self._request_id_header = request_id_header
        self._content_type = content_type
        self._body = body
        self._payload = payload
        self._payload_member = shape.traits.get("payload", "") if shape else ""
        self._headers = RestHeaders(shape) if shape else None
        self._status_member = _status_member(shape) if shape else ""
        # An output may say its content type itself.
        self._says_type = shape is not None and _has_content_type(shape)

    def __call__(self, document: Mapping[str, Any], request_id: str) -> WireResponse:
        """The answer for an operation's output."""
        headers = [(self._request_id_header, request_id)]
        status = document.get(self._status_member) or self._status
        if self._headers is not None:
            self._headers.write(document, headers)
        if self._body is not None:
            headers.append(("Content-Type", self._content_type))
            return WireResponse(status, headers, self._body(document))
        value = document.get(self._payload_member)
        if self._payload is None or value is None:
            return WireResponse(status, headers)
        content_type, write = self._payload
        if not (self._says_type and _is_there("content-type", headers)):
            headers.append(("Content-Type", content_type))
        return WireResponse(status, headers, value if write is None else write(value))


def body_members(shape: Shape) -> Members:
    """The members that go into the body. Locations that only requests have count for nothing here."""
    return [
        (name, member)
        for name, member in shape.members.items()
        if member.traits.get("location") not in OUTSIDE_BODY
    ]


def _has_content_type(shape: Shape) -> bool:
    return any(
        member.traits.get("location") == "headers"
        or member.wire_name(name).lower() == "content-type"
        for name, member in shape.members.items()
    )


def _is_there(field: str, headers: list[tuple[str, str]]) -> bool:
    return any(name.lower() == field for name, _ in headers)


def _status_member(shape: Shape) -> str:
    for name, member in shape.members.items():
        if member.traits.get("location") == "statusCode":
            return str(name)
    return ""
