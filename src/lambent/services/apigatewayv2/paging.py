"""Pages of lists: `MaxResults` and `NextToken`."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest
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
        answer["NextToken"] = base64.b64encode(str(rest[size - 1][key]).encode()).decode()
    return answer


def _size(text: str) -> int:
    if not text:
        return MAX_RESULTS
    if not text.isascii() or not text.isdecimal() or not int(text[:9]) >= 1:
        raise BadRequest("Invalid value for maxResults. It must be a positive integer.")
    return min(int(text[:9]), MAX_RESULTS)


def _after(token: str) -> str:
    try:
        return base64.b64decode(token, validate=True).decode()
    except (binascii.Error, ValueError):
        raise BadRequest("Invalid nextToken specified") from None
