"""Step 3: the operation's input, read and checked against the service's model."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from lambent.gateway.call import Call

# 256 KB of JSON are parsed within 2 ms; what is larger is read in a thread.
_HERE_BYTES = 256 * 1024


def parse(call: Call) -> Awaitable[None] | None:
    """Fills in `document`. Raises `SerializationFailed` and `ValidationFailed`, or returns what does."""
    if len(call.body) > _HERE_BYTES and not call.match.operation.takes_body_as_it_is:
        return asyncio.to_thread(_parse, call)
    _parse(call)
    return None


def _parse(call: Call) -> None:
    request, match = call.request, call.match
    call.document = match.operation.parse(
        match, request.method, request.path, request.query, request.headers, call.body
    )
