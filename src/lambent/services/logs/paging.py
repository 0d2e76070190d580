"""Pages of lists: `nextToken` says what the page before ended at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from lambent.core import pagination
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
    token = request.get("nextToken")
    try:
        shown, following = pagination.page_of(items, token, request.get(limit, default), key)
    except pagination.BadToken:
        raise InvalidParameter("The specified nextToken is invalid.") from None
    return shown, {"nextToken": following} if following else {}
