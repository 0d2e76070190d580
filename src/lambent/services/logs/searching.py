"""FilterLogEvents: the events of a group that match a pattern, of all its streams together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.logs.computing import computed
from lambent.services.logs.errors import InvalidParameter, not_standard, stream_not_found
from lambent.services.logs.names import named
from lambent.services.logs.patterns.language import compile_pattern
from lambent.services.logs.positions import event_id, read_search_token, search_token
from lambent.services.logs.reading import PAGE_BYTES, PAGE_EVENTS
from lambent.storage.log_reader import END_OF_TIME_MS, Wanted, newest_first, oldest_first, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_logs.type_defs import FilterLogEventsRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.service import Document
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.ports import Compute
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_group import Stretch
    from lambent.storage.log_reader import Key, Page
    from lambent.storage.log_segments import LogSegments

# Bytes that one call looks through; what is left is for the next page, as on AWS.
_LOOK_AT = 128 << 20
# Up to so many bytes a thread of ours searches; more would hold the interpreter too long.
_HERE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. Found in order of time, the newest first where `is_backward`."""

    pattern: str
    after: Key
    before: Key
    limit: int
    is_backward: bool


@dataclass(frozen=True, slots=True)
class Searching:
    """The operation, with what it needs."""

    registry: Registry
    segments: LogSegments
    compute: Compute

    async def filter_log_events(
        self, context: RequestContext, request: FilterLogEventsRequestTypeDef
    ) -> Document:
        key = named(context.scope, request)
        pattern = compile_pattern(request.get("filterPattern", ""))
        search = _search(request, self.registry.oldest_ms(key))
        if not self.registry.require(key).is_standard:
            raise not_standard()
        chosen = await self._chosen(key, request)
        stretches = await self.segments.find(key, chosen, search.after[0], search.before[0] + 1)
        size = sum(stretch.end - stretch.start for stretch in stretches)
        if size > _HERE_BYTES or pattern.has_regex:
            found = await computed(self.compute, find, stretches, search)
        else:
            found = await asyncio.to_thread(find, stretches, search)
        answer: dict[str, object] = {
            "events": [
                {
                    "logStreamName": event.stream,
                    "timestamp": event.timestamp_ms,
                    "message": event.text,
                    "ingestionTime": event.ingested_ms,
                    "eventId": event_id(event.key),
                }
                for event in found.events
            ],
            # "This parameter is no longer supported ... an empty list is returned".
            "searchedLogStreams": [],
        }
        if found.resume is not None:
            answer["nextToken"] = search_token("b" if search.is_backward else "f", found.resume)
        return answer

    async def _chosen(
        self, key: GroupKey, request: FilterLogEventsRequestTypeDef
    ) -> Callable[[str], bool]:
        """The streams to look through. Raises InvalidParameter, ResourceNotFound."""
        names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise InvalidParameter(
                "logStreamNames and logStreamNamePrefix are mutually exclusive parameters."
            )
        if names is None:
            return lambda name: name.startswith(prefix or "")
        for name in names:
            if await self.segments.stream((*key, name)) is None:
                raise stream_not_found()
        return frozenset(names).__contains__


def find(stretches: list[Stretch], search: Search) -> Page:
    """One page. In a thread or a compute process."""
    in_order = newest_first if search.is_backward else oldest_first
    pattern = compile_pattern(search.pattern)
    wanted = Wanted(pattern.matches if search.pattern.strip() else None, _LOOK_AT)
    return page(in_order(stretches, search.after, search.before, wanted), search.limit, PAGE_BYTES)


def _search(request: FilterLogEventsRequestTypeDef, oldest_ms: int) -> Search:
    start_ms = max(request.get("startTime", 0), oldest_ms)
    after: Key = (start_ms, -1, -1)
    # "Events with a timestamp later than this time are not returned": those of this very time are.
    before: Key = (request.get("endTime", END_OF_TIME_MS) + 1, -1, -1)
    is_backward = not request.get("startFromHead", True)
    if "nextToken" in request:
        direction, key = read_search_token(request["nextToken"])
        is_backward = direction == "b"
        if is_backward:
            before = min(before, key)
        else:
            after = max(after, key)
    limit = request.get("limit", PAGE_EVENTS)
    return Search(request.get("filterPattern", ""), after, before, limit, is_backward)
