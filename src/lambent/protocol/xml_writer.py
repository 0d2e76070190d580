"""Values of the model to XML text: one closure per shape and element name, compiled once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.protocol import text_values
from lambent.protocol.rest_response import OUTSIDE_BODY
from lambent.protocol.xml_tree import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lambent.protocol.shapes import Shape
    from lambent.protocol.text_values import WriteText

    # Appends to the parts of the text.
    Write = Callable[[list[str], Any], None]

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_TIMESTAMPS = "iso8601"


@dataclass(slots=True)
class _Structure:
    attributes: list[tuple[str, str, WriteText]] = field(default_factory=list)
    elements: list[tuple[str, Write]] = field(default_factory=list)

    def attributes_of(self, value: Mapping[str, Any]) -> str:
        return "".join(
            f' {wire_name}="{escape(write(value[name]))}"'
            for name, wire_name, write in self.attributes
            if value.get(name) is not None
        )

    def write(self, parts: list[str], value: Mapping[str, Any]) -> None:
        for name, write in self.elements:
            item = value.get(name)
            if item is not None:
                write(parts, item)


class XmlWriter:
    """Compiles the shapes of one service. Members go out in the order of the model."""

    def __init__(self) -> None:
        self._structures: dict[str, _Structure] = {}

    def element(self, shape: Shape, name: str, namespace: str = "") -> Write:
        """A writer of one element with that name. `namespace` stands in for the shape's own."""
        opening = f"{name}{_namespace(shape) or _xmlns('', namespace)}"
        if shape.type_name == "structure":
            return _element_of(self._structure(shape), opening, name)
        if shape.type_name == "list":
            return _wrapped(self._list(shape), opening, name)
        if shape.type_name == "map":
            return _wrapped(self._map(shape, "entry"), opening, name)
        write_text = text_values.writer(shape, _TIMESTAMPS)

        def write(parts: list[str], value: Any) -> None:
            parts.append(f"<{opening}>{escape(write_text(value))}</{name}>")

        return write

    def content(self, members: Iterable[tuple[str, Shape]]) -> Write:
        """A writer of the elements of these members, with nothing around them."""
        structure = _Structure()
        self._fill(structure, members)
        return structure.write

    def _structure(self, shape: Shape) -> _Structure:
        known = self._structures.get(shape.name)
        if known is None:
            known = self._structures[shape.name] = _Structure()
            self._fill(known, shape.members.items())
        return known

    def _fill(self, structure: _Structure, members: Iterable[tuple[str, Shape]]) -> None:
        for name, member in members:
            wire_name = member.wire_name(name)
            if member.traits.get("location") in OUTSIDE_BODY:
                continue
            if member.traits.get("xmlAttribute"):
                write_text = text_values.writer(member, _TIMESTAMPS)
                structure.attributes.append((name, wire_name, write_text))
            else:
                structure.elements.append((name, self._member(member, wire_name)))

    def _member(self, member: Shape, wire_name: str) -> Write:
        if not member.traits.get("flattened"):
            return self.element(member, wire_name)
        if member.type_name == "map":
            return self._map(member, wire_name)
        return self._items(member, member.member.traits.get("locationName", wire_name))

    def _list(self, shape: Shape) -> Write:
        return self._items(shape, shape.member.traits.get("locationName", "member"))

    def _items(self, shape: Shape, name: str) -> Write:
        write_item = self.element(shape.member, name)

        def write(parts: list[str], value: Any) -> None:
            for item in value:
                write_item(parts, item)

        return write

    def _map(self, shape: Shape, name: str) -> Write:
        """The entries, each an element with that name."""
        write_key = self.element(shape.key, shape.key.traits.get("locationName", "key"))
        write_value = self.element(shape.value, shape.value.traits.get("locationName", "value"))

        def write(parts: list[str], value: Any) -> None:
            for key, item in value.items():
                parts.append(f"<{name}>")
                write_key(parts, key)
                write_value(parts, item)
                parts.append(f"</{name}>")

        return write


def document(write: Write, value: Any) -> bytes:
    """A whole XML document."""
    parts = [DECLARATION]
    write(parts, value)
    return "".join(parts).encode()


def _element_of(structure: _Structure, opening: str, name: str) -> Write:
    def write(parts: list[str], value: Any) -> None:
        parts.append(f"<{opening}{structure.attributes_of(value)}>")
        structure.write(parts, value)
        parts.append(f"</{name}>")

    return write


def _wrapped(inner: Write, opening: str, name: str) -> Write:
    def write(parts: list[str], value: Any) -> None:
        parts.append(f"<{opening}>")
        inner(parts, value)
        parts.append(f"</{name}>")

    return write


def _namespace(shape: Shape) -> str:
    """The shape's namespace as an attribute; models give an address, or an address and a prefix."""
    namespace = shape.traits.get("xmlNamespace")
    if isinstance(namespace, dict):
        return _xmlns(namespace.get("prefix", ""), namespace["uri"])
    return _xmlns("", namespace or "")


def _xmlns(prefix: str, uri: str) -> str:
    attribute = f"xmlns:{prefix}" if prefix else "xmlns"
    return f' {attribute}="{escape(uri)}"' if uri else ""
