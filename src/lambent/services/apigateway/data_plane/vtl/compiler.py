"""A template's tree, as `airspeed` reads it, made into closures: the statements.

Expressions are in expressions.py. Everything takes a `Scope`; statements write to it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import airspeed

from lambent.services.apigateway.data_plane.vtl.expressions import Compiler
from lambent.services.apigateway.data_plane.vtl.faults import TemplateFault
from lambent.services.apigateway.data_plane.vtl.methods import item_of
from lambent.services.apigateway.data_plane.vtl.scope import Break, Scope, Stop
from lambent.services.apigateway.data_plane.vtl.values import is_true

if TYPE_CHECKING:
    from collections.abc import Callable

    Statement = Callable[[Scope], None]
    Value = Callable[[Scope], Any]

# "Total number of iterations in a #foreach ... #end loop in mapping templates: 1,000" (quotas); more are left out.
MAX_ITERATIONS = 1000
_ABSENT = object()
# Velocity's names may hold hyphens, and what is set may be an item: airspeed reads neither by itself.
airspeed.NameOrCall.NAME = re.compile(r"([_a-z][a-z0-9_-]*)", re.IGNORECASE)
airspeed.SetDirective.PLACE = re.compile(
    r"\s*\$\{?([_a-z][\w-]*(?:\.[_a-z][\w-]*|\[[^\]\n]*\])*)\}?", re.IGNORECASE
)
_TERM = re.compile(
    r"\.?([_a-z][\w-]*)|\[\s*(?:['\"]([^'\"]*)['\"]|(\d+)|\$\{?(\w+)\}?)\s*\]", re.IGNORECASE
)
_BREAK = re.compile(r"break\b")


def compiled(template: str) -> Statement:
    """Raises TemplateFault for one that cannot be read."""
    try:
        tree = airspeed.TemplateBody("template", template)
        return _block(tree.block)
    except airspeed.TemplateError as error:
        raise TemplateFault(f"the template cannot be read: {error}") from None
    except airspeed.NoMatch:
        raise TemplateFault("the template cannot be read") from None
    except RecursionError:
        raise TemplateFault("the template is nested too deeply") from None


def _block(node: Any) -> Statement:
    statements = _statements(list(getattr(node, "children", ())))

    def run(scope: Scope) -> None:
        for statement in statements:
            statement(scope)

    return run


def _statements(nodes: list[Any]) -> list[Statement]:
    """`airspeed` knows no #break, and takes it for text."""
    made: list[Statement] = []
    is_hash = False
    for node in nodes:
        kind = type(node).__name__
        if is_hash and kind == "Text" and _BREAK.match(node.text):
            made[-1:] = [_break]  # and not the hash before it
            node.text = node.text.removeprefix("break")
        made.append(_statement(node))
        is_hash = kind == "FallthroughHashText"
    return made


def _statement(node: Any) -> Statement:
    make = _STATEMENTS.get(type(node).__name__)
    if make is None:
        raise TemplateFault(f"{node.my_text()[:40]!r} is not supported in mapping templates")
    return make(node)


def _text(node: Any) -> Statement:
    text = str(node.text)
    return lambda scope: scope.write(text)


def _reference(node: Any) -> Statement:
    shown = _expressions.shown(node)
    return lambda scope: scope.write(shown(scope))


def _nothing(_node: Any) -> Statement:
    return lambda _scope: None


def _if(node: Any) -> Statement:
    branches = [(_condition(node.condition), _block(node.block))]
    branches += [(_condition(each.condition), _block(each.block)) for each in node.elseifs]
    otherwise = _block(getattr(node.else_block, "block", None))

    def run(scope: Scope) -> None:
        for condition, block in branches:
            if is_true(condition(scope)):
                block(scope)
                return
        otherwise(scope)

    return run


def _condition(node: Any) -> Value:
    return _expressions.value(node.calculate.__self__)


def _set(node: Any) -> Statement:
    value = _expressions.value(node.value)
    first, *rest = [_term(each) for each in _TERM.finditer(".".join(node.terms))]

    def run(scope: Scope) -> None:
        if not rest:
            scope.variables[first(scope)] = value(scope)
            return
        held: Any = scope.variables.get(first(scope))
        for name in rest[:-1]:
            held = item_of(held, name(scope))
        key = rest[-1](scope)
        is_index = isinstance(held, list) and isinstance(key, int) and key < len(held)
        if not is_index and not isinstance(held, dict):
            raise TemplateFault(f"${'.'.join(node.terms)} cannot be set")
        held[key] = value(scope)

    return run


def _term(match: re.Match[str]) -> Value:
    """One step of what is set: a name, `['name']`, `[0]` or `[$variable]`."""
    name, quoted, number, variable = match.groups()
    if variable is not None:
        return lambda scope: scope.variables.get(variable)
    found = int(number) if number is not None else name or quoted
    return lambda _scope: found


def _foreach(node: Any) -> Statement:
    name = node.loop_var_name
    value = _expressions.value(node.value)
    block = _block(node.block)

    def run(scope: Scope) -> None:
        items = _items(value(scope))
        before = {
            each: scope.variables.get(each, _ABSENT) for each in (name, "foreach", "velocityCount")
        }
        last = len(items) - 1
        for index, item in enumerate(items[:MAX_ITERATIONS]):
            scope.variables[name] = item
            scope.variables["velocityCount"] = index + 1
            scope.variables["foreach"] = {
                "index": index,
                "count": index + 1,
                "hasNext": index < last,
                "first": index == 0,
                "last": index == last,
            }
            try:
                block(scope)
            except Break:
                break
        for each, held in before.items():
            if held is _ABSENT:
                scope.variables.pop(each, None)
            else:
                scope.variables[each] = held

    return run


def _items(value: Any) -> list[Any]:
    """What a loop goes over: of a map its values, as in Java."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, range):
        return list(value[:MAX_ITERATIONS])
    return value if isinstance(value, list) else []


def _macro(node: Any) -> Statement:
    name, arguments, block = node.function_name.lower(), tuple(node.arg_names), _block(node.block)

    def run(scope: Scope) -> None:
        scope.macros[name] = (arguments, block)

    return run


def _macro_call(node: Any) -> Statement:
    values = [_expressions.value(each) for each in node.args]

    def run(scope: Scope) -> None:
        arguments, block = scope.macros.get(node.macro_name, ((), None))
        if block is None:
            raise TemplateFault(f"there is no macro #{node.macro_name}")
        given = [value(scope) for value in values]
        outer = dict(scope.variables)
        scope.enter()
        try:
            scope.variables.update(zip(arguments, given, strict=False))
            block(scope)
        finally:
            scope.leave()
            for each in arguments:
                if each in outer:
                    scope.variables[each] = outer[each]
                else:
                    scope.variables.pop(each, None)

    return run


def _break(_scope: Scope) -> None:
    raise Break


def _hash(node: Any) -> Statement:
    text = node.my_text()
    return lambda scope: scope.write(text)


def _stop(_node: Any) -> Statement:
    def run(_scope: Scope) -> None:
        raise Stop

    return run


_expressions = Compiler(_block)
_STATEMENTS: dict[str, Callable[[Any], Statement]] = {
    "Comment": _nothing,
    "FallthroughHashText": _hash,
    "ForeachDirective": _foreach,
    "FormalReference": _reference,
    "IfDirective": _if,
    "MacroCall": _macro_call,
    "MacroDefinition": _macro,
    "SetDirective": _set,
    "StopDirective": _stop,
    "Text": _text,
}
