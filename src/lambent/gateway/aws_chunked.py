"""`aws-chunked` bodies: chunks inside the body, each signed with the signature before it as its seed.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html. A chunk is given out only when its signature
holds. No I/O: what arrives is fed in, what it says is given out.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import TYPE_CHECKING

from lambent.gateway.claim import Flaw, SignatureRefused
from lambent.gateway.sigv4 import EMPTY_SHA256

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambent.gateway.sigv4 import Signed

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
FORMS = frozenset({SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER})

_HEADER = re.compile(rb"([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?")
# The longest header of a chunk is 99 bytes; trailers are a checksum and a signature.
_LINE_BYTES = 4096


class ChunkSignatures:
    """The chain of signatures over the chunks of one body; begins with the request's own."""

    def __init__(self, signed: Signed) -> None:
        self._key = signed.key
        self._stamp = f"{signed.claim.timestamp}\n{signed.claim.scope}"
        self._last = signed.claim.signature

    def check_chunk(self, data: bytes, signature: str) -> None:
        """Raises `SignatureRefused`."""
        digest = hashlib.sha256(data).hexdigest()
        self._check(
            f"AWS4-HMAC-SHA256-PAYLOAD\n{self._stamp}", signature, f"{EMPTY_SHA256}\n{digest}"
        )

    def check_trailer(self, lines: bytes, signature: str) -> None:
        """Raises `SignatureRefused`. `lines` are the trailers in canonical form, each with a line feed."""
        digest = hashlib.sha256(lines).hexdigest()
        self._check(f"AWS4-HMAC-SHA256-TRAILER\n{self._stamp}", signature, digest)

    def _check(self, head: str, signature: str, hashes: str) -> None:
        to_sign = f"{head}\n{self._last}\n{hashes}".encode()
        expected = hmac.digest(self._key, to_sign, "sha256").hex()
        if not hmac.compare_digest(expected.encode(), signature.encode("latin-1")):
            raise SignatureRefused(Flaw.MISMATCH)
        self._last = expected


class ChunkedBody:
    """Decodes one body. `trailers` are there once `finish` has returned.

    Args:
        form: the value of x-amz-content-sha256, one of `FORMS`.
        signed: the request's signature; None where signatures are not checked.
        length: what x-amz-decoded-content-length says, if it was sent.
    """

    def __init__(self, form: str, signed: Signed | None, length: int | None = None) -> None:
        self.trailers: dict[str, str] = {}
        has_signatures = form != UNSIGNED_TRAILER
        self._signatures = ChunkSignatures(signed) if signed and has_signatures else None
        self._length = length
        self._given = 0
        self._buffer = bytearray()
        self._size: int | None = None  # of the chunk being received
        self._signature = ""
        self._is_last = False
        self._is_done = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The content of the chunks that `data` completes. Raises `SignatureRefused`."""
        self._buffer += data
        while not self._is_done:
            if self._is_last:
                if not self._read_trailer():
                    return
            elif self._size is None:
                if not self._read_header():
                    return
            else:
                chunk = self._read_chunk()
                if chunk is None:
                    return
                yield chunk

    def finish(self) -> None:
        """The body has ended. Raises `SignatureRefused` if it ended too soon."""
        if self._is_last and not self._is_done:
            # Some clients leave out the last line break.
            self._buffer += b"\r\n\r\n"
            while self._read_trailer():
                if self._is_done:
                    break
        if not self._is_done or self._length not in (None, self._given):
            raise SignatureRefused(Flaw.INCOMPLETE_BODY)

    def _read_header(self) -> bool:
        line = self._line()
        if line is None:
            return False
        found = _HEADER.fullmatch(line)
        if found is None or (self._signatures is not None and found[2] is None):
            raise SignatureRefused(Flaw.INCOMPLETE_BODY)
        self._size = int(found[1], 16)
        self._signature = (found[2] or b"").decode()
        if self._size == 0:
            self._check(b"")
            self._is_last = True
        return True

    def _read_chunk(self) -> bytes | None:
        size = self._size
        assert size is not None
        if self._length is not None and self._given + size > self._length:
            raise SignatureRefused(Flaw.INCOMPLETE_BODY)
        if len(self._buffer) < size + 2:
            return None
        chunk = bytes(self._buffer[:size])
        if self._buffer[size : size + 2] != b"\r\n":
            raise SignatureRefused(Flaw.INCOMPLETE_BODY)
        del self._buffer[: size + 2]
        self._check(chunk)
        self._given += size
        self._size = None
        return chunk

    def _check(self, chunk: bytes) -> None:
        if self._signatures is not None:
            self._signatures.check_chunk(chunk, self._signature)

    def _read_trailer(self) -> bool:
        line = self._line()
        if line is None:
            return False
        if line:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon:
                raise SignatureRefused(Flaw.INCOMPLETE_BODY)
            self.trailers[name.strip().lower()] = value.strip()
            return True
        self._is_done = True
        self._check_trailers()
        return True

    def _check_trailers(self) -> None:
        signature = self.trailers.pop("x-amz-trailer-signature", "")
        if self._signatures is None or not (self.trailers or signature):
            return
        lines = "".join(f"{name}:{value}\n" for name, value in sorted(self.trailers.items()))
        self._signatures.check_trailer(lines.encode("latin-1"), signature)

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n")
        if end < 0:
            if len(self._buffer) > _LINE_BYTES:
                raise SignatureRefused(Flaw.INCOMPLETE_BODY)
            return None
        line = bytes(self._buffer[:end]).removesuffix(b"\r")
        del self._buffer[: end + 1]
        return line


def decode(body: bytes, form: str, signed: Signed | None, length: int | None) -> bytes:
    """A whole body's content. Raises `SignatureRefused`."""
    chunked = ChunkedBody(form, signed, length)
    content = b"".join(chunked.feed(body))
    chunked.finish()
    return content
