"""Step 3: the operation's input, read and checked against the service's model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lambent.gateway.call import Call


def parse(call: Call) -> None:
    """Fills in `document`. Raises `SerializationFailed` and `ValidationFailed`."""
    request, match = call.request, call.match
    call.document = match.operation.parse(
        match, request.method, request.path, request.query, request.headers, call.body
    )
