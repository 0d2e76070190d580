"""StartLiveTail: new events of some log groups, every second, for as long as the client listens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from lambent.core import ids
from lambent.core.errors import ServiceError
from lambent.services.logs.computing import computed
from lambent.services.logs.errors import InvalidParameter
from lambent.services.logs.names import group_arn, identified
from lambent.services.logs.patterns.language import compile_pattern
from lambent.storage.log_reader import FIRST, LAST, load

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from types_boto3_logs.type_defs import StartLiveTailRequestTypeDef

    from lambent.core.clock import Clock
    from lambent.core.context import RequestContext
    from lambent.core.service import Document
    from lambent.services.logs.names import GroupKey
    from lambent.services.logs.ports import Compute
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_group import Stretch
    from lambent.storage.log_reader import LogEvent
    from lambent.storage.log_segments import LogSegments

# "Every second, a LiveTailSessionUpdate object is sent" with "as many as 500 log events" (StartLiveTail).
_EVERY_S = 1.0
_MOST = 500
# "The session times out, after it has been kept open for three hours."
_LONGEST_S = 3 * 3600
# Of one group's events of a second so many bytes are looked through; a flood is sampled anyway.
_LOOK_AT = 8 << 20


class SessionTimeout(ServiceError):
    code, status = "SessionTimeoutException", 400


@dataclass(slots=True)
class Listening:
    """How far one group has been read."""

    group: GroupKey
    cursor: tuple[int, int]


class LiveTail:
    """The operation, and the sessions that are open."""

    def __init__(
        self, registry: Registry, segments: LogSegments, compute: Compute, clock: Clock
    ) -> None:
        self._registry = registry
        self._segments = segments
        self._compute = compute
        self._clock = clock
        self._stopped = asyncio.Event()

    async def start_live_tail(
        self, context: RequestContext, request: StartLiveTailRequestTypeDef
    ) -> Document:
        identifiers = request["logGroupIdentifiers"]
        names = request.get("logStreamNames", [])
        prefixes = request.get("logStreamNamePrefixes", [])
        if names and prefixes:
            raise InvalidParameter(
                "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters."
            )
        if (names or prefixes) and len(identifiers) > 1:
            raise InvalidParameter(
                "logStreamNames and logStreamNamePrefixes need exactly one log group identifier."
            )
        pattern = request.get("logEventFilterPattern", "")
        compile_pattern(pattern)
        listening = []
        for identifier in identifiers:
            if not identifier.startswith("arn:"):
                raise InvalidParameter(f"Invalid log group ARN: {identifier}")
            key = identified(context.scope, identifier)
            self._registry.require(key)
            listening.append(Listening(key, await self._segments.end(key)))
        return {"responseStream": self._events(context, request, listening)}

    def stop(self) -> None:
        """End every session."""
        self._stopped.set()

    async def _events(
        self,
        context: RequestContext,
        request: StartLiveTailRequestTypeDef,
        listening: list[Listening],
    ) -> AsyncIterator[dict[str, Any]]:
        start: dict[str, Any] = {
            "requestId": context.request_id,
            "sessionId": ids.uuid(),
            "logGroupIdentifiers": request["logGroupIdentifiers"],
        }
        for member in ("logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern"):
            if member in request:
                start[member] = request[member]
        yield {"sessionStart": start}
        end = self._clock.monotonic() + _LONGEST_S
        while not await self._is_stopped_within(_EVERY_S):
            if self._clock.monotonic() > end:
                raise SessionTimeout("The session has been open for three hours.")
            yield {"sessionUpdate": await self._update(request, listening)}

    async def _is_stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopped.wait()
        except TimeoutError:
            return False
        return True

    async def _update(
        self, request: StartLiveTailRequestTypeDef, listening: list[Listening]
    ) -> dict[str, Any]:
        results: list[dict[str, Any]] = []
        is_sampled = False
        for each in listening:
            events, skipped = await self._news(request, each)
            is_sampled = is_sampled or skipped
            results += [_shown(each.group, event) for event in events]
        results.sort(key=lambda result: result["timestamp"])
        if len(results) > _MOST:
            is_sampled = True
            results = [results[number * len(results) // _MOST] for number in range(_MOST)]
        return {"sessionMetadata": {"sampled": is_sampled}, "sessionResults": results}

    async def _news(
        self, request: StartLiveTailRequestTypeDef, each: Listening
    ) -> tuple[list[LogEvent], bool]:
        """The new events of a group that are asked for, and whether some were passed over."""
        names, prefixes = request.get("logStreamNames"), request.get("logStreamNamePrefixes")

        def chosen(stream: str) -> bool:
            if names:
                return stream in names
            return not prefixes or stream.startswith(tuple(prefixes))

        before, after = each.cursor, await self._segments.end(each.group)
        each.cursor = after
        found = await self._segments.find(each.group, chosen, since=before[0])
        stretches = [part for stretch in found if (part := _behind(stretch, before))]
        kept = _last(stretches)
        pattern = request.get("logEventFilterPattern", "")
        if compile_pattern(pattern).has_regex:
            events = await computed(self._compute, _matching, kept, pattern)
        else:
            events = await asyncio.to_thread(_matching, kept, pattern)
        # What came in between `end` and `find` is the next update's.
        return [event for event in events if event.position < after], len(kept) < len(stretches)


def _behind(stretch: Stretch, cursor: tuple[int, int]) -> Stretch | None:
    """What of a stretch is new."""
    if int(stretch.segment.stem) == cursor[0] and stretch.start < cursor[1]:
        stretch = replace(stretch, start=cursor[1])
    return stretch if stretch.start < stretch.end else None


def _last(stretches: Sequence[Stretch]) -> list[Stretch]:
    kept: list[Stretch] = []
    size = 0
    for stretch in reversed(stretches):
        size += stretch.end - stretch.start
        if kept and size > _LOOK_AT:
            break
        kept.append(stretch)
    return kept[::-1]


def _matching(stretches: Sequence[Stretch], text: str) -> list[LogEvent]:
    """In a thread or a compute process."""
    pattern = compile_pattern(text)
    return [event for stretch in stretches for event in load(stretch, FIRST, LAST, pattern.matches)]


def _shown(group: GroupKey, event: LogEvent) -> dict[str, Any]:
    return {
        "logStreamName": event.stream,
        "logGroupIdentifier": group_arn(group),
        "message": event.text,
        "timestamp": event.timestamp_ms,
        "ingestionTime": event.ingested_ms,
    }
