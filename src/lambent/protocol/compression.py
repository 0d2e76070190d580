"""Compressed request bodies: clients gzip the large ones of operations with the `requestcompression` trait."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from lambent.core.http import Headers

# gzip's own framing (RFC 1952), for zlib.
_GZIP = 16 + zlib.MAX_WBITS
# PutMetricData, the one operation that has the trait, takes 1 MB uncompressed; this is for those to come.
_MOST = 16 * 1024 * 1024


def is_compressed(headers: Headers) -> bool:
    """True when gzip is the last coding that was put on the body."""
    return headers.get("content-encoding").rpartition(",")[2].strip().lower() == "gzip"


def decompress(body: bytes) -> bytes:
    """The body without its coding. Raises `Unreadable` for one that is broken or grows beyond all measure."""
    decoder = zlib.decompressobj(_GZIP)
    try:
        data = decoder.decompress(body, _MOST)
    except zlib.error as error:
        raise Unreadable("The body is not gzip") from error
    if not decoder.eof:
        raise Unreadable("The compressed body is cut off or too large")
    return data
