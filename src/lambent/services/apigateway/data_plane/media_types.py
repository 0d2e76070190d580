"""Content types, and which of them an API treats as binary."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def media_type(header: str) -> str:
    """`Text/Plain; charset=utf-8` is `text/plain`; of a list, as Accept holds one, the first."""
    return header.partition(",")[0].partition(";")[0].strip().lower()


class MediaTypes:
    """The binaryMediaTypes of an API; `image/*` and `*/*` stand for many."""

    def __init__(self, types: Iterable[str]) -> None:
        names = {each.replace("~1", "/").strip().lower() for each in types}
        self._is_all = "*/*" in names
        self._families = {name[:-1] for name in names if name.endswith("/*")}
        self._names = names

    def match(self, header: str) -> bool:
        """Does a Content-Type or (the first of an) Accept header name one?"""
        if self._is_all:
            return True
        name = media_type(header)
        if not name or not self._names:
            return False
        return name in self._names or f"{name.partition('/')[0]}/" in self._families
