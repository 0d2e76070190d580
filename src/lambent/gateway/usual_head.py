"""Reads a request of the usual kind, which has come in one piece, without the parser.

Nearly every request of an SDK is one: head and body in one read, framed by Content-Length, the same fields as the one
before but for the signature. Heads of signed requests are therefore kept as forms, which are filled in; of others a
field line that has been seen is looked up whole, so that it is split, checked and decoded once. Whatever is not plainly
usual (chunks, Expect, Upgrade, a repeated name, a fold, more or less body than was said) is left to llhttp: what this
reader takes is what llhttp takes, and means the same (a test holds the two side by side).
"""

from __future__ import annotations

import re
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from lambent.core.http import BytesBody, Headers, Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    Field = tuple[
        tuple[str, str], str, str
    ]  # (name, value) as sent; the name in lower case; the value
    Target = tuple[str, str, str]  # method, path, query

_Value = TypeVar("_Value")
_END = b"\r\n\r\n"
# RFC 9110, sections 5.1 and 5.5: a token, a colon, and a value of visible characters, spaces, tabs and obs-text.
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")
_REQUEST_LINE = re.compile(r"(GET|POST|PUT|DELETE|PATCH) (/[\x21-\x7e]*) HTTP/1\.1")
# They change what a message is, or how it ends.
_UNUSUAL = frozenset({"transfer-encoding", "expect", "upgrade", "connection", "te", "trailer"})
# Different in every request: remembering them would only push out what is worth it.
PASSING = frozenset(
    {
        *("authorization", "x-amz-date", "x-amz-content-sha256", "content-length"),
        *("amz-sdk-invocation-id", "traceparent", "tracestate", "x-amzn-trace-id"),
    }
)
# A few hundred KB at the worst.
_KEPT = 1024
_KEPT_LENGTH = 256
# Forms are of those who sign: SDKs, whose heads are alike. One with its session token is 3 KB; the largest, of so many
# fields, takes 20 KB, and all of them 10 MB.
_SIGNED = "AWS4-HMAC-SHA256 "
_FORM_BYTES = 4096
_FORM_FIELDS = 40
_FORMS_KEPT = 512
# Of one request line: clients of different make.
_FORMS_ALIKE = 8


_NO_FORMS: list[HeadForm] = []


class UsualHeads:
    """Forms, field lines and request lines that have been seen. One for all connections of a server."""

    def __init__(self, head_bytes: int) -> None:
        self._head_bytes = head_bytes
        self._forms: dict[str, list[HeadForm]] = {}
        self._forms_kept = 0
        self._fields: dict[str, Field] = {}
        self._targets: dict[str, Target] = {}

    def read(self, data: bytes, peer: str) -> Request | None:
        """The request that `data` is, all of it; None when it is not usual."""
        end = data.find(_END)
        if end < 0 or end + 4 > self._head_bytes:
            return None
        head = data[:end]
        lines = head.decode("latin-1").split("\r\n")
        body = data[end + 4 :]
        # Forms are of ASCII alone.
        alike = self._forms.get(lines[0], _NO_FORMS) if head.isascii() else _NO_FORMS
        for form in alike:
            request = form.read(lines, body, peer)
            if request is not None:
                if form is not alike[0]:  # the next one is likely to be of the same
                    alike.remove(form)
                    alike.insert(0, form)
                return request
        return self._read(lines, body, peer)

    def _read(self, lines: list[str], body: bytes, peer: str) -> Request | None:
        target = self._targets.get(lines[0]) or self._read_target(lines[0])
        if target is None:
            return None
        known = self._fields
        items: list[tuple[str, str]] = []
        index: dict[str, str] = {}
        for line in lines[1:]:
            field = known.get(line) or self._read_field(line)
            if field is None:
                return None
            items.append(field[0])
            index[field[1]] = field[2]
        if len(index) != len(items) or "host" not in index:
            return None
        if index.get("content-length", "0") != str(len(body)):
            return None
        headers = Headers(items, index)
        request = Request(target[0], target[1], target[2], headers, BytesBody(body), peer)
        if index.get("authorization", "").startswith(_SIGNED):
            request.form = NewForm(self, lines, target, items)
        return request

    def remember(self, form: HeadForm) -> None:
        """From now on, requests may be of this form."""
        line = form.request_line
        if self._forms_kept >= _FORMS_KEPT:
            self._forms.clear()
            self._forms_kept = 0
        alike = self._forms.setdefault(line, [])
        self._forms_kept += 1 - len(alike[_FORMS_ALIKE - 1 :])
        del alike[_FORMS_ALIKE - 1 :]
        alike.insert(0, form)

    def _read_target(self, line: str) -> Target | None:
        found = _REQUEST_LINE.fullmatch(line)
        if found is None:
            return None
        path, _, query = found[2].partition("?")
        read = (found[1], path, query)
        _keep(self._targets, line, read)
        return read

    def _read_field(self, line: str) -> Field | None:
        found = _FIELD.fullmatch(line)
        if found is None:
            return None
        name, value = found[1], found[2].rstrip(" \t")
        key = name.lower()
        if key in _UNUSUAL and (key != "connection" or value.lower() != "keep-alive"):
            return None
        field = ((name, value), key, value)
        if key not in PASSING:
            _keep(self._fields, line, field)
        return field


class NewForm:
    """The form of a request that was of none: remembered when its signature has held, for anybody can send anything."""

    __slots__ = ("_heads", "_items", "_lines", "_target")

    def __init__(
        self,
        heads: UsualHeads,
        lines: Sequence[str],
        target: Target,
        items: Sequence[tuple[str, str]],
    ) -> None:
        self._heads = heads
        self._lines = lines
        self._target = target
        self._items = items

    def kept(self) -> HeadForm | None:
        lines = self._lines
        if len(lines) > _FORM_FIELDS or sum(map(len, lines)) > _FORM_BYTES:
            return None
        for line, (name, _) in zip(lines[1:], self._items, strict=True):
            # A passing line of another look would not be found to be of its own form.
            if name.lower() in PASSING and not line.startswith(f"{name}: "):
                return None
        if not all(map(str.isascii, lines)):
            return None
        form = HeadForm(lines, self._target, self._items)
        self._heads.remember(form)
        return form


class HeadForm:
    """What signed requests of one client and one request line have in common: all field lines but the passing ones."""

    __slots__ = (
        "_first",
        "_items",
        "_of_all",
        "_passing",
        "_pick",
        "_size",
        "_target",
        "request_line",
    )

    def __init__(
        self, lines: Sequence[str], target: Target, items: Sequence[tuple[str, str]]
    ) -> None:
        """Of a request that has been read, whose fields are `items`."""
        self.request_line = lines[0]
        self._target = target
        self._size = len(lines)
        self._items = list(items)
        self._first = {name.lower(): value for name, value in items}
        passing = [at for at, (name, _) in enumerate(items) if name.lower() in PASSING]
        # Position of the line; what it begins with; the name in both forms.
        self._passing = [
            (at + 1, f"{items[at][0]}: ", items[at][0], items[at][0].lower()) for at in passing
        ]
        # The request line and Host at least, so that it picks a tuple.
        self._pick = itemgetter(*(at for at in range(len(lines)) if at - 1 not in passing))
        self._of_all = self._pick(lines)

    def kept(self) -> HeadForm:
        return self

    def read(self, lines: list[str], body: bytes, peer: str) -> Request | None:
        """The request of these lines, which are ASCII; None where they are not of this form."""
        if len(lines) != self._size or self._pick(lines) != self._of_all:
            return None
        items, first = self._items.copy(), self._first.copy()
        for at, start, name, key in self._passing:
            line = lines[at]
            if not line.startswith(start):
                return None
            value = line[len(start) :]
            # All of ASCII that is printable may stand in a value, and nothing is to be taken off.
            if not value.isprintable() or value.strip() != value:
                return None
            items[at - 1] = (name, value)
            first[key] = value
        if first.get("content-length", "0") != str(len(body)):
            return None
        method, path, query = self._target
        return Request(method, path, query, Headers(items, first), BytesBody(body), peer, form=self)


def _keep(kept: dict[str, _Value], line: str, value: _Value) -> None:
    if len(line) <= _KEPT_LENGTH:
        if len(kept) >= _KEPT:
            kept.clear()
        kept[line] = value
