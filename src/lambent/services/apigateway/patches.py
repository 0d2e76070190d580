"""Patch operations: which paths a kind of document has, and what an operation does to it.

Sources: RFC 6901 (paths) and "Patch Operations" of the API Gateway API reference. A table lists what *is* patchable, so
that everything else is refused with the paths that are. `apply` changes a copy: a list that is refused at its third
operation has changed nothing.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.apis.errors import BadRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Document = dict[str, Any]
    # (document, op, value, names that stood in the place of {...})
    Change = Callable[[Document, str, str, Sequence[str]], None]
    Convert = Callable[[str], Any]

ADD, REPLACE, REMOVE = "add", "replace", "remove"


@dataclass(frozen=True, slots=True)
class Rule:
    """A path, with `{name}` or `<name>` for parts that may be anything, and the operations that it takes.

    Paths are written as AWS lists them in its errors.
    """

    path: str
    ops: frozenset[str]
    change: Change

    def match(self, parts: Sequence[str]) -> list[str] | None:
        """What stands in the place of the names, or None where the path is another."""
        own = split(self.path)
        if len(own) != len(parts):
            return None
        names = []
        for pattern, part in zip(own, parts, strict=True):
            if pattern.startswith(("{", "<")):
                names.append(part)
            elif pattern != part:
                return None
        return names


@dataclass(frozen=True, slots=True)
class PatchTable:
    """The rules of one kind of document, the first that matches counts."""

    rules: tuple[Rule, ...]

    def apply(self, document: Mapping[str, Any], request: Mapping[str, Any]) -> Document:
        """The document after all operations of the request. Raises BadRequest and NotFound."""
        changed = copy.deepcopy(dict(document))
        for operation in request.get("patchOperations") or ():
            self.apply_one(changed, operation or {})
        return changed

    def apply_one(self, document: Document, operation: Mapping[str, Any]) -> None:
        """Change the document by one operation. Raises BadRequest and NotFound."""
        op, path = operation.get("op", ""), operation.get("path", "")
        parts = split(path)
        for rule in self.rules:
            names = rule.match(parts) if op in rule.ops else None
            if names is not None:
                rule.change(document, op, _value(operation, op), names)
                return
        raise invalid_path(op, path, [rule.path for rule in self.rules if op in rule.ops])


def split(path: str) -> list[str]:
    """The parts of a path, with `~1` and `~0` decoded. It may begin without its slash."""
    parts = path.removeprefix("/").split("/")
    return [part.replace("~1", "/").replace("~0", "~") for part in parts]


def invalid_path(op: str, path: str, allowed: Sequence[str]) -> BadRequest:
    # AWS, too, writes two spaces.
    advice = (
        f"Must be one of: [{', '.join(allowed)}]"
        if allowed
        else "Please choose supported operations"
    )
    return BadRequest(f"Invalid patch path  '{path}' specified for op '{op}'. {advice}")


def _value(operation: Mapping[str, Any], op: str) -> str:
    if op == "copy":
        return str(operation.get("from", ""))
    value = operation.get("value")
    if value is None and op == REPLACE:
        return ""
    return "" if value is None else str(value)


# --- what values may be ---


def text(value: str) -> str:
    return value


def boolean(value: str) -> bool:
    lowered = value.lower()
    if lowered not in ("true", "false"):
        raise BadRequest(f"Invalid boolean value: {value}. Must be one of: [true, false]")
    return lowered == "true"


def integer(value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise BadRequest(f"Invalid integer value: {value}") from None


def number(value: str) -> float:
    try:
        result = float(value)
    except ValueError:
        raise BadRequest(f"Invalid double value: {value}") from None
    if not math.isfinite(result):
        raise BadRequest(f"Invalid double value: {value}")
    return result


def one_of(*values: str) -> Convert:
    """A text of an enumeration."""

    def convert(value: str) -> str:
        if value not in values:
            raise BadRequest(f"Invalid value: {value}. Must be one of: [{', '.join(values)}]")
        return value

    return convert


# --- rules ---


def member(path: str, *ops: str, convert: Convert = text, required: bool = False) -> Rule:
    """A member, perhaps inside of structures. Set to "", an optional one goes away, as when it is removed."""
    *outer, name = split(path)

    def change(document: Document, op: str, value: str, _: Sequence[str]) -> None:
        if op == REMOVE or (value == "" and not required):
            inner = _inner(document, outer, make=False)
            if inner is not None:
                inner.pop(name, None)
            return
        inner = _inner(document, outer, make=True)
        assert inner is not None
        inner[name] = convert(value)

    return Rule(path, frozenset(ops or (REPLACE,)), change)


def structure(path: str) -> Rule:
    """A structure or map that can be removed as a whole."""
    *outer, name = split(path)

    def change(document: Document, op: str, value: str, _: Sequence[str]) -> None:
        inner = _inner(document, outer, make=False)
        if inner is not None:
            inner.pop(name, None)

    return Rule(path, frozenset((REMOVE,)), change)


def entry(path: str, *ops: str, convert: Convert = text) -> Rule:
    """An entry of a map, whose key is the last part of the path."""
    *outer, _ = split(path)

    def change(document: Document, op: str, value: str, names: Sequence[str]) -> None:
        inner = _inner(document, outer, make=op != REMOVE)
        if op == REMOVE:
            if inner is None or names[-1] not in inner:
                raise NotFound("Invalid parameter name specified")
            del inner[names[-1]]
            return
        assert inner is not None
        inner[names[-1]] = convert(value)

    return Rule(path, frozenset(ops or (ADD, REPLACE, REMOVE)), change)


def item(path: str, *ops: str) -> Rule:
    """An item of a list of texts, which is itself the last part of the path."""
    *outer, name, _ = split(path)

    def change(document: Document, op: str, value: str, names: Sequence[str]) -> None:
        holder = _inner(document, outer, make=True)
        assert holder is not None
        kept = [each for each in holder.get(name, ()) if each != names[-1]]
        if op != REMOVE:
            kept.append(value if op == REPLACE and value else names[-1])
        holder[name] = kept
        if not kept:
            del holder[name]

    return Rule(path, frozenset(ops or (ADD, REPLACE, REMOVE)), change)


def custom(path: str, change: Change, *ops: str) -> Rule:
    """A path with a rule of its own."""
    return Rule(path, frozenset(ops or (REPLACE,)), change)


def _inner(document: Document, outer: Sequence[str], *, make: bool) -> Document | None:
    for name in outer:
        if name not in document:
            if not make:
                return None
            document[name] = {}
        document = document[name]
    return document
