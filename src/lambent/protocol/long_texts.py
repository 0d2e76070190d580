"""Large JSON documents whose bulk is a few long texts: deployment packages in base64.

Parsing 70 MB of JSON and decoding 50 MB of base64 hold Python's lock for half a second, and with it the event loop,
even from another thread. So the long texts are cut out of the document before it is parsed, and decoded in pieces
between which other threads run. The values are those of the plain way; only a fault within a long text may be worded
otherwise.
"""

from __future__ import annotations

import binascii
import io
from typing import Any

import orjson

# Below this a document is parsed, and a text decoded, in a few milliseconds.
LONG_BYTES = 1 << 20
# A document in so many short texts is not of the kind this is for.
_MOST_TEXTS = 20_000
# A multiple of four base64 digits; one piece takes 2 ms.
_PIECE_BYTES = 1 << 18
_STAND_IN = "long text %d"


class LongText:
    """A text of a document, still in the bytes of its body. It holds no escapes."""

    __slots__ = ("_view",)

    def __init__(self, view: memoryview) -> None:
        self._view = view

    def __str__(self) -> str:
        """The text. Raises orjson.JSONDecodeError where it holds what no JSON text may."""
        return str(orjson.loads(b'"' + self._view + b'"'))

    def decode_base64(self) -> bytes:
        """The bytes that it stands for. Raises ValueError (`binascii.Error`) where it is no base64."""
        # BytesIO grows in place and gives its buffer away uncopied.
        whole = io.BytesIO()
        view = self._view
        for start in range(0, len(view), _PIECE_BYTES):
            piece = bytes(view[start : start + _PIECE_BYTES])
            if piece.endswith(b"=") and start + _PIECE_BYTES < len(view):
                raise binascii.Error("Excess data after padding")
            whole.write(binascii.a2b_base64(piece, strict_mode=True))
        return whole.getvalue()


def loads(body: bytes) -> tuple[Any, int]:
    """The document, with a `LongText` for every value that is a long text, and how many `{` and `[` it has at most.

    Raises orjson.JSONDecodeError.
    """
    rest, texts = _cut(body)
    if texts:
        document = [orjson.loads(rest)]
        if _put_back(document, texts) == len(texts):
            return document[0], rest.count(b"{") + rest.count(b"[")
        # A text of the document is what we put in place of a long one, or a long one is a key.
    return orjson.loads(body), body.count(b"{") + body.count(b"[")


def _cut(body: bytes) -> tuple[bytes, dict[str, LongText]]:
    """The document with a stand-in for each long text, and the texts by their stand-ins."""
    view = memoryview(body)
    texts: dict[str, LongText] = {}
    pieces: list[bytes] = []
    kept = position = 0
    for _ in range(_MOST_TEXTS):
        start = body.find(b'"', position) + 1
        end = _end_of_text(body, start) if start else -1
        if end < 0:
            break
        if end - start >= LONG_BYTES and body.find(b"\\", start, end) < 0:
            name = _STAND_IN % len(texts)
            texts[name] = LongText(view[start:end])
            pieces += (body[kept:start], name.encode())
            kept = end
        position = end + 1
    pieces.append(body[kept:] if texts else b"")
    return b"".join(pieces), texts


def _end_of_text(body: bytes, start: int) -> int:
    """Where the text that begins at `start` has its closing quote; -1 where it has none."""
    end = body.find(b'"', start)
    while end > 0:
        first = end
        while first > start and body[first - 1] == 0x5C:  # a backslash
            first -= 1
        if (end - first) % 2 == 0:
            return end
        end = body.find(b'"', end + 1)
    return -1


def _put_back(holder: Any, texts: dict[str, LongText]) -> int:
    """Put the texts where their stand-ins are; returns how many places that were."""
    count = 0
    waiting = [holder]
    while waiting:
        holder = waiting.pop()
        for key, item in holder.items() if type(holder) is dict else enumerate(holder):
            if type(item) is str and item in texts:
                holder[key] = texts[item]
                count += 1
            elif type(item) is dict or type(item) is list:
                waiting.append(item)
    return count
