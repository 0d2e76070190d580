"""How large the head of a request to an API may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.core.http import Request

# "Total combined size of request line and header values: 10240 bytes" (quotas of REST and of HTTP APIs).
MAX_HEAD = 10_240
# Of the request line, besides method and target: two spaces and the version.
_REST_OF_LINE = 10


def is_head_too_large(request: Request) -> bool:
    size = len(request.method) + len(request.path) + len(request.query) + _REST_OF_LINE
    headers = request.headers
    if headers.has_repeats:
        return size + sum([len(value) for _, value in headers.items()]) > MAX_HEAD
    return size + sum(map(len, headers.first.values())) > MAX_HEAD
