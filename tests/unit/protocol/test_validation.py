"""AWS's texts for input that breaks the constraints of the model."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lambent.protocol.rendering import lower_first, render
from lambent.protocol.shapes import ServiceModel
from lambent.protocol.validation import Validator

SHAPES: dict[str, dict[str, Any]] = {
    "Input": {
        "type": "structure",
        "required": ["FunctionName", "Tags"],
        "members": {
            "FunctionName": {"shape": "Name"},
            "KMSKeyArn": {"shape": "Key"},
            "Runtime": {"shape": "Runtime"},
            "Timeout": {"shape": "Timeout"},
            "Ratio": {"shape": "Ratio"},
            "Code": {"shape": "Blob"},
            "Tags": {"shape": "Tags"},
            "Architectures": {"shape": "Architectures"},
            "Layers": {"shape": "Layers"},
            "Plain": {"shape": "Plain"},
            "Matrix": {"shape": "Matrix"},
            "Variables": {"shape": "Variables"},
            "Secrets": {"shape": "Secrets"},
            "SecretList": {"shape": "SecretList"},
            "Named": {"shape": "Named"},
            "Node": {"shape": "Node"},
            "Anything": {"shape": "Anything"},
            "Free": {"shape": "Free"},
            "FreeList": {"shape": "FreeList"},
            "Documents": {"shape": "Documents"},
        },
    },
    "Name": {"type": "string", "min": 1, "max": 5, "pattern": "[a-z]*"},
    "Key": {"type": "string", "pattern": "[a-z]+"},
    "Runtime": {"type": "string", "enum": ["python3.12", "nodejs22.x"], "min": 1},
    "Timeout": {"type": "integer", "min": 1, "max": 900},
    "Ratio": {"type": "double", "max": 1.5},
    "Blob": {"type": "blob", "max": 3},
    "Tags": {"type": "list", "member": {"shape": "Tag"}, "max": 2},
    "Tag": {
        "type": "structure",
        "required": ["Key"],
        "members": {"Key": {"shape": "Key"}, "Value": {"shape": "String"}},
    },
    "Architectures": {"type": "list", "member": {"shape": "Architecture"}, "min": 1},
    "Architecture": {"type": "string", "enum": ["x86_64", "arm64"]},
    "Layers": {"type": "list", "member": {"shape": "Name"}},
    "Plain": {"type": "list", "member": {"shape": "String"}},
    "Matrix": {"type": "list", "member": {"shape": "Layers"}},
    "Variables": {"type": "map", "key": {"shape": "Key"}, "value": {"shape": "Name"}},
    "Secrets": {
        "type": "map",
        "key": {"shape": "Key"},
        "value": {"shape": "Secret"},
        "sensitive": True,
    },
    "SecretList": {"type": "list", "member": {"shape": "Secret"}},
    "Secret": {"type": "string", "max": 2, "sensitive": True},
    "Named": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "Tag"}},
    "Node": {
        "type": "structure",
        "members": {"Next": {"shape": "Node"}, "Name": {"shape": "Name"}},
    },
    "Anything": {"type": "structure", "document": True, "required": ["X"], "members": {}},
    "Free": {"type": "map", "key": {"shape": "String"}, "value": {"shape": "Nothing"}},
    "Documents": {"type": "list", "member": {"shape": "Anything"}},
    "FreeList": {"type": "list", "member": {"shape": "Nothing"}},
    "Nothing": {"type": "structure", "members": {"A": {"shape": "String"}}},
    "String": {"type": "string"},
}
MODEL = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES})
VALID = {"FunctionName": "abc", "Tags": []}


def _message(**members: Any) -> str | None:
    check = Validator().compile(MODEL.shape({"shape": "Input"}))
    return check({name: value for name, value in {**VALID, **members}.items() if value is not ...})


def test_a_valid_input_has_no_message() -> None:
    valid: dict[str, Any] = {
        "KMSKeyArn": "k",
        "Runtime": "python3.12",
        "Timeout": 900,
        "Ratio": 1.5,
        "Code": b"abc",
        "Tags": [{"Key": "a"}, {"Key": "b", "Value": ""}],
        "Architectures": ["arm64"],
        "Layers": ["a"],
        "Matrix": [["a"], []],
        "Variables": {"a": "b"},
        "Named": {"a": {"Key": "k"}},
        "Node": {"Next": {"Next": {"Name": "x"}}},
        "Anything": {"y": 1},
        "Free": {"a": {}},
        "FreeList": [{}, {"A": ""}],
        "Documents": [1, {"a": "b"}],
        "Plain": ["a"],
    }
    assert _message(**valid) is None


def test_texts_that_were_good_are_remembered_up_to_a_bound() -> None:
    check = Validator().compile(MODEL.shape({"shape": "Input"}))
    names = [chr(97 + n // 26) + chr(97 + n % 26) for n in range(300)]
    for name in [*names, *names]:
        assert check({**VALID, "FunctionName": name}) is None
    assert check({**VALID, "FunctionName": "A"}) is not None
    assert check({**VALID, "KMSKeyArn": "k" * 200}) is None


def test_values_that_a_service_judges_itself_are_not_judged_here() -> None:
    check = Validator({"Input": {"Runtime"}}).compile(MODEL.shape({"shape": "Input"}))
    assert check({**VALID, "Runtime": "cobol"}) is None
    assert check({**VALID, "Runtime": "cobol", "Timeout": 0}) == (
        "1 validation error detected: Value '0' at 'timeout' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )


def test_an_operation_without_input_has_nothing_to_check() -> None:
    assert Validator().compile(None)({}) is None


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            {"FunctionName": ...},
            "Value null at 'functionName' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"KMSKeyArn": "K"},
            (
                "Value 'K' at 'kMSKeyArn' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-z]+"
            ),
        ),
        (
            {"Runtime": "cobol"},
            (
                "Value 'cobol' at 'runtime' failed to satisfy constraint: "
                "Member must satisfy enum value set: [python3.12, nodejs22.x]"
            ),
        ),
        (
            {"Timeout": 0},
            (
                "Value '0' at 'timeout' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1"
            ),
        ),
        (
            {"Timeout": 901},
            (
                "Value '901' at 'timeout' failed to satisfy constraint: "
                "Member must have value less than or equal to 900"
            ),
        ),
        (
            {"Ratio": 2.5},
            (
                "Value '2.5' at 'ratio' failed to satisfy constraint: "
                "Member must have value less than or equal to 1.5"
            ),
        ),
        (
            {"Code": b"abcd"},
            (
                "Value 'java.nio.HeapByteBuffer[pos=0 lim=4 cap=4]' at 'code' failed to satisfy "
                "constraint: Member must have length less than or equal to 3"
            ),
        ),
        (
            {"Tags": [{"Key": "a"}, {"Key": "B"}]},
            (
                "Value 'B' at 'tags.2.member.key' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-z]+"
            ),
        ),
        (
            {"Tags": [None]},
            "Value null at 'tags.1.member' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Tags": [{"Key": "a"}, {"Key": "b"}, {"Key": "c", "Value": "d"}]},
            (
                "Value '[Tag(key=a, value=null), Tag(key=b, value=null), Tag(key=c, value=d)]' at 'tags' "
                "failed to satisfy constraint: Member must have length less than or equal to 2"
            ),
        ),
        (
            {"Architectures": []},
            (
                "Value '[]' at 'architectures' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
        (
            {"Architectures": ["arm64", "x86"]},
            (
                "Value '[arm64, x86]' at 'architectures' failed to satisfy constraint: "
                "Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], "
                "Member must not be null]"
            ),
        ),
        (
            {"Layers": ["A"]},
            (
                "Value '[A]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: "
                "[Member must have length less than or equal to 5, "
                "Member must have length greater than or equal to 1, "
                "Member must satisfy regular expression pattern: [a-z]*, Member must not be null]"
            ),
        ),
        (
            {"Plain": ["a", None]},
            (
                "Value '[a, null]' at 'plain' failed to satisfy constraint: "
                "Member must satisfy constraint: [Member must not be null]"
            ),
        ),
        (
            {"Matrix": [["a"], ["A"]]},
            (
                "Value '[A]' at 'matrix.2.member' failed to satisfy constraint: "
                "Member must satisfy constraint: [Member must have length less than or equal to 5, "
                "Member must have length greater than or equal to 1, "
                "Member must satisfy regular expression pattern: [a-z]*, Member must not be null]"
            ),
        ),
        (
            {"Variables": {"A": "x"}},
            (
                "Value '{A=x}' at 'variables' failed to satisfy constraint: Map keys must satisfy "
                "constraint: [Member must satisfy regular expression pattern: [a-z]+]"
            ),
        ),
        (
            {"Variables": {"a": "x" * 6, "b": "y"}},
            (
                "Value '{a=xxxxxx, b=y}' at 'variables' failed to satisfy constraint: Map value must "
                "satisfy constraint: [Member must have length less than or equal to 5, "
                "Member must have length greater than or equal to 1, "
                "Member must satisfy regular expression pattern: [a-z]*, Member must not be null]"
            ),
        ),
        (
            {"Secrets": {"A": "x"}},
            (
                "Value at 'secrets' failed to satisfy constraint: Map keys must satisfy "
                "constraint: [Member must satisfy regular expression pattern: [a-z]+]"
            ),
        ),
        (
            {"SecretList": ["xyz"]},
            (
                "Value at 'secretList' failed to satisfy constraint: Member must satisfy constraint: "
                "[Member must have length less than or equal to 2, Member must not be null]"
            ),
        ),
        (
            {"Named": {"one": {}}},
            (
                "Value null at 'named.one.member.key' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
        (
            {"Named": {"one": None}},
            (
                "Value null at 'named.one.member' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
        (
            {"Free": {"one": None}},
            "Value null at 'free.one.member' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"Node": {"Next": {"Name": ""}}},
            (
                "Value '' at 'node.next.name' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1"
            ),
        ),
    ],
)
def test_a_violation_is_told_in_aws_s_words(members: dict[str, Any], expected: str) -> None:
    assert _message(**members) == f"1 validation error detected: {expected}"


def test_all_violations_are_told_in_one_message() -> None:
    assert _message(FunctionName="ABCDEF", Timeout=0) == (
        "3 validation errors detected: "
        "Value 'ABCDEF' at 'functionName' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [a-z]*; "
        "Value 'ABCDEF' at 'functionName' failed to satisfy constraint: "
        "Member must have length less than or equal to 5; "
        "Value '0' at 'timeout' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    )


def test_of_very_many_violations_only_the_first_are_told() -> None:
    message = _message(Named={str(number): {} for number in range(1000)})
    assert message is not None
    assert message.startswith("1000 validation errors detected: ")
    assert message.count("Member must not be null") == 100


def test_a_pattern_is_not_tried_on_text_far_too_long() -> None:
    """Some patterns take a time that grows with the square of the length."""
    message = _message(FunctionName="A" * 100_000)
    assert message is not None
    assert "less than or equal to 5" in message
    assert "regular expression" not in message


@pytest.mark.parametrize(
    ("value", "shape", "text"),
    [
        (True, "String", "true"),
        (datetime(2026, 1, 2, tzinfo=UTC), "String", "2026-01-02T00:00:00Z"),
        ([], "Layers", "[]"),
        ({}, "Variables", "{}"),
        ("text", "Anything", "text"),
    ],
)
def test_values_are_shown_as_java_shows_them(value: Any, shape: str, text: str) -> None:
    assert render(value, MODEL.shape({"shape": shape})) == text


@pytest.mark.parametrize(
    ("name", "shown"), [("FunctionName", "functionName"), ("x", "x"), ("", "")]
)
def test_members_are_called_as_java_calls_them(name: str, shown: str) -> None:
    assert lower_first(name) == shown
