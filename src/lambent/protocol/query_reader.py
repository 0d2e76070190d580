"""Forms (`Tags.member.1.Key=a`) to values of the model: one closure per shape, compiled once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.protocol import text_values
from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lambent.protocol.shapes import Shape

    Read = Callable[["FormNode"], Any]

_TIMESTAMPS = "iso8601"
# More dots than any name has. The tree is walked by functions that call themselves.
_DEEPEST = 200


@dataclass(slots=True)
class FormNode:
    """One step of a dotted name: the text given for it, if any, and what comes after the next dot."""

    text: str | None = None
    children: dict[str, FormNode] = field(default_factory=dict)


def form_tree(pairs: Iterable[tuple[str, str]]) -> FormNode:
    """The names of a form as a tree. Raises `Unreadable` where one is impossibly deep."""
    root = FormNode()
    for name, value in pairs:
        node = root
        steps = name.split(".")
        if len(steps) > _DEEPEST:
            raise Unreadable("The input is nested too deeply")
        for step in steps:
            child = node.children.get(step)
            if child is None:
                child = node.children[step] = FormNode()
            node = child
        node.text = value
    return root


class QueryReader:
    """Compiles the shapes of one service."""

    def __init__(self) -> None:
        self._structures: dict[str, Read] = {}

    def compile(self, shape: Shape) -> Read:
        """A function from a node to the shape's value. Raises (when called) `Unreadable`."""
        if shape.type_name == "structure":
            return self._structure(shape)
        if shape.type_name == "list":
            return self._list(shape)
        if shape.type_name == "map":
            return self._map(shape)
        read = text_values.reader(shape, _TIMESTAMPS)
        return lambda node: read(node.text or "")

    def _structure(self, shape: Shape) -> Read:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        rows: list[tuple[tuple[str, ...], str, Read]] = []

        def read(node: FormNode) -> dict[str, Any]:
            result = {}
            for steps, name, read_member in rows:
                for step in steps:
                    child = node.children.get(step)
                    if child is not None:
                        result[name] = read_member(child)
                        break
            return result

        self._structures[shape.name] = read
        for name, member in shape.members.items():
            rows.append((_steps(member, name), name, self.compile(member)))
        return read

    def _list(self, shape: Shape) -> Read:
        read_item = self.compile(shape.member)
        step = shape.member.traits.get("locationName", "member")
        is_flattened = bool(shape.traits.get("flattened"))

        def read(node: FormNode) -> list[Any]:
            holder = node if is_flattened else node.children.get(step)
            return [] if holder is None else [read_item(item) for item in _numbered(holder)]

        return read

    def _map(self, shape: Shape) -> Read:
        read_value = self.compile(shape.value)
        key_step = shape.key.traits.get("locationName", "key")
        value_step = shape.value.traits.get("locationName", "value")
        is_flattened = bool(shape.traits.get("flattened"))

        def read(node: FormNode) -> dict[str, Any]:
            holder = node if is_flattened else node.children.get("entry")
            result: dict[str, Any] = {}
            for entry in [] if holder is None else _numbered(holder):
                key, value = entry.children.get(key_step), entry.children.get(value_step)
                text = (key.text if key is not None else None) or ""
                result[text] = None if value is None else read_value(value)
            return result

        return read


def _steps(member: Shape, name: str) -> tuple[str, ...]:
    """A member's names in the form. Clients of some ages call a flattened list by the name of what it lists."""
    wire_name: str = member.wire_name(name)
    if member.type_name == "list" and member.traits.get("flattened"):
        return member.member.traits.get("locationName", wire_name), wire_name
    return (wire_name,)


def _numbered(node: FormNode) -> list[FormNode]:
    """The items `1`, `2`, ... in order; gaps are closed up, as AWS does."""
    try:
        numbers = sorted((int(step[:10]), step) for step in node.children)
    except ValueError as error:
        raise Unreadable("Key is not a number where a list is expected") from error
    return [node.children[step] for _, step in numbers]
