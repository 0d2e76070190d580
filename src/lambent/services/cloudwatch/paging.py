"""Pages of lists: `NextToken` says what the page before ended at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from lambent.core import pagination
from lambent.services.cloudwatch.errors import InvalidNextToken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def page(
    items: Sequence[T], token: str | None, size: int, key: Callable[[T], str]
) -> tuple[list[T], dict[str, Any]]:
    """The page of `items`, which have their order, that the token asks for, and an answer with `NextToken` if there is
    more. `key` names an item.

    Raises:
        InvalidNextToken: the token is none of ours.
    """
    try:
        shown, following = pagination.page_of(items, token, size, key)
    except pagination.BadToken:
        raise _invalid() from None
    return shown, {"NextToken": following} if following else {}


def read_token(token: str) -> str:
    """What a token was made of. Raises InvalidNextToken."""
    try:
        return pagination.read_token(token)
    except pagination.BadToken:
        raise _invalid() from None


def _invalid() -> InvalidNextToken:
    return InvalidNextToken("The service cannot process the token.")
