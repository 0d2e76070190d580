"""Pages of lists, and documents as they are answered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
from lambent.core.pagination import BadToken, make_token, read_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# "The default value is 25 and the maximum value is 500" (every list of the API reference).
DEFAULT_LIMIT = 25
MAX_LIMIT = 500
_TIMES = ("createdDate", "lastUpdatedDate", "certificateUploadDate", "expirationDate")


def shown(document: Mapping[str, Any], *hidden: str) -> dict[str, Any]:
    """A stored document as it is answered, without some of its members."""
    answer = {name: value for name, value in document.items() if name not in hidden}
    for name in _TIMES:
        if name in answer:
            answer[name] = datetime.fromtimestamp(answer[name], UTC)
    return answer


def page(
    documents: Iterable[Mapping[str, Any]],
    request: Mapping[str, Any],
    key: Callable[[Mapping[str, Any]], str],
    *hidden: str,
) -> dict[str, Any]:
    """The page that the request asks for, of documents that are sorted by `key`.

    Raises BadRequest for a position that no page has had.
    """
    limit = request.get("limit", DEFAULT_LIMIT)
    if limit < 1:
        raise BadRequest("Invalid limit specified. Limit must be between 1 and 500")
    limit = min(limit, MAX_LIMIT)
    after = _after(request.get("position", ""))
    rest = [each for each in sorted(documents, key=key) if after is None or key(each) > after]
    answer: dict[str, Any] = {"items": [shown(each, *hidden) for each in rest[:limit]]}
    if len(rest) > limit:
        answer["position"] = make_token(key(rest[limit - 1]))
    return answer


def _after(position: str) -> str | None:
    if not position:
        return None
    try:
        return read_token(position)
    except BadToken:
        raise BadRequest("Invalid position specified") from None
