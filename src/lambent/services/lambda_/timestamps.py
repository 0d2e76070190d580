"""Calendar times as they are stored and as AWS writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def calendar_ms(now: datetime) -> int:
    """Milliseconds since 1970."""
    return int(now.timestamp() * 1000)


def from_ms(milliseconds: int) -> datetime:
    """The other way round."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def last_modified(milliseconds: int) -> str:
    """With milliseconds: `2026-01-01T00:00:00.000+0000`."""
    at = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}+0000"


def to_seconds(milliseconds: int) -> str:
    """Without: `2026-01-01T00:00:00+0000`."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
