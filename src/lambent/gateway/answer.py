"""The bytes of an answer's head, and the answers that the server itself gives.

Framing is ours alone: Content-Length, Transfer-Encoding and Connection are derived from the body and the connection,
whatever the handler put into its headers (a function's answer may carry anything). Two exceptions: a handler may state
the length of what it streams or of what HEAD stands for, and may ask for `Connection: close`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.core.http import Response

if TYPE_CHECKING:
    from collections.abc import Sequence

_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive"})
# RFC 9110, section 6.4.1: answers with these codes never have content.
_BODILESS = frozenset({204, 304})


class UnsendableHead(ValueError):
    """A header field of the answer holds bytes that would end it early, or that latin-1 cannot say."""


@dataclass(frozen=True, slots=True)
class Framing:
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
    line = _STATUS_LINES.get(response.status) or f"HTTP/1.1 {response.status} \r\n"
    fields = [f"{name}: {value}\r\n" for name, value in response.headers if not _is_framing(name)]
    expected = len(fields) + 3
    if framing.length is not None:
        fields.append(f"Content-Length: {framing.length}\r\n")
        expected += 1
    elif framing.is_chunked:
        fields.append("Transfer-Encoding: chunked\r\n")
        expected += 1
    if framing.closes:
        fields.append("Connection: close\r\n")
        expected += 1
    elif is_http_10:
        fields.append("Connection: keep-alive\r\n")
        expected += 1
    text = f"{line}{''.join(fields)}Date: {date}\r\n\r\n"
    # One count over the whole head instead of a search in each value: a line break inside a field shows up here.
    if text.count("\n") != expected or text.count("\r") != expected or "\0" in text:
        raise UnsendableHead("a header field of the answer holds a line break or a NUL")
    try:
        return text.encode("latin-1")
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
    return len(name) in (10, 14, 17) and name.lower() in _FRAMING


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
