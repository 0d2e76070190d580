"""Values in a query: numbers, texts, booleans, lists and objects of JSON, or None for what is not there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import orjson

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*")
# "avg(@duration)" is shown with four digits behind the point.
_DIGITS = 4


def to_number(value: Any) -> float | None:
    """None for what is no number. A text that looks like one is one."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return None


def to_text(value: Any) -> str:
    """As functions on texts see it, and as results show it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else rounded(value)
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else orjson.dumps(value).decode()


def rounded(value: float) -> str:
    return f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")


def to_moment(milliseconds: float) -> str:
    """A time as results show it, in UTC."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{int(milliseconds) % 1000:03}"


def is_true(value: Any) -> bool:
    return bool(value) and value not in {"0", "false"} if isinstance(value, str) else bool(value)


def sort_key(value: Any) -> tuple[int, Any]:
    """What is not there comes first, then numbers, then texts."""
    if value is None:
        return (0, 0)
    number = to_number(value)
    return (2, to_text(value)) if number is None else (1, number)
