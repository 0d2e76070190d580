"""The values that condition operators compare, read from their texts.

One reader per family of operators; each returns None for a text that is no value of its family. Used on both sides:
when a policy is checked and compiled, and on what a request brings.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Bounded: Python turns digits into numbers in quadratic time.
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")
# "one of the W3C implementations of the ISO 8601 date formats" ("Condition operators", IAM user guide).
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,9})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?)?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"[0-9]{5,15}(?:\.[0-9]{1,9})?")
_ZERO = datetime(1970, 1, 1, tzinfo=UTC)


def number(text: str) -> int | float | None:
    text = text.strip()
    if _NUMBER.fullmatch(text) is None:
        return None
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def date(text: str) -> float | None:
    """Seconds since 1970, from an ISO 8601 date or from such seconds themselves. Four digits are a year."""
    text = text.strip()
    if _EPOCH.fullmatch(text) is not None:
        return float(text)
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            tzinfo=UTC,
        )
        seconds = (moment - _ZERO).total_seconds() + float(fraction or 0)
        return seconds - _offset(zone or "Z").total_seconds()
    except ValueError:
        return None


def _offset(zone: str) -> timedelta:
    if zone in {"Z", "z"}:
        return timedelta()
    digits = zone[1:].replace(":", "")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 23 or minutes > 59:
        raise ValueError(zone)
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def boolean(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def binary(text: str) -> bytes | None:
    if len(text) % 4:
        return None  # too much padding is none, too
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def network(text: str) -> Network | None:
    """An address or a range in CIDR form; an address alone is a range of one. Bits behind the prefix do not count."""
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def address(text: str) -> Address | None:
    """The address of a request. One of IPv4 in the clothes of IPv6 (a socket that takes both) is undressed."""
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        return found.ipv4_mapped
    return found


_READERS: dict[str, Callable[[str], object]] = {
    "numeric": number,
    "date": date,
    "bool": boolean,
    "null": boolean,
    "binary": binary,
    "ip": network,
}


def is_value(family: str, text: str) -> bool:
    """May a policy hold something against this value? Strings and ARNs may be anything."""
    reader = _READERS.get(family)
    return reader is None or (text == text.strip() and reader(text) is not None)
