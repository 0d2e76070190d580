"""Dashboards: kept, described and checked. What they show is the console's to draw."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document

# "Return up to 1000 results" (ListDashboards).
PAGE = 1000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
# "Dashboard body structure and syntax" (API reference).
_TYPES = {"alarm", "alarms", "custom", "explorer", "log", "metric", "text"}
_LAST_COLUMN = 24
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
    widgets = body.get("widgets", [])
    if not isinstance(widgets, list):
        yield {"Message": "Should be array", "DataPath": "/widgets"}
        return
    for number, widget in enumerate(widgets):
        path = f"/widgets/{number}"
        if not isinstance(widget, dict):
            yield {"Message": "Should be object", "DataPath": path}
            continue
        yield from _widget_faults(widget, path)


def _widget_faults(widget: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    if "type" not in widget:
        yield {"Message": "Should have required property 'type'", "DataPath": path}
    elif widget["type"] not in _TYPES:
        yield {
            "Message": "Should be equal to one of the allowed values",
            "DataPath": f"{path}/type",
        }
    properties = widget.get("properties")
    if not isinstance(properties, dict):
        yield {"Message": "Should have required property 'properties'", "DataPath": path}
    elif widget.get("type") == "metric":
        yield from _metric_faults(properties, f"{path}/properties")
    elif widget.get("type") == "alarm" and properties.get("alarms") == []:
        yield {
            "Message": "Should NOT have less than 1 items",
            "DataPath": f"{path}/properties/alarms",
        }
    for member in ("x", "y", "width", "height"):
        value = widget.get(member, 1)
        if not isinstance(value, int) or value < 0:
            yield {"Message": "Should be a positive integer", "DataPath": f"{path}/{member}"}
        elif member == "width" and value > _LAST_COLUMN:
            yield {"Message": "Should be <= 24", "DataPath": f"{path}/width"}


def _metric_faults(properties: dict[str, Any], path: str) -> Iterator[dict[str, str]]:
    if "metrics" not in properties and "annotations" not in properties:
        for text in _NOTHING_TO_SHOW:
            yield {"Message": text, "DataPath": path}
    metrics = properties.get("metrics", [])
    if not isinstance(metrics, list):
        yield {"Message": "Should be array", "DataPath": f"{path}/metrics"}
        return
    for number, metric in enumerate(metrics):
        if not isinstance(metric, list):
            for text in ("Should be array", _METRICS):
                yield {"Message": text, "DataPath": f"{path}/metrics/{number}"}


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
