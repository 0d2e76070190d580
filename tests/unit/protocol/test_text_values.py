from __future__ import annotations

import math
from typing import Any

import pytest

from lambent.protocol import text_values
from lambent.protocol.shapes import ServiceModel, Shape
from lambent.protocol.unreadable import Unreadable


def _shape(kind: str) -> Shape:
    return Shape(
        "It", {"type": kind}, ServiceModel({"metadata": {}, "operations": {}, "shapes": {}})
    )


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "-12", -12),
        ("long", "9223372036854775807", 2**63 - 1),
        ("float", "1.5e3", 1500.0),
        ("double", "-Infinity", -math.inf),
        ("boolean", "True", True),
        ("boolean", "false", False),
        ("blob", "aGk=", b"hi"),
        ("string", " as it is ", " as it is "),
    ],
)
def test_text_is_read_as_its_shape(kind: str, text: str, value: Any) -> None:
    assert text_values.reader(_shape(kind), "iso8601")(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("integer", "1_000"),
        ("integer", ""),
        ("integer", "\u0661"),
        ("integer", "9" * 5000),
        ("integer", "2147483648"),
        ("long", "9223372036854775808"),
        ("float", "inf"),
        ("float", "1_0.0"),
        ("boolean", "yes"),
        ("blob", "a"),
        ("blob", "\u00e9\u00e9\u00e9\u00e9"),
    ],
)
def test_text_of_another_shape_is_unreadable(kind: str, text: str) -> None:
    with pytest.raises(Unreadable):
        text_values.reader(_shape(kind), "iso8601")(text)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("integer", 7, "7"),
        ("float", 1.5, "1.5"),
        ("double", math.nan, "NaN"),
        ("double", math.inf, "Infinity"),
        ("double", -math.inf, "-Infinity"),
        ("boolean", True, "true"),
        ("boolean", False, "false"),
        ("blob", b"hi", "aGk="),
        ("string", "x", "x"),
    ],
)
def test_values_are_written_as_aws_writes_them(kind: str, value: Any, text: str) -> None:
    assert text_values.writer(_shape(kind), "iso8601")(value) == text
