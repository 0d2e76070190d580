"""What a qualifier leads to: $LATEST, a version, or an alias and through it one version or two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.lambda_ import repository
from lambent.services.lambda_.names import not_found
from lambent.services.lambda_.resources import ALIASES

if TYPE_CHECKING:
    from lambent.core.ports import Tx
    from lambent.services.lambda_.model import Function
    from lambent.services.lambda_.names import FunctionRef

# What no table of versions holds a row for, whatever the number.
_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Route:
    """The versions behind a qualifier: `weight` of the invocations go to `second`, the others to `first`."""

    first: Function
    second: Function | None = None
    weight: float = 0.0


def resolve(tx: Tx, ref: FunctionRef) -> Function:
    """The version that `ref` names; of an alias the one without a weight. Raises ResourceNotFound."""
    return route(tx, ref).first


def route(tx: Tx, ref: FunctionRef) -> Route:
    """All that `ref` leads to. Raises ResourceNotFound."""
    if ref.is_latest:
        return Route(_version(tx, ref, 0))
    if ref.qualifier.isdigit():
        return Route(find_version(tx, ref, ref.qualifier))
    alias = ALIASES.find(tx, ref.scope, ref.name, ref.qualifier)
    if alias is None:
        raise not_found(ref)
    first = find_version(tx, ref, alias["FunctionVersion"])
    weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
    for version, weight in weights.items():
        return Route(first, find_version(tx, ref, version), weight)
    return Route(first)


def find_version(tx: Tx, ref: FunctionRef, version: str) -> Function:
    """A version by the text that AWS writes it as. Raises ResourceNotFound naming `ref`."""
    if version == "$LATEST":
        return _version(tx, ref, 0)
    # "0" and "007" are no versions, though they are digits.
    if version.startswith("0") or len(version) > _LONGEST_NUMBER or not version.isascii():
        raise not_found(ref)
    return _version(tx, ref, int(version))


def _version(tx: Tx, ref: FunctionRef, version: int) -> Function:
    function = repository.find(tx, ref.scope, ref.name, version)
    if function is None:
        raise not_found(ref)
    return function
