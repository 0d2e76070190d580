"""GetLogRecord: one event with all its fields, by the pointer that queries give (`@ptr`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.logs.errors import InvalidParameter
from lambent.services.logs.insights.rows import Row, fields_of
from lambent.services.logs.insights.values import to_text
from lambent.services.logs.positions import read_record_pointer
from lambent.storage.log_reader import load

if TYPE_CHECKING:
    from types_boto3_logs.type_defs import GetLogRecordRequestTypeDef

    from lambent.core.context import RequestContext
    from lambent.core.service import Document
    from lambent.services.logs.registry import Registry
    from lambent.storage.log_group import Stretch
    from lambent.storage.log_reader import Key, LogEvent
    from lambent.storage.log_segments import LogSegments


@dataclass(frozen=True, slots=True)
class Records:
    """The operation, with what it needs."""

    registry: Registry
    segments: LogSegments

    async def get_log_record(
        self, context: RequestContext, request: GetLogRecordRequestTypeDef
    ) -> Document:
        pointer = request["logRecordPointer"]
        group, stream, key = read_record_pointer(pointer)
        if group[:2] != (context.scope.account_id, context.scope.region):
            raise _invalid()
        self.registry.require(group)
        event = None
        if key[0] >= self.registry.oldest_ms(group):
            stretches = await self.segments.find(group, stream.__eq__, key[0], key[0] + 1, key[1])
            event = await asyncio.to_thread(_at, stretches, key)
        if event is None:
            raise _invalid()
        row = Row()
        row.group, row.stream, row.text = group, stream, event.text
        row.timestamp_ms, row.ingested_ms = event.timestamp_ms, event.ingested_ms
        row.position = event.position
        fields = {name: to_text(value) for name, value in fields_of(row).items()}
        return {"logRecord": fields | {"@ptr": pointer}}


def _at(stretches: list[Stretch], key: Key) -> LogEvent | None:
    for stretch in stretches:
        if int(stretch.segment.stem) == key[1]:
            before = (key[0], key[1], key[2] + 1)
            found = load(stretch, (key[0], key[1], key[2] - 1), before)
            return found[0] if found else None
    return None


def _invalid() -> InvalidParameter:
    return InvalidParameter("The specified log record pointer is invalid.")
