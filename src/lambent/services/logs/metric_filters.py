"""Metric filters: what they are and how they are described. watchers.py feeds what they find to the metrics."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambent.services.logs import repository
from lambent.services.logs.computing import computed
from lambent.services.logs.errors import (
    InvalidParameter,
    ResourceNotFound,
    group_not_found,
    not_standard,
)
from lambent.services.logs.feeding import checked_value
from lambent.services.logs.filter_limits import check_filter, remove_filter
from lambent.services.logs.groups import now_ms
from lambent.services.logs.names import group_key
from lambent.services.logs.paging import page
from lambent.services.logs.patterns.language import compile_metric_pattern, compile_pattern
from lambent.services.logs.resources import METRIC_FILTERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from types_boto3_logs.type_defs import (
        DeleteMetricFilterRequestTypeDef,
        DescribeMetricFiltersRequestTypeDef,
        PutMetricFilterRequestTypeDef,
        TestMetricFilterRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.ports import Tx
    from lambent.core.service import Document
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.ports import Compute

# "The maximum number of metric filters that can be associated with a log group is 100" (PutMetricFilter).
MOST = 100
# "One metric filter can include as many as three dimensions" (MetricTransformation).
MOST_DIMENSIONS = 3


@dataclass(frozen=True, slots=True)
class MetricFilters:
    """The operations. `changed` is told of each group whose filters have changed."""

    changed: Callable[[GroupKey], None]
    compute: Compute

    def put_metric_filter(
        self, tx: Tx, context: RequestContext, request: PutMetricFilterRequestTypeDef
    ) -> Document:
        scope, group, name = context.scope, request["logGroupName"], request["filterName"]
        check_filter(tx, scope, request, METRIC_FILTERS, MOST, compile_metric_pattern)
        for transformation in request["metricTransformations"]:
            _check(transformation, request["filterPattern"])
        before = METRIC_FILTERS.find(tx, scope, group, name)
        document = {
            "filterName": name,
            "filterPattern": request["filterPattern"],
            "metricTransformations": request["metricTransformations"],
            "creationTime": before["creationTime"] if before else now_ms(context),
            "logGroupName": group,
            "applyOnTransformedLogs": False,
        }
        METRIC_FILTERS.put(tx, scope, group, name, document)
        tx.after_commit(self.changed, group_key(scope, group))
        return {}

    def describe_metric_filters(
        self, tx: Tx, context: RequestContext, request: DescribeMetricFiltersRequestTypeDef
    ) -> Document:
        scope, group = context.scope, request.get("logGroupName")
        metric, namespace = request.get("metricName"), request.get("metricNamespace")
        if (metric is None) != (namespace is None):
            raise InvalidParameter("metricName and metricNamespace must be specified together.")
        if group is None:
            found = METRIC_FILTERS.documents(tx, scope)
        elif (described := repository.find(tx, group_key(scope, group))) is None:
            raise group_not_found()
        elif not described.is_standard:
            raise not_standard()
        else:
            found = METRIC_FILTERS.of(tx, scope, group)
        # "The prefix to match ... only if you also include the logGroupName parameter".
        prefix = request.get("filterNamePrefix", "") if group is not None else ""
        chosen = [
            each
            for each in found
            if each["filterName"].startswith(prefix)
            and (metric is None or _feeds(each, metric, namespace))
        ]
        shown, answer = page(
            chosen, request, lambda each: f"{each['filterName']}:{each['logGroupName']}"
        )
        answer["metricFilters"] = shown
        return answer

    def delete_metric_filter(
        self, tx: Tx, context: RequestContext, request: DeleteMetricFilterRequestTypeDef
    ) -> Document:
        key = group_key(context.scope, request["logGroupName"])
        if repository.find(tx, key) is None:
            raise group_not_found()
        if not remove_filter(tx, context.scope, key[2], request["filterName"], METRIC_FILTERS):
            raise ResourceNotFound("The specified metric filter does not exist.")
        tx.after_commit(self.changed, key)
        return {}

    async def test_metric_filter(
        self, context: RequestContext, request: TestMetricFilterRequestTypeDef
    ) -> Document:
        pattern, messages = request["filterPattern"], list(request["logEventMessages"])
        if compile_metric_pattern(pattern).has_regex:
            matches = await computed(self.compute, _tried, pattern, messages)
        else:
            matches = await asyncio.to_thread(_tried, pattern, messages)
        return {"matches": matches}


def _tried(text: str, messages: list[str]) -> list[dict[str, Any]]:
    """In a thread or a compute process."""
    pattern = compile_pattern(text)
    return [
        {"eventNumber": number, "eventMessage": message, "extractedValues": dict(values)}
        for number, message in enumerate(messages, 1)
        if (values := pattern.extract(message)) is not None
    ]


def _feeds(document: Mapping[str, Any], metric: str, namespace: str | None) -> bool:
    return any(
        each["metricName"] == metric and each["metricNamespace"] == namespace
        for each in document["metricTransformations"]
    )


def _check(transformation: Mapping[str, Any], pattern: str) -> None:
    """Raises InvalidParameter."""
    if transformation["metricNamespace"].startswith("AWS/"):
        raise InvalidParameter("Metric namespaces starting with AWS/ are reserved for AWS.")
    checked_value(transformation["metricValue"], pattern)
    dimensions = transformation.get("dimensions", {})
    if dimensions and not pattern.strip().startswith(("{", "[")):
        raise InvalidParameter("The specified filter pattern does not support dimensions")
    if dimensions and "defaultValue" in transformation:
        raise InvalidParameter(
            "Invalid metric transformation: dimensions and default value are mutually exclusive "
            "properties"
        )
    if len(dimensions) > MOST_DIMENSIONS:
        raise InvalidParameter(
            f"Invalid metric transformation: at most {MOST_DIMENSIONS} dimensions are allowed."
        )
    for value in dimensions.values():
        if not value.startswith("$"):
            raise InvalidParameter(
                "Invalid metric transformation: dimension value must be valid selector"
            )
        checked_value(value, pattern)
