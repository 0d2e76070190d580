"""The reading half of a connection: bytes in, a queue of exchanges out.

llhttp parses as much as it is fed and cannot be stopped between two messages, so pipelined requests are queued; the
connection stops reading its socket while one waits. What llhttp does not do is done here: the cap on the head, which
must hold before the head is complete, and on the bytes of a chunked body that are not body (extensions, trailers).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httptools

from lambent.core.http import BadBody, Headers
from lambent.gateway.answer import refusal
from lambent.gateway.body import WireBody
from lambent.gateway.head import HeadRefused, build_request, check_head, framing_head

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.core.http import Request, Response
    from lambent.gateway.body import BodySource

_NAMES_KEPT = 100


@dataclass(slots=True)
class Exchange:
    """A request and what has to be known to answer it; `answer` where it is known already, `rest` where the request has
    been begun: what it still waits for.
    """

    body: WireBody
    keep_alive: bool
    is_http_10: bool = False
    request: Request | None = None
    answer: Response | None = None
    rest: Awaitable[Response] | None = None


class _Refused(Exception):
    """Leaves the parser from within one of its callbacks; the refusal is in the queue."""


class Intake:
    """Parser callbacks of one connection. `queue` holds what is to be answered, oldest first."""

    def __init__(self, source: BodySource, head_bytes: int, window_bytes: int, peer: str) -> None:
        self.queue: deque[Exchange] = deque()
        self.is_in_head = False
        self.is_closed = False
        self.body = WireBody(source, 0, expects_continue=False)
        self.body.is_complete = True
        self._source = source
        self._head_bytes = head_bytes
        self._window_bytes = window_bytes
        self._peer = peer
        self._parser = httptools.HttpRequestParser(self)
        # A client sends the same names with every request of a connection.
        self._names: dict[bytes, tuple[str, str]] = {}
        self._url = b""
        self._fields: list[tuple[bytes, bytes]] = []
        self._heads_begun = 0  # in the feed that is being parsed
        self._feed_bytes = 0
        self._head_fed = 0  # bytes of earlier feeds that belong to the head being received
        self._idle_fed = 0  # bytes fed since the body last grew
        self._is_upgrade = False
        self._is_replay = False

    @property
    def is_at_rest(self) -> bool:
        """True between two messages, when nothing waits to be answered."""
        return not (self.queue or self.is_in_head) and self.body.is_complete

    @property
    def is_crowded(self) -> bool:
        """True while the client should be held back."""
        crowded = len(self.queue) > 1 or self.body.held > self._window_bytes
        return crowded and not self.is_closed

    def feed(self, data: bytes) -> None:
        """Parse what has arrived. What is wrong with it becomes an answer in the queue."""
        was_between = not self.is_in_head and self.body.is_complete
        received = self.body.received
        self._heads_begun = 0
        self._feed_bytes = len(data)
        self._parse(data)
        if self.is_closed:
            return
        if self.is_in_head:
            if self._heads_begun == 0 or (self._heads_begun == 1 and was_between):
                self._head_fed += len(data)
            if self._head_fed > self._head_bytes:
                self.refuse(431, "Request header fields too large")
        elif not self.body.is_complete:
            self._idle_fed = self._idle_fed + len(data) if self.body.received == received else 0
            if self._idle_fed > self._head_bytes:
                self._break_body(BadBody(400, "Bad request: chunks without content"))

    def refuse(self, status: int, reason: str) -> None:
        """The head under way cannot be served: answer that, in its turn, and take nothing more."""
        self.is_closed = True
        self.is_in_head = False
        body = WireBody(self._source, None, expects_continue=False)
        self.queue.append(Exchange(body, keep_alive=False, answer=refusal(status, reason)))

    def fail(self, error: Exception) -> None:
        """No more will come; a body under way ends in `error`."""
        self.is_closed = True
        self.body.fail(error)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as stop:
            self._ignore_upgrade(data[stop.args[0] :])
        except httptools.HttpParserCallbackError:
            if not self.is_closed:
                raise
        except httptools.HttpParserError as error:
            if self.is_closed:  # "data after close": the client has nothing more to say to us
                return
            if self.body.is_complete or self.is_in_head:
                self.refuse(400, f"Bad request: {error}")
            else:
                self._break_body(BadBody(400, f"Bad request: {error}"))

    def _break_body(self, error: BadBody) -> None:
        self.fail(error)
        self.queue[-1].keep_alive = False

    # --- httptools calls these -----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._is_replay:
            return
        self.is_in_head = True
        self._heads_begun += 1
        self._head_fed = 0
        self._url = b""
        self._fields = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        if self._is_replay:
            self._is_replay = False
            return
        if self._head_fed + self._feed_bytes > self._head_bytes and self._exact_size() > (
            self._head_bytes
        ):
            self.refuse(431, "Request header fields too large")
            raise _Refused
        try:
            self._begin_exchange()
        except HeadRefused as refused:
            self.refuse(refused.status, refused.reason)
            raise _Refused from None
        self.is_in_head = False

    def on_body(self, piece: bytes) -> None:
        self.body.push(piece)

    def on_message_complete(self) -> None:
        if self._is_upgrade:
            return
        self.body.is_complete = True
        if self.queue and not self.queue[-1].keep_alive:
            self.is_closed = True

    # -------------------------------------------------------------------------------------------------------------

    def _exact_size(self) -> int:
        return len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._fields)

    def _begin_exchange(self) -> None:
        parser = self._parser
        headers = self._headers()
        method = parser.get_method().decode("latin-1")
        version = parser.get_http_version()
        check_head(method, version, headers)
        # llhttp has refused lengths that are no number, two of them, and a length together with chunks.
        length = None if "transfer-encoding" in headers else int(headers.get("content-length", "0"))
        body = WireBody(self._source, length, "expect" in headers and version == "1.1")
        request = build_request(method, self._url.decode("latin-1"), headers, body, self._peer)
        self._is_upgrade = "upgrade" in headers and parser.should_upgrade()
        self.body = body
        self.queue.append(
            Exchange(body, parser.should_keep_alive(), version == "1.0", request=request)
        )

    def _headers(self) -> Headers:
        names = self._names
        items = []
        index: dict[str, str] = {}
        for raw_name, raw_value in self._fields:
            known = names.get(raw_name)
            if known is None:
                name = raw_name.decode("latin-1")
                known = names[raw_name] = (name, name.lower())
            value = raw_value.decode("latin-1").rstrip(" \t")
            items.append((known[0], value))
            if known[1] not in index:
                index[known[1]] = value
        if len(names) > _NAMES_KEPT:
            names.clear()
        return Headers(items, index)

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Go on as if no upgrade had been asked for (RFC 9110, section 7.8 allows it).

        Java's HTTP client asks for h2c with its first request. llhttp takes what follows such a head for the other
        protocol, so a fresh parser is told by a head of our making how the body is delimited.
        """
        self._is_upgrade = False
        if self.is_closed:
            return
        self._parser = httptools.HttpRequestParser(self)
        if self.body.length == 0:
            self.on_message_complete()
        else:
            self._is_replay = True
            self._parser.feed_data(framing_head(self.body.length))
        if rest:
            self._parse(rest)
