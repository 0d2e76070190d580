"""Identifiers and secrets, in the forms that AWS gives them.

All randomness of the platform comes through here, from the kernel (`os.urandom`), so that there is one place to
replace it. Nothing here is guessable from anything else here.
"""

from __future__ import annotations

import base64
import os

# AWS's own alphabet for unique ids (RFC 4648 base32, without padding).
_ACCESS_KEY_PREFIX = "AKIA"


# Random bytes for identifiers, asked of the kernel for some hundred of them at once: every invocation needs two. Each
# piece is used once (`pop` is atomic, whatever thread asks); a process that was forked begins without any.
_PIECE = 20
_PIECES = 200
_pieces: list[bytes] = []
os.register_at_fork(after_in_child=_pieces.clear)


def _refill() -> bytes:
    """More pieces; returns one."""
    block = os.urandom(_PIECE * _PIECES)
    _pieces.extend([block[at : at + _PIECE] for at in range(_PIECE, len(block), _PIECE)])
    return block[:_PIECE]


def uuid() -> str:
    """A version 4 UUID (RFC 9562). Formatted by hand: `uuid.uuid4()` costs six times as much."""
    try:
        raw = bytearray(_pieces.pop()[:16])
    except IndexError:
        raw = bytearray(_refill()[:16])
    raw[6] = raw[6] & 0x0F | 0x40
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


# What AWS's services give requests: `x-amzn-RequestId`.
request_id = uuid


def hex_id(length: int = 32) -> str:
    """`length` random lower-case hex digits."""
    if length > 2 * _PIECE:
        return os.urandom((length + 1) // 2).hex()[:length]
    try:
        return _pieces.pop().hex()[:length]
    except IndexError:
        return _refill().hex()[:length]


def fraction() -> float:
    """A random number from 0 up to, and without, 1."""
    return int.from_bytes(os.urandom(7), "big") / (1 << 56)


def access_key_id() -> str:
    """A long-term access key id: `AKIA` and 16 base32 characters."""
    return _ACCESS_KEY_PREFIX + base64.b32encode(os.urandom(10)).decode()


def secret_access_key() -> str:
    """A secret access key: 40 characters, 240 bits."""
    return base64.b64encode(os.urandom(30)).decode()


def account_id() -> str:
    """A random 12-digit account id; never begins with 0, which stands for the default account."""
    number = int.from_bytes(os.urandom(8), "big") % 900_000_000_000
    return str(100_000_000_000 + number)


def unique_id(prefix: str) -> str:
    """An id as IAM gives them: four letters that say of what (`AIDA`, `AROA`, ...) and 17 characters of base32."""
    return prefix + base64.b32encode(os.urandom(11)).decode()[:17]


def temporary_key_id() -> str:
    """The id of a temporary access key: `ASIA` and 16 base32 characters."""
    return "ASIA" + base64.b32encode(os.urandom(10)).decode()


def secret_bytes(length: int) -> bytes:
    """Key material."""
    return os.urandom(length)


_LOWER = "0123456789abcdefghijklmnopqrstuvwxyz"
_MIXED = _LOWER + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def lower_alphanumeric(length: int) -> str:
    """`length` random digits and lower-case letters, as API Gateway's ids are."""
    return _from_alphabet(_LOWER, length)


def alphanumeric(length: int) -> str:
    """`length` random digits and letters of both cases: 40 of them are an API key."""
    return _from_alphabet(_MIXED, length)


def _from_alphabet(alphabet: str, length: int) -> str:
    # From so many bits more than needed that the remainder favours no character noticeably.
    number = int.from_bytes(os.urandom(length + 8), "big")
    characters = []
    for _ in range(length):
        number, rest = divmod(number, len(alphabet))
        characters.append(alphabet[rest])
    return "".join(characters)
