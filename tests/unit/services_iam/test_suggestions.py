"""From calls to the least policy."""

from __future__ import annotations

from lambent.services.iam.calls import Call
from lambent.services.iam.suggestions import suggest

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/"


def _calls(action: str, *resources: str) -> list[Call]:
    return [Call("AROAR", action, resource, True, "us-east-1", 0) for resource in resources]


def test_many_resources_are_told_by_what_they_have_in_common() -> None:
    many = [f"{TABLE}orders-{number}" for number in range(30)]
    document, notes = suggest(_calls("dynamodb:GetItem", *many))
    assert document["Statement"][0]["Resource"] == [f"{TABLE}*"]
    assert notes == [f"dynamodb:GetItem: 30 resources, told as {TABLE}*"]


def test_accounts_are_never_told_by_a_wildcard() -> None:
    many = [f"arn:aws:lambda:us-east-1:{100000000000 + n}:function:f" for n in range(30)]
    document, notes = suggest(_calls("lambda:InvokeFunction", *many))
    assert document["Statement"][0]["Resource"] == many[:20]
    assert notes == ["lambda:InvokeFunction: 30 resources, the first 20 are named"]


def test_services_are_apart_and_anything_is_anything() -> None:
    calls = [*_calls("a:X", "*"), *_calls("b:X", "*", "arn:aws:b:::c"), *_calls("a:Y", "*")]
    document, notes = suggest(calls)
    assert [each["Action"] for each in document["Statement"]] == [["a:X", "a:Y"], ["b:X"]]
    assert notes == ["b:X: on anything, as so much was called that not all is known"]
    assert suggest([]) == ({"Version": "2012-10-17", "Statement": []}, [])
