"""Pages of lists: a marker holds, unreadable for the caller, what the next page begins behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from lambent.core import pagination
from lambent.services.lambda_.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")

# The API reference: 50 items an answer at the most, "even if you set the number higher".
MAX_PAGE = 50


def page_size(request: Mapping[str, Any]) -> int:
    """How many items the answer may hold."""
    return min(int(request.get("MaxItems", MAX_PAGE)), MAX_PAGE)


def marked(request: Mapping[str, Any]) -> str:
    """What the page before ended at, or "". Raises InvalidParameterValue."""
    try:
        return pagination.read_token(request.get("Marker", ""))
    except pagination.BadToken:
        raise _not_ours() from None


def page(
    items: Sequence[T], request: Mapping[str, Any], key: Callable[[T], str], member: str
) -> tuple[list[T], dict[str, Any]]:
    """The page of `items`, sorted as they are, that the request asks for, and an answer that holds `NextMarker` if
    there is more; the caller puts the page under `member`. Raises InvalidParameterValue."""
    try:
        shown, following = pagination.page_of(
            items, request.get("Marker") or None, page_size(request), key
        )
    except pagination.BadToken:
        raise _not_ours() from None
    document: dict[str, Any] = {member: []}
    if following:
        document["NextMarker"] = following
    return shown, document


def _not_ours() -> InvalidParameterValue:
    return InvalidParameterValue("The Marker is not one that this operation gave.")
