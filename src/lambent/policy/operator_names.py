"""The names of condition operators ("Condition operators", IAM JSON policy elements reference)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SetOperator = Literal["", "ForAllValues", "ForAnyValue"]

# Operator -> the family that its values belong to.
FAMILIES = {
    "StringEquals": "string",
    "StringNotEquals": "string",
    "StringEqualsIgnoreCase": "string",
    "StringNotEqualsIgnoreCase": "string",
    "StringLike": "string",
    "StringNotLike": "string",
    "NumericEquals": "numeric",
    "NumericNotEquals": "numeric",
    "NumericLessThan": "numeric",
    "NumericLessThanEquals": "numeric",
    "NumericGreaterThan": "numeric",
    "NumericGreaterThanEquals": "numeric",
    "DateEquals": "date",
    "DateNotEquals": "date",
    "DateLessThan": "date",
    "DateLessThanEquals": "date",
    "DateGreaterThan": "date",
    "DateGreaterThanEquals": "date",
    "Bool": "bool",
    "BinaryEquals": "binary",
    "IpAddress": "ip",
    "NotIpAddress": "ip",
    "ArnEquals": "arn",
    "ArnLike": "arn",
    "ArnNotEquals": "arn",
    "ArnNotLike": "arn",
    "Null": "null",
}
_BY_LOWER = {name.lower(): name for name in FAMILIES}
_SETS: dict[str, SetOperator] = {"forallvalues": "ForAllValues", "foranyvalue": "ForAnyValue"}


@dataclass(frozen=True, slots=True)
class OperatorName:
    """An operator taken apart: `ForAnyValue:StringLikeIfExists`."""

    base: str
    set_operator: SetOperator = ""
    if_exists: bool = False

    @property
    def family(self) -> str:
        return FAMILIES[self.base]

    @property
    def is_negated(self) -> bool:
        return "Not" in self.base


def operator_name(written: str) -> OperatorName | None:
    """The operator that is meant, None if there is none. Null has no IfExists."""
    set_text, colon, rest = written.rpartition(":")
    set_operator: SetOperator = ""
    if colon:
        if set_text.lower() not in _SETS:
            return None
        set_operator = _SETS[set_text.lower()]
    lower = rest.lower()
    if_exists = lower.endswith("ifexists")
    base = _BY_LOWER.get(lower.removesuffix("ifexists"))
    if base is None or (base == "Null" and if_exists):
        return None
    return OperatorName(base, set_operator, if_exists)
