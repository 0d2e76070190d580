"""Reads REST requests: labels, query string, header fields and body, as the input's traits divide them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.protocol import header_values, text_values
from lambent.protocol.query_string import decode_query
from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.http import Headers
    from lambent.protocol.messages import Incoming
    from lambent.protocol.shapes import OperationModel, Shape
    from lambent.protocol.text_values import ReadText

    ReadBody = Callable[[bytes, dict[str, Any]], None]
    Step = Callable[[Incoming, dict[str, Any]], None]

_TIMESTAMPS = "iso8601"


class RestRequest:
    """Compiles one operation. `body_reader` makes the reader of what is in the body (JSON or XML)."""

    def __init__(
        self,
        operation: OperationModel,
        body_reader: Callable[[Shape, list[tuple[str, Shape]]], Callable[[bytes], Any]],
        payload_reader: Callable[[Shape], Callable[[bytes], Any]],
    ) -> None:
        self._steps: list[Step] = []
        shape = operation.input_shape
        if shape is None:
            return
        by_location: dict[str, list[tuple[str, Shape]]] = {}
        for name, member in shape.members.items():
            location = member.traits.get("location", "body")
            by_location.setdefault(location, []).append((name, member))
        self._add(_uri_step, by_location.get("uri"))
        self._add(_query_step, by_location.get("querystring"))
        self._add(_header_step, by_location.get("header"))
        for name, member in by_location.get("headers", []):
            self._steps.append(_prefix_step(name, member))
        payload = shape.traits.get("payload")
        if payload is not None:
            self._steps.append(_payload_step(payload, payload_reader(shape.members[payload])))
        elif "body" in by_location:
            self._steps.append(_body_step(body_reader(shape, by_location["body"])))

    def __call__(self, incoming: Incoming) -> dict[str, Any]:
        """The operation's input. Raises `Unreadable`."""
        result: dict[str, Any] = {}
        for step in self._steps:
            step(incoming, result)
        return result

    def _add(
        self,
        make: Callable[[list[tuple[str, Shape]]], Step],
        members: list[tuple[str, Shape]] | None,
    ) -> None:
        if members:
            self._steps.append(make(members))


def _uri_step(members: list[tuple[str, Shape]]) -> Step:
    rows = [
        (name, member.wire_name(name), text_values.reader(member, _TIMESTAMPS))
        for name, member in members
    ]

    def step(incoming: Incoming, result: dict[str, Any]) -> None:
        for name, label, read in rows:
            result[name] = read(incoming.uri_params[label])

    return step


def _query_step(members: list[tuple[str, Shape]]) -> Step:
    single: dict[str, tuple[str, ReadText]] = {}
    many: dict[str, tuple[str, ReadText]] = {}
    maps: list[tuple[str, bool]] = []
    for name, member in members:
        wire_name = member.wire_name(name)
        if member.type_name == "list":
            many[wire_name] = (name, text_values.reader(member.member, _TIMESTAMPS))
        elif member.type_name == "map":
            maps.append((name, member.value.type_name == "list"))
        else:
            single[wire_name] = (name, text_values.reader(member, _TIMESTAMPS))

    def step(incoming: Incoming, result: dict[str, Any]) -> None:
        if not incoming.query:
            return
        rest = []
        for key, text in decode_query(incoming.query):
            if key in single:
                name, read = single[key]
                # Given twice, the first counts.
                result.setdefault(name, read(text))
            elif key in many:
                name, read = many[key]
                result.setdefault(name, []).append(read(text))
            else:
                rest.append((key, text))
        for name, has_lists in maps:
            _collect(rest, name, has_lists, result)

    return step


def _collect(
    pairs: list[tuple[str, str]], name: str, has_lists: bool, result: dict[str, Any]
) -> None:
    """A map over all parameters that are members of no other kind."""
    for key, text in pairs:
        if has_lists:
            result.setdefault(name, {}).setdefault(key, []).append(text)
        else:
            result.setdefault(name, {}).setdefault(key, text)


def _header_step(members: list[tuple[str, Shape]]) -> Step:
    rows = [
        (
            name,
            member.wire_name(name).lower(),
            header_values.reader(member),
            member.type_name == "list",
        )
        for name, member in members
    ]

    def step(incoming: Incoming, result: dict[str, Any]) -> None:
        first = incoming.headers.first
        for name, field, read, is_list in rows:
            text = first.get(field)
            if text is not None:
                result[name] = read(",".join(incoming.headers.getall(field)) if is_list else text)

    return step


def _prefix_step(name: str, shape: Shape) -> Step:
    """A map over the fields whose names begin alike (`x-amz-meta-`)."""
    prefix = shape.traits.get("locationName", "").lower()

    def step(incoming: Incoming, result: dict[str, Any]) -> None:
        found = _prefixed(incoming.headers, prefix)
        if found:
            result[name] = found

    return step


def _prefixed(headers: Headers, prefix: str) -> dict[str, str]:
    return {
        key[len(prefix) :]: value
        for key, value in headers.items()
        if key.lower().startswith(prefix)
    }


def _payload_step(name: str, read: Callable[[bytes], Any]) -> Step:
    def step(incoming: Incoming, result: dict[str, Any]) -> None:
        # Nothing in the body is an absent member.
        if incoming.body:
            result[name] = read(incoming.body)

    return step


def _body_step(read: Callable[[bytes], Any]) -> Step:
    def step(incoming: Incoming, result: dict[str, Any]) -> None:
        result.update(read(incoming.body))

    return step


def read_text(body: bytes) -> str:
    """A payload that is a string. Raises `Unreadable`."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("The body is not UTF-8") from error


def as_it_is(body: bytes) -> bytes:
    """A payload that is a blob: the very bytes that came in."""
    return body
