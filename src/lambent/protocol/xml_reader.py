"""Elements to values of the model: one closure per shape, compiled once. See `json_reader` for the idea."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.protocol import text_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from xml.etree.ElementTree import Element

    from lambent.protocol.shapes import Shape
    from lambent.protocol.text_values import ReadText

    Read = Callable[[Element], Any]
    # Reads the elements of one name that a flattened list or map lies about in.
    ReadAll = Callable[[list[Element]], Any]

_TIMESTAMPS = "iso8601"


@dataclass(slots=True)
class _Structure:
    """Members by element name, by attribute name, and flattened ones by element name."""

    elements: dict[str, tuple[str, Read]] = field(default_factory=dict)
    attributes: dict[str, tuple[str, ReadText]] = field(default_factory=dict)
    flattened: dict[str, tuple[str, ReadAll]] = field(default_factory=dict)

    def read(self, element: Element) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for attribute, text in element.items():
            if attribute in self.attributes:
                name, read_text = self.attributes[attribute]
                result[name] = read_text(text)
        groups: dict[str, list[Element]] = {}
        for child in element:
            if child.tag in self.elements:
                name, read = self.elements[child.tag]
                result[name] = read(child)
            elif child.tag in self.flattened:
                groups.setdefault(child.tag, []).append(child)
        for tag, children in groups.items():
            name, read_all = self.flattened[tag]
            result[name] = read_all(children)
        return result


class XmlReader:
    """Compiles the shapes of one service."""

    def __init__(self) -> None:
        self._structures: dict[str, _Structure] = {}

    def compile(self, shape: Shape) -> Read:
        """A function from an element to the shape's value. Raises (when called) `Unreadable`."""
        if shape.type_name == "structure":
            return self._structure(shape).read
        if shape.type_name == "list":
            return self._list(shape)
        if shape.type_name == "map":
            return self._map(shape)
        read = text_values.reader(shape, _TIMESTAMPS)
        return lambda element: read(element.text or "")

    def members(self, members: Iterable[tuple[str, Shape]]) -> Read:
        """A reader of an element with these members."""
        structure = _Structure()
        self._fill(structure, members)
        return structure.read

    def _structure(self, shape: Shape) -> _Structure:
        known = self._structures.get(shape.name)
        if known is None:
            known = self._structures[shape.name] = _Structure()
            self._fill(known, shape.members.items())
        return known

    def _fill(self, structure: _Structure, members: Iterable[tuple[str, Shape]]) -> None:
        for name, member in members:
            wire_name = member.wire_name(name)
            if member.traits.get("xmlAttribute"):
                read_text = text_values.reader(member, _TIMESTAMPS)
                structure.attributes[wire_name] = (name, read_text)
            elif not member.traits.get("flattened"):
                structure.elements[wire_name] = (name, self.compile(member))
            elif member.type_name == "list":
                read = self._items(member)
                structure.flattened[wire_name] = (name, read)
                # Some models put the name on the list's member instead.
                inner = member.member.traits.get("locationName", wire_name)
                structure.flattened.setdefault(inner, (name, read))
            else:
                structure.flattened[wire_name] = (name, self._entries(member))

    def _list(self, shape: Shape) -> Read:
        tag = shape.member.traits.get("locationName", "member")
        read_all = self._items(shape)
        return lambda element: read_all(element.findall(tag))

    def _items(self, shape: Shape) -> ReadAll:
        read = self.compile(shape.member)
        return lambda elements: [read(element) for element in elements]

    def _map(self, shape: Shape) -> Read:
        read_all = self._entries(shape)
        return lambda element: read_all(element.findall("entry"))

    def _entries(self, shape: Shape) -> ReadAll:
        key_tag = shape.key.traits.get("locationName", "key")
        value_tag = shape.value.traits.get("locationName", "value")
        read_value = self.compile(shape.value)

        def read(elements: list[Element]) -> dict[str, Any]:
            result = {}
            for element in elements:
                value = element.find(value_tag)
                key = element.findtext(key_tag) or ""
                result[key] = None if value is None else read_value(value)
            return result

        return read
