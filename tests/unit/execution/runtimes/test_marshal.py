"""Answers of Python functions as JSON: the short ways give what the library gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambent.execution.runtimes.python.faults import Fault
from lambent.execution.runtimes.python.marshal import Marshaller, loads

ODD = ["", '"', "\\", "\x00", "\x1f", "\x7f", "\n", "é", "\u2028", "\ud800", "\U0001f600"]
LONG = 100_000


@pytest.mark.parametrize("escapes", [True, False])
@pytest.mark.parametrize("odd", ODD)
def test_long_texts(odd: str, escapes: bool) -> None:
    marshaller = Marshaller(f"AWS_Lambda_python3.{11 if escapes else 12}")
    for at in (0, LONG // 2, LONG):
        text = "a" * at + odd + "b" * (LONG - at)
        answers: list[Any] = [
            text,
            {"d": text},
            {"d": text, "e": [1, "x"], "f": None},
            [text],
            {1: text},
        ]
        for answer in answers:
            expected = json.dumps(answer, ensure_ascii=escapes)
            assert marshaller.dump(answer) == expected.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("size", [1, LONG])
def test_a_failed_answer_leaves_nothing_behind(size: int) -> None:
    marshaller = Marshaller("")
    circle: dict[str, Any] = {"d": "x" * size}
    circle["c"] = circle
    for _ in range(2):
        with pytest.raises(Fault, match="Circular reference detected"):
            marshaller.dump(circle)
    del circle["c"]
    assert json.loads(marshaller.dump(circle)) == circle
    with pytest.raises(Fault, match="not JSON serializable"):
        marshaller.dump({"d": "x" * size, "f": object()})
    assert marshaller.dump({"d": "x" * size, "b": b"text"}).endswith(b'"b": "text"}')


@pytest.mark.parametrize("text", ["1", " 1", "[1] ", "\n{}\t", '"\u00fc"', "NaN", "1e999"])
def test_what_is_json(text: str) -> None:
    assert repr(loads(text)) == repr(json.loads(text))


@pytest.mark.parametrize("text", ["", " ", "[1", "1 2", "\ufeff1", "{'a': 1}", "]"])
def test_what_is_none_is_refused_in_the_librarys_words(text: str) -> None:
    with pytest.raises(json.JSONDecodeError) as ours:
        loads(text)
    with pytest.raises(json.JSONDecodeError) as theirs:
        json.loads(text)
    assert str(ours.value) == str(theirs.value)


X = "x" * LONG


@pytest.mark.parametrize(
    "event",
    [
        X,
        [X],
        {"a": X},
        {"a": {"b": [1, X, {"c": X + "y", "d": "short"}]}, "e": X[1:], "f": None},
        {"a": X + "é", "b": "\N{GRINNING FACE}"},
        {"a": X, "b": 'a "quote"'},
        {"a": X, "b": "\x00"},
        {X: X},
        {"a": X, "b": "y" * 60_000, "c": "z" * 60_000},
        {"a": [X] * 100},
    ],
)
def test_long_texts_in_events(event: Any) -> None:
    for text in (json.dumps(event), json.dumps(event, ensure_ascii=False, separators=(",", ":"))):
        assert loads(text) == event


@pytest.mark.parametrize(
    "template",
    ['{"a": "%s", "a": 1}', '{"a": 1, "a": "%s"}', '"%s"', ' ["%s"] ', '{"a": "%s", "b": NaN}'],
)
def test_long_texts_in_unusual_json(template: str) -> None:
    text = template % X
    assert repr(loads(text)) == repr(json.loads(text))


@pytest.mark.parametrize(
    "template", ['{"a": "%s"', '"%s" 1', '{"a" "%s"}', '["%s",]', '"%s', '"%s\x00"', '{"%s"}']
)
def test_what_is_no_json_about_long_texts(template: str) -> None:
    with pytest.raises(json.JSONDecodeError) as ours:
        loads(template % X)
    with pytest.raises(json.JSONDecodeError) as theirs:
        json.loads(template % X)
    assert str(ours.value) == str(theirs.value)
