from __future__ import annotations

import gzip

import orjson
import pytest

from lambent.protocol.models import data_dir
from lambent.protocol.patterns import compile_pattern, translate


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
    match = compile_pattern(pattern)
    assert match(matching)
    assert refused is None or not match(refused)


def test_classes_get_brackets_only_where_they_stand_outside_of_any() -> None:
    assert translate(r"\p{Digit}[a\p{Digit}]\\p") == r"[0-9][a0-9]\\p"
    assert translate(r"]\d[[\d]]\d") == "][0-9][[0-9]][0-9]"


@pytest.mark.slow
def test_every_pattern_of_every_model_compiles() -> None:
    patterns = set()
    for file in data_dir().glob("*/*/service-2.json.gz"):
        model = orjson.loads(gzip.decompress(file.read_bytes()))
        patterns |= {shape["pattern"] for shape in model["shapes"].values() if "pattern" in shape}
    assert len(patterns) > 4000
    for pattern in patterns:
        compile_pattern(pattern)
