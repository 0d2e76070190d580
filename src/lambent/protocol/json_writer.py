"""Values of the model to what orjson encodes: one closure per shape, compiled once.

Absent and None members are left out, never written as null. What the model does not know is not sent. CBOR is
written by a subclass, as only its scalars differ.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from lambent.protocol.text_values import write_blob, write_float
from lambent.protocol.timestamps import TEXT_WRITERS, to_epoch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from lambent.protocol.shapes import Shape

    # None stands for "as it is".
    Write = Callable[[Any], Any]


class JsonWriter:
    """Compiles the shapes of one service; see `JsonReader`."""

    def __init__(self) -> None:
        self._structures: dict[str, Write] = {}

    def compile(self, shape: Shape) -> Write | None:
        """A function from the shape's value to plain JSON values; None where they are the same."""
        if shape.traits.get("document"):
            return None
        compound = self._COMPOUNDS.get(shape.type_name)
        return compound(self, shape) if compound else self.scalar(shape)

    def scalar(self, shape: Shape) -> Write | None:
        """The writer of a shape that holds no other; formats of their own overrule this."""
        if shape.type_name == "timestamp":
            text_format = shape.traits.get("timestampFormat", "unixTimestamp")
            return to_epoch if text_format == "unixTimestamp" else TEXT_WRITERS[text_format]
        return _SCALARS.get(shape.type_name)

    def members(self, members: Iterable[tuple[str, Shape]]) -> Write:
        """A writer of an object with these members."""
        table: dict[str, tuple[str, Write | None]] = {}
        self._fill(table, members)
        return _object(table)

    def _structure(self, shape: Shape) -> Write:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        table: dict[str, tuple[str, Write | None]] = {}
        write = self._structures[shape.name] = _object(table)
        self._fill(table, shape.members.items())
        return write

    def _fill(
        self, table: dict[str, tuple[str, Write | None]], members: Iterable[tuple[str, Shape]]
    ) -> None:
        for name, member in members:
            table[name] = (member.wire_name(name), self.compile(member))

    def _list(self, shape: Shape) -> Write | None:
        write = self.compile(shape.member)
        if write is None:
            return None
        return lambda items: [None if item is None else write(item) for item in items]

    def _map(self, shape: Shape) -> Write | None:
        write = self.compile(shape.value)
        if write is None:
            return None
        return lambda items: {
            key: None if item is None else write(item) for key, item in items.items()
        }

    _COMPOUNDS: ClassVar[dict[str, Callable[[JsonWriter, Any], Write | None]]] = {
        "structure": _structure,
        "list": _list,
        "map": _map,
    }


def encode(value: Any) -> bytes:
    """Plain JSON values to bytes."""
    return orjson.dumps(value)


def _object(table: dict[str, tuple[str, Write | None]]) -> Write:
    find = table.get

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        result = {}
        for key, item in value.items():
            entry = find(key)
            if entry is not None and item is not None:
                name, write_member = entry
                result[name] = item if write_member is None else write_member(item)
        return result

    return write


def _write_float(value: float) -> float | str:
    # JSON has no numbers for these; orjson would write null.
    return value if math.isfinite(value) else write_float(value)


_SCALARS: dict[str, Write] = {"float": _write_float, "double": _write_float, "blob": write_blob}
