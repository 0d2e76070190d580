"""Timestamps in the three formats of the service models.

Read: aware datetimes in UTC. Written: at most milliseconds, and none when they are zero, as AWS does.
Formats: `iso8601` (XML bodies, query, URI and query string), `rfc822` (headers), `unixTimestamp` (JSON and CBOR).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
# RFC 9110's preferred form of a date; Smithy allows a fraction, old clients a numeric zone.
_RFC822 = re.compile(
    r"[A-Z][a-z]{2}, (\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)"
    r" (?:GMT|UTC|[+-]0000)"
)


def from_epoch(seconds: float) -> datetime:
    """Seconds since 1970, fractions allowed. Raises `Unreadable` outside the years 1 to 9999."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError) as error:
        raise Unreadable(f"Invalid timestamp: {seconds}") from error


def from_iso8601(text: str) -> datetime:
    """ISO 8601 as RFC 3339 profiles it; without an offset it is taken as UTC. Raises `Unreadable`."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unreadable(f"Invalid timestamp: {text}") from error


def from_rfc822(text: str) -> datetime:
    """The HTTP date of RFC 9110, section 5.6.7. Raises `Unreadable`."""
    match = _RFC822.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        raise Unreadable(f"Invalid timestamp: {text}")
    day, month, year, time = match.groups()
    return from_iso8601(f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{time}")


def from_epoch_text(text: str) -> datetime:
    """Seconds since 1970 as decimal text. Raises `Unreadable`."""
    try:
        return from_epoch(float(text))
    except ValueError as error:
        raise Unreadable(f"Invalid timestamp: {text}") from error


def to_epoch(moment: datetime) -> int | float:
    """Whole seconds as an integer, others as a float with milliseconds."""
    milliseconds = _milliseconds(moment)
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def to_iso8601(moment: datetime) -> str:
    moment = moment.astimezone(UTC)
    fraction = f".{moment.microsecond // 1000:03}" if moment.microsecond >= 1000 else ""
    # strftime's %Y does not pad years before 1000.
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}{fraction}Z"


def to_rfc822(moment: datetime) -> str:
    """Names of days and months are English whatever the locale is, so no `%a`."""
    moment = moment.astimezone(UTC)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


def to_epoch_text(moment: datetime) -> str:
    return str(to_epoch(moment))


TEXT_READERS: dict[str, Callable[[str], datetime]] = {
    "iso8601": from_iso8601,
    "rfc822": from_rfc822,
    "unixTimestamp": from_epoch_text,
}
TEXT_WRITERS: dict[str, Callable[[datetime], str]] = {
    "iso8601": to_iso8601,
    "rfc822": to_rfc822,
    "unixTimestamp": to_epoch_text,
}


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)
