"""Method and path to operation, for the REST protocols.

A tree over the segments of the URI templates: a literal segment wins over a label (`{Name}`), a label over a greedy
one (`{Key+}`), and a way that ends nowhere is taken back. Templates also hold constants of the query string
(`/{Bucket}?acl`); of several operations on one path, the one whose constants and required query and header members
are all there, and are most, is meant. A slash at the end of a path is not looked at, except by a greedy label.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lambent.protocol.unreadable import Unreadable

if TYPE_CHECKING:
    from lambent.core.http import Headers
    from lambent.protocol.shapes import OperationModel


# Paths whose way through the tree is remembered, of at most this length: a few hundred KB at the worst.
_KEPT_PATHS = 1024
_KEPT_LENGTH = 256


@dataclass(slots=True)
class _Candidate:
    operation: str
    labels: list[str]
    literals: int  # segments of the template that are no labels
    constants: list[tuple[str, str | None]]
    # Required members outside path and body: they tell UploadPart from PutObject.
    required_query: list[str]
    required_headers: list[str]


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    label: _Node | None = None
    greedy: _Node | None = None
    candidates: list[_Candidate] = field(default_factory=list)


class UriTable:
    """The routing table of one service."""

    def __init__(self) -> None:
        self._roots: dict[str, _Node] = {}
        self._walked: dict[tuple[str, str], tuple[list[_Candidate], list[str]] | None] = {}

    def add(self, operation: OperationModel) -> None:
        """Enter an operation under its method and URI template; all of them before the first `find`."""
        path, _, query = operation.http["requestUri"].partition("?")
        node = self._roots.setdefault(operation.http["method"], _Node())
        labels, segments = [], _segments(path)
        for segment in segments:
            node, label = _descend(node, segment)
            labels += [label] if label else []
        literals = len(segments) - len(labels)
        node.candidates.append(_candidate(operation, labels, literals, query))

    def find(
        self, method: str, path: str, query: str, headers: Headers
    ) -> tuple[str, dict[str, str]] | None:
        """The operation's name and the decoded labels. Raises `Unreadable` where a label is not UTF-8."""
        found = self._match(method, path, query, headers)
        if found is None:
            return None
        candidate, values = found
        return candidate.operation, dict(zip(candidate.labels, map(_decoded, values), strict=True))

    def literals(self, method: str, path: str, query: str, headers: Headers) -> int:
        """How many segments of a path the table knows by name; -1 where it has no operation for it."""
        found = self._match(method, path, query, headers)
        return -1 if found is None else found[0].literals

    def is_sure(self, method: str, path: str) -> bool:
        """True when neither query nor headers can change what method and path find."""
        found = self._walk(method, path)
        return found is not None and len(found[0]) == 1 and not found[0][0].constants

    def _match(
        self, method: str, path: str, query: str, headers: Headers
    ) -> tuple[_Candidate, list[str]] | None:
        found = self._walk(method, path)
        if found is None:
            return None
        candidates, values = found
        chosen = candidates[0]
        if len(candidates) > 1 or chosen.constants:
            best = _best(candidates, query, headers)
            if best is None:
                return None
            chosen = best
        return chosen, values

    def _walk(self, method: str, path: str) -> tuple[list[_Candidate], list[str]] | None:
        """Method and path alone decide this, and the same few come again and again."""
        key = (method, path)
        try:
            return self._walked[key]
        except KeyError:
            root = self._roots.get(method)
            found = _walk(root, path[1:].split("/"), 0, []) if root is not None else None
            if len(path) <= _KEPT_LENGTH:
                if len(self._walked) >= _KEPT_PATHS:
                    self._walked.clear()
                self._walked[key] = found
            return found


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/")[1:] if segment]


def _descend(node: _Node, segment: str) -> tuple[_Node, str]:
    """The child for a template's segment, made if need be, and the label's name if it is one."""
    if segment.startswith("{") and segment.endswith("+}"):
        node.greedy = node.greedy or _Node()
        return node.greedy, segment[1:-2]
    if segment.startswith("{") and segment.endswith("}"):
        node.label = node.label or _Node()
        return node.label, segment[1:-1]
    return node.literals.setdefault(segment, _Node()), ""


def _candidate(
    operation: OperationModel, labels: list[str], literals: int, query: str
) -> _Candidate:
    constants = []
    for item in filter(None, query.split("&")):
        name, separator, value = item.partition("=")
        constants.append((name, value if separator else None))
    required: dict[str, list[str]] = {"querystring": [], "header": []}
    if operation.input_shape is not None:
        for name in operation.input_shape.required:
            member = operation.input_shape.members[name]
            required.get(member.traits.get("location", ""), []).append(member.wire_name(name))
    headers = [name.lower() for name in required["header"]]
    return _Candidate(operation.name, labels, literals, constants, required["querystring"], headers)


def _walk(
    node: _Node, segments: list[str], position: int, values: list[str]
) -> tuple[list[_Candidate], list[str]] | None:
    if position == len(segments) or (position == len(segments) - 1 and not segments[position]):
        return (node.candidates, values) if node.candidates else None
    segment = segments[position]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _walk(literal, segments, position + 1, values)
        if found is not None:
            return found
    if node.label is not None and segment:
        found = _walk(node.label, segments, position + 1, [*values, segment])
        if found is not None:
            return found
    return _walk_greedy(node.greedy, segments, position, values) if node.greedy else None


def _walk_greedy(
    node: _Node, segments: list[str], position: int, values: list[str]
) -> tuple[list[_Candidate], list[str]] | None:
    """A greedy label takes all that is left, or all but what the template goes on with."""
    if node.candidates:
        return node.candidates, [*values, "/".join(segments[position:])]
    for end in range(len(segments) - 1, position, -1):
        taken = "/".join(segments[position:end])
        found = _walk(node, segments, end, [*values, taken]) if taken else None
        if found is not None:
            return found
    return None


def _best(candidates: list[_Candidate], query: str, headers: Headers) -> _Candidate | None:
    """The most specific candidate whose constants are all there; the nearest one when members are missing."""
    given: dict[str, set[str | None]] = {}
    for item in filter(None, query.split("&")):
        name, separator, value = item.partition("=")
        given.setdefault(unquote(name), set()).add(unquote(value) if separator else None)
    fitting = [each for each in candidates if _constants_hold(each, given)]
    return max(fitting, key=lambda each: _rank(each, given, headers), default=None)


def _constants_hold(candidate: _Candidate, given: dict[str, set[str | None]]) -> bool:
    # `?acl` and `?acl=` are the same; a constant with a value must have that value.
    return all(
        name in given and (not value or value in given[name]) for name, value in candidate.constants
    )


def _rank(
    candidate: _Candidate, given: dict[str, set[str | None]], headers: Headers
) -> tuple[int, int, int]:
    names = [name in given for name in candidate.required_query]
    names += [name in headers for name in candidate.required_headers]
    return len(candidate.constants), -names.count(False), len(names)


def _decoded(value: str) -> str:
    if "%" not in value:
        return value
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError as error:
        raise Unreadable("The path is not UTF-8") from error
