"""Pages of lists: `nextToken` says what the page before ended at."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

from lambent.services.logs.errors import InvalidParameter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
# "If you don't specify a value, the default is up to 50 items" (DescribeLogGroups and its siblings).
PAGE = 50


def page(
    items: Sequence[T],
    request: Mapping[str, Any],
    key: Callable[[T], str],
    *,
    limit: str = "limit",
    default: int = PAGE,
) -> tuple[list[T], dict[str, Any]]:
    """The page that is asked for of `items`, which have their order, and an answer with `nextToken` if there is more.

    Args:
        key: names an item.
        limit: the member that says how many.

    Raises:
        InvalidParameter: the token is none of ours.
    """
    start = 0
    if "nextToken" in request:
        after = _named(request["nextToken"])
        start = next((i + 1 for i, item in enumerate(items) if key(item) == after), len(items))
    size = request.get(limit, default)
    shown = list(items[start : start + size])
    if start + size < len(items):
        return shown, {"nextToken": _token(key(shown[-1]))}
    return shown, {}


def _token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _named(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameter("The specified nextToken is invalid.") from error
