"""Logs Insights: queries that are started, run in a compute process, and are asked about.

They are kept in memory, as many as MOST_KEPT; a restart forgets them.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.core.errors import NotImplementedByLambent
from lambent.process.compute import ComputeFailed, ComputeTimedOut
from lambent.services.logs.computing import computed
from lambent.services.logs.errors import (
    InvalidParameter,
    LimitExceeded,
    MalformedQuery,
    ResourceNotFound,
)
from lambent.services.logs.groups import now_ms
from lambent.services.logs.insights import plan, scan
from lambent.services.logs.insights.malformed import CommandUnserved, QueryMalformed
from lambent.services.logs.insights.parser import MOST_ROWS
from lambent.services.logs.names import group_key, identified, named
from lambent.services.logs.paging import page
from lambent.services.logs.query_definitions import refuse_languages, refuse_many

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import (
        DescribeQueriesRequestTypeDef,
        GetLogGroupFieldsRequestTypeDef,
        GetQueryResultsRequestTypeDef,
        ListLogGroupsForQueryRequestTypeDef,
        StartQueryRequestTypeDef,
        StopQueryRequestTypeDef,
    )

    from lambent.core.context import RequestContext, Scope
    from lambent.core.service import Document
    from lambent.services.logs.insights.scan import Outcome, Source
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.ports import Compute
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_segments import LogSegments

# "Query concurrency: a maximum of 30 concurrent queries" (CloudWatch Logs quotas).
MOST_RUNNING = 30
# AWS keeps results for seven days. Ten thousand rows of a query are some megabytes.
MOST_KEPT = 100
# "Queries time out after 60 minutes of runtime" (StartQuery).
_PATIENCE_S = 3600.0
_ENDED = frozenset({"Complete", "Failed", "Cancelled", "Timeout"})
# Larger numbers are milliseconds, which AWS takes, too, where it wants seconds.
_LATEST_S = 100_000_000_000
_MINUTE_MS = 60_000
# When Logs Insights became generally available: 2018-11-27. AWS's own moment may be another one.
_AVAILABLE_MS = 1_543_276_800_000
_NO_EVENTS = (
    "Query's end date and time is either before the log groups creation time or exceeds the log "
    "groups log retention settings"
)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Query:
    """One query. The times are calendar milliseconds, both ends included."""

    id: str
    scope: Scope
    text: str
    groups: list[GroupKey]
    start_ms: int
    end_ms: int
    most: int
    created_ms: int
    status: str = "Scheduled"
    outcome: Outcome | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class Queries:
    """The operations, and the queries that there are."""

    def __init__(self, registry: Registry, segments: LogSegments, compute: Compute) -> None:
        self._registry = registry
        self._segments = segments
        self._compute = compute
        self._queries: dict[str, Query] = {}

    async def start_query(
        self, context: RequestContext, request: StartQueryRequestTypeDef
    ) -> Document:
        refuse_languages(request)
        groups = _groups(context.scope, request)
        text = request["queryString"]
        start_ms, end_ms = _ms(request["startTime"]), _ms(request["endTime"])
        if end_ms < _AVAILABLE_MS:
            raise InvalidParameter(
                "End time should not be before the service was generally available"
            )
        oldest = [self._oldest_ms(key) for key in groups]
        _check(text)
        if end_ms < start_ms:
            raise InvalidParameter("The query's end time is before its start time.")
        if end_ms < min(oldest):
            raise _malformed(_NO_EVENTS + f" ([0,{len(text) - 1}])", 0, len(text) - 1)
        running = [
            each
            for each in self._queries.values()
            if each.scope == context.scope and each.status not in _ENDED
        ]
        if len(running) >= MOST_RUNNING:
            raise LimitExceeded(
                f"Account maximum query concurrency limit of [{MOST_RUNNING}] reached."
            )
        most = min(request.get("limit", MOST_ROWS), MOST_ROWS)
        query = Query(
            ids.uuid(), context.scope, text, groups, start_ms, end_ms, most, now_ms(context)
        )
        self._keep(query)
        query.task = asyncio.get_running_loop().create_task(self._run(query))
        return {"queryId": query.id}

    async def get_query_results(
        self, context: RequestContext, request: GetQueryResultsRequestTypeDef
    ) -> Document:
        query = self._find(context.scope, request["queryId"])
        answer: dict[str, Any] = {"queryLanguage": "CWLI", "status": query.status}
        results = query.outcome.results if query.outcome else []
        if request.get("maxItems"):
            numbers, more = page(range(len(results)), request, str, limit="maxItems")
            results = [results[number] for number in numbers]
            answer.update(more)
        answer["results"] = results
        answer["statistics"] = _statistics(query)
        return answer

    async def stop_query(
        self, context: RequestContext, request: StopQueryRequestTypeDef
    ) -> Document:
        """Stopping it once more succeeds. What has ended otherwise is told with what AWS's front end was told."""
        query = self._find(context.scope, request["queryId"])
        if query.status in _ENDED - {"Cancelled"}:
            raise InvalidParameter(
                f"Query is already ended with {query.status} (Service: AWSLogs; Status Code: 400; "
                f"Error Code: InvalidParameterException; Request ID: {context.request_id}; Proxy: null)"
            )
        query.status = "Cancelled"
        if query.task is not None:
            query.task.cancel()
        return {"success": True}

    async def describe_queries(
        self, context: RequestContext, request: DescribeQueriesRequestTypeDef
    ) -> Document:
        refuse_languages(request)
        name = request.get("logGroupName")
        found = [
            query
            for query in reversed(self._queries.values())
            if query.scope == context.scope
            and (name is None or group_key(context.scope, name) in query.groups)
            and request.get("status", query.status) == query.status
        ]
        shown, answer = page(
            found, request, lambda query: query.id, limit="maxResults", default=1000
        )
        answer["queries"] = [
            {
                "queryLanguage": "CWLI",
                "queryId": query.id,
                "queryString": query.text,
                "status": query.status,
                "createTime": query.created_ms,
                "logGroupName": name or query.groups[0][2],
            }
            for query in shown
        ]
        return answer

    async def list_log_groups_for_query(
        self, context: RequestContext, request: ListLogGroupsForQueryRequestTypeDef
    ) -> Document:
        query = self._find(context.scope, request["queryId"])
        names = [key[2] for key in query.groups]
        shown, answer = page(names, request, str, limit="maxResults")
        answer["logGroupIdentifiers"] = shown
        return answer

    async def get_log_group_fields(
        self, context: RequestContext, request: GetLogGroupFieldsRequestTypeDef
    ) -> Document:
        key = named(context.scope, request)
        self._registry.require(key)
        now = now_ms(context)
        start_ms, end_ms = now - 15 * _MINUTE_MS, now
        if "time" in request:
            middle_ms = _ms(request["time"])
            start_ms, end_ms = middle_ms - 8 * _MINUTE_MS, middle_ms + 8 * _MINUTE_MS
        source = await self._source(key, start_ms, end_ms)
        found = await computed(self._compute, scan.discover, source, end_ms)
        ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return {"logGroupFields": [{"name": name, "percent": n} for name, n in ordered]}

    def forget(self) -> None:
        """Stop and forget every query (`--test-mode`)."""
        for query in self._queries.values():
            if query.task is not None:
                query.task.cancel()
        self._queries.clear()

    async def stop(self) -> None:
        """Stop what runs."""
        tasks = [query.task for query in self._queries.values() if query.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _keep(self, query: Query) -> None:
        """Those that have ended first make room."""
        ended = [id_ for id_, each in self._queries.items() if each.status in _ENDED]
        for id_ in ended[: max(len(self._queries) + 1 - MOST_KEPT, 0)]:
            del self._queries[id_]
        self._queries[query.id] = query

    def _find(self, scope: Scope, id_: str) -> Query:
        query = self._queries.get(id_)
        if query is None or query.scope != scope:
            raise ResourceNotFound(f"Query with id {id_} does not exist.")
        return query

    async def _run(self, query: Query) -> None:
        query.status = "Running"
        try:
            sources = [
                await self._source(key, query.start_ms, query.end_ms) for key in query.groups
            ]
            query.outcome = await self._compute.run(
                *(scan.run, query.text, query.most, sources, query.end_ms),
                query.created_ms // 1000,
                query.start_ms,
                timeout_s=_PATIENCE_S,
            )
            query.status = "Complete"
        except ComputeTimedOut:
            query.status = "Timeout"
        except (ComputeFailed, MemoryError) as problem:
            _log.error("query %s: %s", query.id, problem)
            query.status = "Failed"
        except Exception:  # noqa: BLE001 - the boundary of a task: the query's status tells
            _log.exception("query %s", query.id)
            query.status = "Failed"

    def _oldest_ms(self, key: GroupKey) -> int:
        """A group can have no events from before this second. Raises ResourceNotFound."""
        try:
            created_ms = self._registry.require(key).created_ms
        except ResourceNotFound as missing:
            raise ResourceNotFound(
                f"Log group '{key[2]}' does not exist for account ID '{key[0]}'"
            ) from missing
        return max(created_ms, self._registry.oldest_ms(key)) // 1000 * 1000

    async def _source(self, key: GroupKey, start_ms: int, end_ms: int) -> Source:
        start_ms = max(start_ms, self._registry.oldest_ms(key))
        stretches = await self._segments.find(key, _everything, start_ms, end_ms + 1)
        return scan.Source(key, tuple(stretches), start_ms)


def _groups(scope: Scope, request: StartQueryRequestTypeDef) -> list[GroupKey]:
    """Raises InvalidParameter."""
    given = [
        member
        for member in ("logGroupName", "logGroupNames", "logGroupIdentifiers")
        if request.get(member)
    ]
    if len(given) != 1:
        raise InvalidParameter(
            "Exactly one of logGroupName, logGroupNames or logGroupIdentifiers must be specified."
        )
    if "logGroupIdentifiers" in request:
        groups = [identified(scope, each) for each in request["logGroupIdentifiers"]]
    else:
        names = [request["logGroupName"]] if given == ["logGroupName"] else request["logGroupNames"]
        groups = [group_key(scope, name) for name in names]
    refuse_many(groups)
    return list(dict.fromkeys(groups))


def _check(text: str) -> None:
    """Raises MalformedQuery, NotImplementedByLambent."""
    try:
        plan.check(text)
    except QueryMalformed as problem:
        raise _malformed(problem.message, problem.start, problem.end) from problem
    except CommandUnserved as command:
        raise NotImplementedByLambent(
            f"Lambent does not support the command {command.name} of Logs Insights."
        ) from command


def _malformed(message: str, start: int, end: int) -> MalformedQuery:
    location = {"startCharOffset": start, "endCharOffset": end}
    return MalformedQuery(
        message, members={"queryCompileError": {"location": location, "message": message}}
    )


def _statistics(query: Query) -> dict[str, float]:
    cost = query.outcome.cost if query.outcome else scan.Cost()
    return {
        "recordsMatched": float(cost.matched),
        "recordsScanned": float(cost.scanned),
        "estimatedRecordsSkipped": 0.0,
        "bytesScanned": float(cost.bytes),
        "estimatedBytesSkipped": 0.0,
        "logGroupsScanned": float(len(query.groups)),
    }


def _ms(time: int) -> int:
    return time if time > _LATEST_S else time * 1000


def _everything(_: str) -> bool:
    return True
