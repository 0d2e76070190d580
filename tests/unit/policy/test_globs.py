"""Patterns, and that none of them takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.conftest import steps_of

from lambent.policy.globs import arn_glob, glob, glob_of


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "", True),
        ("a*", "a", True),
        ("a*", "ba", False),
        ("*a", "ba", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*b*c", "axxbyyc", True),
        ("a*b*c", "axxcyyb", False),
        ("?", "", False),
        ("?", "x", True),
        ("a?c*", "abcdef", True),
        ("*a?c", "xxabc", True),
        ("*?b*", "ab", True),
        ("*?b*", "b", False),
        ("a.c", "abc", False),
        ("[a]*", "[a]x", True),
    ],
)
def test_globs(pattern: str, text: str, matches: bool) -> None:
    assert glob(pattern)(text) is matches


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_globs_match_what_a_regular_expression_does(pattern: str, text: str) -> None:
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    assert bool(glob(pattern)(text)) is (re.fullmatch(expression, text) is not None)


def test_plain_parts_have_no_wildcards() -> None:
    match = glob_of([("a*", True), ("?", False), ("*", False)])
    assert match("a*xyz")
    assert not match("abxyz")


FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:f"


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("*", "*", True),
        ("arn:aws:lambda:*:*:function:*", FUNCTION, True),
        ("arn:aws:lambda:*:*:function:*", f"{FUNCTION}:live", True),
        (FUNCTION, f"{FUNCTION}:live", False),
        (f"{FUNCTION}:*", f"{FUNCTION}:live", True),
        (f"{FUNCTION}:*", FUNCTION, False),
        ("arn:aws:lambda:*:function:f", FUNCTION, True),  # the star ends its segment
        ("arn:aws:lambda", FUNCTION, True),
        ("arn:aws:lambda:eu-west-1", FUNCTION, True),
        ("arn:aws:sqs", FUNCTION, False),
        ("arn:aws:lambda:eu-*-1:*:function:f", FUNCTION, True),
        ("arn:aws:lambda:e*1:111122223333:function:f", "arn:aws:lambda:eu:x:1:111122223333:function:f", False),
        ("arn:aws:lambda:eu-west-?:*:function:f", FUNCTION, True),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test/3/object.jpg", True),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1:2/test/x", True),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1-test/object.jpg", False),
        ("arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/test/object.jpg", False),
        ("arn:aws:s3:::b*t/x", "arn:aws:s3:::bucket/x", True),
        ("arn:aws:iam::111122223333:user/Bob", "arn:aws:iam::111122223333:user/bob", False),
        ("arn:aws:iam::?11122223333:user/*", "arn:aws:iam::111122223333:user/dev/ann", True),
        ("arn:aws:iam:?:111122223333:user/*", "arn:aws:iam::111122223333:user/x", False),
        ("arn:aws:s3?::bucket", "arn:aws:s3:::bucket", False),
    ],
)  # fmt: skip
def test_arn_patterns(pattern: str, arn: str, matches: bool) -> None:
    assert arn_glob(pattern)(arn) is matches


@given(st.text("ab:*?", max_size=14), st.text("ab:", max_size=16))
def test_arn_patterns_match_what_a_regular_expression_does(front: str, text: str) -> None:
    pattern = front if front.count(":") >= 5 else front + ":x" * (5 - front.count(":"))
    colons, expression = 0, ""
    for number, sign in enumerate(pattern):
        ends = number + 1 == len(pattern) or pattern[number + 1 :].lstrip("*")[:1] in {"", ":"}
        free = colons >= 5
        colons += sign == ":"
        if sign == "*":
            expression += ".*" if free or ends else "[^:]*"
        elif sign == "?":
            expression += "." if free else "[^:]"
        else:
            expression += re.escape(sign)
    assert bool(arn_glob(pattern)(text)) is (re.fullmatch(expression, text) is not None)


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 1000 + "b",
        "*a?" * 1000 + "b",
        "arn:aws:s3:::" + "*a" * 1000 + "b",
        "arn:aws:s3:::" + "a*?" * 1000 + "b",
        "arn:aws:s3:" + "*a" * 1000 + "b::x",
    ],
)
def test_hostile_patterns_cost_what_they_are_long(pattern: str) -> None:
    match = arn_glob(pattern) if pattern.startswith("arn:") else glob(pattern)
    for text in (
        "arn:aws:s3:::" + "a" * 2000,
        "arn:aws:s3:::" + "a" * 999 + "x" * 1000 + "b",
        "arn:aws:s3:" + "a" * 2000 + "c::x",
    ):
        assert not match(text)
        assert steps_of(lambda: match(text)) <= 8 * (len(text) + len(pattern))  # noqa: B023
