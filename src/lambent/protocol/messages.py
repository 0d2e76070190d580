"""What goes in and out of the codecs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.core.http import Response

if TYPE_CHECKING:
    from lambent.core.http import Headers


@dataclass(slots=True)
class WireResponse(Response):
    """An answer ready to send, but for its framing. `headers` hold the content type and the request id.

    Where the output streams (event streams, streaming blobs), `body` is an iterable of bytes, which need not be async.
    """

    body: Any = b""


@dataclass(slots=True)
class Incoming:
    """A request as readers get it: `query` as sent, labels of the path decoded."""

    uri_params: dict[str, str]
    query: str
    headers: Headers
    body: bytes
