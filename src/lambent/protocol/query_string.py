"""Query strings and forms, decoded."""

from __future__ import annotations

from urllib.parse import unquote

from lambent.protocol.unreadable import Unreadable


def decode_query(text: str) -> list[tuple[str, str]]:
    """Names and values in the order sent; `+` is a blank; a name alone has the empty value.

    Raises `Unreadable` where the text is not UTF-8.
    """
    pairs = []
    for item in text.split("&"):
        if item:
            name, _, value = item.partition("=")
            pairs.append((_decode(name), _decode(value)))
    return pairs


def _decode(text: str) -> str:
    if "%" not in text and "+" not in text:
        return text
    try:
        return unquote(text.replace("+", " "), errors="strict")
    except UnicodeDecodeError as error:
        raise Unreadable("The query string is not UTF-8") from error
