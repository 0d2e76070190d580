"""Header fields of answers: which may be sent, and which go out under another name.

"Amazon API Gateway important notes for REST APIs" (developer guide) lists the names that are remapped.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Names and values that an HTTP message may hold (RFC 9110, section 5.5): others could split it.
_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_REMAPPED = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-md5",
        "date",
        "expect",
        "host",
        "max-forwards",
        "proxy-authenticate",
        "server",
        "te",
        "trailer",
        "upgrade",
        "user-agent",
        "via",
        "warn",
        "www-authenticate",
    }
)
_DROPPED = frozenset({"transfer-encoding", "keep-alive"})
# What clients take differs: Node 16 KB in all, Python 64 KB a field. AWS's documentation has no figure.
MAX_ANSWER_HEAD = 65_536


def remapped(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Fields of an integration's answer as the client gets them."""
    kept = []
    for name, value in fields:
        lower = name.lower()
        if lower in _REMAPPED:
            kept.append((f"x-amzn-Remapped-{name}", value))
        elif lower not in _DROPPED:
            kept.append((name, value))
    return kept


def is_head_too_long(fields: Iterable[tuple[str, str]]) -> bool:
    """More than any client should be sent."""
    return sum([len(name) + len(value) + 4 for name, value in fields]) > MAX_ANSWER_HEAD


def is_sendable(name: str, value: str) -> bool:
    """May the field be written to the wire?"""
    return bool(_FIELD_NAME.fullmatch(name)) and _FIELD_VALUE.fullmatch(value) is not None
