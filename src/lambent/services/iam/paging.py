"""Pages of answers: Marker, MaxItems, IsTruncated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.pagination import BadToken, make_token, read_token
from lambent.services.iam.errors import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# "If you do not include this parameter, the number of items defaults to 100" (IAM API reference, MaxItems).
_USUAL = 100


def page(
    request: Mapping[str, Any],
    member: str,
    items: Sequence[Any],
    show: Callable[[Any], Any] = lambda item: item,
) -> dict[str, Any]:
    """One page of `items`, each shown by `show`, under `member`; with the rest of a paged answer."""
    start = _start(request)
    limit = request.get("MaxItems", _USUAL)
    end = start + limit
    answer: dict[str, Any] = {
        member: [show(item) for item in items[start:end]],
        "IsTruncated": end < len(items),
    }
    if end < len(items):
        answer["Marker"] = make_token(f"from:{end}")
    return answer


def below(request: Mapping[str, Any], items: Sequence[Any]) -> list[Any]:
    """Those whose path begins with the request's PathPrefix."""
    prefix = request.get("PathPrefix", "/")
    return [item for item in items if item.path.startswith(prefix)]


def _start(request: Mapping[str, Any]) -> int:
    marker = request.get("Marker")
    if marker is None:
        return 0
    try:
        name, _, number = read_token(marker).partition(":")
    except BadToken:
        name = number = ""
    if name == "from" and number.isdecimal():
        return int(number)
    raise ValidationError("Invalid Marker.")
