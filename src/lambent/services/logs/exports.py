"""Export tasks: the events of a log group, written to a bucket of S3.

A task is a document from the moment it is made, and runs in the background, one at a time in an account and region.
What a stop or a crash has interrupted begins again at the next start, and writes the same objects once more.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.core.errors import NotImplementedByLambent
from lambent.process.compute import ComputeFailed
from lambent.services.logs.errors import (
    InvalidOperation,
    InvalidParameter,
    LimitExceeded,
    ResourceNotFound,
)
from lambent.services.logs.exporting import packed
from lambent.services.logs.groups import now_ms
from lambent.services.logs.names import group_key
from lambent.services.logs.paging import page
from lambent.services.logs.ports import BucketRefused, NoSuchBucket
from lambent.services.logs.resources import EXPORT_TASKS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from types_boto3_logs.type_defs import (
        CancelExportTaskRequestTypeDef,
        DescribeExportTasksRequestTypeDef,
    )

    from lambent.core.clock import Clock
    from lambent.core.context import RequestContext, Scope
    from lambent.core.ports import Database, Tx
    from lambent.core.service import Document
    from lambent.services.logs.ports import Buckets, Compute
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_segments import LogSegments

# "If you don't specify a value, the default is exportedlogs" (CreateExportTask, destinationPrefix).
PREFIX = "exportedlogs"
# What AWS puts under the prefix to find out whether it may write.
TRIAL_KEY, TRIAL = "aws-logs-write-test", b"Permission Check Successful"
# Of compressed text.
OBJECT_BYTES = 16 << 20
# Of those that have ended; AWS does not say how many it keeps.
MOST_KEPT = 1000
_ACTIVE = frozenset({"PENDING", "RUNNING"})
# A segment of 4 MB.
_PATIENCE_S = 60.0
_MESSAGES = {"RUNNING": "Started Successfully", "COMPLETED": "Completed Successfully"}

_log = logging.getLogger(__name__)


class ExportTasks:
    """The operations, and what runs. Args: `buckets` is None where there is no S3; then no task can be made."""

    def __init__(
        self,
        *,
        database: Database,
        registry: Registry,
        segments: LogSegments,
        compute: Compute,
        clock: Clock,
        buckets: Buckets | None,
    ) -> None:
        self._database = database
        self._registry = registry
        self._segments = segments
        self._compute = compute
        self._clock = clock
        self._buckets = buckets
        self._running: dict[str, asyncio.Task[None]] = {}

    async def create_export_task(
        self, context: RequestContext, request: Mapping[str, Any]
    ) -> Document:
        """`request` as CreateExportTaskRequest of the service model, whose `from` is no name in Python."""
        if self._buckets is None:
            raise NotImplementedByLambent(
                "The CreateExportTask operation of logs is not implemented by Lambent: it needs S3"
            )
        scope = context.scope
        self._registry.require(group_key(scope, request["logGroupName"]))
        if request["from"] > request["to"]:
            raise InvalidParameter("The time range is not valid: it ends before it begins.")
        try:
            await self._buckets.check(context, request["destination"])
        except (NoSuchBucket, BucketRefused) as refusal:
            raise InvalidParameter(_why(refusal)) from refusal
        document = {
            "taskId": ids.uuid(),
            **{
                member: request[member]
                for member in ("taskName", "logGroupName", "logStreamNamePrefix", "from", "to")
                if member in request
            },
            "destination": request["destination"],
            "destinationPrefix": request.get("destinationPrefix", PREFIX),
            "status": {"code": "PENDING"},
            "executionInfo": {"creationTime": now_ms(context)},
        }
        await self._database.write(lambda tx: _enter(tx, scope, document))
        self._begin(scope, document)
        return {"taskId": document["taskId"]}

    def describe_export_tasks(
        self, tx: Tx, context: RequestContext, request: DescribeExportTasksRequestTypeDef
    ) -> Document:
        id_, code = request.get("taskId"), request.get("statusCode")
        found = [
            each
            for each in _newest_first(EXPORT_TASKS.documents(tx, context.scope))
            if id_ in {None, each["taskId"]} and code in {None, each["status"]["code"]}
        ]
        if id_ is not None and EXPORT_TASKS.find(tx, context.scope, "", id_) is None:
            raise _not_found()
        shown, answer = page(found, request, lambda each: str(each["taskId"]))
        answer["exportTasks"] = shown
        return answer

    async def cancel_export_task(
        self, context: RequestContext, request: CancelExportTaskRequestTypeDef
    ) -> Document:
        scope, id_ = context.scope, request["taskId"]

        def write(tx: Tx) -> None:
            document = EXPORT_TASKS.find(tx, scope, "", id_)
            if document is None:
                raise _not_found()
            if document["status"]["code"] not in _ACTIVE:
                raise InvalidOperation("The specified export task has ended already.")
            _end(tx, scope, document, "CANCELLED", "", now_ms(context))

        await self._database.write(write)
        if task := self._running.get(id_):
            task.cancel()
        return {}

    async def start(self) -> None:
        """Begin again what the last run has not finished; without S3 it stays as it is."""
        if self._buckets is None:
            return
        for row in await self._database.read(EXPORT_TASKS.everywhere):
            if row.document["status"]["code"] in _ACTIVE:
                self._begin(row.scope, row.document)

    def forget(self) -> None:
        """Stop what runs: the documents go (`--test-mode`)."""
        for task in self._running.values():
            task.cancel()

    async def stop(self) -> None:
        """Stop what runs; it goes on with the next start."""
        self.forget()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _begin(self, scope: Scope, document: Document) -> None:
        id_ = document["taskId"]
        task = asyncio.get_running_loop().create_task(self._run(scope, document))
        self._running[id_] = task
        task.add_done_callback(lambda _: self._running.pop(id_, None))

    async def _run(self, scope: Scope, document: Document) -> None:
        try:
            await self._database.write(
                lambda tx: _change(tx, scope, document, status=_status("RUNNING"))
            )
            await self._export(scope, document)
        except (NoSuchBucket, BucketRefused) as refusal:
            code, message = "FAILED", _why(refusal)
        except (ComputeFailed, MemoryError) as problem:
            _log.error("export task %s: %s", document["taskId"], problem)
            code, message = "FAILED", "The events could not be read."
        except Exception:  # noqa: BLE001 - the boundary of a task: its status tells
            _log.exception("export task %s", document["taskId"])
            code, message = "FAILED", "Internal failure"
        else:
            code, message = "COMPLETED", ""
        ended_ms = self._clock.calendar_ms()
        await self._database.write(lambda tx: _end(tx, scope, document, code, message, ended_ms))

    async def _export(self, scope: Scope, document: Document) -> None:
        """Raises what the port and the compute processes raise."""
        assert self._buckets is not None
        bucket, prefix = document["destination"], document["destinationPrefix"]
        await self._buckets.put(scope, bucket, f"{prefix}/{TRIAL_KEY}", TRIAL)
        wanted = document.get("logStreamNamePrefix", "")
        group = group_key(scope, document["logGroupName"])
        streams = await self._segments.streams(group, lambda name: name.startswith(wanted))
        numbers: dict[str, int] = {}
        for stream in sorted(streams):
            # Names with a slash become names with a hyphen, which may be another stream's.
            directory = stream.replace("/", "-")
            async for data in self._pieces(scope, document, stream):
                number = numbers.get(directory, 0)
                numbers[directory] = number + 1
                key = f"{prefix}/{document['taskId']}/{directory}/{number:06}.gz"
                await self._buckets.put(scope, bucket, key, data)

    async def _pieces(self, scope: Scope, document: Document, stream: str) -> AsyncIterator[bytes]:
        """The events of one stream, in files of about OBJECT_BYTES."""
        group = group_key(scope, document["logGroupName"])
        start_ms = max(document["from"], self._registry.oldest_ms(group))
        end_ms = document["to"]
        members, size = [], 0
        for stretch in await self._segments.find(group, stream.__eq__, start_ms, end_ms + 1):
            member = await self._compute.run(
                packed, stretch, start_ms, end_ms, timeout_s=_PATIENCE_S
            )
            members.append(member)
            size += len(member)
            if size >= OBJECT_BYTES:
                yield b"".join(members)
                members, size = [], 0
        if size:
            yield b"".join(members)


def _enter(tx: Tx, scope: Scope, document: Document) -> None:
    """Raises LimitExceeded."""
    known = EXPORT_TASKS.documents(tx, scope)
    # "Each account can only have one active (RUNNING or PENDING) export task at a time" (CreateExportTask).
    if any(each["status"]["code"] in _ACTIVE for each in known):
        raise LimitExceeded("Resource limit exceeded.")
    for each in _newest_first(known)[MOST_KEPT - 1 :]:
        EXPORT_TASKS.remove(tx, scope, "", each["taskId"])
    EXPORT_TASKS.put(tx, scope, "", document["taskId"], document)


def _change(tx: Tx, scope: Scope, document: Document, **members: object) -> None:
    """Nothing where it was cancelled, or forgotten, meanwhile."""
    present = EXPORT_TASKS.find(tx, scope, "", document["taskId"])
    if present is not None and present["status"]["code"] in _ACTIVE:
        EXPORT_TASKS.put(tx, scope, "", document["taskId"], present | members)


def _end(tx: Tx, scope: Scope, document: Document, code: str, message: str, now: int) -> None:
    times = document["executionInfo"] | {"completionTime": now}
    _change(tx, scope, document, status=_status(code, message), executionInfo=times)


def _status(code: str, message: str = "") -> dict[str, str]:
    message = message or _MESSAGES.get(code, "")
    return {"code": code, "message": message} if message else {"code": code}


def _newest_first(tasks: Sequence[Document]) -> list[Document]:
    return sorted(tasks, key=lambda each: each["executionInfo"]["creationTime"], reverse=True)


def _why(refusal: NoSuchBucket | BucketRefused) -> str:
    if isinstance(refusal, NoSuchBucket):
        return "The given bucket does not exist. Please make sure the bucket is valid."
    return (
        f"{refusal.call} call on the given bucket failed. Please check if CloudWatch Logs has been "
        "granted permission to perform this operation."
    )


def _not_found() -> ResourceNotFound:
    return ResourceNotFound("The specified export task does not exist.")
