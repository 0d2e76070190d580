"""Values that CloudWatch itself looks up, where other operations leave that to the model's constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.services.cloudwatch.errors import InvalidParameterValue

if TYPE_CHECKING:
    from collections.abc import Collection

UNITS = (
    "Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes", "Bits",
    "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count", "Bytes/Second", "Kilobytes/Second",
    "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second", "Bits/Second", "Kilobits/Second", "Megabits/Second",
    "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
)  # fmt: skip


def check_value(value: str, known: Collection[str], where: str) -> None:
    """Raises InvalidParameterValue for a value that is not of the set."""
    if value not in known:
        raise InvalidParameterValue(
            f"The parameter {where} must be a value in the set [ {', '.join(known)} ]."
        )
