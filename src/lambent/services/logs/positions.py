"""Where an event stands, in the forms that AWS gives it: event ids, page tokens, record pointers.

A key (timestamp, segment, offset) is a number of 56 digits: 17 for the timestamp, 15 for the segment, the rest for the
offset.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

import orjson

from lambent.services.logs.errors import InvalidParameter

if TYPE_CHECKING:
    from lambent.services.logs.names import GroupKey
    from lambent.storage.log_reader import Key

_ID = re.compile(r"(\d{17})(\d{15})(\d{24})")
_PAGE_TOKEN = re.compile(r"([fb])/(\d{56})/s")


def event_id(key: Key) -> str:
    timestamp_ms, segment, offset = key
    return f"{max(timestamp_ms, 0):017}{segment:015}{offset:024}"


def page_token(direction: str, key: Key) -> str:
    """`f/...` or `b/...`: GetLogEvents goes on behind, or before, this key."""
    return f"{direction}/{event_id(key)}/s"


def read_page_token(token: str) -> tuple[str, Key]:
    """Raises InvalidParameter."""
    match = _PAGE_TOKEN.fullmatch(token)
    if match is None:
        raise _invalid_token()
    return match[1], _key(match[2])


def search_token(direction: str, key: Key) -> str:
    """FilterLogEvents goes on behind this key."""
    return base64.urlsafe_b64encode(f"{direction}{event_id(key)}".encode()).decode()


def read_search_token(token: str) -> tuple[str, Key]:
    """Raises InvalidParameter."""
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid_token() from error
    if text[:1] not in {"f", "b"} or not _ID.fullmatch(text[1:]):
        raise _invalid_token()
    return text[0], _key(text[1:])


def record_pointer(group: GroupKey, stream: str, key: Key) -> str:
    """`@ptr`: names an event for GetLogRecord."""
    return base64.b64encode(orjson.dumps([*group, stream, *key])).decode()


def read_record_pointer(pointer: str) -> tuple[GroupKey, str, Key]:
    """Raises InvalidParameter."""
    try:
        account_id, region, name, stream, *numbers = orjson.loads(
            base64.b64decode(pointer, validate=True)
        )
        timestamp_ms, segment, offset = map(int, numbers)
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidParameter("The specified log record pointer is invalid.") from error
    return (str(account_id), str(region), str(name)), str(stream), (timestamp_ms, segment, offset)


def sequence_token(moment_ms: int) -> str:
    """Looks like one of the time when they were looked at. "The sequence token is now ignored" (PutLogEvents)."""
    return f"4{moment_ms:055}"


def _key(digits: str) -> Key:
    match = _ID.fullmatch(digits)
    assert match is not None, "its digits were counted"
    return int(match[1]), int(match[2]), int(match[3])


def _invalid_token() -> InvalidParameter:
    return InvalidParameter("The specified nextToken is invalid.")
