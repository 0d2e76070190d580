"""The bytes of an answer's head, and the answers that the server itself gives.

Framing is ours alone: Content-Length, Transfer-Encoding and Connection are derived from the body and the connection,
whatever the handler put into its headers (a function's answer may carry anything). Two exceptions: a handler may state
the length of what it streams or of what HEAD stands for, and may ask for `Connection: close`.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from lambent.core import ids
from lambent.core.http import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
_FRAMING_LENGTHS = frozenset(map(len, _FRAMING))
# Up to here head and body are joined into one write; above it a copy costs more than a second system call.
JOIN_BYTES = 64 * 1024
# RFC 9110, section 6.4.1: answers with these codes never have content.
_BODILESS = frozenset({204, 304})


class UnsendableHead(ValueError):
    """A header field of the answer holds bytes that would end it early, or that latin-1 cannot say."""


class Framing(NamedTuple):
    """How the body of an answer is delimited, decided before its head is written."""

    length: int | None  # None: not said
    is_chunked: bool
    has_body: bool
    closes: bool


def frame(response: Response, method: str, is_http_10: bool, closes: bool) -> Framing:
    """Decide the framing of `response` (RFC 9112, section 6)."""
    stated, asks_close = _stated(response.headers)
    closes = closes or asks_close
    if response.status in _BODILESS:
        return Framing(None, is_chunked=False, has_body=False, closes=closes)
    is_head = method == "HEAD"
    if isinstance(response.body, bytes):
        length = stated if is_head and stated is not None else len(response.body)
        return Framing(length, is_chunked=False, has_body=not is_head, closes=closes)
    if stated is not None:
        return Framing(stated, is_chunked=False, has_body=not is_head, closes=closes)
    # HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
    return Framing(
        None, is_chunked=not is_http_10, has_body=not is_head, closes=closes or is_http_10
    )


def encode_head(response: Response, framing: Framing, is_http_10: bool, date: str) -> bytes:
    """Status line and header fields, up to and with the empty line. Raises `UnsendableHead`."""
    fields = [each for each in response.headers if not _is_framing(each[0])]
    if framing.length is not None:
        fields.append(("Content-Length", str(framing.length)))
    elif framing.is_chunked:
        fields.append(("Transfer-Encoding", "chunked"))
    if framing.closes:
        fields.append(("Connection", "close"))
    elif is_http_10:
        fields.append(("Connection", "keep-alive"))
    return _encode(response.status, fields, date)


def encode_usual(response: Response, date: str) -> bytes | None:
    """Head and body of an answer that needs no thought; None for any other. Raises `UnsendableHead`.

    That is: HTTP/1.1, kept alive, not to HEAD, a body of bytes, no framing stated by the handler.
    """
    body = response.body
    if not isinstance(body, bytes) or len(body) > JOIN_BYTES or response.status in _BODILESS:
        return None
    fields = response.headers
    for name, _ in fields:
        if len(name) in _FRAMING_LENGTHS and name.lower() in _FRAMING:
            return None
    return _encode(response.status, [*fields, ("Content-Length", str(len(body)))], date) + body


def _encode(status: int, fields: list[tuple[str, str]], date: str) -> bytes:
    line = _STATUS_LINES.get(status) or f"HTTP/1.1 {status} \r\n"
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    # One count over all fields instead of a search in each value: a line break inside a field shows up here.
    if lines.count("\n") != len(fields) or lines.count("\r") != len(fields) or "\0" in lines:
        raise UnsendableHead("a header field of the answer holds a line break or a NUL")
    try:
        return f"{line}{lines}Date: {date}\r\n\r\n".encode("latin-1")
    except UnicodeEncodeError as error:
        raise UnsendableHead(str(error)) from error


def refusal(status: int, message: str) -> Response:
    """What the server answers without asking its handler. It, too, carries a request id."""
    request_id = ids.request_id()
    return Response(
        status,
        [("x-amzn-RequestId", request_id), ("Content-Type", "text/plain; charset=utf-8")],
        f"{message}\nRequest id: {request_id}\n".encode(),
    )


def _is_framing(name: str) -> bool:
    # Most names are none of these; the length test spares them the copy in lower case.
    return len(name) in _FRAMING_LENGTHS and name.lower() in _FRAMING


def _stated(headers: Sequence[tuple[str, str]]) -> tuple[int | None, bool]:
    """The length that the handler states, and whether it asks for the connection to end."""
    length, closes = None, False
    for name, value in headers:
        if _is_framing(name):
            key = name.lower()
            if key == "content-length" and value.isdecimal():
                length = int(value)
            elif key == "connection":
                closes = value.strip().lower() == "close"
    return length, closes
