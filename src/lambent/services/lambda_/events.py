"""Asynchronous invocations as they are stored. Every function here takes the transaction it works in."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from lambent.core.context import Scope
from lambent.services.lambda_.names import FunctionRef
from lambent.services.lambda_.tables import EVENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambent.core.ports import Tx

_C = EVENTS.c
# Account, region, function name, target: what is worked off together.
Lane = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """One asynchronous invocation. Times in calendar milliseconds. `attempts` counts those that ran; `failures` those
    in a row that failed without the function being to blame. With a `target` it is a record on its way there."""

    id: str
    account_id: str
    region: str
    name: str
    qualifier: str
    target: str
    request_id: str
    payload: bytes
    client_context: str
    trace_id: str
    sent_ms: int
    due_ms: int
    attempts: int = 0
    failures: int = 0
    tenant_id: str = ""

    @property
    def lane(self) -> Lane:
        return (self.account_id, self.region, self.name, self.target)

    @property
    def ref(self) -> FunctionRef:
        return FunctionRef(Scope(self.account_id, self.region), self.name, self.qualifier)


_FIELDS = tuple(field.name for field in fields(Event))


def add(tx: Tx, added: Sequence[Event]) -> None:
    rows = [{name: getattr(event, name) for name in _FIELDS} for event in added]
    tx.execute(insert(EVENTS), rows)


def postpone(tx: Tx, event: Event) -> None:
    """Write when it is due next, and what has been tried."""
    values = {"due_ms": event.due_ms, "attempts": event.attempts, "failures": event.failures}
    tx.execute(update(EVENTS).where(_C.id == event.id).values(values))


def remove(tx: Tx, ids: Sequence[str]) -> None:
    tx.execute(delete(EVENTS).where(_C.id.in_(ids)))


def remove_all(tx: Tx) -> None:
    tx.execute(delete(EVENTS))


def due(tx: Tx, lane: Lane, now_ms: int, limit: int) -> Sequence[Event]:
    """Up to `limit` events of a lane that are due, those first that have been due longest."""
    statement = (
        select(EVENTS)
        .where(_is(lane) & (_C.due_ms <= now_ms))
        .order_by(_C.due_ms, _C.id)
        .limit(limit)
    )
    return [_event(row) for row in tx.all(statement)]


def next_due(tx: Tx, lane: Lane, now_ms: int) -> int | None:
    """When the next event of a lane will be due, of those that are not yet."""
    where = _is(lane) & (_C.due_ms > now_ms)
    row = tx.one(select(func.min(_C.due_ms).label("due_ms")).where(where))
    return None if row is None else row.due_ms


def lanes(tx: Tx) -> list[Lane]:
    """Every lane that has events."""
    statement = select(_C.account_id, _C.region, _C.name, _C.target).distinct()
    return [(row.account_id, row.region, row.name, row.target) for row in tx.all(statement)]


def _is(lane: Lane) -> Any:
    account_id, region, name, target = lane
    return (
        (_C.account_id == account_id)
        & (_C.region == region)
        & (_C.name == name)
        & (_C.target == target)
    )


def _event(row: Any) -> Event:
    return Event(**{name: getattr(row, name) for name in _FIELDS})
