"""Pages of lists: a token says, unreadable for who holds it, what the page before ended at."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


class BadToken(ValueError):
    """The token is none that a page has had."""


def make_token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_token(token: str) -> str:
    """What the token was made of. Raises BadToken."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadToken(token) from None


def page_of(
    items: Sequence[T], token: str | None, size: int, key: Callable[[T], str]
) -> tuple[list[T], str]:
    """The page of `items`, which have their order, that a token asks for, and the token of the next; "" for none.

    Args:
        token: None for the first page.
        key: names an item.

    Raises:
        BadToken: it is none of ours.
    """
    start = 0
    if token is not None:
        after = read_token(token)
        start = next((i + 1 for i, item in enumerate(items) if key(item) == after), len(items))
    shown = list(items[start : start + size])
    return shown, make_token(key(shown[-1])) if start + size < len(items) else ""
