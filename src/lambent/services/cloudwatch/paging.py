"""Pages of lists: `NextToken` says what the page before ended at."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

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
    start = 0
    if token is not None:
        after = read_token(token)
        start = next((i + 1 for i, item in enumerate(items) if key(item) == after), len(items))
    shown = list(items[start : start + size])
    if start + size < len(items):
        return shown, {"NextToken": make_token(key(shown[-1]))}
    return shown, {}


def make_token(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def read_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidNextToken("The service cannot process the token.") from error
