"""Event source mappings: their API. What polls a source comes with that source, as a `ports.Poller`."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.core.arn import Arn
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import (
    InvalidParameterValue,
    ResourceConflict,
    ResourceInUse,
    ResourceNotFound,
)
from lambent.services.lambda_.event_source_settings import KINDS, check, check_new, service_of
from lambent.services.lambda_.names import MAX_NAME_LENGTH, parse_function_name
from lambent.services.lambda_.paging import page
from lambent.services.lambda_.qualifiers import resolve
from lambent.services.lambda_.resources import CONCURRENCY, EVENT_SOURCES
from lambent.services.lambda_.tags import check_tags
from lambent.services.lambda_.tenancy import refuse
from lambent.services.lambda_.timestamps import calendar_ms, from_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_lambda.type_defs import (
        CreateEventSourceMappingRequestTypeDef,
        DeleteEventSourceMappingRequestTypeDef,
        GetEventSourceMappingRequestTypeDef,
        ListEventSourceMappingsRequestTypeDef,
        UpdateEventSourceMappingRequestTypeDef,
    )

    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Document
    from lambent.services.lambda_.event_source_settings import SourceKind
    from lambent.services.lambda_.names import FunctionRef
    from lambent.services.lambda_.ports import Poller
    from lambent.services.lambda_.resource_book import ResourceBook

_log = logging.getLogger(__name__)
_MISSING = "The resource you requested does not exist."
_KEPT = (
    "BatchSize", "MaximumBatchingWindowInSeconds", "ParallelizationFactor", "FilterCriteria", "KMSKeyArn",
    "MetricsConfig", "ScalingConfig", "DestinationConfig", "MaximumRecordAgeInSeconds",
    "BisectBatchOnFunctionError", "MaximumRetryAttempts", "TumblingWindowInSeconds", "FunctionResponseTypes",
)  # fmt: skip
# Cleared by an empty value, and absent then.
_CLEARED = frozenset({"FilterCriteria", "KMSKeyArn", "MetricsConfig", "ScalingConfig"})


class EventSources:
    """The operations on event source mappings. Args: `pollers` by the name of their service in ARNs; `book` is told
    whose mappings there are.
    """

    def __init__(
        self, database: Database, pollers: Mapping[str, Poller], book: ResourceBook
    ) -> None:
        self._database = database
        self._book = book
        self._pollers = pollers
        self._tasks: set[asyncio.Task[None]] = set()

    def create(
        self, tx: Tx, context: RequestContext, request: CreateEventSourceMappingRequestTypeDef
    ) -> Document:
        service = service_of(request)
        check_new(request, service)
        check_tags(request.get("Tags", {}))
        ref = _function(tx, context, request["FunctionName"])
        source = request["EventSourceArn"]
        if Arn.parse(source).region != context.scope.region:
            raise InvalidParameterValue(
                f"Event source region must match Lambda region {context.scope.region}"
            )
        _check_concurrency(tx, ref, request)
        poller = self._pollers.get(service)
        if poller is None:
            raise InvalidParameterValue(
                f"Lambent cannot poll the event source {source} yet: the service '{service}' is not "
                "there."
            )
        poller.check(tx, source)
        self._refuse_duplicate(tx, context.scope, source, ref, KINDS[service])
        uuid = ids.uuid()
        row: dict[str, Any] = {
            "UUID": uuid,
            "EventSourceArn": source,
            "FunctionArn": ref.arn,
            **KINDS[service].defaults,
            "State": "Creating",
            "StateTransitionReason": KINDS[service].reason,
            "EventSourceMappingArn": str(
                Arn("lambda", *_place(context.scope), f"event-source-mapping:{uuid}")
            ),
            "service": service,
            "wanted": "Enabled" if request.get("Enabled", True) else "Disabled",
            "modified_ms": calendar_ms(context.now),
            "tags": request.get("Tags", {}),
        }
        if "StartingPosition" in request:
            row["StartingPosition"] = request["StartingPosition"]
        if timestamp := request.get("StartingPositionTimestamp"):
            row["starting_ms"] = calendar_ms(timestamp)  # type: ignore[arg-type]
        _take(row, request)
        self._put(tx, context.scope, row)
        return _shown(row)

    def update(
        self, tx: Tx, context: RequestContext, request: UpdateEventSourceMappingRequestTypeDef
    ) -> Document:
        row = _find(tx, context.scope, request["UUID"])
        if row["State"] not in {"Enabled", "Disabled"}:
            raise ResourceInUse("Cannot update the event source mapping because it is in use.")
        together = {name: row[name] for name in _KEPT if name in row} | request
        check(together, row["service"], row["EventSourceArn"])
        if "FunctionName" in request:
            row["FunctionArn"] = _function(tx, context, request["FunctionName"]).arn
        _check_concurrency(tx, parse_function_name(row["FunctionArn"], context.scope), together)
        _take(row, request)
        row["State"] = "Updating"
        if "Enabled" in request:
            row["wanted"] = "Enabled" if request["Enabled"] else "Disabled"
            row["State"] = "Enabling" if request["Enabled"] else "Disabling"
        row["modified_ms"] = calendar_ms(context.now)
        self._put(tx, context.scope, row)
        return _shown(row)

    def get(
        self, tx: Tx, context: RequestContext, request: GetEventSourceMappingRequestTypeDef
    ) -> Document:
        return _shown(_find(tx, context.scope, request["UUID"]))

    def list(
        self, tx: Tx, context: RequestContext, request: ListEventSourceMappingsRequestTypeDef
    ) -> Document:
        rows = [row.document for row in EVENT_SOURCES.all(tx, context.scope)]
        if name := request.get("FunctionName"):
            arn = parse_function_name(name, context.scope).arn
            rows = [row for row in rows if row["FunctionArn"] == arn]
        if source := request.get("EventSourceArn"):
            rows = [row for row in rows if row["EventSourceArn"] == source]
        shown, document = page(rows, request, lambda row: str(row["UUID"]), "EventSourceMappings")
        document["EventSourceMappings"] = [_shown(row) for row in shown]
        return document

    def delete(
        self, tx: Tx, context: RequestContext, request: DeleteEventSourceMappingRequestTypeDef
    ) -> Document:
        row = _find(tx, context.scope, request["UUID"])
        row["State"] = row["wanted"] = "Deleting"
        self._put(tx, context.scope, row)
        return _shown(row)

    async def restore(self) -> None:
        """At start: have every mapping polled that is, and settle what a crash has left."""
        for row in await self._database.read(EVENT_SOURCES.everywhere):
            await self._settle(row.scope, row.id)

    async def stop(self) -> None:
        """What has not settled is settled at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _put(self, tx: Tx, scope: Scope, row: Mapping[str, Any]) -> None:
        EVENT_SOURCES.put(tx, scope, "", row["UUID"], row)
        tx.after_commit(self._book.put_mapping, dict(row))
        tx.after_commit(self._begin, scope, row["UUID"])

    def _begin(self, scope: Scope, uuid: str) -> None:
        task = asyncio.get_running_loop().create_task(self._settle(scope, uuid))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, scope: Scope, uuid: str) -> None:
        try:
            row = await self._database.write(partial(_settled, scope=scope, uuid=uuid))
        except Exception:  # noqa: BLE001 - a task's boundary; the next start tries again
            _log.exception("the event source mapping %s could not be settled", uuid)
            return
        if row is not None and row["wanted"] == "Deleting":
            self._book.forget_mapping(row["EventSourceMappingArn"])
        if row is None or (poller := self._pollers.get(row["service"])) is None:
            return
        if row["State"] == "Enabled":
            poller.watch(scope, row)
        else:
            poller.leave(uuid)

    def _refuse_duplicate(
        self, tx: Tx, scope: Scope, source: str, ref: FunctionRef, kind: SourceKind
    ) -> None:
        names = f'arn (" {source} ") and function (" {ref.name} ")'
        taken = (
            f"The event source {names} provided mapping"
            if kind.is_stream
            else f"An event source mapping with {kind.label} {names}"
        )
        for each in EVENT_SOURCES.all(tx, scope):
            row = each.document
            if (row["EventSourceArn"], row["FunctionArn"]) == (source, ref.arn):
                raise ResourceConflict(
                    f"{taken} already exists. Please update or delete the existing mapping with "
                    f"UUID {row['UUID']}"
                )


def _settled(tx: Tx, scope: Scope, uuid: str) -> dict[str, Any] | None:
    """The mapping in the state that it was to reach; what was to be deleted is gone and `Deleting`."""
    row = EVENT_SOURCES.find(tx, scope, "", uuid)
    if row is None:
        return None
    row["State"] = row["wanted"]
    if row["wanted"] == "Deleting":
        EVENT_SOURCES.remove(tx, scope, "", uuid)
    else:
        EVENT_SOURCES.put(tx, scope, "", uuid, row)
    return row


def _find(tx: Tx, scope: Scope, uuid: str) -> dict[str, Any]:
    row = EVENT_SOURCES.find(tx, scope, "", uuid)
    if row is None:
        raise ResourceNotFound(_MISSING)
    return row


def _function(tx: Tx, context: RequestContext, name: str) -> FunctionRef:
    gone = InvalidParameterValue("Function does not exist")
    if ":" not in name and len(name) > MAX_NAME_LENGTH:
        raise gone  # here AWS has no word for the length
    ref = parse_function_name(name, context.scope)
    function = repository.find(tx, ref.scope, ref.name)
    if function is None:
        raise gone
    refuse(function.settings, "Event source mapping")
    resolve(tx, ref)
    return ref


def _check_concurrency(tx: Tx, ref: FunctionRef, request: Mapping[str, Any]) -> None:
    most = request.get("ScalingConfig", {}).get("MaximumConcurrency", 0)
    row = CONCURRENCY.find(tx, ref.scope, ref.name, "")
    if row is not None and most > (reserved := row["ReservedConcurrentExecutions"]):
        raise InvalidParameterValue(
            f"MaximumConcurrency: {most} is greater than Function Reserved Concurrency: {reserved}"
        )


def _take(row: dict[str, Any], request: Mapping[str, Any]) -> None:
    for member in _KEPT:
        if member not in request:
            continue
        value = request[member]
        if value in ("", {}, {"Filters": []}) and member in _CLEARED:
            row.pop(member, None)
        else:
            row[member] = value


def _place(scope: Scope) -> tuple[str, str]:
    return scope.region, scope.account_id


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    hidden = {"service", "wanted", "modified_ms", "tags", "starting_ms"}
    document = {name: value for name, value in row.items() if name not in hidden}
    document["LastModified"] = from_ms(row["modified_ms"])
    if "starting_ms" in row:
        document["StartingPositionTimestamp"] = from_ms(row["starting_ms"])
    return document
