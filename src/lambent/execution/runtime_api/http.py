"""HTTP/1.1 as far as a runtime client speaks it: bytes in, requests out, answers to bytes. No I/O.

Own, not the gateway's: what a sandbox sends is judged at its headers (`limit`), so that a body that nobody waits for is
never kept, and trailers are read, which a streamed answer ends with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

import httptools
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Path and headers of one request; what a client sends is well below. A header counts as in RFC 9113, section 6.5.2: it
# costs us more than its characters.
HEAD_LIMIT = 65_536
_HEADER_OVERHEAD = 32
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class BadRequest(Exception):
    """What came is not HTTP/1.1, or its head is too long. The connection is of no use then."""


@dataclass(slots=True)
class Request:
    """One request. Header and trailer names are in lower case; `body` is None where it was over its limit.

    Where the handler has set `sink`, the body is not kept: its pieces go there as they come.
    """

    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    trailers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = b""
    keeps_alive: bool = True
    sink: Callable[[bytes], None] | None = None


class RequestReader:
    """Turns what a client sends, however it is cut, into requests.

    Args:
        limit: asked when the headers of a request are there: how many bytes of its body to keep.
    """

    def __init__(self, limit: Callable[[Request], int]) -> None:
        self._limit = limit
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request()
        self._url = b""
        self._head_size = 0
        self._unseen = 0  # bytes since the parser last told us anything
        self._in_body = False
        self._body = bytearray()  # not a list: a body may come in crumbs
        self._room = 0
        self._complete: list[Request] = []
        self.wants_continue = False

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes. `wants_continue` says that the client waits for leave to go on.

        Raises:
            BadRequest: the connection must be closed.
        """
        self._unseen += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise BadRequest(str(error)) from None
        if self._unseen > HEAD_LIMIT:
            raise BadRequest("the head of a request is too long")
        complete, self._complete = self._complete, []
        return complete

    # --- called by the parser ---------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._complete:
            # No runtime client sends two in a row, and one read may hold ten thousand.
            raise BadRequest("a request before the answer to the last one")
        self._unseen = 0
        self._request = Request()
        self._url = b""
        self._head_size = 0
        self._in_body = False
        self._body.clear()

    def on_url(self, piece: bytes) -> None:
        self._count(len(piece))
        self._url += piece

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + _HEADER_OVERHEAD)
        target = self._request.trailers if self._in_body else self._request.headers
        target[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._unseen = 0
        request = self._request
        request.method = self._parser.get_method().decode("latin-1")
        request.path = self._url.decode("latin-1").partition("?")[0]
        request.keeps_alive = self._parser.should_keep_alive()
        self._in_body = True
        self._room = self._limit(request)
        self.wants_continue = request.headers.get("expect", "").lower() == "100-continue"

    def on_body(self, piece: bytes) -> None:
        self._unseen = 0
        self.wants_continue = False
        if self._request.sink is not None:
            self._request.sink(piece)
            return
        if self._request.body is None:
            return
        self._room -= len(piece)
        if self._room < 0:
            self._request.body = None
            self._body.clear()
        else:
            self._body += piece

    def on_message_complete(self) -> None:
        self._unseen = 0
        self.wants_continue = False
        if self._request.body is not None:
            self._request.body = bytes(self._body)
        self._body.clear()
        self._complete.append(self._request)

    def _count(self, size: int) -> None:
        self._unseen = 0
        self._head_size += size
        if self._head_size > HEAD_LIMIT:
            raise BadRequest("the head of a request is too long")


def answer_head(
    status: int, length: int, headers: Mapping[str, str], *, keeps_alive: bool = True
) -> bytes:
    """Status line and headers of an answer whose body of `length` bytes follows."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if not keeps_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def error_body(error_type: str, message: str) -> bytes:
    """The error object of the Runtime API."""
    return orjson.dumps({"errorMessage": message, "errorType": error_type})
