from __future__ import annotations

import gzip

import pytest

from lambent.core.http import Headers
from lambent.protocol.compression import decompress, is_compressed
from lambent.protocol.unreadable import Unreadable


@pytest.mark.parametrize(
    ("value", "expected"),
    [("gzip", True), ("aws-chunked, GZIP", True), ("gzip, aws-chunked", False), ("", False)],
)
def test_a_body_is_compressed_if_gzip_was_put_on_last(value: str, expected: bool) -> None:
    assert is_compressed(Headers([("Content-Encoding", value)])) is expected


def test_a_body_is_decompressed() -> None:
    assert decompress(gzip.compress(b"abc" * 1000, mtime=0)) == b"abc" * 1000


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", gzip.compress(b"abc", mtime=0)[:-1], gzip.compress(bytes(17 * 1024 * 1024))],
)
def test_a_body_that_is_broken_or_a_bomb_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        decompress(body)
