"""Checks a parsed input against its model and says everything that is wrong with it in one text, as AWS does.

Compiled per operation: a shape that demands nothing, and holds nothing that does, costs nothing. The items of a list
and the keys and values of a map are judged together, in one sentence, where they are scalars; where they are not, each
is judged at its own path (`tags.1.member.key`, counted from one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lambent.protocol.constraints import NOT_NULL, bracketed, constraints_of
from lambent.protocol.rendering import lower_first, render

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from lambent.protocol.constraints import Constraint
    from lambent.protocol.shapes import Shape

    # (value, path, violations): appends to violations.
    Check = Callable[[Any, str, list[str]], None]

_HOLDERS = ("list", "map", "structure")
# Texts remembered per member, of at most this length: 20 KB at the worst.
_KEPT = 128
_KEPT_LENGTH = 128
# Of a request with thousands of faults, so many are told.
_MOST_TOLD = 100


class Validator:
    """Compiles the shapes of one service to checks.

    Args:
        left_out: members, by the name of their shape, whose values are not judged here.
    """

    def __init__(self, left_out: Mapping[str, Container[str]] | None = None) -> None:
        self._structures: dict[str, Check] = {}
        self._left_out = left_out or {}

    def compile(
        self, shape: Shape | None, body_name: str = ""
    ) -> Callable[[Mapping[str, Any]], str | None]:
        """A function from an operation's input to AWS's message, or to None when all is well. `body_name` is what the
        service calls the body, where it says so before the members in it.
        """
        if shape is None:
            return lambda _: None
        check = self._input(shape, body_name) if body_name else self._structure(shape)

        def validate(value: Mapping[str, Any]) -> str | None:
            violations: list[str] = []
            check(value, "", violations)
            return message(violations) if violations else None

        return validate

    def _check(self, shape: Shape) -> Check | None:
        """None when nothing can be wrong with a value of that shape."""
        if shape.traits.get("document"):
            return None
        if shape.traits.get("eventstream"):
            return self._each(self._structure(shape), _missing(shape))
        inner = self._COMPOUNDS.get(shape.type_name)
        own = _own(shape)
        if inner is None:
            return own
        held = inner(self, shape)
        if own is None or held is None:
            return own or held

        def both(value: Any, path: str, violations: list[str]) -> None:
            own(value, path, violations)
            held(value, path, violations)

        return both

    def _structure(self, shape: Shape) -> Check:
        known = self._structures.get(shape.name)
        if known is not None:
            return known
        rows: list[tuple[str, str, Check | None, Check | None]] = []
        check = self._structures[shape.name] = _rows_check(rows)
        self._fill(rows, shape)
        return check

    def _input(self, shape: Shape, body_name: str) -> Check:
        rows: list[tuple[str, str, Check | None, Check | None]] = []
        self._fill(rows, shape, f"{body_name}.")
        return _rows_check(rows)

    def _fill(
        self,
        rows: list[tuple[str, str, Check | None, Check | None]],
        shape: Shape,
        in_body: str = "",
    ) -> None:
        required = set(shape.required)
        left_out = self._left_out.get(shape.name, ())
        for name, member in shape.members.items():
            inner = None if name in left_out else self._check(member)
            missing = _missing(member) if name in required else None
            if inner is not None or missing is not None:
                before = "" if "location" in member.traits else in_body
                rows.append((name, before + lower_first(name), inner, missing))

    def _list(self, shape: Shape) -> Check | None:
        if shape.member.type_name not in _HOLDERS:
            return _scalars(shape, shape.member, list, "Member must satisfy constraint")
        return self._each(self._check(shape.member), _missing(shape.member))

    def _each(self, inner: Check | None, missing: Check) -> Check:
        """The items of a list, or the events of a stream, each at its own path."""

        def check(value: Any, path: str, violations: list[str]) -> None:
            for index, item in enumerate(value, 1):
                at = f"{path}.{index}.member"
                if item is None:
                    missing(item, at, violations)
                elif inner is not None:
                    inner(item, at, violations)

        return check

    def _map(self, shape: Shape) -> Check | None:
        checks = [_map_keys(shape)] if constraints_of(shape.key) else []
        if shape.value.type_name in _HOLDERS:
            checks.append(self._map_values(shape))
        else:
            checks.append(
                _scalars(shape, shape.value, _values, "Map value must satisfy constraint")
            )

        def check(value: Any, path: str, violations: list[str]) -> None:
            for each in checks:
                each(value, path, violations)

        return check

    def _map_values(self, shape: Shape) -> Check:
        inner = self._check(shape.value)
        missing = _missing(shape.value)

        def check(value: Any, path: str, violations: list[str]) -> None:
            for key, item in value.items():
                at = f"{path}.{key}.member"
                if item is None:
                    missing(item, at, violations)
                elif inner is not None:
                    inner(item, at, violations)

        return check

    _COMPOUNDS: ClassVar[dict[str, Callable[[Validator, Any], Check | None]]] = {
        "structure": _structure,
        "list": _list,
        "map": _map,
    }


def message(violations: list[str]) -> str:
    """AWS's sentence around the violations."""
    noun = "validation error" if len(violations) == 1 else "validation errors"
    return f"{len(violations)} {noun} detected: {'; '.join(violations[:_MOST_TOLD])}"


def violation(value: Any, shape: Shape, path: str, text: str) -> str:
    """One of them. The value of a sensitive member is never repeated."""
    if shape.traits.get("sensitive"):
        return f"Value at '{path}' failed to satisfy constraint: {text}"
    shown = "null" if value is None else f"'{render(value, shape)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {text}"


def _rows_check(rows: list[tuple[str, str, Check | None, Check | None]]) -> Check:
    def check(value: Any, path: str, violations: list[str]) -> None:
        prefix = f"{path}." if path else ""
        for name, wire_name, inner, missing in rows:
            item = value.get(name)
            if item is None:
                if missing is not None:
                    missing(item, prefix + wire_name, violations)
            elif inner is not None:
                inner(item, prefix + wire_name, violations)

    return check


def _own(shape: Shape) -> Check | None:
    """The constraints on the value itself."""
    constraints = constraints_of(shape)
    if not constraints:
        return None

    tests = [(constraint.holds, constraint.text) for constraint in constraints]

    def check(value: Any, path: str, violations: list[str]) -> None:
        for holds, text in tests:
            if not holds(value):
                violations.append(violation(value, shape, path, text))

    if any(constraint.is_pattern for constraint in constraints) and not shape.traits.get(
        "sensitive"
    ):
        return _remembering(check)
    return check


def _remembering(check: Check) -> Check:
    """The same few names come again and again, and a pattern is dear: texts that were good are looked up."""
    good: set[str] = set()

    def look_up(value: Any, path: str, violations: list[str]) -> None:
        if value in good:
            return
        before = len(violations)
        check(value, path, violations)
        if len(violations) == before and len(value) <= _KEPT_LENGTH:
            if len(good) >= _KEPT:
                good.clear()
            good.add(value)

    return look_up


def _missing(shape: Shape) -> Check:
    def check(value: Any, path: str, violations: list[str]) -> None:
        violations.append(violation(value, shape, path, NOT_NULL))

    return check


def _scalars(shape: Shape, held: Shape, items: Callable[[Any], list[Any]], sentence: str) -> Check:
    """The scalars that a list or map holds: one sentence for all of them."""
    constraints: list[Constraint] = constraints_of(held)
    texts = [*bracketed(constraints), NOT_NULL]
    text = f"{sentence}: [{', '.join(texts)}]"
    hide = held if held.traits.get("sensitive") else shape

    def check(value: Any, path: str, violations: list[str]) -> None:
        for item in items(value):
            if item is None or not all(constraint.holds(item) for constraint in constraints):
                violations.append(violation(value, hide, path, text))
                return

    return check


def _map_keys(shape: Shape) -> Check:
    constraints = constraints_of(shape.key)
    text = f"Map keys must satisfy constraint: [{', '.join(bracketed(constraints))}]"

    def check(value: Any, path: str, violations: list[str]) -> None:
        if not all(constraint.holds(key) for key in value for constraint in constraints):
            violations.append(violation(value, shape, path, text))

    return check


def _values(value: Mapping[str, Any]) -> list[Any]:
    return list(value.values())
