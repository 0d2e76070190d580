"""What JSON may hold for a shape, and what AWS says when it holds something else."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest

from lambent.protocol import json_writer
from lambent.protocol.json_reader import JsonReader, decode
from lambent.protocol.json_writer import JsonWriter
from lambent.protocol.shapes import ServiceModel, Shape
from lambent.protocol.unreadable import Unreadable, mismatch

SHAPES: dict[str, dict[str, Any]] = {
    "Everything": {
        "type": "structure",
        "members": {
            "Text": {"shape": "Text"},
            "Flag": {"shape": "Flag"},
            "Count": {"shape": "Count"},
            "Big": {"shape": "Big"},
            "Ratio": {"shape": "Ratio"},
            "Raw": {"shape": "Raw"},
            "At": {"shape": "At"},
            "Named": {"shape": "Named", "locationName": "wire-name"},
            "Items": {"shape": "Items"},
            "Blobs": {"shape": "Blobs"},
            "ByName": {"shape": "ByName"},
            "Ratios": {"shape": "Ratios"},
            "Inner": {"shape": "Everything"},
            "Free": {"shape": "Free"},
        },
    },
    "Text": {"type": "string"},
    "Flag": {"type": "boolean"},
    "Count": {"type": "integer"},
    "Big": {"type": "long"},
    "Ratio": {"type": "double"},
    "Raw": {"type": "blob"},
    "At": {"type": "timestamp"},
    "Named": {"type": "timestamp", "timestampFormat": "iso8601"},
    "Items": {"type": "list", "member": {"shape": "Text"}},
    "Blobs": {"type": "list", "member": {"shape": "Raw"}},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Count"}},
    "Ratios": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Ratio"}},
    "Free": {"type": "structure", "document": True, "members": {}},
}
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)
JSON: dict[str, Any] = {
    "Text": "t",
    "Flag": True,
    "Count": 1,
    "Big": 2**62,
    "Ratio": 1.5,
    "Raw": "aGk=",
    "At": 1767312000,
    "wire-name": "2026-01-02T00:00:00Z",
    "Items": ["a", None],
    "Blobs": ["aGk=", None],
    "ByName": {"a": 1, "b": None},
    "Ratios": {"a": 0.5, "b": None},
    "Inner": {"Inner": {"Text": "deep"}},
    "Free": {"any": [1, None]},
}
VALUES: dict[str, Any] = {
    **{name: value for name, value in JSON.items() if name != "wire-name"},
    "Raw": b"hi",
    "At": MOMENT,
    "Named": MOMENT,
    "Blobs": [b"hi", None],
}


def _shape() -> Shape:
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES})
    return model.shape({"shape": "Everything"})


def _read(value: Any) -> Any:
    return JsonReader().compile(_shape())(value)


def _write(value: Any) -> Any:
    write = JsonWriter().compile(_shape())
    assert write is not None
    return write(value)


def test_every_kind_of_value_is_read_and_written_back() -> None:
    assert _read(JSON) == VALUES
    assert _write(VALUES) == JSON


def test_null_and_unknown_members_are_dropped_both_ways() -> None:
    assert _read({"Text": None, "Unknown": 1, "Flag": False}) == {"Flag": False}
    assert _write({"Text": None, "Unknown": 1, "Flag": False}) == {"Flag": False}


def test_numbers_that_json_does_not_have_are_texts() -> None:
    assert _read({"Ratio": "Infinity"}) == {"Ratio": math.inf}
    assert _write({"Ratio": -math.inf}) == {"Ratio": "-Infinity"}
    assert math.isnan(_read({"Ratio": "NaN"})["Ratio"])


def test_a_whole_number_may_be_written_with_a_fraction() -> None:
    assert _read({"Count": 3.0}) == {"Count": 3}
    assert _read({"Ratio": 3}) == {"Ratio": 3.0}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([], "Start of list found where not expected"),
        ("x", "Unexpected field type"),
        ({"Text": 1}, "NUMBER_VALUE cannot be converted to String"),
        ({"Text": True}, "TRUE_VALUE cannot be converted to String"),
        ({"Text": {}}, "Start of structure or map found where not expected."),
        ({"Text": ["a"]}, "Start of list found where not expected"),
        ({"Flag": "true"}, "STRING_VALUE cannot be converted to Boolean"),
        ({"Count": "1"}, "STRING_VALUE cannot be converted to Integer"),
        ({"Count": 1.5}, "NUMBER_VALUE cannot be converted to Integer"),
        ({"Big": False}, "FALSE_VALUE cannot be converted to Long"),
        (
            {"Count": 2**31},
            "Numeric value (2147483648) out of range of int (-2147483648 - 2147483647)",
        ),
        ({"Big": 1e30}, "out of range of long"),
        ({"Ratio": True}, "TRUE_VALUE cannot be converted to Double"),
        ({"Ratio": "fast"}, "Invalid number: fast"),
        ({"Raw": 1}, "NUMBER_VALUE cannot be converted to Blob"),
        ({"Raw": "a"}, "Invalid Base64"),
        ({"At": "now"}, "STRING_VALUE cannot be converted to Timestamp"),
        ({"wire-name": 1}, "NUMBER_VALUE cannot be converted to Timestamp"),
        ({"wire-name": "x"}, "Invalid timestamp: x"),
        ({"Items": "a"}, "Expected list or null"),
        ({"Items": {}}, "Start of structure or map found where not expected."),
        ({"ByName": "a"}, "Expected map or null"),
        ({"ByName": {"a": "1"}}, "STRING_VALUE cannot be converted to Integer"),
    ],
)
def test_a_value_of_another_type_is_told_in_aws_s_words(value: Any, text: str) -> None:
    with pytest.raises(Unreadable) as caught:
        _read(value)
    assert text in str(caught.value)


def test_a_value_that_json_cannot_hold_is_an_embedded_object() -> None:
    assert str(mismatch(b"", "String")) == "EMBEDDED_OBJECT_VALUE cannot be converted to String"


def test_no_body_is_an_empty_object_and_broken_json_is_unreadable() -> None:
    assert decode(b"") == {}
    assert decode(b'{"a":1}') == {"a": 1}
    for body in (b"{", b"\xff", b"[" * 100_000):
        with pytest.raises(Unreadable):
            decode(body)


def test_plain_values_are_encoded_as_json() -> None:
    assert json_writer.encode({"a": ["\u00e9", 1]}) == '{"a":["é",1]}'.encode()
