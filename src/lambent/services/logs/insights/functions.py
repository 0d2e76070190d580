"""Functions of a query: on numbers, texts, times and addresses ("Supported operations and functions").

One that gets what it cannot work with gives None.
"""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, unquote_plus

import orjson

from lambent.services.logs.insights import conversions, dates
from lambent.services.logs.insights.values import is_true, to_number, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

ANY = 1 << 16


@dataclass(frozen=True, slots=True)
class Function:
    """How many arguments it takes, and what it makes of their values."""

    least: int
    most: int
    call: Callable[..., Any]


def _on_numbers(call: Callable[..., Any], least: int = 1, most: int = 1) -> Function:
    def run(*values: Any) -> Any:
        numbers = [to_number(value) for value in values]
        if None in numbers:
            return None
        try:
            return call(*numbers)
        except (ValueError, ArithmeticError):
            return None

    return Function(least, most, run)


def _on_texts(call: Callable[..., Any], least: int = 1, most: int = 1) -> Function:
    def run(*values: Any) -> Any:
        # "Maps and lists are treated as null for string, number, and datetime functions."
        if any(value is None or isinstance(value, dict | list) for value in values):
            return None
        return call(*map(to_text, values))

    return Function(least, most, run)


def _substring(text: str, start: str, length: str | None = None) -> Any:
    first = to_number(start)
    count = to_number(length) if length is not None else len(text)
    if first is None or count is None:
        return None
    return text[max(int(first), 0) :][: max(int(count), 0)]


def _is_ip(version: int | None) -> Function:
    def test(text: str) -> bool:
        try:
            return ipaddress.ip_address(text).version in {version or 4, version or 6}
        except ValueError:
            return False

    return _on_texts(test)


def _is_in_subnet(version: int | None) -> Function:
    def test(text: str, subnet: str) -> bool:
        try:
            address, network = ipaddress.ip_address(text), ipaddress.ip_network(subnet, False)
        except ValueError:
            return False
        return address.version in {version or 4, version or 6} and address in network

    return _on_texts(test, 2, 2)


def _address_number(text: str) -> int | None:
    try:
        return int(ipaddress.IPv4Address(text))
    except ValueError:
        return None


def _is_private(text: str) -> bool:
    """ "In a private range (RFC 1918)." """
    return any(
        _is_in_subnet(4).call(text, subnet)
        for subnet in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    )


def _is_public(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _is_reserved(text: str) -> bool:
    """Set aside for something, and not for private networks."""
    is_address = bool(_is_ip(None).call(text))
    return is_address and not _is_public(text) and not _is_private(text)


def _whole(bits: int) -> Callable[[float], int | None]:
    """Without what stands behind the point, where that has room in so many bits beside the sign."""

    def whole(number: float) -> int | None:
        found = int(number)
        return found if -(1 << bits) <= found < 1 << bits else None

    return whole


def _formatted(moment: Any, pattern: Any, zone: Any = "UTC") -> str | None:
    number = to_number(moment)
    return None if number is None else dates.format_date(number, to_text(pattern), to_text(zone))


def _floor(milliseconds: float, period: float) -> float:
    return milliseconds - milliseconds % period


def _ceiling(milliseconds: float, period: float) -> float:
    return -(-milliseconds // period) * period


def _choice(condition: Any, yes: Any, no: Any = None) -> Any:
    return yes if is_true(condition) else no


def _case(*values: Any) -> Any:
    """Conditions and results in turn; one more is for the rest."""
    for condition, result in zip(values[::2], values[1::2], strict=False):
        if is_true(condition):
            return result
    return values[-1] if len(values) % 2 else None


def _extreme(pick: Callable[[Any], Any]) -> Callable[..., Any]:
    def run(*values: Any) -> Any:
        numbers = [number for value in values if (number := to_number(value)) is not None]
        return pick(numbers) if numbers else None

    return run


FUNCTIONS: dict[str, Function] = {
    "abs": _on_numbers(abs),
    "ceil": _on_numbers(math.ceil),
    "floor": _on_numbers(math.floor),
    "log": _on_numbers(math.log),
    "sqrt": _on_numbers(math.sqrt),
    "greatest": Function(1, ANY, _extreme(max)),
    "least": Function(1, ANY, _extreme(min)),
    "ispresent": Function(1, 1, lambda value: value is not None),
    "coalesce": Function(1, ANY, lambda *values: next((v for v in values if v is not None), None)),
    "if": Function(2, 3, _choice),
    "case": Function(2, ANY, _case),
    # These need to know more than their arguments: see expressions.py.
    "bin": Function(1, 1, _floor),
    "now": Function(0, 0, int),
    "querystarttime": Function(0, 0, int),
    "queryendtime": Function(0, 0, int),
    "querytimerange": Function(0, 0, int),
    "datefloor": _on_numbers(_floor, 2, 2),
    "dateceil": _on_numbers(_ceiling, 2, 2),
    "frommillis": _on_numbers(lambda number: number),
    "tomillis": _on_numbers(lambda number: number),
    "isvalidip": _is_ip(None),
    "isvalidipv4": _is_ip(4),
    "isvalidipv6": _is_ip(6),
    "isipinsubnet": _is_in_subnet(None),
    "isipv4insubnet": _is_in_subnet(4),
    "isipv6insubnet": _is_in_subnet(6),
    "isempty": Function(1, 1, lambda value: value is None or to_text(value) == ""),
    "isblank": Function(1, 1, lambda value: value is None or not to_text(value).strip()),
    "concat": Function(1, ANY, lambda *values: "".join(map(to_text, values))),
    "trim": _on_texts(lambda text, chars=None: text.strip(chars), 1, 2),
    "ltrim": _on_texts(lambda text, chars=None: text.lstrip(chars), 1, 2),
    "rtrim": _on_texts(lambda text, chars=None: text.rstrip(chars), 1, 2),
    "strlen": _on_texts(len),
    "toupper": _on_texts(str.upper),
    "tolower": _on_texts(str.lower),
    "substr": _on_texts(_substring, 2, 3),
    "replace": _on_texts(lambda text, old, new: text.replace(old, new), 3, 3),
    # "If the third parameter is set to true, the match is case-insensitive", but AWS does not do that (tried 2026-06).
    "strcontains": _on_texts(lambda text, part, _=None: int(part in text), 2, 3),
    "startswith": _on_texts(lambda text, part: int(text.startswith(part)), 2, 2),
    "endswith": _on_texts(lambda text, part: int(text.endswith(part)), 2, 2),
    "base64encode": _on_texts(conversions.to_base64),
    "base64decode": _on_texts(conversions.from_base64),
    "urlencode": _on_texts(quote_plus),
    "urldecode": _on_texts(unquote_plus),
    "hextoascii": _on_texts(conversions.hex_to_ascii),
    "hextodec": _on_texts(conversions.hex_to_number),
    "dectohex": _on_numbers(conversions.number_to_hex),
    "md5": _on_texts(conversions.md5),
    "sha256": _on_texts(conversions.sha256),
    "split": _on_texts(
        lambda text, delimiter: text.split(delimiter) if delimiter else [text], 2, 2
    ),
    **dict.fromkeys(("regexreplace", "regex_replace"), _on_texts(conversions.replaced, 3, 3)),
    "messagesize": _on_texts(lambda text: len(text.encode())),
    "isnumeric": Function(1, 1, lambda value: to_number(value) is not None),
    "tonumber": _on_numbers(lambda number: number),
    "todouble": _on_numbers(float),
    "toint": _on_numbers(_whole(31)),
    "tolong": _on_numbers(_whole(63)),
    "round": _on_numbers(conversions.rounded_to, 1, 2),
    "haversine": _on_numbers(conversions.haversine, 4, 4),
    "ipv4tonumber": _on_texts(_address_number),
    "isprivateip": _on_texts(_is_private),
    "ispublicip": _on_texts(_is_public),
    "isreservedip": _on_texts(_is_reserved),
    "parsedate": _on_texts(dates.parse_date, 2, 3),
    **dict.fromkeys(("formatdate", "strftime"), Function(2, 3, _formatted)),
    "jsonparse": _on_texts(conversions.parsed),
    "jsonarraysize": Function(1, 1, conversions.array_size),
    "jsonarraycontains": Function(2, 2, conversions.array_contains),
    "jsonstringify": Function(1, 1, lambda value: orjson.dumps(value).decode()),
}

# What gives a time.
MOMENTS = frozenset({"bin", "datefloor", "dateceil", "frommillis"})


def _divided(left: float, right: float) -> float | None:
    return left / right if right else None


def _remainder(left: float, right: float) -> float | None:
    return math.fmod(left, right) if right else None


def _power(left: float, right: float) -> float | None:
    result = left**right
    return result if isinstance(result, int | float) else None


OPERATORS: dict[str, Callable[..., Any]] = {
    "+": _on_numbers(lambda left, right: left + right).call,
    "-": _on_numbers(lambda left, right: left - right).call,
    "*": _on_numbers(lambda left, right: left * right).call,
    "/": _on_numbers(_divided).call,
    "%": _on_numbers(_remainder).call,
    "^": _on_numbers(lambda left, right: _power(float(left), float(right))).call,
}
