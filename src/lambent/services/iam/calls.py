"""What users and sessions of roles really call: by action and resource, with the time of the last call.

For `lambent iam suggest` and the actions last accessed. A permission is told of once in a quarter of an hour at most,
so the requests between cost a look at a number; the rest is written behind the request's back. A crash loses what was
not written yet: a suggestion, not a decision.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from lambent.services.iam.model import moment
from lambent.services.iam.tables import CALLS
from lambent.services.iam.uses import issuer_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.ports import Database, Tx

_LOG = logging.getLogger(__name__)

# Of one user or role. What comes after these is noted as done to anything.
MOST_CALLS = 1000
# Within it a call counts once, as uses do.
SPAN_MS = 15 * 60 * 1000
# Nobody asks what these may do: a root may do everything, services and nobody have no policies.
_UNNOTED = frozenset({"root", "service", "anonymous"})
_NEVER = 1 << 62
_ANYTHING = "*"
_C = CALLS.c


@dataclass(frozen=True, slots=True)
class Call:
    """`subject` is the id of a user or role; `resource` an ARN or `*`; `used_ms` of the last time."""

    subject: str
    action: str
    resource: str
    is_allowed: bool
    region: str
    used_ms: int

    @property
    def moment(self) -> datetime:
        return moment(self.used_ms // 1000)


class Calls:
    """`core.ports.Calls`. `settled` before the database is closed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # By subject: until when a call (action, resource, whether it was allowed) is noted.
        self._noted: dict[str, dict[tuple[str, str, bool], int]] = {}
        self._waiting: list[Call] = []
        self._writing: asyncio.Task[None] | None = None

    def called(
        self, principal: Principal, action: str, resource: str, region: str, *, is_allowed: bool
    ) -> int:
        """Called in the event loop."""
        subject = issuer_id(principal)
        if principal.kind in _UNNOTED or not subject:
            return _NEVER
        noted = self._noted.setdefault(subject, {})
        what = (action, resource, is_allowed)
        if what not in noted and len(noted) >= MOST_CALLS:
            what = (action, _ANYTHING, is_allowed)
        now_ms = self._clock.calendar_ms()
        until_ms = noted.get(what, 0)
        if now_ms < until_ms:
            return until_ms
        noted[what] = until_ms = now_ms + SPAN_MS
        self._waiting.append(Call(subject, *what, region, now_ms))
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())
        return until_ms

    async def settled(self) -> None:
        """Everything noted so far has been written."""
        if self._writing is not None:
            await self._writing

    def forget(self) -> None:
        """`--test-mode`: what was noted belongs to accounts that are gone."""
        self._noted.clear()

    async def of(self, subjects: Iterable[str], *, since_ms: int = 0) -> list[Call]:
        """What they have called since then, by action and resource, and perhaps up to a quarter of an hour before."""
        await self.settled()
        # What was noted within the span before may have been called after it, too.
        earliest_ms = since_ms - SPAN_MS
        return await self._database.read(
            partial(_of, subjects=list(subjects), earliest_ms=earliest_ms)
        )

    async def _write(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await self._database.write(partial(_record, calls=waiting))
        except Exception:  # noqa: BLE001 - the boundary of this task: requests go on without
            _LOG.exception("what roles and users call was not written")
        finally:
            self._writing = None


def _of(tx: Tx, subjects: list[str], earliest_ms: int) -> list[Call]:
    where = _C.subject.in_(subjects) & (_C.used_ms >= earliest_ms)
    return [
        Call(row.subject, row.action, row.resource, bool(row.is_allowed), row.region, row.used_ms)
        for row in tx.all(select(CALLS).where(where).order_by(_C.action, _C.resource))
    ]


def _record(tx: Tx, calls: Iterable[Call]) -> None:
    for call in calls:
        tx.execute(
            delete(CALLS).where(
                (_C.subject == call.subject)
                & (_C.action == call.action)
                & (_C.resource == call.resource)
                & (_C.is_allowed == int(call.is_allowed))
            )
        )
        tx.execute(
            insert(CALLS).values(
                subject=call.subject,
                action=call.action,
                resource=call.resource,
                is_allowed=int(call.is_allowed),
                region=call.region,
                used_ms=call.used_ms,
            )
        )
