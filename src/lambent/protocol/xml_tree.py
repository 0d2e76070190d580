"""XML to elements, and the characters of text to XML.

Built on expat itself, because document type declarations must be refused: they bring entities that expand without
bound, and no AWS service takes them. Namespaces are not resolved: a prefix before an element's name is dropped, one
before an attribute's name is kept, as the models spell it so (`xsi:type`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree.ElementTree import TreeBuilder
from xml.parsers import expat

from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# Deeper than any request; the tree is walked by functions that call themselves.
_DEEPEST = 200
# Control characters cannot stand in XML 1.0 at all; S3 writes them as references all the same, and so does this.
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]')
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def parse_xml(body: bytes) -> Element:
    """The root element. Raises `Unreadable`."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Unreadable(f"The XML is not well-formed: {error}") from error
    return builder.root()


def escape(text: str) -> str:
    """Text as it may stand in an element or in a quoted attribute."""
    return _SPECIAL.sub(_reference, text) if _SPECIAL.search(text) else text


class _Builder:
    """expat's events to ElementTree's builder, which is written in C."""

    def __init__(self) -> None:
        self._tree = TreeBuilder()
        self._depth = 0
        self.data = self._tree.data

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("The XML is nested too deeply")
        self._tree.start(local_name(name), attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        self._tree.end(local_name(name))

    def root(self) -> Element:
        return self._tree.close()


def local_name(name: str) -> str:
    """An element's name without its prefix."""
    return name.rpartition(":")[2]


def _refuse_doctype(*_: object) -> None:
    raise Unreadable("A document type declaration is not allowed")


def _reference(found: re.Match[str]) -> str:
    character = found[0]
    return _NAMED.get(character) or f"&#{ord(character)};"
