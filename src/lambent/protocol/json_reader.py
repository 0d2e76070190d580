"""Decoded JSON to values of the model: one closure per shape, compiled once.

Members come out under the names of the model. Null and unknown members are dropped, as AWS does. A
`jsonvalue` is text in a body; only in header fields it is decoded. CBOR is read by a
subclass, as only its scalars differ.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from lambent.protocol import long_texts
from lambent.protocol.long_texts import LONG_BYTES, LongText
from lambent.protocol.text_values import INTEGER_BITS, read_float, within
from lambent.protocol.timestamps import TEXT_READERS, from_epoch
from lambent.protocol.unreadable import Unreadable, mismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from lambent.protocol.shapes import Shape

    Read = Callable[[Any], Any]

# Deeper than any real input, and what can be written again: orjson encodes 254 levels.
_DEEPEST = 200


class JsonReader:
    """Compiles the shapes of one service. Structures are kept by name, which also ties the knot of recursive ones."""

    def __init__(self) -> None:
        self._structures: dict[str, Read] = {}

    def compile(self, shape: Shape) -> Read:
        """A function from decoded JSON to the shape's value. Raises (when called) `Unreadable`."""
        if shape.traits.get("document"):
            return _plain
        compound = self._COMPOUNDS.get(shape.type_name)
        return compound(self, shape) if compound else self.scalar(shape)

    def scalar(self, shape: Shape) -> Read:
        """The reader of a shape that holds no other; formats of their own overrule this."""
        kind = shape.type_name
        if kind == "timestamp":
            return _timestamp(shape.traits.get("timestampFormat", "unixTimestamp"))
        if kind in INTEGER_BITS:
            bits = INTEGER_BITS[kind]
            return lambda value: _read_integer(value, bits)
        return _SCALARS[kind]

    def members(self, members: Iterable[tuple[str, Shape]]) -> Read:
        """A reader of an object with these members, for bodies that hold only some members of their structure."""
        table: dict[str, tuple[str, Read]] = {}
        self._fill(table, members)
        return _object(table)

    def _structure(self, shape: Shape) -> Read:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        table: dict[str, tuple[str, Read]] = {}
        read = self._structures[shape.name] = _object(table)
        self._fill(table, shape.members.items())
        return read

    def _fill(
        self, table: dict[str, tuple[str, Read]], members: Iterable[tuple[str, Shape]]
    ) -> None:
        for name, member in members:
            table[member.wire_name(name)] = (name, self.compile(member))

    def _list(self, shape: Shape) -> Read:
        read_item = self.compile(shape.member)

        def read(value: Any) -> Any:
            if type(value) is not list:
                raise _unexpected(value, "Expected list or null")
            return [None if item is None else read_item(_fit(item, read_item)) for item in value]

        return read

    def _map(self, shape: Shape) -> Read:
        read_item = self.compile(shape.value)

        def read(value: Any) -> Any:
            if type(value) is not dict:
                raise _unexpected(value, "Expected map or null")
            return {
                key: None if item is None else read_item(_fit(item, read_item))
                for key, item in value.items()
            }

        return read

    _COMPOUNDS: ClassVar[dict[str, Callable[[JsonReader, Any], Read]]] = {
        "structure": _structure,
        "list": _list,
        "map": _map,
    }


def decode(body: bytes) -> Any:
    """Bytes to plain JSON values; nothing at all counts as an empty object. Raises `Unreadable`."""
    if not body:
        return {}
    try:
        if len(body) < LONG_BYTES:
            value, brackets = orjson.loads(body), body.count(b"{") + body.count(b"[")
        else:
            value, brackets = long_texts.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(str(error)) from error
    if brackets > _DEEPEST:
        _refuse_deep(value)
    return value


def _refuse_deep(value: Any) -> None:
    """Level by level, so that this cannot itself go too deep."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEEPEST:
            raise Unreadable("The input is nested too deeply")
        level = [
            item
            for holder in level
            for item in (holder.values() if type(holder) is dict else holder)
            if type(item) is dict or type(item) is list
        ]


def _object(table: dict[str, tuple[str, Read]]) -> Read:
    find = table.get

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise _unexpected(value, "Unexpected field type")
        result = {}
        for key, item in value.items():
            entry = find(key)
            if entry is not None and item is not None:
                name, read_member = entry
                result[name] = read_member(
                    item if type(item) is not LongText else _fit(item, read_member)
                )
        return result

    return read


def _fit(value: Any, read: Read) -> Any:
    """A value as its reader takes it: only blobs are read from what was cut out of the body."""
    return _text_of(value) if type(value) is LongText and read is not _read_blob else value


def _text_of(value: LongText) -> str:
    try:
        return str(value)
    except orjson.JSONDecodeError as error:
        raise Unreadable(str(error)) from error


def _plain(value: Any) -> Any:
    """A document of any form, whole again."""
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    if type(value) is list:
        return [_plain(item) for item in value]
    return _text_of(value) if type(value) is LongText else value


def _unexpected(value: object, otherwise: str) -> Unreadable:
    """AWS tells wrong structures and lists alike everywhere, and words wrong scalars by what it looked for."""
    return mismatch(value, "") if isinstance(value, dict | list) else Unreadable(otherwise)


def _read_string(value: Any) -> str:
    if type(value) is not str:
        raise mismatch(value, "String")
    return value


def _read_boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise mismatch(value, "Boolean")
    return value


def _read_integer(value: Any, bits: int) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise mismatch(value, "Integer" if bits == INTEGER_BITS["integer"] else "Long")
    return within(value, bits)


def _read_float(value: Any) -> float:
    if type(value) is str:
        return read_float(value)
    if type(value) is not float and type(value) is not int:
        raise mismatch(value, "Double")
    return float(value)


def _read_blob(value: Any) -> bytes:
    try:
        if type(value) is LongText:
            return value.decode_base64()
        if type(value) is not str:
            raise mismatch(value, "Blob")
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError as error:
        raise Unreadable("Invalid Base64") from error


def _timestamp(text_format: str) -> Read:
    if text_format == "unixTimestamp":
        return _read_epoch
    read_text = TEXT_READERS[text_format]

    def read(value: Any) -> datetime:
        if type(value) is not str:
            raise mismatch(value, "Timestamp")
        return read_text(value)

    return read


def _read_epoch(value: Any) -> datetime:
    if type(value) is not float and type(value) is not int:
        raise mismatch(value, "Timestamp")
    return from_epoch(value)


_SCALARS: dict[str, Read] = {
    "string": _read_string,
    "character": _read_string,
    "boolean": _read_boolean,
    "float": _read_float,
    "double": _read_float,
    "blob": _read_blob,
}
