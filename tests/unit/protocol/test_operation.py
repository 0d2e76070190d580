"""What an operation says about itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.http import Headers

if TYPE_CHECKING:
    from tests.unit.protocol.conftest import Make

PASSING = frozenset({"x-amz-date", "content-length"})
BLOB = {"Blob": {"type": "blob"}, "Few": {"type": "blob", "max": 3}}
MAP = {"Map": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "String"}}}


def shapes(payload: str = "Blob", **members: dict[str, str]) -> dict[str, Any]:
    """An input whose payload is of that shape, with these members besides."""
    fields = {"Data": {"shape": payload}, **members}
    return {**BLOB, **MAP, "Input": {"type": "structure", "payload": "Data", "members": fields}}


def header(name: str) -> dict[str, str]:
    return {"shape": "String", "location": "header", "locationName": name}


def headers(prefix: str) -> dict[str, str]:
    return {"shape": "Map", "location": "headers", "locationName": prefix}


@pytest.mark.parametrize(
    ("model", "operation", "expected"),
    [
        (shapes(), {}, "Data"),
        (shapes(A=header("X-A"), B=headers("x-meta-")), {}, "Data"),
        (shapes(A=header("X-Amz-Date")), {}, ""),
        (shapes(A=headers("x-amz-")), {}, ""),
        (shapes("String"), {}, ""),
        (shapes("Few"), {}, ""),
        (shapes(), {"requestcompression": {"encodings": ["gzip"]}}, ""),
        ({}, {}, ""),
    ],
)
def test_a_payload_is_free_where_nothing_is_asked_of_it_and_nothing_passes_beside_it(
    make: Make, model: dict[str, Any], operation: dict[str, Any], expected: str
) -> None:
    service = make("rest-json", model, operation)
    match = service.find_operation("POST", "/op", "", Headers(), b"")
    assert match.operation.free_payload(PASSING) == expected
