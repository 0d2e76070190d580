"""CBOR documents: as JSON, but for the scalars, which CBOR has of its own.

Timestamps are epoch seconds under tag 1; blobs are byte strings; NaN and the infinities are numbers. Tags that would
make Python objects of other kinds are refused, above all shared references, which could tie a document into a ring.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import cbor2

from lambent.protocol.json_reader import JsonReader
from lambent.protocol.json_writer import JsonWriter
from lambent.protocol.text_values import INTEGER_BITS, within
from lambent.protocol.timestamps import to_epoch
from lambent.protocol.unreadable import Unreadable, mismatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.protocol.shapes import Shape

    Read = Callable[[Any], Any]
    Write = Callable[[Any], Any]

_EPOCH_TAG = 1
# Big numbers, string references, shared values, regular expressions, MIME messages, UUIDs, addresses: RFC 8949,
# section 3.4, and the IANA registry of tags.
_REFUSED_TAGS = (2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 100, 256, 258, 260, 261, 1004, 43000)
_DEEPEST = 200


def decode(body: bytes) -> Any:
    """Bytes to plain values; nothing at all counts as an empty map. Raises `Unreadable`."""
    if not body:
        return {}
    try:
        return cbor2.loads(body, semantic_decoders=_refusals(), max_depth=_DEEPEST)
    except cbor2.CBORError as error:
        raise Unreadable(f"The CBOR is not well-formed: {error}") from error


def encode(value: Any) -> bytes:
    return cbor2.dumps(value)


class CborReader(JsonReader):
    """Compiles the shapes of one service."""

    def compile(self, shape: Shape) -> Read:
        read = super().compile(shape)
        return _with_text_keys(read) if shape.type_name == "map" else read

    def scalar(self, shape: Shape) -> Read:
        kind = shape.type_name
        if kind in INTEGER_BITS:
            bits = INTEGER_BITS[kind]
            return lambda value: _read_integer(value, bits)
        wanted, types = _TYPES[kind]

        def read(value: Any) -> Any:
            if type(value) not in types:
                raise mismatch(value, wanted)
            return value

        return read


class CborWriter(JsonWriter):
    """Compiles the shapes of one service."""

    def scalar(self, shape: Shape) -> Write | None:
        if shape.type_name == "timestamp":
            return lambda value: cbor2.CBORTag(_EPOCH_TAG, to_epoch(value))
        return float if shape.type_name in ("float", "double") else None


_TYPES: dict[str, tuple[str, tuple[type, ...]]] = {
    "string": ("String", (str,)),
    "character": ("String", (str,)),
    "boolean": ("Boolean", (bool,)),
    "blob": ("Blob", (bytes,)),
    "float": ("Float", (float, int)),
    "double": ("Double", (float, int)),
    "timestamp": ("Timestamp", (datetime,)),
}


def _read_integer(value: Any, bits: int) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise mismatch(value, "Integer" if bits == INTEGER_BITS["integer"] else "Long")
    return within(value, bits)


def _with_text_keys(read: Read) -> Read:
    """JSON's keys are always text; CBOR's may be anything."""

    def read_map(value: Any) -> Any:
        if type(value) is dict and not all(type(key) is str for key in value):
            raise Unreadable("The CBOR has a key that is not text")
        return read(value)

    return read_map


def _refusals() -> dict[int, Callable[..., Any]]:
    return dict.fromkeys(_REFUSED_TAGS, _refuse)


def _refuse(*_: object) -> None:
    raise Unreadable("The CBOR holds a tag that is not allowed")
