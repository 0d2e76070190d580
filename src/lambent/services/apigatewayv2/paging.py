"""Pages of lists: `MaxResults` and `NextToken`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
from lambent.core.pagination import BadToken, make_token, read_token
from lambent.services.apigatewayv2.documents import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# A page holds no more than this, whatever is asked for.
MAX_RESULTS = 500


def page(
    documents: Iterable[Mapping[str, Any]], request: Mapping[str, Any], key: str
) -> dict[str, Any]:
    """The page that the request asks for, by the member `key`; without MaxResults it is as large as may be.

    Raises BadRequest for a size or a token that no page has had.
    """
    size = _size(request.get("MaxResults") or "")
    after = _after(request.get("NextToken") or "")
    rest = sorted(
        (each for each in documents if str(each[key]) > after), key=lambda each: each[key]
    )
    answer: dict[str, Any] = {"Items": [shown(each) for each in rest[:size]]}
    if len(rest) > size:
        answer["NextToken"] = make_token(str(rest[size - 1][key]))
    return answer


def _size(text: str) -> int:
    if not text:
        return MAX_RESULTS
    if not text.isascii() or not text.isdecimal() or not int(text[:9]) >= 1:
        raise BadRequest("Invalid value for maxResults. It must be a positive integer.")
    return min(int(text[:9]), MAX_RESULTS)


def _after(token: str) -> str:
    try:
        return read_token(token)
    except BadToken:
        raise BadRequest("Invalid nextToken specified") from None
