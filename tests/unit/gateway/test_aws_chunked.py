"""Bodies signed chunk by chunk: the example of the S3 documentation, cut in every way, and faulty ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from lambent.core.context import ANONYMOUS
from lambent.core.ports import Credential
from lambent.gateway.aws_chunked import (
    SIGNED,
    SIGNED_TRAILER,
    UNSIGNED_TRAILER,
    ChunkedBody,
    ChunkSignatures,
    decode,
)
from lambent.gateway.claim import Claim, Flaw, SignatureRefused
from lambent.gateway.signing_keys import derive_key
from lambent.gateway.sigv4 import Signed

if TYPE_CHECKING:
    from collections.abc import Callable

# "Transferring Payload in Multiple Chunks", an example of the S3 API reference.
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CLAIM = Claim(
    "AKIAIOSFODNN7EXAMPLE",
    "20130524",
    "us-east-1",
    "s3",
    "host",
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "20130524T000000Z",
)
SIGNED_BY = Signed(
    Credential(CLAIM.access_key_id, SECRET, ANONYMOUS),
    CLAIM,
    derive_key(SECRET, "20130524", "us-east-1", "s3"),
)
CONTENT = b"a" * 66_560
BODY = (
    b"10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
    + CONTENT[:65_536]
    + b"\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
    + CONTENT[65_536:]
    + b"\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"
)


def flaw_of(body: Any, form: Any = SIGNED, signed: Any = SIGNED_BY, length: Any = None) -> Any:
    with pytest.raises(SignatureRefused) as raised:
        decode(body, form, signed, length)
    return raised.value.flaw


@pytest.mark.parametrize("size", [1, 7, 1000, 65_536, 1 << 20])
def test_example_of_the_documentation_decodes_in_pieces_of_any_size(size: Any) -> None:
    chunked = ChunkedBody(SIGNED, SIGNED_BY, len(CONTENT))
    content = b""
    for at in range(0, len(BODY), size):
        content += b"".join(chunked.feed(BODY[at : at + size]))
    chunked.finish()
    assert content == CONTENT


def test_last_line_break_may_be_missing() -> None:
    assert decode(BODY[:-2], SIGNED, SIGNED_BY, len(CONTENT)) == CONTENT


@pytest.mark.parametrize("at", [100, 65_700, len(BODY) - 10])
def test_changed_byte_does_not_verify(at: Any) -> None:
    changed = BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]
    assert flaw_of(changed) in (Flaw.MISMATCH, Flaw.INCOMPLETE_BODY)


def test_chunk_is_given_out_only_when_it_verifies() -> None:
    chunked = ChunkedBody(SIGNED, SIGNED_BY)
    given = list(chunked.feed(BODY[:65_600]))
    assert given == []
    bad = BODY[65_600:65_620] + b"b" + BODY[65_621:]
    with pytest.raises(SignatureRefused):
        given += list(chunked.feed(bad))
    assert given == []


@pytest.mark.parametrize("end", [10, 65_000, 65_700, len(BODY) - 80])
def test_body_that_ends_too_soon_is_refused(end: Any) -> None:
    assert flaw_of(BODY[:end]) is Flaw.INCOMPLETE_BODY


def test_chunk_left_out_is_refused() -> None:
    first_end = BODY.index(b"\r\n400;") + 2
    assert flaw_of(BODY[first_end:]) is Flaw.MISMATCH


@pytest.mark.parametrize("length", [0, 66_559, 66_561])
def test_decoded_length_must_be_as_announced(length: Any) -> None:
    assert flaw_of(BODY, length=length) is Flaw.INCOMPLETE_BODY


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n",
        b"5\r\nhello\r\n0\r\n\r\n",  # signed, and no signature
        b"5;chunk-signature=short\r\nhello\r\n",
        b"x" * 5000,
        b"5;chunk-signature=" + b"0" * 64 + b"\r\nhelloXX",
    ],
)
def test_malformed_chunks_are_refused(body: Any) -> None:
    assert flaw_of(body) is Flaw.INCOMPLETE_BODY


def test_unsigned_chunks_with_a_trailer() -> None:
    chunked = ChunkedBody(UNSIGNED_TRAILER, None, 10)
    body = b"5\r\nhello\r\n5\r\nworld\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    assert b"".join(chunked.feed(body)) == b"helloworld"
    chunked.finish()
    assert chunked.trailers == {"x-amz-checksum-crc32": "AAAAAA=="}


def signed_with_trailer(trailer: bytes) -> bytes:
    """Sign by trial: the chain tells the expected signature of each part."""
    chain = ChunkSignatures(SIGNED_BY)
    body = b""
    for chunk in (b"hello", b""):
        signature = _next(chain, partial(chain.check_chunk, chunk))
        body += b"%x;chunk-signature=%b\r\n" % (len(chunk), signature.encode())
        body += chunk + b"\r\n" if chunk else b""
    signature = _next(chain, lambda guess: chain.check_trailer(trailer, guess))
    return body + trailer + b"x-amz-trailer-signature:" + signature.encode() + b"\r\n\r\n"


def _next(chain: ChunkSignatures, check: Callable[[str], object]) -> str:
    import hmac
    from unittest import mock

    real = hmac.digest
    made: list[bytes] = []

    def remember(*parts: Any) -> bytes:
        made.append(real(*parts))
        return made[-1]

    with (
        mock.patch("hmac.digest", remember),
        pytest.raises(SignatureRefused),
    ):
        check("")
    check(made[0].hex())
    return made[0].hex()


def test_signed_trailer_verifies_and_a_changed_one_does_not() -> None:
    body = signed_with_trailer(b"x-amz-checksum-crc32:AAAAAA==\n")
    assert decode(body, SIGNED_TRAILER, SIGNED_BY, 5) == b"hello"
    assert flaw_of(body.replace(b"AAAAAA", b"BBBBBB"), SIGNED_TRAILER) is Flaw.MISMATCH
    unsigned = body.partition(b"x-amz-trailer-signature")[0] + b"\r\n"
    assert flaw_of(unsigned, SIGNED_TRAILER) is Flaw.MISMATCH


def test_trailer_without_colon_is_refused() -> None:
    assert flaw_of(b"0\r\nnonsense\r\n\r\n", UNSIGNED_TRAILER, None) is Flaw.INCOMPLETE_BODY
