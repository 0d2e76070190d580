from __future__ import annotations

import gzip

import orjson
import pytest

from lambent.protocol.models import data_dir
from lambent.protocol.patterns import ModelPattern, translate
from lambent.protocol.unreadable import Unreadable


@pytest.mark.parametrize(
    ("pattern", "matching", "refused"),
    [
        ("[a-z]+", "abc", "abc1"),
        ("[a-z]+$", "abc", "abc\n"),
        (r"\w+", "abc_1", "\u00e9"),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "\u00e9t\u00e9 2", "a#b"),
        (r"[\p{L}\w]+", "\u00e9a_1", "\u0661"),
        (r"\p{L}\d\s", "a1 ", "a\u0661 "),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\U0001f600", "\x01"),
        (r"^(\p{LD}|\p{Punct}| )+$", "pass word1!$", "tab\t"),
        (r"[\p{all}]*", "any\nthing", None),
        (r"[\p{Print}&&[^|:/]]+", "abc", "a|c"),
        (r"[a'\x{0022}]+", "a\"'", "b"),
        (r"[\w!\x{60}-]+", "a`-", "\u00e9"),
        (r"[\p{L}\w-.]+", "a-.\u00e9", "+"),
        (r"^x[0-9a-z]{2}{0,3}$", "xabcd", "xabc"),
        (r"[\p{Alpha}\p{Digit}]\p{Upper}\p{Lower}?\p{Space}", "aBc ", "\u00e9Bc "),
    ],
)
def test_a_pattern_means_what_it_means_in_java(
    pattern: str, matching: str, refused: str | None
) -> None:
    match = ModelPattern(pattern)
    assert match(matching)
    assert refused is None or not match(refused)


def test_classes_get_brackets_only_where_they_stand_outside_of_any() -> None:
    assert translate(r"\p{Digit}[a\p{Digit}]\\p") == r"[0-9][a0-9]\\p"
    assert translate(r"]\d[[\d]]\d") == "][0-9][[0-9]][0-9]"


def test_a_long_text_is_matched_as_a_short_one_is() -> None:
    match = ModelPattern(r"[\w.]+\d")
    assert match("a" * 10_000 + "1")
    assert not match("a" * 10_000 + "\u0661")


def test_a_text_made_to_take_for_ever_is_given_up() -> None:
    match = ModelPattern(r"(a|aa)+b")
    assert match("aaab")
    with pytest.raises(Unreadable, match="too long"):
        match("a" * 100)


def test_a_pattern_that_re_would_take_for_ever_over_is_told_at_once() -> None:
    """The pattern of HeaderValue in EventBridge's model; the text is within its limit of 512 characters."""
    match = ModelPattern(r"^[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*$")
    assert match("Bearer abc def")
    assert not match("a b " * 100 + "\n")


@pytest.mark.slow
def test_every_pattern_of_every_model_compiles() -> None:
    patterns = set()
    for file in data_dir().glob("*/*/service-2.json.gz"):
        model = orjson.loads(gzip.decompress(file.read_bytes()))
        patterns |= {shape["pattern"] for shape in model["shapes"].values() if "pattern" in shape}
    assert len(patterns) > 4000
    for pattern in patterns:
        ModelPattern(pattern)
