"""GetLogEvents: the events of one stream, page by page in both directions."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.logs.errors import stream_not_found
from lambent.services.logs.names import named
from lambent.services.logs.positions import page_token, read_page_token
from lambent.storage.log_reader import END_OF_TIME_MS, newest_first, oldest_first, page

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import GetLogEventsRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.service import Document
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_group import Stretch
    from lambent.storage.log_reader import Key, LogEvent
    from lambent.storage.log_segments import LogSegments

# "As many log events as can fit in a response size of 1 MB (up to 10,000 log events)" (GetLogEvents, limit).
PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Reading:
    """The operation, with what it needs."""

    registry: Registry
    segments: LogSegments

    async def get_log_events(
        self, context: RequestContext, request: GetLogEventsRequestTypeDef
    ) -> Document:
        key = named(context.scope, request)
        self.registry.require(key)
        stream = request["logStreamName"]
        if await self.segments.stream((*key, stream)) is None:
            raise stream_not_found()
        start_ms = max(request.get("startTime", 0), self.registry.oldest_ms(key))
        after: Key = (start_ms, -1, -1)
        before: Key = (request.get("endTime", END_OF_TIME_MS), -1, -1)
        rest: Key = (start_ms, 0, 0)  # where to go on if there is nothing
        is_forward = request.get("startFromHead", False)
        if "nextToken" in request:
            direction, rest = read_page_token(request["nextToken"])
            is_forward = direction == "f"
            after, before = (max(after, rest), before) if is_forward else (after, min(before, rest))
        stretches = await self.segments.find(key, stream.__eq__, after[0], before[0] + 1)
        limit = request.get("limit", PAGE_EVENTS)
        events = await asyncio.to_thread(
            _page, stretches, after, before, limit, is_forward=is_forward
        )
        first, last = (events[0].key, events[-1].key) if events else (rest, rest)
        return {
            "events": [
                {
                    "timestamp": event.timestamp_ms,
                    "message": event.text,
                    "ingestionTime": event.ingested_ms,
                }
                for event in events
            ],
            "nextForwardToken": page_token("f", last),
            "nextBackwardToken": page_token("b", first),
        }


def _page(
    stretches: list[Stretch], after: Key, before: Key, limit: int, *, is_forward: bool
) -> list[LogEvent]:
    """In order of time, whichever end they were read from."""
    in_order = oldest_first if is_forward else newest_first
    events = page(in_order(stretches, after, before), limit, PAGE_BYTES).events
    return events if is_forward else events[::-1]
