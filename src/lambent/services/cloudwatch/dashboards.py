"""Dashboards: kept, described and checked. What they show is the console's to draw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeGuard

import orjson

from lambent.core.context import Scope
from lambent.services.cloudwatch.errors import (
    DashboardInvalidInput,
    InvalidParameterValue,
    MissingParameter,
    ResourceNotFound,
    ValidationError,
)
from lambent.services.cloudwatch.paging import page
from lambent.services.cloudwatch.resources import DASHBOARDS, moment
from lambent.services.cloudwatch.store import MINUTE_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document

# "Return up to 1000 results" (ListDashboards).
PAGE = 1000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
# "Dashboard body structure and syntax" (API reference).
# From what to what the places and sizes of widgets go. AWS takes any `type`.
_PLACES = {"x": (0, 23), "y": (0, None), "width": (1, 24), "height": (1, 1000)}
# What the properties of a widget of a type must have.
_REQUIRED = {"alarm": "alarms", "text": "markdown"}
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


def put_dashboard(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
    name, body = request["DashboardName"], request["DashboardBody"]
    if not _NAME.fullmatch(name):
        raise DashboardInvalidInput(
            f"The value {name} for field DashboardName contains invalid characters. It can only "
            "contain alphanumerics, dash (-) and underscore (_).\n"
        )
    if request.get("Tags"):
        raise ValidationError("The parameter Tags is not supported for dashboards.")
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        text = "The field DashboardBody must be a valid JSON object"
        raise _refused(text, [{"Message": text}])
    if messages := list(_faults(found)):
        raise _refused(_told(messages), messages)
    document = {"name": name, "body": body, "modified": context.now.isoformat()}
    DASHBOARDS.put(tx, _everywhere(context), "", name, document)
    return {"DashboardValidationMessages": []}


def _refused(text: str, messages: list[dict[str, str]]) -> DashboardInvalidInput:
    return DashboardInvalidInput(text, members={"dashboardValidationMessages": messages})


def _told(messages: list[dict[str, str]]) -> str:
    """All of them in one text, laid out as AWS does."""
    told = [{"dataPath": each["DataPath"], "message": each["Message"]} for each in messages]
    return (
        f"The dashboard body is invalid, there are {len(told)} validation errors:\n"
        f"{orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()}"
    )


def _faults(body: dict[str, Any]) -> Iterator[dict[str, str]]:
    if "widgets" not in body:
        yield _fault("", "Should have required property 'widgets'")
        return
    widgets = body["widgets"]
    if not isinstance(widgets, list):
        yield _fault("/widgets", "Should be array")
        return
    for number, widget in enumerate(widgets):
        path = f"/widgets/{number}"
        if not isinstance(widget, dict):
            yield _fault(path, "Should be object")
            continue
        yield from _widget_faults(widget, path)


def _fault(path: str, text: str) -> dict[str, str]:
    return {"Message": text, "DataPath": path}


def _widget_faults(widget: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    for member, (least, most) in _PLACES.items():
        yield from _place_faults(widget.get(member, least), least, most, f"{path}/{member}")
    if "type" not in widget:
        yield _fault(path, "Should have required property 'type'")
    properties, kind = widget.get("properties"), widget.get("type")
    if properties is None:
        yield _fault(path, "Should have required property 'properties'")
    elif not isinstance(properties, dict):
        yield _fault(f"{path}/properties", "Should be object")
    elif isinstance(kind, str):
        yield from _property_faults(kind, properties, f"{path}/properties")


def _place_faults(value: Any, least: int, most: int | None, path: str) -> Iterator[dict[str, str]]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _fault(path, "Should be integer")
    elif value < least:
        yield _fault(path, f"Should be >= {least}")
    elif most is not None and value > most:
        yield _fault(path, f"Should be <= {most}")


def _property_faults(kind: str, properties: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    required = _REQUIRED.get(kind)
    if required is not None and required not in properties:
        yield _fault(path, f"Should have required property '{required}'")
    if kind == "alarm" and properties.get("alarms") == []:
        yield _fault(f"{path}/alarms", "Should NOT have less than 1 items")
    if kind == "metric":
        yield from _metric_faults(properties, path)


def _metric_faults(properties: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    if "metrics" not in properties and "annotations" not in properties:
        for text in _NOTHING_TO_SHOW:
            yield _fault(path, text)
    metrics = properties.get("metrics", [])
    if not isinstance(metrics, list):
        yield _fault(f"{path}/metrics", "Should be array")
        return
    for number, metric in enumerate(metrics):
        if not isinstance(metric, list):
            for text in ("Should be array", _METRICS):
                yield _fault(f"{path}/metrics/{number}", text)
    yield from _period_faults(properties.get("period"), f"{path}/period")
    yield from _axes_faults(properties.get("yAxis"), f"{path}/yAxis")


def _period_faults(period: Any, path: str) -> Iterator[dict[str, str]]:
    if isinstance(period, bool) or not isinstance(period, int) or period in _SHORT_PERIODS:
        return
    is_short, is_odd = period < MINUTE_S, period % MINUTE_S != 0
    if is_short:
        yield _fault(path, "Should be >= 60")
    if is_odd:
        yield _fault(path, "Should be multiple of 60")
    if is_short or is_odd:
        yield _fault(path, "Should match exactly one schema in oneOf")


def _axes_faults(axes: Any, path: str) -> Iterator[dict[str, str]]:
    for side in ("left", "right"):
        axis = axes.get(side) if isinstance(axes, dict) else None
        least, most = (axis.get("min"), axis.get("max")) if isinstance(axis, dict) else (None, None)
        if _is_number(least) and _is_number(most) and least >= most:
            yield _fault(f"{path}/{side}", f"Should be <= {most}")
            yield _fault(f"{path}/{side}", f"Should be >= {least}")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def get_dashboard(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
    name = request["DashboardName"]
    found = DASHBOARDS.find(tx, _everywhere(context), "", name)
    if found is None:
        raise _no_such(name)
    return {
        "DashboardArn": _arn(context, name),
        "DashboardBody": found["body"],
        "DashboardName": name,
    }


def list_dashboards(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
    prefix = request.get("DashboardNamePrefix", "")
    found = [
        each
        for each in DASHBOARDS.documents(tx, _everywhere(context))
        if each["name"].startswith(prefix)
    ]
    shown, answer = page(found, request.get("NextToken"), PAGE, lambda each: str(each["name"]))
    answer["DashboardEntries"] = [
        {
            "DashboardName": each["name"],
            "DashboardArn": _arn(context, each["name"]),
            "LastModified": moment(each["modified"]),
            "Size": len(each["body"].encode()),
        }
        for each in shown
    ]
    return answer


def delete_dashboards(tx: Tx, context: RequestContext, request: Mapping[str, Any]) -> Document:
    names = request["DashboardNames"]
    if not names:
        raise MissingParameter("The parameter DashboardNames is required.")
    if len(set(names)) < len(names):
        raise InvalidParameterValue("The parameter DashboardNames must not name one twice.")
    for name in names:
        if not DASHBOARDS.remove(tx, _everywhere(context), "", name):
            raise _no_such(name)
    return {}


def _no_such(name: str) -> ResourceNotFound:
    return ResourceNotFound(f"Dashboard {name} does not exist")


def _arn(context: RequestContext, name: str) -> str:
    return f"arn:aws:cloudwatch::{context.scope.account_id}:dashboard/{name}"


def _everywhere(context: RequestContext) -> Scope:
    """ "Dashboards are global": of no region."""
    return Scope(context.scope.account_id, "")
