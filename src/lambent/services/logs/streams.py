"""Log streams: creating, describing and deleting them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.logs.errors import (
    InvalidParameter,
    ResourceAlreadyExists,
    deletion_protected,
    stream_not_found,
)
from lambent.services.logs.names import group_key, named, stream_arn
from lambent.services.logs.paging import page
from lambent.services.logs.positions import sequence_token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from types_boto3_logs.type_defs import (
        CreateLogStreamRequestTypeDef,
        DeleteLogStreamRequestTypeDef,
        DescribeLogStreamsRequestTypeDef,
    )

    from lambent.core.context import RequestContext
    from lambent.core.service import Document
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_group import StreamFacts
    from lambent.storage.log_segments import LogSegments


@dataclass(frozen=True, slots=True)
class Streams:
    """The operations, with what they need."""

    registry: Registry
    segments: LogSegments

    async def create_log_stream(
        self, context: RequestContext, request: CreateLogStreamRequestTypeDef
    ) -> Document:
        key = group_key(context.scope, request["logGroupName"])
        self.registry.require(key)
        if not await self.segments.create_stream((*key, request["logStreamName"])):
            raise ResourceAlreadyExists("The specified log stream already exists")
        return {}

    async def delete_log_stream(
        self, context: RequestContext, request: DeleteLogStreamRequestTypeDef
    ) -> Document:
        key = group_key(context.scope, request["logGroupName"])
        if self.registry.require(key).is_protected:
            raise deletion_protected()
        if not await self.segments.delete_stream((*key, request["logStreamName"])):
            raise stream_not_found()
        return {}

    async def describe_log_streams(
        self, context: RequestContext, request: DescribeLogStreamsRequestTypeDef
    ) -> Document:
        key = named(context.scope, request)
        prefix = request.get("logStreamNamePrefix")
        by_time = request.get("orderBy") == "LastEventTime"
        if by_time and prefix is not None:
            raise InvalidParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
        self.registry.require(key)
        found = await self.segments.streams(key, lambda name: name.startswith(prefix or ""))
        # There may be a hundred thousand of them.
        return await asyncio.to_thread(_described, key, found, request, by_time=by_time)


def _described(
    key: GroupKey, found: dict[str, StreamFacts], request: Mapping[str, Any], *, by_time: bool
) -> dict[str, Any]:
    names = sorted(found)
    if by_time:
        names.sort(key=lambda name: found[name].last_ms or 0)
    if request.get("descending", False):
        names.reverse()
    shown, answer = page(names, request, str)
    answer["logStreams"] = [_document(key, name, found[name]) for name in shown]
    return answer


def _document(key: GroupKey, name: str, facts: StreamFacts) -> dict[str, Any]:
    document: dict[str, Any] = {
        "logStreamName": name,
        "creationTime": facts.created_ms,
        "arn": stream_arn(key, name),
        # "As of June 17, 2019, this parameter is no longer supported for log streams, and is always reported as zero."
        "storedBytes": 0,
    }
    if facts.last_ms is not None and facts.ingested_ms is not None:
        document["firstEventTimestamp"] = facts.first_ms
        document["lastEventTimestamp"] = facts.last_ms
        document["lastIngestionTime"] = facts.ingested_ms
        document["uploadSequenceToken"] = sequence_token(facts.ingested_ms)
    return document
