from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import cbor2
import pytest

from lambent.protocol.cbor_values import CborReader, CborWriter, decode, encode
from lambent.protocol.shapes import ServiceModel, Shape
from lambent.protocol.unreadable import Unreadable

SHAPES: dict[str, dict[str, Any]] = {
    "Everything": {
        "type": "structure",
        "members": {
            "Text": {"shape": "Text"},
            "Count": {"shape": "Count"},
            "Ratio": {"shape": "Ratio"},
            "Raw": {"shape": "Raw"},
            "At": {"shape": "At"},
            "ByName": {"shape": "ByName"},
        },
    },
    "Text": {"type": "string"},
    "Count": {"type": "long"},
    "Ratio": {"type": "double"},
    "Raw": {"type": "blob"},
    "At": {"type": "timestamp"},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
}
VALUES: dict[str, Any] = {
    "Text": "t",
    "Count": 2**40,
    "Ratio": -math.inf,
    "Raw": b"\x00\xff",
    "At": datetime(2026, 1, 2, 3, 4, 5, 500000, tzinfo=UTC),
    "ByName": {"a": "b"},
}


def _shape() -> Shape:
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES})
    return model.shape({"shape": "Everything"})


def _read(body: bytes) -> Any:
    return CborReader().compile(_shape())(decode(body))


def test_every_kind_of_value_is_written_and_read_back() -> None:
    write = CborWriter().compile(_shape())
    assert write is not None
    assert _read(encode(write(VALUES))) == VALUES


def test_timestamps_are_tagged_epoch_seconds() -> None:
    write = CborWriter().compile(_shape())
    assert write is not None
    assert write({"At": VALUES["At"]}) == {"At": cbor2.CBORTag(1, 1767323045.5)}


def test_a_whole_float_counts_as_an_integer() -> None:
    assert _read(cbor2.dumps({"Count": 3.0})) == {"Count": 3}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"Text": b"t"},
        {"Count": "1"},
        {"Count": 2**63},
        {"Count": 1.5},
        {"Ratio": "1"},
        {"Raw": "aGk="},
        {"At": 1767312000},
        {"ByName": {1: "b"}},
        {"ByName": "b"},
        {"Text": cbor2.undefined},
    ],
)
def test_a_value_of_another_type_is_unreadable(value: Any) -> None:
    with pytest.raises(Unreadable):
        _read(cbor2.dumps(value))


def test_no_body_is_an_empty_map() -> None:
    assert decode(b"") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"\xa1",
        b"\xff",
        b"\x81" * 100_000,
        b"\xd8\x1c\x81\xd8\x1d\x00",  # a list that holds itself
        b"\xd8\x23\x63(a+",  # a regular expression
        b"\xc2\x5a\x00\x10\x00\x00",  # a number of a million bytes
    ],
)
def test_what_no_client_sends_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decode(body)
