"""Lists and JSON in header fields."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from lambent.protocol import text_values
from lambent.protocol.json_reader import decode
from lambent.protocol.json_writer import encode

if TYPE_CHECKING:
    from lambent.protocol.shapes import Shape
    from lambent.protocol.text_values import ReadText, WriteText

# An item is quoted, with backslashes before quotes and backslashes, or plain (RFC 9110, section 5.6). Two patterns
# that never take a step back: one for both took a time that grew with the square of a run of blanks.
_QUOTED = re.compile(r'\s*+"((?:[^"\\]|\\.)*+)"\s*+(?:,|$)')
_PLAIN = re.compile(r"([^,]*+)(?:,|$)")
_ESCAPE = re.compile(r"\\(.)")
_NEEDS_QUOTES = frozenset('",')
_TIMESTAMPS = "rfc822"


def reader(shape: Shape) -> ReadText:
    """A function from a field's text to the shape's value. Raises (when called) `Unreadable`."""
    if shape.traits.get("jsonvalue"):
        return _read_json
    if shape.type_name == "list":
        return _list_reader(shape)
    return text_values.reader(shape, _TIMESTAMPS)


def writer(shape: Shape) -> WriteText:
    """A function from the shape's value to a field's text."""
    if shape.traits.get("jsonvalue"):
        return _write_json
    if shape.type_name == "list":
        return _list_writer(shape)
    return text_values.writer(shape, _TIMESTAMPS)


def split(text: str) -> list[str]:
    """The items of a list, unquoted."""
    items, position = [], 0
    while position < len(text):
        found = _QUOTED.match(text, position)
        if found is not None:
            items.append(_ESCAPE.sub(r"\1", found[1]))
        else:
            found = _PLAIN.match(text, position)
            assert found is not None
            items.append(found[1].strip())
        position = found.end()
    return items


def _list_reader(shape: Shape) -> ReadText:
    read = text_values.reader(shape.member, _TIMESTAMPS)
    if shape.member.type_name == "timestamp" and _is_http_date(shape.member):
        return lambda text: [read(item) for item in _split_dates(text)]
    return lambda text: [read(item) for item in split(text)]


def _list_writer(shape: Shape) -> WriteText:
    write = text_values.writer(shape.member, _TIMESTAMPS)
    if shape.member.type_name == "string":
        return lambda items: ", ".join(_quoted(item) for item in items)
    return lambda items: ", ".join(write(item) for item in items)


def _is_http_date(shape: Shape) -> bool:
    text_format: str = shape.traits.get("timestampFormat", _TIMESTAMPS)
    return text_format == "rfc822"


def _split_dates(text: str) -> list[str]:
    """HTTP dates hold a comma of their own, after the day's name."""
    parts = [part.strip() for part in text.split(",")]
    return [", ".join(parts[index : index + 2]) for index in range(0, len(parts), 2)]


def _quoted(item: str) -> str:
    if _NEEDS_QUOTES.isdisjoint(item):
        return item
    escaped = item.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _read_json(text: str) -> Any:
    return decode(text_values.read_blob(text))


def _write_json(value: Any) -> str:
    return b64encode(encode(value)).decode()
