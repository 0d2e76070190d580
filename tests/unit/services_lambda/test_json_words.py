"""What is wrong with JSON, in the words of Jackson: quoted from AWS's answers where a source stands beside."""

from __future__ import annotations

import json

import pytest

from lambent.services.lambda_.json_words import fault_words

VALUES = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"

UNQUOTED = (
    "Illegal unquoted character ((CTRL-CHAR, code 1)): "
    "has to be escaped using backslash to be included in"
)
NO_DIGIT = "Unexpected character (']' (code 93)) in numeric value"


def _at(text: str, column: int, line: int = 1) -> str:
    return f'[Source: (byte[])"{text}"; line: {line}, column: {column}]'


@pytest.mark.parametrize(
    ("text", "words", "column"),
    [
        # github.com/ballerina-platform/module-ballerina-c2c/issues/15
        ("0D\ufffda", "Unexpected character ('D' (code 68)): Expected space separating root-level values", 3),
        ("foo", f"Unrecognized token 'foo': was expecting {VALUES}", 4),
        ("foo bar", f"Unrecognized token 'foo': was expecting {VALUES}", 5),
        ('{"a": truth}', f"Unrecognized token 'truth': was expecting {VALUES}", 13),
        ("w" * 300, f"Unrecognized token '{'w' * 256}...': was expecting {VALUES}", 257),
        ('{"a":NaN}', "Non-standard token 'NaN': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow", 9),
        ("{", f"Unexpected end-of-input: expected close marker for Object (start marker at {_at('{', 1)})", 2),
        ("[1", f"Unexpected end-of-input: expected close marker for Array (start marker at {_at('[1', 1)})", 3),
        ('{"a"', "Unexpected end-of-input within/between Object entries", 5),
        ('{"a":', "Unexpected end-of-input within/between Object entries", 6),
        ("[1,", "Unexpected end-of-input within/between Array entries", 4),
        ('{"a":1,', "Unexpected end-of-input within/between Object entries", 8),
        ("{a:1}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name", 3),
        ('{"a" 1}', "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value", 7),
        ('{"a":1 "b"}', "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries", 9),
        ("[1 2]", "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries", 5),
        ("[1,]", "Unexpected character (']' (code 93)): expected a value", 5),
        ('{"a":}', "Unexpected character ('}' (code 125)): expected a value", 7),
        ('{"a":]', f"Unexpected character (']' (code 93)): expected a valid value {VALUES}", 7),
        ("[1}", f"Unexpected close marker '}}': expected ']' (for Array starting at {_at('[1}', 1)})", 4),
        ('"a', "Unexpected end-of-input in VALUE_STRING", 3),
        ('{"a', "Unexpected end-of-input in field name", 4),
        ('"\\', "Unexpected end-of-input in VALUE_STRING", 3),
        ('"\\u1', "Unexpected end-of-input in VALUE_STRING", 5),
        ('"\\x"', "Unrecognized character escape 'x' (code 120)", 4),
        ('"\\u00g0"', "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence", 7),
        ('"\x01"', f"{UNQUOTED} string value", 3),
        ('{"\x01"', f"{UNQUOTED} name", 4),
        ("01", "Invalid numeric value: Leading zeroes not allowed", 2),
        ("-]", f"{NO_DIGIT}: expected digit (0-9) to follow minus sign, for valid numeric value", 3),
        ("[1.]", f"{NO_DIGIT}: Decimal point not followed by a digit", 5),
        ("[1e+]", f"{NO_DIGIT}: Exponent indicator not followed by a digit", 6),
        ("1.", "Unexpected end-of-input in numeric value", 3),
        ('["€" €]', "Unexpected character ('â' (code 226)): was expecting comma to separate Array entries", 9),
        ("x\u20acy\xe9 1", f"Unrecognized token 'x': was expecting {VALUES}", 5),
        ("x\xe9y", f"Unrecognized token 'x\xe9y': was expecting {VALUES}", 5),
        (" ", "No content to map due to end-of-input", 1),
        ("null x", f"Unrecognized token 'x': was expecting {VALUES}", 7),
    ],
)  # fmt: skip
def test_a_fault_has_words_and_a_place(text: str, words: str, column: int) -> None:
    with pytest.raises(json.JSONDecodeError):
        json.loads(text, parse_constant=_refuse)
    assert fault_words(text.encode()) == f"{words}\n at {_at(text, column)}"


def _refuse(name: str) -> None:
    raise json.JSONDecodeError("no number", name, 0)


@pytest.mark.parametrize(
    ("payload", "words", "column"),
    [
        # github.com/awsdocs/aws-lambda-developer-guide/issues/351: `mystring` and `1000...` as if they were base64
        (
            b"\x9b+-\xb6)\xe0",
            f"Unexpected character ((CTRL-CHAR, code 155)): expected a valid value {VALUES}",
            2,
        ),
        (
            b"1\x84\xd4D\xd1F",
            "Unexpected character ((CTRL-CHAR, code 132)): Expected space separating root-level values",
            3,
        ),
        # github.com/szymonmaszke/torchlambda/issues/13
        (b"\xc2'm\xe1", f"Unrecognized token '\xc2': was expecting {VALUES}", 3),
        # github.com/awsdocs/aws-lambda-developer-guide/issues/382
        (b"\xc2\x97j", "Invalid UTF-8 start byte 0x97", 3),
        (b"\xc2\xe9j", "Invalid UTF-8 middle byte 0x6a", 4),
        (b"\xc2\xe9", "Unexpected end-of-input within/between root entries", 3),
        (b'"\x97"', "Invalid UTF-8 start byte 0x97", 3),
        (b'"\xc3"', "Invalid UTF-8 middle byte 0x22", 4),
        (b'"\xc3', "Unexpected end-of-input in VALUE_STRING", 3),
    ],
)
def test_bytes_that_are_no_text(payload: bytes, words: str, column: int) -> None:
    shown = payload.decode(errors="replace")
    assert fault_words(payload) == f"{words}\n at {_at(shown, column)}"


def test_the_place_counts_lines_and_a_long_text_is_cut() -> None:
    assert fault_words(b'{\n  "a": x\n}') == (
        f"Unrecognized token 'x': was expecting {VALUES}\n at " + _at('{\n  "a": x\n}', 1, line=3)
    )
    told = fault_words(b"[" + b"1," * 300)
    assert told is not None
    assert told.endswith('1,1"[truncated 101 bytes]; line: 1, column: 602]')


@pytest.mark.parametrize(
    "text", ['{"a": [1, -2.5e3, true, null, "\\u00e9\\n"], "b": {}}', "1 2", "[]"]
)
def test_what_jackson_reads_has_no_words(text: str) -> None:
    assert fault_words(text.encode()) is None
