"""What one connection may cost, and for how long."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the HTTP server. Times are in seconds, sizes in bytes."""

    # The request line and all header fields of one request; past it 431. AWS's front ends allow 16 KB to 60 KB.
    head_bytes: int = 64 * 1024
    # From the first byte of a head to its end (past it 408), and from the connection's start to its first byte.
    head_time_s: float = 10.0
    # Between two requests; past it the connection is closed without a word. The same as nginx's default.
    idle_time_s: float = 75.0
    # A body of which nothing arrives (408), or an answer of which nothing is taken (the connection is cut).
    stall_time_s: float = 60.0
    # Received but not yet read by the handler; past it the socket is left alone and TCP holds the client back.
    window_bytes: int = 256 * 1024
    # A body that nobody read is read and dropped, so that clients which send first and read afterwards (Python's
    # http.client) see the answer instead of a broken pipe; past it the connection is closed.
    discard_bytes: int = 512 * 1024 * 1024
    # How long a refused client may go on sending before the socket is closed in its face.
    linger_time_s: float = 2.0
    # How long `HttpServer.close` waits for the requests that are being worked on.
    grace_time_s: float = 10.0
