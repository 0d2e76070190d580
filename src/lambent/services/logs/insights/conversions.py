"""Texts in other forms: Base64, URLs, hexadecimal numbers, digests, JSON. What is not of a form gives None."""

from __future__ import annotations

import base64
import binascii
import csv
import decimal
import hashlib
import math
import re
from typing import Any

import orjson

from lambent.services.logs.insights.values import to_text

# Of the earth, in kilometres: the mean radius.
_RADIUS_KM = 6371.0
_PAIR = re.compile(r"""([^\s="]+)=(?:"((?:[^"\\]|\\.)*)"|(\S*))""")


def from_base64(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def to_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def hex_to_ascii(text: str) -> str | None:
    try:
        return bytes.fromhex(text.removeprefix("0x")).decode("ascii")
    except ValueError:
        return None


def hex_to_number(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None


def number_to_hex(number: float) -> str:
    """ "Negative numbers produce -0x prefix. Non-integers are truncated." """
    whole = int(number)
    return f"{'-' if whole < 0 else ''}0x{abs(whole):x}"


def rounded_to(number: float, digits: float = 0) -> float:
    """Half away from nothing."""
    step = decimal.Decimal(1).scaleb(-int(digits))
    found = decimal.Decimal(repr(number)).quantize(step, decimal.ROUND_HALF_UP)
    return float(found) if digits > 0 else int(found)


def haversine(*degrees: float) -> float:
    """Latitude and longitude of two places: how far they are from each other, in kilometres."""
    north1, east1, north2, east2 = map(math.radians, degrees)
    part = (
        math.sin((north2 - north1) / 2) ** 2
        + math.cos(north1) * math.cos(north2) * math.sin((east2 - east1) / 2) ** 2
    )
    return 2 * _RADIUS_KM * math.asin(math.sqrt(min(part, 1.0)))


def replaced(text: str, pattern: str, replacement: str) -> str | None:
    """What matches a regular expression, each time by the same text."""
    try:
        return re.sub(pattern, lambda _: replacement, text)
    except re.error:
        return None


def parsed(text: str) -> Any:
    """ "Returns a map or list when the input is a string representation of JSON object or a JSON array." """
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict | list) else None


def logfmt(text: str) -> dict[str, str]:
    """`level=info msg="all is well"`: values by their keys."""
    return {
        match[1]: re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PAIR.finditer(text)
    }


def cells(text: str) -> list[str]:
    """What stands between the commas of a line."""
    try:
        return next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        return []


def array_size(value: Any) -> int | None:
    array = _array(value)
    return None if array is None else len(array)


def array_contains(value: Any, wanted: Any) -> bool:
    return any(to_text(each) == to_text(wanted) for each in _array(value) or ())


def _array(value: Any) -> list[Any] | None:
    found = parsed(value) if isinstance(value, str) else value
    return found if isinstance(found, list) else None
