"""Dashboards: kept, described and checked. What they show is the console's to draw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core.context import Scope
from lambent.services.cloudwatch.dashboard_metrics import fault, metric_faults
from lambent.services.cloudwatch.errors import (
    DashboardInvalidInput,
    InvalidParameterValue,
    MissingParameter,
    ResourceNotFound,
    ValidationError,
)
from lambent.services.cloudwatch.paging import page
from lambent.services.cloudwatch.resources import DASHBOARDS, moment

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
        yield fault("", "Should have required property 'widgets'")
        return
    widgets = body["widgets"]
    if not isinstance(widgets, list):
        yield fault("/widgets", "Should be array")
        return
    for number, widget in enumerate(widgets):
        path = f"/widgets/{number}"
        if not isinstance(widget, dict):
            yield fault(path, "Should be object")
            continue
        yield from _widget_faults(widget, path)


def _widget_faults(widget: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    for member, (least, most) in _PLACES.items():
        yield from _place_faults(widget.get(member, least), least, most, f"{path}/{member}")
    if "type" not in widget:
        yield fault(path, "Should have required property 'type'")
    properties, kind = widget.get("properties"), widget.get("type")
    if properties is None:
        yield fault(path, "Should have required property 'properties'")
    elif not isinstance(properties, dict):
        yield fault(f"{path}/properties", "Should be object")
    elif isinstance(kind, str):
        yield from _property_faults(kind, properties, f"{path}/properties")


def _place_faults(value: Any, least: int, most: int | None, path: str) -> Iterator[dict[str, str]]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield fault(path, "Should be integer")
    elif value < least:
        yield fault(path, f"Should be >= {least}")
    elif most is not None and value > most:
        yield fault(path, f"Should be <= {most}")


def _property_faults(kind: str, properties: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    required = _REQUIRED.get(kind)
    if required is not None and required not in properties:
        yield fault(path, f"Should have required property '{required}'")
    if kind == "alarm" and properties.get("alarms") == []:
        yield fault(f"{path}/alarms", "Should NOT have less than 1 items")
    if kind == "metric":
        yield from metric_faults(properties, path)


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
