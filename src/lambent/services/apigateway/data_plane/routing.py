"""The resources of a deployment as a tree: exact segments first, then a parameter, then a greedy one.

Segments are compared as they read with their percent signs decoded, but split before that: `%2F` is part of a segment.
A slash at the end means nothing. The resource alone decides: where the one that fits best has methods but not the one
asked for, no other is tried. Nodes are visited at most once, so a look-up costs no more than the API is large.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")
_ANY = "ANY"
# "ANY represents all supported methods": others that HTTP has are no methods of a REST API.
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


@dataclass(slots=True)
class Node(Generic[T]):
    """One resource. `name` is that of its path parameter, if it is one."""

    name: str = ""
    methods: Mapping[str, T] = field(default_factory=dict)
    exact: dict[str, Node[T]] = field(default_factory=dict)
    parameter: Node[T] | None = None
    greedy: Node[T] | None = None


class Routes(Generic[T]):
    """The tree of one deployment; `T` is what a method is."""

    def __init__(self) -> None:
        self._root: Node[T] = Node()

    def add(self, path: str, methods: Mapping[str, T]) -> None:
        """A resource by its path, such as `/pets/{id}/{rest+}`, with its methods by name (`GET`, `ANY`)."""
        node = self._root
        for part in path.split("/"):
            if part:
                node = _child(node, part)
        node.methods = methods

    def find(self, method: str, path: str) -> tuple[T, dict[str, str]] | None:
        """The method that answers, and its path parameters, as sent."""
        raw = path.removeprefix("/").removesuffix("/")
        segments = [(part, unquote(part)) for part in raw.split("/")] if raw else []
        parameters: dict[str, str] = {}
        node = _search(self._root, segments, 0, parameters)
        if node is None or method not in _METHODS:
            return None
        found = node.methods.get(method) or node.methods.get(_ANY)
        return None if found is None else (found, parameters)


def _child(node: Node[T], part: str) -> Node[T]:
    if part.startswith("{") and part.endswith("+}"):
        node.greedy = node.greedy or Node(part[1:-2])
        return node.greedy
    if part.startswith("{") and part.endswith("}"):
        node.parameter = node.parameter or Node(part[1:-1])
        return node.parameter
    return node.exact.setdefault(part, Node())


def _search(
    node: Node[T], segments: list[tuple[str, str]], at: int, parameters: dict[str, str]
) -> Node[T] | None:
    if at == len(segments):
        return node if node.methods else None
    segment, decoded = segments[at]
    child = node.exact.get(decoded)
    if child is not None:
        found = _search(child, segments, at + 1, parameters)
        if found is not None:
            return found
    if node.parameter is not None and segment:
        found = _search(node.parameter, segments, at + 1, parameters)
        if found is not None:
            parameters[node.parameter.name] = segment
            return found
    if node.greedy is not None and node.greedy.methods:
        parameters[node.greedy.name] = "/".join(each for each, _ in segments[at:])
        return node.greedy
    return None
