"""Scalars as text: headers, labels, query strings, forms and XML all write them alike.

`reader(shape, format)` and `writer(shape, format)` compile a shape to a function; `format` is the timestamp format of
the location, which the shape may overrule.
"""

from __future__ import annotations

import binascii
import math
import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from lambent.protocol.timestamps import TEXT_READERS, TEXT_WRITERS
from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.protocol.shapes import Shape

    ReadText = Callable[[str], Any]
    WriteText = Callable[[Any], str]

# int() and float() also take underscores, blanks and other scripts' digits.
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# Java's int and long, which AWS's parsers read into.
INTEGER_BITS = {"integer": 31, "long": 63}


def reader(shape: Shape, default_format: str) -> ReadText:
    """A function from text to the shape's value. Raises (when called) `Unreadable`."""
    kind = shape.type_name
    if kind == "timestamp":
        return TEXT_READERS[shape.traits.get("timestampFormat", default_format)]
    if kind in INTEGER_BITS:
        bits = INTEGER_BITS[kind]
        return lambda text: read_integer(text, bits)
    return _READERS.get(kind, str)


def writer(shape: Shape, default_format: str) -> WriteText:
    """A function from the shape's value to text."""
    kind = shape.type_name
    if kind == "timestamp":
        return TEXT_WRITERS[shape.traits.get("timestampFormat", default_format)]
    return _WRITERS.get(kind, str)


def read_integer(text: str, bits: int) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise Unreadable(f"Invalid integer: {text[:100]}")
    return within(int(text), bits)


def within(number: int, bits: int) -> int:
    """The number, if it fits a signed integer with that many bits beside the sign."""
    if not -(1 << bits) <= number < 1 << bits:
        kind = "int" if bits == INTEGER_BITS["integer"] else "long"
        limits = f"({-(1 << bits)} - {(1 << bits) - 1})"
        raise Unreadable(f"Numeric value ({number}) out of range of {kind} {limits}")
    return number


def read_float(text: str) -> float:
    special = _SPECIAL_FLOATS.get(text)
    if special is not None:
        return special
    if _DECIMAL.fullmatch(text) is None:
        raise Unreadable(f"Invalid number: {text[:100]}")
    return float(text)


def read_boolean(text: str) -> bool:
    lowered = text.lower()
    if lowered not in ("true", "false"):
        raise Unreadable(f"Invalid boolean: {text[:100]}")
    return lowered == "true"


def read_blob(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError as error:
        raise Unreadable("Invalid Base64") from error


def write_float(value: float) -> str:
    if math.isfinite(value):
        return str(value)
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def write_boolean(value: bool) -> str:
    return "true" if value else "false"


def write_blob(value: bytes) -> str:
    return b64encode(value).decode()


_READERS: dict[str, ReadText] = {
    "float": read_float,
    "double": read_float,
    "boolean": read_boolean,
    "blob": read_blob,
}
_WRITERS: dict[str, WriteText] = {
    "float": write_float,
    "double": write_float,
    "boolean": write_boolean,
    "blob": write_blob,
}
