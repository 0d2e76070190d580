"""Computes an expression's tree over the series of the queries that it names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.services.cloudwatch.math import functions
from lambent.services.cloudwatch.math.syntax import (
    Array,
    Binary,
    Call,
    Malformed,
    Name,
    Negative,
    Number,
    Text,
)
from lambent.services.cloudwatch.math.values import Series, combined

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lambent.services.cloudwatch.math.syntax import Node
    from lambent.services.cloudwatch.math.values import Value


@dataclass(frozen=True, slots=True)
class Scene:
    """What an expression sees.

    Args: the value of an id (Malformed where there is none); the metrics among the queries, by id; every time that was
    asked for; and how metrics are searched (expression, statistic, period).
    """

    look_up: Callable[[str], Value]
    metrics: Callable[[], Mapping[str, Series]]
    times: Sequence[int]
    search: Callable[[str, str, int | None], list[Series]]


def evaluate(node: Node, scene: Scene) -> Value:
    """Raises Malformed where the parts do not go together."""
    match node:
        case Number(value) | Text(value):
            return value
        case Name(name):
            return name if name in functions.WORDS else scene.look_up(name)
        case Negative(operand):
            return combined("*", evaluate(operand, scene), -1.0)
        case Binary(operator, left, right):
            return combined(operator, evaluate(left, scene), evaluate(right, scene))
        case Array(items):
            return _array([evaluate(each, scene) for each in items])
    return _call(node, scene)


def _call(node: Call, scene: Scene) -> Value:
    if node.function == "IF":
        return _if(list(node.arguments), scene)
    if node.function == "METRICS":
        return _metrics(list(node.arguments), scene)
    arguments = [evaluate(each, scene) for each in node.arguments]
    if node.function == "SEARCH":
        return _search(arguments, scene)
    return functions.call(node.function, arguments, scene.times)


def _array(items: Sequence[Value]) -> Value:
    found: list[Series] = []
    for item in items:
        if isinstance(item, Series):
            found.append(item)
        elif isinstance(item, list):
            found += item
        else:
            raise Malformed("an array holds time series")
    return found


def _metrics(arguments: list[Node], scene: Scene) -> Value:
    part = ""
    if arguments:
        (given,) = (evaluate(each, scene) for each in arguments[:1])
        if not isinstance(given, str) or len(arguments) > 1:
            raise Malformed("METRICS takes a text")
        part = given
    return [series for id_, series in scene.metrics().items() if part in id_]


def _search(arguments: list[Value], scene: Scene) -> Value:
    if len(arguments) not in {2, 3} or not all(isinstance(each, str) for each in arguments[:2]):
        raise Malformed("SEARCH takes an expression, a statistic and a period")
    text, statistic = str(arguments[0]), str(arguments[1])
    period = arguments[2] if len(arguments) == 3 else None
    if period is not None and not isinstance(period, float):
        raise Malformed("the period of SEARCH is a number")
    return scene.search(text, statistic, None if period is None else int(period))


def _if(arguments: list[Node], scene: Scene) -> Value:
    """By a number one or the other; by a series, at each of its times one or the other."""
    if len(arguments) not in {2, 3}:
        raise Malformed("IF takes two or three arguments")
    condition = evaluate(arguments[0], scene)
    chosen = [evaluate(each, scene) for each in arguments[1:]]
    if any(not isinstance(each, float | Series) for each in chosen):
        raise Malformed("IF chooses between numbers and time series")
    if isinstance(condition, float):
        if condition:
            return chosen[0]
        return chosen[1] if len(chosen) == 2 else Series({}, "IF", _period(scene))
    if not isinstance(condition, Series):
        raise Malformed("the condition of IF is a number or a time series")
    found = {}
    for at, holds in condition.values.items():
        value = chosen[0] if holds else (chosen[1] if len(chosen) == 2 else None)
        if isinstance(value, Series):
            # Missing where TRUE: 0, where FALSE: dropped ("Using IF expressions", user guide).
            value = value.values.get(at, 0.0 if holds else None)
        if isinstance(value, float):
            found[at] = value
    return replace(condition.with_values(found), label="IF", facts={})


def _period(scene: Scene) -> int:
    return scene.times[1] - scene.times[0] if len(scene.times) > 1 else 60
