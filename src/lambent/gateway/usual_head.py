"""Reads a request of the usual kind, which has come in one piece, without the parser.

Nearly every request of an SDK is one: head and body in one read, framed by Content-Length, the same fields as the one
before but for the signature. A field line that has been seen is looked up whole, so that it is split, checked and
decoded once. Whatever is not plainly usual (chunks, Expect, Upgrade, a repeated name, a fold, more or less body than
was said) is left to llhttp: what this reader takes is what llhttp takes, and means the same (a test holds the two side
by side).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from lambent.core.http import BytesBody, Headers, Request
from lambent.gateway.head import HeadRefused, build_request

if TYPE_CHECKING:
    Field = tuple[
        tuple[str, str], str, str
    ]  # (name, value) as sent; the name in lower case; the value
    Target = tuple[str, str, str]  # method, path, query

_Value = TypeVar("_Value")
_END = b"\r\n\r\n"
# RFC 9110, sections 5.1 and 5.5: a token, a colon, and a value of visible characters, spaces, tabs and obs-text.
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_REQUEST_LINE = re.compile(rb"(GET|POST|PUT|DELETE|PATCH) (/[\x21-\x7e]*) HTTP/1\.1")
# They change what a message is, or how it ends.
_UNUSUAL = frozenset({"transfer-encoding", "expect", "upgrade", "connection", "te", "trailer"})
# Different in every request: remembering them would only push out what is worth it.
_PASSING = frozenset(
    {"authorization", "amz-sdk-invocation-id", "traceparent", "tracestate", "x-amzn-trace-id"}
)
# A few hundred KB at the worst.
_KEPT = 1024
_KEPT_LENGTH = 256


class UsualHeads:
    """Field lines and request lines that have been seen. One for all connections of a server."""

    def __init__(self, head_bytes: int) -> None:
        self._head_bytes = head_bytes
        self._fields: dict[bytes, Field] = {}
        self._targets: dict[bytes, Target] = {}

    def read(self, data: bytes, peer: str) -> Request | None:
        """The request that `data` is, all of it; None when it is not usual."""
        end = data.find(_END)
        if end < 0 or end + 4 > self._head_bytes:
            return None
        lines = data[:end].split(b"\r\n")
        line = lines[0]
        target = self._targets.get(line) or self._read_target(line)
        if target is None:
            return None
        known = self._fields
        items: list[tuple[str, str]] = []
        index: dict[str, str] = {}
        del lines[0]
        for line in lines:
            field = known.get(line) or self._read_field(line)
            if field is None:
                return None
            items.append(field[0])
            index[field[1]] = field[2]
        length = index.get("content-length", "0")
        body = data[end + 4 :]
        if len(index) != len(items) or "host" not in index or length != str(len(body)):
            return None
        headers = Headers(items, index)
        return Request(target[0], target[1], target[2], headers, BytesBody(body), peer)

    def _read_target(self, line: bytes) -> Target | None:
        found = _REQUEST_LINE.fullmatch(line)
        if found is None:
            return None
        method, target = found[1].decode("ascii"), found[2].decode("ascii")
        try:
            request = build_request(method, target, Headers(), BytesBody(b""), "")
        except HeadRefused:
            return None
        read = (method, request.path, request.query)
        _keep(self._targets, line, read)
        return read

    def _read_field(self, line: bytes) -> Field | None:
        found = _FIELD.fullmatch(line)
        if found is None:
            return None
        name, value = found[1].decode("ascii"), found[2].decode("latin-1").rstrip(" \t")
        key = name.lower()
        if key in _UNUSUAL and (key != "connection" or value.lower() != "keep-alive"):
            return None
        field = ((name, value), key, value)
        if key not in _PASSING:
            _keep(self._fields, line, field)
        return field


def _keep(kept: dict[bytes, _Value], line: bytes, value: _Value) -> None:
    if len(line) <= _KEPT_LENGTH:
        if len(kept) >= _KEPT:
            kept.clear()
        kept[line] = value
