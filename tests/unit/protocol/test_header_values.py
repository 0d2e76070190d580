from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lambent.protocol import header_values
from lambent.protocol.shapes import ServiceModel, Shape

MODEL = ServiceModel(
    {
        "metadata": {},
        "operations": {},
        "shapes": {
            "Strings": {"type": "list", "member": {"shape": "String"}},
            "Dates": {"type": "list", "member": {"shape": "Date"}},
            "Instants": {"type": "list", "member": {"shape": "Instant"}},
            "String": {"type": "string"},
            "Date": {"type": "timestamp"},
            "Instant": {"type": "timestamp", "timestampFormat": "iso8601"},
            "Json": {"type": "string", "jsonvalue": True},
        },
    }
)
MOMENT = datetime(2014, 4, 29, 18, 30, 38, tzinfo=UTC)


def _shape(name: str) -> Shape:
    return MODEL.shape({"shape": name})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Strings", 'a, "b,c" ,"say \\"d\\""', ["a", "b,c", 'say "d"']),
        ("Strings", "one,,two", ["one", "", "two"]),
        ("Strings", '"never closed, x', ['"never closed', "x"]),
        ("Strings", "", []),
        ("Dates", "Tue, 29 Apr 2014 18:30:38 GMT, Tue, 29 Apr 2014 18:30:38 GMT", [MOMENT] * 2),
        ("Instants", "2014-04-29T18:30:38Z,2014-04-29T18:30:38Z", [MOMENT] * 2),
        ("Json", "eyJhIjoxfQ==", {"a": 1}),
    ],
)
def test_a_field_is_read_as_its_shape(name: str, text: str, value: Any) -> None:
    assert header_values.reader(_shape(name))(text) == value


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Strings", ["a", "b,c", 'say "d"'], 'a, "b,c", "say \\"d\\""'),
        ("Dates", [MOMENT], "Tue, 29 Apr 2014 18:30:38 GMT"),
        ("Instants", [MOMENT, MOMENT], "2014-04-29T18:30:38Z, 2014-04-29T18:30:38Z"),
        ("Json", {"a": 1}, "eyJhIjoxfQ=="),
    ],
)
def test_a_value_is_written_as_a_field(name: str, value: Any, text: str) -> None:
    assert header_values.writer(_shape(name))(value) == text


def test_a_long_run_of_blanks_is_read_as_fast_as_any_text() -> None:
    blanks = " " * 60_000
    assert header_values.split(f'a{blanks}b,{blanks}"c"{blanks}') == [f"a{blanks}b", "c"]


def test_what_follows_a_closing_quote_is_not_lost() -> None:
    assert header_values.split('"a"b, c') == ['"a"b', "c"]
