"""What metric and subscription filters have in common: checks, and the parameters that have no effect here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambent.core.errors import NotImplementedByLambent
from lambent.services.logs import repository
from lambent.services.logs.errors import (
    InvalidParameter,
    LimitExceeded,
    group_not_found,
    not_standard,
)
from lambent.services.logs.patterns.language import compile_pattern
from lambent.services.logs.resources import CURSORS, METRIC_FILTERS, SUBSCRIPTION_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambent.core.context import Scope
    from lambent.core.ports import Tx
    from lambent.services.logs.patterns.language import Pattern
    from lambent.services.logs.resources import Kind

# "A quota of five regular expression patterns per log group" (PutMetricFilter).
MAX_REGEXES = 5
_UNSERVED = ("fieldSelectionCriteria", "emitSystemFieldDimensions", "emitSystemFields")


def check_filter(
    tx: Tx,
    scope: Scope,
    request: Mapping[str, Any],
    kind: Kind,
    most: int,
    compiled: Callable[[str], Pattern] = compile_pattern,
) -> None:
    """`compiled` reads patterns.

    Raises ResourceNotFound, ValidationFailed, InvalidParameter, LimitExceeded, NotImplementedByLambent.
    """
    for member in _UNSERVED:
        if request.get(member):
            raise NotImplementedByLambent(f"Lambent does not support the parameter {member}.")
    if request.get("applyOnTransformedLogs"):
        raise InvalidParameter(
            "applyOnTransformedLogs is valid only for log groups that have an active log transformer."
        )
    group, name = request["logGroupName"], request["filterName"]
    found = repository.find(tx, (scope.account_id, scope.region, group))
    if found is None:
        raise group_not_found()
    if not found.is_standard:
        raise not_standard()
    pattern = compiled(request["filterPattern"])
    others = [each for each in kind.of(tx, scope, group) if each["filterName"] != name]
    if len(others) >= most:
        raise LimitExceeded("Resource limit exceeded.")
    if pattern.has_regex and _regexes(tx, scope, group, kind, name) >= MAX_REGEXES:
        raise LimitExceeded("Resource limit exceeded.")


def remove_filter(tx: Tx, scope: Scope, group: str, name: str, kind: Kind) -> bool:
    """True if it was there. With the last filter goes what is known of how far they have read."""
    was_there = kind.remove(tx, scope, group, name)
    if not METRIC_FILTERS.of(tx, scope, group) and not SUBSCRIPTION_FILTERS.of(tx, scope, group):
        CURSORS.remove(tx, scope, group, "")
    return was_there


def _regexes(tx: Tx, scope: Scope, group: str, kind: Kind, name: str) -> int:
    """How many other filters of the group have a regular expression."""
    patterns: list[Pattern] = [
        compile_pattern(each["filterPattern"])
        for other in (METRIC_FILTERS, SUBSCRIPTION_FILTERS)
        for each in other.of(tx, scope, group)
        if other is not kind or each["filterName"] != name
    ]
    return sum(pattern.has_regex for pattern in patterns)
