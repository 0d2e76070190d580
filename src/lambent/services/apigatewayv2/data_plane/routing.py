"""Which route answers: the one that fits best ("Working with routes for HTTP APIs", developer guide).

Exact segments before variables, those before greedy ones; a method before ANY; `$default` last. Segments are compared
as they read with their percent signs decoded, but split before that: `%2F` is part of a segment. A slash at the end is
a segment of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Document = Mapping[str, Any]

_EXACT, _VARIABLE, _GREEDY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Route:
    """A route as requests are held against it. `parts` are (kind, text or name)."""

    document: Document
    method: str
    path: str
    parts: tuple[tuple[int, str], ...]

    @property
    def key(self) -> str:
        return str(self.document["RouteKey"])

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path parameters; None where the path does not fit."""
        parts = self.parts
        is_greedy = bool(parts) and parts[-1][0] == _GREEDY
        if len(segments) != len(parts) and not (is_greedy and len(segments) > len(parts)):
            return None
        found: dict[str, str] = {}
        for at, (kind, text) in enumerate(parts):
            if kind == _EXACT:
                if segments[at] != text:
                    return None
            else:
                value = segments[at] if kind == _VARIABLE else "/".join(segments[at:])
                # `/a/` is for `/a/{rest+}`, with nothing in the variable; `/` is not for `/{rest+}`.
                if not value and (kind == _VARIABLE or at == 0):
                    return None
                found[text] = value
        return found


class Routes:
    """The routes of a deployment."""

    def __init__(self, documents: Iterable[Document]) -> None:
        routes = [_route(each) for each in documents]
        self._default = next((each for each in routes if each.key == "$default"), None)
        self._routes = sorted((each for each in routes if each.key != "$default"), key=_rank)

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route for a request, and its path parameters, decoded."""
        segments = [unquote(each) for each in path.removeprefix("/").split("/")]
        for route in self._routes:
            if route.method in (method, "ANY"):
                found = route.match(segments)
                if found is not None:
                    return route, found
        return None if self._default is None else (self._default, {})


def _route(document: Document) -> Route:
    method, _, path = str(document["RouteKey"]).partition(" ")
    parts = tuple(_part(each) for each in path.removeprefix("/").split("/")) if path else ()
    return Route(document, method, path or method, parts)


def _part(text: str) -> tuple[int, str]:
    if text.startswith("{") and text.endswith("+}"):
        return _GREEDY, text[1:-2]
    if text.startswith("{") and text.endswith("}"):
        return _VARIABLE, text[1:-1]
    return _EXACT, unquote(text)


def _rank(route: Route) -> tuple[object, ...]:
    kinds = tuple(kind for kind, _ in route.parts)
    # A longer route with a greedy end is the more specific one.
    return (_GREEDY in kinds, -len(kinds) if _GREEDY in kinds else 0, kinds, route.method == "ANY")
