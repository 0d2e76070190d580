"""What policies may ask about a request: its condition keys with their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Facts(Protocol):
    """Keys in lower case, each with its values; a plain dict of tuples is one. Asked for what policies mention only."""

    def get(self, key: str, /) -> tuple[str, ...] | None:
        """None: the request has no such key."""
        ...


def facts_of(values: Mapping[str, str | Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Facts from keys as they are written, each with one value or several."""
    return {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in values.items()
    }
