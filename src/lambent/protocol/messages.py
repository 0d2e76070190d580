"""What goes in and out of the codecs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from lambent.core.http import Headers


@dataclass(slots=True)
class WireResponse:
    """An answer ready to send, but for its framing. `headers` hold the content type and the request id.

    `body` is an iterable of bytes, async or not, where the output streams (event streams, streaming blobs).
    """

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | Iterable[bytes] | AsyncIterator[bytes] = b""


@dataclass(slots=True)
class Incoming:
    """A request as readers get it: `query` as sent, labels of the path decoded."""

    uri_params: dict[str, str]
    query: str
    headers: Headers
    body: bytes
