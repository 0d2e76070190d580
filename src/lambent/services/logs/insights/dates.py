"""Dates as texts: `parseDate` by the letters of Java's DateTimeFormatter, `formatDate` by those of strftime."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
# Runs of one letter, what stands between quotes, anything else as it is.
_PIECE = re.compile(r"([A-Za-z])\1*|'(?:[^']|'')*'|.", re.DOTALL)
_NUMBERS = {"y": "year", "u": "year", "M": "month", "L": "month", "d": "day", "H": "hour", "h": "half",
            "m": "minute", "s": "second"}  # fmt: skip
_OTHERS = {
    "S": r"(?P<fraction>\d{1,9})",
    "a": r"(?P<noon>[AaPp][Mm])",
    "E": r"[A-Za-z]+",
    "X": r"(?P<offset>Z|[+-]\d\d(?::?\d\d)?)",
    "Z": r"(?P<offset>Z|[+-]\d\d(?::?\d\d)?)",
}
_NAMED_MONTH = 3


def parse_date(text: str, pattern: str, zone: str = "UTC") -> int | None:
    """Milliseconds since 1970; None where the text is not like that, or the pattern is not known here."""
    expression, place = _expression(pattern), _zone(zone)
    match = expression.fullmatch(text) if expression is not None else None
    if match is None or place is None:
        return None
    try:
        moment = _moment(match.groupdict(), place)
    except ValueError:
        return None
    return int(moment.timestamp() * 1000)


def format_date(milliseconds: float, pattern: str, zone: str = "UTC") -> str | None:
    place = _zone(zone)
    if place is None:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, place).strftime(pattern)
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=32)
def _expression(pattern: str) -> re.Pattern[str] | None:
    pieces = []
    for match in _PIECE.finditer(pattern):
        piece = match[0]
        letter = match[1]
        if letter is None:
            plain = piece[1:-1].replace("''", "'") or "'" if piece.startswith("'") else piece
            pieces.append(re.escape(plain))
        elif letter in "ML" and len(piece) >= _NAMED_MONTH:
            pieces.append(r"(?P<name>[A-Za-z]+)")
        elif letter in _NUMBERS:
            digits = r"\d+" if len(piece) == 1 else rf"\d{{{len(piece)}}}"
            pieces.append(f"(?P<{_NUMBERS[letter]}>{digits})")
        elif letter in _OTHERS:
            pieces.append(_OTHERS[letter])
        else:
            return None
    try:
        return re.compile("".join(pieces))
    except re.error:  # the same part of a date twice
        return None


def _moment(found: Mapping[str, str | None], zone: tzinfo) -> datetime:
    """Raises ValueError."""
    year = int(found.get("year") or 1970)
    hour = int(found.get("hour") or 0)
    if half := found.get("half"):
        hour = int(half) % 12 + 12 * ((found.get("noon") or "").lower() == "pm")
    fraction = (found.get("fraction") or "").ljust(6, "0")[:6]
    return datetime(
        year + 2000 if year < 100 else year,
        _month(found),
        int(found.get("day") or 1),
        hour,
        int(found.get("minute") or 0),
        int(found.get("second") or 0),
        int(fraction),
        tzinfo=_offset(found.get("offset")) or zone,
    )


def _month(found: Mapping[str, str | None]) -> int:
    """Raises ValueError."""
    if (name := found.get("name")) is None:
        return int(found.get("month") or 1)
    wanted = name.lower()
    for number, month in enumerate(_MONTHS, 1):
        if wanted in {month, month[:3]}:
            return number
    raise ValueError(name)


def _offset(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-distance if text[0] == "-" else distance)


def _zone(name: str) -> tzinfo | None:
    if name in {"UTC", "Z", "GMT"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _offset(name) if re.fullmatch(r"[+-]\d\d(?::?\d\d)?", name) else None
