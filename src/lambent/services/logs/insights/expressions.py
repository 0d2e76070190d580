"""Expressions compiled to functions of a row. A constant is worked out once, and a comparison knows its right side."""

from __future__ import annotations

import dataclasses
import operator
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.logs.insights.aggregates import AGGREGATES
from lambent.services.logs.insights.functions import FUNCTIONS, MOMENTS, OPERATORS
from lambent.services.logs.insights.malformed import QueryMalformed
from lambent.services.logs.insights.tree import (
    Among,
    Call,
    Expression,
    Field,
    Like,
    Number,
    Period,
    Text,
)
from lambent.services.logs.insights.values import is_true, to_number, to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    Get = Callable[[Any], Any]

_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(slots=True)
class Scope:
    """How fields are read, and which of them are times.

    Args:
        field: what reads a field of that name.
        time: what reads the time of a row, for `bin`.
        now_s: when the query was started, in seconds since 1970.
        window_ms: from when until when it looks.
    """

    field: Callable[[str], Get]
    time: Get
    now_s: int = 0
    window_ms: tuple[int, int] = (0, 0)
    moments: set[str] = dataclasses.field(default_factory=set)

    def is_moment(self, expression: Expression) -> bool:
        """Is its value a time? Results show those as such."""
        if isinstance(expression, Field):
            return expression.name in self.moments
        if not isinstance(expression, Call):
            return False
        # Not those of `earliest` and `latest`, which AWS shows in milliseconds (tried by somebody in 2026-06).
        if expression.name in {"max", "min", "coalesce"}:
            return self.is_moment(expression.arguments[0])
        return expression.name in MOMENTS


_OF_THE_QUERY: dict[str, Callable[[Scope], int]] = {
    "now": lambda scope: scope.now_s,
    "querystarttime": lambda scope: scope.window_ms[0],
    "queryendtime": lambda scope: scope.window_ms[1],
    "querytimerange": lambda scope: scope.window_ms[1] - scope.window_ms[0],
}


def compile_expression(expression: Expression, scope: Scope) -> Get:
    """Raises QueryMalformed for a function that may only stand in `stats`."""
    if isinstance(expression, Number | Text):
        constant = expression.value
        return lambda _: constant
    if isinstance(expression, Period):
        period = expression.ms
        return lambda _: period
    if isinstance(expression, Field):
        return scope.field(expression.name)
    if isinstance(expression, Like):
        return _like(expression, scope)
    if isinstance(expression, Among):
        return _among(expression, scope)
    return _call(expression, scope)


def compile_condition(expression: Expression, scope: Scope) -> Callable[[Any], bool]:
    """For `filter`."""
    get = compile_expression(expression, scope)
    if isinstance(expression, Like | Among):
        return get
    if isinstance(expression, Call) and (
        expression.name in _ORDERS or expression.name in {"and", "or", "not"}
    ):
        return get
    return lambda row: is_true(get(row))


def _call(expression: Call, scope: Scope) -> Get:
    name, arguments = expression.name, expression.arguments
    if name in {"and", "or", "not"}:
        return _logic(name, [compile_condition(each, scope) for each in arguments])
    if name in _ORDERS:
        return _comparison(name, arguments[0], arguments[1], scope)
    if name == "bin":
        return _bin(expression, scope)
    if name in _OF_THE_QUERY:
        constant = _OF_THE_QUERY[name](scope)
        return lambda _: constant
    if name in AGGREGATES:
        raise QueryMalformed(f"{name} may only be used in stats", 0, 0)
    call = OPERATORS[name] if name in OPERATORS else FUNCTIONS[name].call
    return _applied(call, [compile_expression(each, scope) for each in arguments])


def _logic(name: str, parts: list[Get]) -> Get:
    if name == "not":
        (inner,) = parts
        return lambda row: not inner(row)
    left, right = parts
    if name == "and":
        return lambda row: left(row) and right(row)
    return lambda row: left(row) or right(row)


def _applied(call: Callable[..., Any], gets: list[Get]) -> Get:
    if len(gets) == 1:
        (get,) = gets
        return lambda row: call(get(row))
    return lambda row: call(*[each(row) for each in gets])


def _bin(expression: Call, scope: Scope) -> Get:
    (period,) = expression.arguments
    if not isinstance(period, Period):
        raise QueryMalformed("bin needs a period such as 5m", 0, 0)
    time, length = scope.time, period.ms

    def get(row: Any) -> Any:
        moment = time(row)
        return None if moment is None else moment - moment % length

    return get


def _comparison(name: str, left: Expression, right: Expression, scope: Scope) -> Get:
    get, compare = compile_expression(left, scope), _ORDERS[name]
    if isinstance(right, Number):
        constant = right.value

        def with_number(row: Any) -> bool:
            value = get(row)
            if type(value) is not int and type(value) is not float:
                value = to_number(value)
            return value is not None and compare(value, constant)

        return with_number
    if isinstance(right, Text) and to_number(right.value) is None:
        return _with_text(get, compare, right.value)
    other = compile_expression(right, scope)

    def with_anything(row: Any) -> bool:
        return _compared(compare, get(row), other(row))

    return with_anything


def _with_text(get: Get, compare: Callable[[Any, Any], bool], constant: str) -> Get:
    truth = {"true": True, "false": False}.get(constant.lower())

    def with_text(row: Any) -> bool:
        value = get(row)
        if value is None or isinstance(value, dict | list):
            return False
        if isinstance(value, bool) and truth is not None:
            return compare(value, truth)
        return compare(value if type(value) is str else to_text(value), constant)

    return with_text


def _compared(compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """As numbers where both are; what is not there compares with nothing, and so do maps and lists."""
    if left is None or right is None or isinstance(left, dict | list):
        return False
    numbers = to_number(left), to_number(right)
    if numbers[0] is not None and numbers[1] is not None:
        return compare(numbers[0], numbers[1])
    return compare(to_text(left), to_text(right))


def _like(expression: Like, scope: Scope) -> Get:
    get, is_negative = compile_expression(expression.value, scope), expression.is_negative
    if expression.is_literal:
        part = expression.pattern

        def contains(row: Any) -> bool:
            value = get(row)
            if type(value) is not str:
                value = to_text(value)
            return (part in value) is not is_negative

        return contains
    search = re.compile(expression.pattern).search

    def found(row: Any) -> bool:
        value = get(row)
        if type(value) is not str:
            value = to_text(value)
        return (search(value) is not None) is not is_negative

    return found


def _among(expression: Among, scope: Scope) -> Get:
    get, is_negative = compile_expression(expression.value, scope), expression.is_negative
    choices = [compile_expression(each, scope) for each in expression.choices]

    def among(row: Any) -> bool:
        value = get(row)
        if value is None:
            return is_negative
        is_one = any(_compared(operator.eq, value, choice(row)) for choice in choices)
        return is_one is not is_negative

    return among
