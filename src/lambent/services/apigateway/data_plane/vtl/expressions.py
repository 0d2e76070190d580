"""Expressions of templates as closures from a scope to a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import airspeed

from lambent.services.apigateway.data_plane.vtl.faults import TemplateFault
from lambent.services.apigateway.data_plane.vtl.methods import item_of, method_of, property_of
from lambent.services.apigateway.data_plane.vtl.values import equal, is_true, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.services.apigateway.data_plane.vtl.scope import Scope

    Value = Callable[[Scope], Any]
    Apply = Callable[[Any, Any], Any]

# What AWS gives templates; a reference into it that finds nothing prints as nothing.
_GIVEN = frozenset({"context", "input", "stageVariables", "util"})
_MAX_TEXT = 32 << 20
_BOUND = 1 << 63


class Compiler:
    """Args: what makes a block of statements into a closure, for texts with references in them."""

    def __init__(self, block: Callable[[Any], Callable[[Scope], None]]) -> None:
        self._block = block
        self._makers: dict[str, Callable[[Any], Value]] = {
            "ArrayLiteral": self._array,
            "BooleanLiteral": _literal,
            "DictionaryLiteral": self._map,
            "Expression": self._expression,
            "FloatingPointLiteral": _literal,
            "FormalReference": self._reference,
            "IntegerLiteral": _literal,
            "InterpolatedStringLiteral": self._interpolated,
            "NullLiteral": lambda _node: lambda _scope: None,
            "ParenthesizedExpression": lambda node: self.value(node.calculate.__self__),
            "Range": self._range,
            "StringLiteral": _quoted,
            "UnaryOperatorValue": self._not,
            "Value": lambda node: self.value(node.expression),
            "ValueList": self._list,
        }

    def value(self, node: Any) -> Value:
        make = self._makers.get(type(node).__name__)
        if make is None:
            raise TemplateFault(f"{node.my_text()[:40]!r} is not supported in mapping templates")
        return make(node)

    def shown(self, node: Any) -> Callable[[Scope], str]:
        """A reference within text: what it prints."""
        source = node.my_text()
        if node.expression is None:
            return lambda _scope: source
        value = self._reference(node)
        is_quiet = node.silent or _root(node) in _GIVEN

        def show(scope: Scope) -> str:
            found = value(scope)
            if found is None:
                return "" if is_quiet else source
            return text(found)

        return show

    def _reference(self, node: Any) -> Value:
        chain = self._chain(node.expression)
        alternate = None if node.alternate is None else self.value(node.alternate.expression)

        def find(scope: Scope) -> Any:
            found = chain(scope, scope.variables)
            if found is None and alternate is not None:
                return alternate(scope)
            return found

        return find

    def _chain(self, node: Any) -> Callable[[Scope, Any], Any]:
        """`name.name(...)[...]`, from the left."""
        steps: list[Callable[[Scope, Any], Any]] = []
        while node is not None:
            kind = type(node).__name__
            if kind == "VariableExpression":
                steps += self._part(node.part)
                node = node.subexpression
            elif type(node.expression).__name__ == "ArrayIndex":
                steps.append(self._index(node.expression))
                node = node.subexpression
            else:
                node = node.expression

        def find(scope: Scope, value: Any) -> Any:
            for step in steps:
                value = step(scope, value)
                if value is None:
                    return None
            return value

        return find

    def _part(self, node: Any) -> list[Callable[[Scope, Any], Any]]:
        name = node.name
        if node.parameters is not None:
            values = getattr(node.parameters.values, "values", ())
            return [self._call(name, [self.value(each) for each in values])]
        steps: list[Callable[[Scope, Any], Any]] = [lambda _scope, value: property_of(value, name)]
        if node.index is not None:
            steps.append(self._index(node.index))
        return steps

    def _call(self, name: str, arguments: list[Value]) -> Callable[[Scope, Any], Any]:
        def call(scope: Scope, value: Any) -> Any:
            method = method_of(value, name)
            if method is None:
                return None
            return method(*[argument(scope) for argument in arguments])

        return call

    def _index(self, node: Any) -> Callable[[Scope, Any], Any]:
        index = self.value(node.index)
        return lambda scope, value: item_of(value, index(scope))

    def _interpolated(self, node: Any) -> Value:
        render = self._block(airspeed.Block(node.filename, _raw(node), 0))
        return lambda scope: scope.capture(render)

    def _list(self, node: Any) -> Value:
        values = [self.value(each) for each in node.values]
        return lambda scope: [value(scope) for value in values]

    def _array(self, node: Any) -> Value:
        if type(node.values).__name__ == "_EmptyValues":
            return lambda _scope: []
        return self.value(node.values)

    def _map(self, node: Any) -> Value:
        pairs = [(self.value(key), self.value(each)) for key, each in node.local_data.items()]
        return lambda scope: {key(scope): value(scope) for key, value in pairs}

    def _range(self, node: Any) -> Value:
        first, last = self.value(node.value1), self.value(node.value2)

        def make(scope: Scope) -> range:
            low, high = first(scope), last(scope)
            return range(low, high + 1) if low <= high else range(low, high - 1, -1)

        return make

    def _not(self, node: Any) -> Value:
        value = self.value(node.value)
        return lambda scope: not is_true(value(scope))

    def _expression(self, node: Any) -> Value:
        """Operands and operators in turn, bound by precedence (shunting-yard)."""
        first, *rest = node.expression
        operands = [self.value(first)]
        operators: list[tuple[str, int]] = []
        for operator, operand in zip(rest[::2], rest[1::2], strict=True):
            sign = operator.my_text().strip()
            while operators and operators[-1][1] <= operator.precedence:
                _bind(operands, operators.pop()[0])
            operators.append((sign, operator.precedence))
            operands.append(self.value(operand))
        while operators:
            _bind(operands, operators.pop()[0])
        return operands[0]


def _literal(node: Any) -> Value:
    value = node.value
    return lambda _scope: value


def _quoted(node: Any) -> Value:
    value = _raw(node)
    return lambda _scope: value


def _raw(node: Any) -> str:
    """What stands between the quotes: Velocity leaves backslashes alone, where airspeed takes them for escapes."""
    return str(node.my_text()[1:-1])


def _root(node: Any) -> str:
    return str(node.expression.part.name)


def _bind(operands: list[Value], sign: str) -> None:
    right, left = operands.pop(), operands.pop()
    if sign in {"&&", "and"}:
        operands.append(lambda scope: is_true(left(scope)) and is_true(right(scope)))
    elif sign in {"||", "or"}:
        operands.append(lambda scope: is_true(left(scope)) or is_true(right(scope)))
    else:
        apply = _OPERATORS[sign]
        operands.append(lambda scope: apply(left(scope), right(scope)))


def _add(left: Any, right: Any) -> Any:
    if isinstance(left, str) or isinstance(right, str):
        joined = text(left) + text(right)
        if len(joined) > _MAX_TEXT:
            raise TemplateFault("a text grows too large")
        return joined
    return _number(left) + _number(right)


def _number(value: Any) -> Any:
    """Numbers of Java have an end."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TemplateFault(f"{text(value)[:40]!r} is no number")
    if isinstance(value, int) and not -_BOUND <= value < _BOUND:
        raise TemplateFault("a number grows too large")
    return value


def _divide(left: Any, right: Any) -> Any:
    left, right = _number(left), _number(right)
    if right == 0:
        return None
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def _modulo(left: Any, right: Any) -> Any:
    left, right = _number(left), _number(right)
    return None if right == 0 else left - right * _divide(left, right)


def _less(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    return bool(_number(left) < _number(right))


_OPERATORS: dict[str, Apply] = {
    "==": equal,
    "eq": equal,
    "!=": lambda left, right: not equal(left, right),
    "ne": lambda left, right: not equal(left, right),
    "<": _less,
    "lt": _less,
    ">": lambda left, right: _less(right, left),
    "gt": lambda left, right: _less(right, left),
    "<=": lambda left, right: not _less(right, left),
    "le": lambda left, right: not _less(right, left),
    ">=": lambda left, right: not _less(left, right),
    "ge": lambda left, right: not _less(left, right),
    "+": _add,
    "-": lambda left, right: _number(left) - _number(right),
    "*": lambda left, right: _number(left) * _number(right),
    "/": _divide,
    "%": _modulo,
}
