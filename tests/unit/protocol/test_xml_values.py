from __future__ import annotations

from typing import Any

import pytest

from lambent.protocol.shapes import ServiceModel, Shape
from lambent.protocol.unreadable import Unreadable
from lambent.protocol.xml_reader import XmlReader
from lambent.protocol.xml_tree import escape, parse_xml
from lambent.protocol.xml_writer import XmlWriter, document

SHAPES: dict[str, dict[str, Any]] = {
    "Grant": {
        "type": "structure",
        "xmlNamespace": {"uri": "http://www.w3.org/2001/XMLSchema-instance", "prefix": "xsi"},
        "members": {
            "Type": {"shape": "Text", "xmlAttribute": True, "locationName": "xsi:type"},
            "Names": {"shape": "Names"},
            "Flat": {"shape": "Names", "flattened": True},
            "Renamed": {"shape": "Renamed", "flattened": True},
            "ByName": {"shape": "ByName"},
            "FlatByName": {"shape": "ByName", "flattened": True},
            "Inner": {"shape": "Grant", "locationName": "inner"},
            "Header": {"shape": "Text", "location": "header"},
        },
    },
    "Names": {"type": "list", "member": {"shape": "Text"}},
    "Renamed": {"type": "list", "member": {"shape": "Text", "locationName": "One"}},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Count"}},
    "Text": {"type": "string"},
    "Count": {"type": "integer"},
}
VALUE: dict[str, Any] = {
    "Type": 'a"b',
    "Names": ["x & y", ""],
    "Flat": ["1", "2"],
    "Renamed": ["r"],
    "ByName": {"k": 1},
    "FlatByName": {"k": 1, "l": 2},
    "Inner": {"Flat": ["<3"]},
}


def _shape() -> Shape:
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES})
    return model.shape({"shape": "Grant"})


def _read(text: str) -> Any:
    return XmlReader().compile(_shape())(parse_xml(text.encode()))


def test_every_kind_of_value_is_written_and_read_back() -> None:
    body = document(XmlWriter().element(_shape(), "Grant"), VALUE)
    assert XmlReader().compile(_shape())(parse_xml(body)) == VALUE


def test_a_namespace_goes_onto_the_element_and_headers_stay_out() -> None:
    body = document(XmlWriter().element(_shape(), "Grant"), {"Type": "t", "Header": "h"})
    assert body.endswith(
        b'<Grant xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="t"></Grant>'
    )


def test_prefixes_of_elements_unknown_elements_and_attributes_are_passed_over() -> None:
    text = '<g:Grant xmlns:g="urn:g" x="y"><g:Names><g:member>a</g:member></g:Names><No/></g:Grant>'
    assert _read(text) == {"Names": ["a"]}


def test_an_empty_list_is_a_list_and_a_missing_value_is_none() -> None:
    assert _read("<G><Names/><ByName><entry><key>k</key></entry></ByName></G>") == {
        "Names": [],
        "ByName": {"k": None},
    }


def test_a_flattened_list_may_go_by_its_own_name() -> None:
    assert _read("<G><Renamed>a</Renamed></G>") == {"Renamed": ["a"]}
    assert _read("<G><One>a</One><One>b</One></G>") == {"Renamed": ["a", "b"]}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a>",
        b"<a></b>",
        b"\xff\xfe",
        b'<?xml version="1.0" encoding="klingon"?><a/>',
        b'<!DOCTYPE a [<!ENTITY b "bbb">]><a>&b;</a>',
        b"<a>" * 1000 + b"</a>" * 1000,
        b"<a>&undefined;</a>",
    ],
)
def test_what_is_not_plain_xml_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse_xml(body)


def test_characters_that_xml_cannot_hold_are_references() -> None:
    assert escape("plain") == "plain"
    assert escape("a<b>&\"c'") == "a&lt;b&gt;&amp;&quot;c'"
    assert escape("\x01\r\ufffe\n\t") == "&#1;&#13;&#65534;\n\t"
