"""Pages of lists: a marker holds, unreadable for the caller, what the next page begins behind."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any, TypeVar

from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

# The API reference: 50 items an answer at the most, "even if you set the number higher".
MAX_PAGE = 50


def page_size(request: Mapping[str, Any]) -> int:
    """How many items the answer may hold."""
    return min(int(request.get("MaxItems", MAX_PAGE)), MAX_PAGE)


def marker(text: str) -> str:
    """The marker of a page that ends at `text`."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def marked(request: Mapping[str, Any]) -> str:
    """What the page before ended at, or "". Raises InvalidParameterValue."""
    try:
        return base64.urlsafe_b64decode(request.get("Marker", "")).decode()
    except (binascii.Error, ValueError) as error:
        raise InvalidParameterValue("The Marker is not one that this operation gave.") from error


def page(
    items: Sequence[T], request: Mapping[str, Any], key: Callable[[T], str], member: str
) -> tuple[list[T], dict[str, Any]]:
    """The page of `items`, sorted as they are, that the request asks for, and an answer that holds `NextMarker` if
    there is more; the caller puts the page under `member`. Raises InvalidParameterValue."""
    after = marked(request)
    start = 0
    if after:
        start = next((i + 1 for i, item in enumerate(items) if key(item) == after), len(items))
    size = page_size(request)
    shown = list(items[start : start + size])
    document: dict[str, Any] = {member: []}
    if start + size < len(items):
        document["NextMarker"] = marker(key(shown[-1]))
    return shown, document
