"""Tables of operations, by what they are about, and what goes before every operation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.core.service import Operation, waits
from lambent.services.logs import account_policies, destinations, query_definitions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from lambent.core.context import RequestContext
    from lambent.core.ports import Database
    from lambent.core.service import Document
    from lambent.services.logs.exports import ExportTasks
    from lambent.services.logs.metric_filters import MetricFilters
    from lambent.services.logs.queries import Queries
    from lambent.services.logs.subscription_filters import SubscriptionFilters

Table = dict[str, Operation]


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kinds of operations (`core.service`). Each finds the groups that functions have just made; when it has
    answered, the filters that it has changed are in force.
    """

    database: Database
    groups_settled: Callable[[], Awaitable[None]]
    filters_settled: Callable[[], Awaitable[None]]

    def read(self, run: Callable[..., Any]) -> Operation:
        async def operation(context: RequestContext, request: Document) -> Any:
            return await self.database.read(lambda tx: run(tx, context, request))

        return self.waits(operation)

    def write(self, run: Callable[..., Any]) -> Operation:
        async def operation(context: RequestContext, request: Document) -> Any:
            return await self.database.write(lambda tx: run(tx, context, request))

        return self.waits(operation)

    def waits(self, run: Callable[..., Awaitable[Any]]) -> Operation:
        async def operation(context: RequestContext, request: Document) -> Any:
            await self.groups_settled()
            answer = await run(context, request)
            await self.filters_settled()
            return answer

        return waits(operation)


def record_operations(kinds: Kinds) -> Table:
    """What is kept and described, and little more."""
    read, write = kinds.read, kinds.write
    return {
        "DeleteDestination": write(destinations.delete_destination),
        "DeleteQueryDefinition": write(query_definitions.delete_query_definition),
        "DeleteResourcePolicy": write(account_policies.delete_resource_policy),
        "DescribeDestinations": read(destinations.describe_destinations),
        "DescribeQueryDefinitions": read(query_definitions.describe_query_definitions),
        "DescribeResourcePolicies": read(account_policies.describe_resource_policies),
        "PutDestination": write(destinations.put_destination),
        "PutDestinationPolicy": write(destinations.put_destination_policy),
        "PutQueryDefinition": write(query_definitions.put_query_definition),
        "PutResourcePolicy": write(account_policies.put_resource_policy),
    }


def metric_operations(filters: MetricFilters, kinds: Kinds) -> Table:
    """Metric filters."""
    return {
        "DeleteMetricFilter": kinds.write(filters.delete_metric_filter),
        "DescribeMetricFilters": kinds.read(filters.describe_metric_filters),
        "PutMetricFilter": kinds.write(filters.put_metric_filter),
        "TestMetricFilter": kinds.waits(filters.test_metric_filter),
    }


def subscription_operations(filters: SubscriptionFilters, kinds: Kinds) -> Table:
    """Subscription filters."""
    return {
        "DeleteSubscriptionFilter": kinds.write(filters.delete_subscription_filter),
        "DescribeSubscriptionFilters": kinds.read(filters.describe_subscription_filters),
        "PutSubscriptionFilter": kinds.waits(filters.put_subscription_filter),
    }


def export_operations(tasks: ExportTasks, kinds: Kinds) -> Table:
    """Export tasks."""
    return {
        "CancelExportTask": kinds.waits(tasks.cancel_export_task),
        "CreateExportTask": kinds.waits(tasks.create_export_task),
        "DescribeExportTasks": kinds.read(tasks.describe_export_tasks),
    }


def query_operations(queries: Queries, kinds: Kinds) -> Table:
    """Logs Insights."""
    return {
        "DescribeQueries": kinds.waits(queries.describe_queries),
        "GetLogGroupFields": kinds.waits(queries.get_log_group_fields),
        "GetQueryResults": kinds.waits(queries.get_query_results),
        "ListLogGroupsForQuery": kinds.waits(queries.list_log_groups_for_query),
        "StartQuery": kinds.waits(queries.start_query),
        "StopQuery": kinds.waits(queries.stop_query),
    }
