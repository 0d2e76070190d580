from __future__ import annotations

from typing import Any

import pytest

from lambent.protocol.query_reader import QueryReader, form_tree
from lambent.protocol.query_string import decode_query
from lambent.protocol.shapes import ServiceModel
from lambent.protocol.unreadable import Unreadable

SHAPES: dict[str, dict[str, Any]] = {
    "Input": {
        "type": "structure",
        "members": {
            "Name": {"shape": "Text"},
            "Count": {"shape": "Count"},
            "Tags": {"shape": "Tags"},
            "Flat": {"shape": "Names", "flattened": True},
            "ByName": {"shape": "ByName"},
            "FlatByName": {"shape": "ByName", "flattened": True, "locationName": "Attribute"},
            "Inner": {"shape": "Input"},
        },
    },
    "Tags": {"type": "list", "member": {"shape": "Tag"}},
    "Tag": {
        "type": "structure",
        "members": {"Key": {"shape": "Text"}, "Value": {"shape": "Text"}},
    },
    "Names": {"type": "list", "member": {"shape": "Text"}},
    "ByName": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
    "Text": {"type": "string"},
    "Count": {"type": "integer"},
}


def _read(form: str) -> Any:
    model = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES})
    return QueryReader().compile(model.shape({"shape": "Input"}))(form_tree(decode_query(form)))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("", {}),
        ("Action=Op&Version=1&Name=a+b%26c", {"Name": "a b&c"}),
        ("Name", {"Name": ""}),
        ("Count=7", {"Count": 7}),
        ("Inner.Inner.Name=x", {"Inner": {"Inner": {"Name": "x"}}}),
        ("Tags=", {"Tags": []}),
        (
            "Tags.member.10.Key=c&Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=v",
            {"Tags": [{"Key": "a", "Value": "v"}, {"Key": "b"}, {"Key": "c"}]},
        ),
        ("Flat.1=a&Flat.2=b", {"Flat": ["a", "b"]}),
        ("ByName.entry.1.key=k&ByName.entry.1.value=v", {"ByName": {"k": "v"}}),
        ("ByName=", {"ByName": {}}),
        ("Attribute.1.key=k&Attribute.1.value=v", {"FlatByName": {"k": "v"}}),
        ("Attribute.1.key=k&Attribute.2.value=v", {"FlatByName": {"k": None, "": "v"}}),
    ],
)
def test_a_form_is_read_as_its_shape(form: str, expected: dict[str, Any]) -> None:
    assert _read(form) == expected


@pytest.mark.parametrize(
    "form", ["Flat.first=a", "Count=many", "Name=%ff", f"Name{'.x' * 300}=a", "Tags.member.x.Key=a"]
)
def test_a_form_of_another_shape_is_unreadable(form: str) -> None:
    with pytest.raises(Unreadable):
        _read(form)


def test_a_name_of_very_many_steps_is_harmless_before_it_is_refused() -> None:
    with pytest.raises(Unreadable, match="nested too deeply"):
        form_tree([("a." * 1_000_000, "x")])
