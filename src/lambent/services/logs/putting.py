"""PutLogEvents."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lambent.services.logs import embedded_metrics
from lambent.services.logs.errors import (
    InvalidParameter,
    ServiceUnavailable,
    stream_not_found,
)
from lambent.services.logs.groups import now_ms
from lambent.services.logs.names import group_key
from lambent.services.logs.positions import sequence_token
from lambent.storage.log_reader import event_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from types_boto3_logs.type_defs import InputLogEventTypeDef, PutLogEventsRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.ports import MetricSink
    from lambent.core.service import Document
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_segments import LogSegments

# "The maximum batch size is 1,048,576 bytes" and "Each log event can be no larger than 1 MB" (PutLogEvents).
MAX_BYTES = 1_048_576
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS


@dataclass(frozen=True, slots=True)
class Putting:
    """The operation, with what it needs."""

    registry: Registry
    segments: LogSegments
    metrics: MetricSink | None

    async def put_log_events(
        self, context: RequestContext, request: PutLogEventsRequestTypeDef
    ) -> Document:
        events = request["logEvents"]
        _check(events)
        key = group_key(context.scope, request["logGroupName"])
        self.registry.require(key)
        log_key = (*key, request["logStreamName"])
        if await self.segments.stream(log_key) is None:
            raise stream_not_found()
        now = now_ms(context)
        good, rejected = _divide(events, now, self.registry.oldest_ms(key))
        _check_span(good)
        added = [(event["timestamp"], event["message"]) for event in good]
        if added and not self.segments.append(log_key, added):
            raise ServiceUnavailable("The log group takes in more than the disk can keep up with.")
        if self.metrics is not None:
            embedded_metrics.feed(context.scope, added, self.metrics, lambda: now)
        answer: dict[str, Any] = {"nextSequenceToken": sequence_token(now)}
        if rejected:
            answer["rejectedLogEventsInfo"] = rejected
        if "entity" in request:
            # There is nothing here that entities are kept for.
            answer["rejectedEntityInfo"] = {"errorType": "UnsupportedLogGroupType"}
        return answer


def _check(events: Sequence[InputLogEventTypeDef]) -> None:
    """Raises InvalidParameter."""
    total = 0
    for event in events:
        size = event_bytes(event["message"])
        if size > MAX_BYTES:
            raise InvalidParameter(
                f"Log event too large: {size} bytes exceeds limit of {MAX_BYTES}"
            )
        total += size
    if total > MAX_BYTES:
        raise InvalidParameter(f"Upload too large: {total} bytes exceeds limit of {MAX_BYTES}")
    if any(first["timestamp"] > second["timestamp"] for first, second in pairwise(events)):
        raise InvalidParameter(
            "Log events in a single PutLogEvents request must be in chronological order."
        )


def _divide(
    events: Sequence[InputLogEventTypeDef], now: int, oldest_ms: int
) -> tuple[list[InputLogEventTypeDef], dict[str, int]]:
    """The events that are neither too old nor too new, and what is said of the others."""
    rejected: dict[str, int] = {}
    too_old = sum(event["timestamp"] < now - 14 * _DAY_MS for event in events)
    expired = sum(event["timestamp"] < oldest_ms for event in events)
    too_new = sum(event["timestamp"] > now + 2 * _HOUR_MS for event in events)
    if too_new:
        rejected["tooNewLogEventStartIndex"] = len(events) - too_new
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    return list(events[max(too_old, expired) : len(events) - too_new]), rejected


def _check_span(events: Sequence[InputLogEventTypeDef]) -> None:
    """Raises InvalidParameter."""
    if events and events[-1]["timestamp"] - events[0]["timestamp"] > _DAY_MS:
        raise InvalidParameter(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
        )
