"""What export tasks write: events as lines of text, compressed. Runs in compute processes."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lambent.storage.log_reader import load

if TYPE_CHECKING:
    from lambent.storage.log_group import Stretch


def packed(stretch: Stretch, start_ms: int, end_ms: int) -> bytes:
    """The events of a stretch between two times, both included, as one member of a gzip file; b"" for none.

    Members one after the other are a gzip file, too (RFC 1952, section 2.2).
    """
    events = load(stretch, (start_ms, -1, -1), (end_ms + 1, -1, -1))
    events.sort(key=lambda event: event.key)
    text = "".join(f"{_moment(event.timestamp_ms)} {event.text}\n" for event in events)
    return gzip.compress(text.encode("utf-8", "replace"), mtime=0) if events else b""


def _moment(timestamp_ms: int) -> str:
    seconds, milliseconds = divmod(timestamp_ms, 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{milliseconds:03}Z"
