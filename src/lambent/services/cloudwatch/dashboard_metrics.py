"""What AWS finds wrong with the properties of a dashboard's metric widgets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

from lambent.services.cloudwatch import statistics
from lambent.services.cloudwatch.store import MINUTE_S

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORT_PERIODS = (1, 5, 10, 20, 30)
_NOTHING_TO_SHOW = (
    "Should have required property 'metrics'",
    "The metric widget should have specified a region and a data source or an alarm annotation",
    "Should have required property 'annotations'",
)
_METRICS = (
    'Field "metrics" has to be an array of array of strings, '
    "with an optional metricRenderer object as last element"
)
# So far AWS's was told in public; how it ends we do not know.
_STATISTIC = 'Should match pattern "^((SampleCount|Average|Sum|Minimum|Maximum|IQM)|(p|tc|tm|ts|wm)'
# What may stand at the end of a metric ("Rendering properties object format").
_RENDERING = {
    *("accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible"),
    "yAxis",
}
_COLOR = re.compile("#[0-9A-Fa-f]{3}(?:[0-9A-Fa-f]{3})?")


def fault(path: str, text: str) -> dict[str, str]:
    return {"Message": text, "DataPath": path}


def metric_faults(properties: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    if "metrics" not in properties and "annotations" not in properties:
        for text in _NOTHING_TO_SHOW:
            yield fault(path, text)
    metrics = properties.get("metrics", [])
    if not isinstance(metrics, list):
        yield fault(f"{path}/metrics", "Should be array")
        return
    for number, metric in enumerate(metrics):
        yield from _row_faults(metric, f"{path}/metrics/{number}")
    stat = properties.get("stat")
    if stat is not None and (not isinstance(stat, str) or statistics.find(stat) is None):
        yield fault(f"{path}/stat", _STATISTIC)
    yield from _period_faults(properties.get("period"), f"{path}/period")
    yield from _axes_faults(properties.get("yAxis"), f"{path}/yAxis")


def _row_faults(row: Any, path: str) -> Iterator[dict[str, str]]:
    """`["N", "m", "dimension", "value", {"stat": "Sum"}]`. What stands last and renders nothing is too many."""
    if not isinstance(row, list):
        for text in ("Should be array", _METRICS):
            yield fault(path, text)
        return
    texts, rendering = row, None
    if row and isinstance(row[-1], dict):
        texts, rendering = row[:-1], row[-1]
    is_odd = len(texts) > 1 and len(texts) % 2 == 1 and "..." not in texts
    if rendering is not None and not _renders(rendering):
        yield fault(path, f"Should NOT have more than {len(texts)} items")
    elif is_odd:
        yield fault(path, f"Should NOT have more than {len(texts) - 1} items")
    for number, text in enumerate(texts):
        if not isinstance(text, str) or not text:
            yield fault(
                f"{path}/{number}", 'Invalid metric field type, only "String" type is allowed'
            )


def _renders(rendering: dict[str, Any]) -> bool:
    color, stat = rendering.get("color"), rendering.get("stat")
    return (
        rendering.keys() <= _RENDERING
        and (color is None or (isinstance(color, str) and _COLOR.fullmatch(color) is not None))
        and (stat is None or (isinstance(stat, str) and statistics.find(stat) is not None))
    )


def _period_faults(period: Any, path: str) -> Iterator[dict[str, str]]:
    if isinstance(period, bool) or not isinstance(period, int) or period in _SHORT_PERIODS:
        return
    is_short, is_odd = period < MINUTE_S, period % MINUTE_S != 0
    if is_short:
        yield fault(path, "Should be >= 60")
    if is_odd:
        yield fault(path, "Should be multiple of 60")
    if is_short or is_odd:
        yield fault(path, "Should match exactly one schema in oneOf")


def _axes_faults(axes: Any, path: str) -> Iterator[dict[str, str]]:
    for side in ("left", "right"):
        axis = axes.get(side) if isinstance(axes, dict) else None
        least, most = (axis.get("min"), axis.get("max")) if isinstance(axis, dict) else (None, None)
        if _is_number(least) and _is_number(most) and least >= most:
            yield fault(f"{path}/{side}", f"Should be <= {most}")
            yield fault(f"{path}/{side}", f"Should be >= {least}")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
