"""Texts that only this platform can make and read: session tokens, encoded authorization messages.

AES-256-GCM: what a token says (session policies, tags) stays between us and us, and a changed token is no token.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lambent.core import ids

if TYPE_CHECKING:
    from lambent.core.ports import SealingKeys

_NONCE_BYTES = 12
# Raised when the content of what is sealed changes so that an older version would misread it.
_FORMAT = b"\x01"
# More than any text that we seal; bounds what unpacking a text of somebody else can cost.
_LARGEST = 65_536


class SealBroken(ValueError):
    """Not sealed by us for this purpose."""


class Seal:
    """Args: what for, so that a text of one purpose is not taken for another; and where its key comes from."""

    def __init__(self, purpose: str, keys: SealingKeys) -> None:
        self._purpose = purpose.encode()
        self._keys = keys
        self._cipher: AESGCM | None = None

    def close(self, content: bytes) -> str:
        """The content as a text of base64."""
        nonce = ids.secret_bytes(_NONCE_BYTES)
        packed = zlib.compress(content, 1)
        sealed = self._aes().encrypt(nonce, packed, self._purpose)
        return base64.b64encode(_FORMAT + nonce + sealed).decode()

    def open(self, text: str) -> bytes:
        """What was sealed. Raises SealBroken."""
        try:
            raw = base64.b64decode(text, validate=True)
            if raw[:1] != _FORMAT:
                raise SealBroken
            nonce, sealed = raw[1 : 1 + _NONCE_BYTES], raw[1 + _NONCE_BYTES :]
            packed = self._aes().decrypt(nonce, sealed, self._purpose)
        except (binascii.Error, ValueError, InvalidTag):
            raise SealBroken from None
        return zlib.decompressobj().decompress(packed, _LARGEST)

    def _aes(self) -> AESGCM:
        if self._cipher is None:
            self._cipher = AESGCM(self._keys.key())
        return self._cipher
