"""From the fields of a request's head to what a handler may rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core.http import Headers, Request

if TYPE_CHECKING:
    from lambent.core.http import Body


class HeadRefused(Exception):
    """The head breaks a rule that the parser does not know. Args: the status to answer with, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def check_head(method: str, version: str, headers: Headers) -> None:
    """Raises `HeadRefused`."""
    if version == "1.1":
        # RFC 9112, section 3.2: exactly one Host, or 400. Two of them are a way to fool what stands in front of us.
        if "host" not in headers or (headers.has_repeats and len(headers.getall("host")) > 1):
            raise HeadRefused(400, "Bad request: exactly one Host header is required")
    elif version.startswith("0."):  # a line without a version counts as HTTP/0.9
        raise HeadRefused(400, "Bad request: the request line has no version")
    elif version != "1.0":
        raise HeadRefused(505, "HTTP version not supported")
    if headers.get("transfer-encoding", "chunked").lower() != "chunked" or (
        headers.has_repeats and len(headers.getall("transfer-encoding")) > 1
    ):
        # A body in another coding would reach the handler as it is (RFC 9112, section 6.1).
        raise HeadRefused(400, "Bad request: the only transfer coding is chunked")
    if method == "CONNECT":
        raise HeadRefused(405, "Method not allowed")
    if "expect" in headers and headers.get("expect").lower() != "100-continue":
        raise HeadRefused(417, "Expectation failed: only 100-continue is known")


def build_request(method: str, target: str, headers: Headers, body: Body, peer: str) -> Request:
    """The request as handlers see it. Raises `HeadRefused` for a target that is no path."""
    path, _, query = target.partition("?")
    if path[:1] != "/":
        path = _path_of(method, path)
    return Request(method, path, query, headers, body, peer)


def _path_of(method: str, target: str) -> str:
    """The path of the rarer forms of a target: absolute (sent to proxies) and `*` (RFC 9112, section 3.2)."""
    if method == "OPTIONS" and target == "*":
        return target
    scheme, separator, rest = target.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        _, slash, path = rest.partition("/")
        return slash + path or "/"
    raise HeadRefused(400, "Bad request: the target is no path")


def framing_head(length: int | None) -> bytes:
    """A head whose only content is how the body that follows is delimited (None: in chunks)."""
    field = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    return b"POST / HTTP/1.1\r\n%b\r\n\r\n" % field
