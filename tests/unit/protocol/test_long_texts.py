"""Documents with long texts: the same values as in the plain way."""

from __future__ import annotations

import base64
import binascii
import os
from typing import Any

import orjson
import pytest

from lambent.protocol import long_texts
from lambent.protocol.json_reader import JsonReader, decode
from lambent.protocol.long_texts import LONG_BYTES, LongText
from lambent.protocol.shapes import ServiceModel
from lambent.protocol.unreadable import Unreadable

DATA = os.urandom(LONG_BYTES + 5)
LONG = base64.b64encode(DATA).decode()
SHAPES: dict[str, dict[str, Any]] = {
    "Input": {
        "type": "structure",
        "members": {
            "Blob": {"shape": "Blob"},
            "Text": {"shape": "Text"},
            "Number": {"shape": "Number"},
            "Texts": {"type": "list", "shape": "Texts"},
            "Blobs": {"shape": "Blobs"},
            "Anything": {"shape": "Anything"},
        },
    },
    "Blob": {"type": "blob"},
    "Text": {"type": "string"},
    "Number": {"type": "integer"},
    "Texts": {"type": "list", "member": {"shape": "Text"}},
    "Blobs": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Blob"}},
    "Anything": {"type": "structure", "document": True, "members": {}},
}
MODEL = ServiceModel({"metadata": {}, "operations": {}, "shapes": SHAPES})


def read(body: bytes) -> Any:
    return JsonReader().compile(MODEL.shape({"shape": "Input"}))(decode(body))


def test_every_reader_gets_what_it_gets_of_a_short_document() -> None:
    document = {
        "Text": LONG,
        "Blob": LONG,
        "Texts": ["a", LONG],
        "Blobs": {"b": LONG, "c": "YQ=="},
        "Anything": {"deep": [{"er": LONG}, 1, "x"]},
    }
    assert read(orjson.dumps(document)) == {
        "Text": LONG,
        "Blob": DATA,
        "Texts": ["a", LONG],
        "Blobs": {"b": DATA, "c": b"a"},
        "Anything": {"deep": [{"er": LONG}, 1, "x"]},
    }


def test_a_long_text_is_cut_out_and_nothing_else_is() -> None:
    body = orjson.dumps({'a\\"': "b\\", "long": LONG, "short": "s", "other": ["\\\\", LONG]})
    document, brackets = long_texts.loads(body)
    assert isinstance(document["long"], LongText)
    assert isinstance(document["other"][1], LongText)
    assert str(document["long"]) == LONG
    assert (document['a\\"'], document["short"], document["other"][0]) == ("b\\", "s", "\\\\")
    assert brackets == 2


@pytest.mark.parametrize(
    "document",
    [
        {"text": "long text 0", "long": LONG},
        {LONG: "a key"},
        {"escaped": LONG + "\n"},
        {"many": ["x"] * 30_000 + [LONG]},
        {},
    ],
)
def test_what_cannot_be_cut_is_read_the_plain_way(document: dict[str, Any]) -> None:
    assert long_texts.loads(orjson.dumps(document))[0] == document


@pytest.mark.parametrize("body", [b'{"a', b'{"a": "b', b'{"a": "\\', b"{"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        long_texts.loads(body)
    with pytest.raises(Unreadable):
        decode(body + b" " * LONG_BYTES)


@pytest.mark.parametrize(
    "text", ["=" + LONG, LONG[:-1], LONG + "A===", "Y" * LONG_BYTES + "\x7f=="]
)
def test_a_long_text_that_is_no_base64_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="Invalid Base64"):
        read(orjson.dumps({"Blob": text}))


def test_padding_within_a_long_text_is_refused() -> None:
    piece = b"A" * ((1 << 18) - 1) + b"="
    with pytest.raises(binascii.Error):
        LongText(memoryview(piece + LONG.encode())).decode_base64()


def test_a_long_text_that_json_forbids_is_refused() -> None:
    body = b'{"Text": "%b\x01"}' % LONG.encode()
    with pytest.raises(Unreadable):
        read(body)


def test_a_long_text_is_no_number() -> None:
    with pytest.raises(Unreadable, match="STRING_VALUE cannot be converted to Integer"):
        read(orjson.dumps({"Number": LONG}))


def test_a_large_document_may_not_be_deeper_than_a_small_one() -> None:
    body = b'{"Blob": "%b", "x": %b%b}' % (LONG.encode(), b"[" * 250, b"]" * 250)
    with pytest.raises(Unreadable, match="nested too deeply"):
        read(body)
