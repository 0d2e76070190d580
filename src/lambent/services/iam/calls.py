"""What sessions of roles really call: noted by role, action and resource, for `lambent iam suggest`.

A call is noted when its permission is first asked for, which is remembered, so the requests after it cost nothing; the
rest is written behind the request's back. A crash loses what was not written yet: a suggestion, not a decision.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from lambent.services.iam.tables import CALLS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.ports import Database, Tx

_LOG = logging.getLogger(__name__)

# Of one role. What comes after these is noted as done to anything.
MOST_CALLS = 1000
_ANYTHING = "*"
_C = CALLS.c


@dataclass(frozen=True, slots=True)
class Call:
    """`resource` is an ARN or `*`."""

    account_id: str
    role_arn: str
    action: str
    resource: str
    is_allowed: bool


class Calls:
    """`core.ports.Calls`. `settled` before the database is closed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[str, set[Call]] = {}  # by role
        self._waiting: list[Call] = []
        self._writing: asyncio.Task[None] | None = None

    def called(self, principal: Principal, action: str, resource: str, *, is_allowed: bool) -> None:
        """Called in the event loop, once for each permission that is asked for."""
        role_arn = principal.role_arn
        if principal.kind != "assumed-role" or not role_arn:
            return
        noted = self._noted.setdefault(role_arn, set())
        named = resource if len(noted) < MOST_CALLS else _ANYTHING
        call = Call(principal.account_id, role_arn, action, named, is_allowed)
        if call in noted:
            return
        noted.add(call)
        self._waiting.append(call)
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def settled(self) -> None:
        """Everything noted so far has been written."""
        if self._writing is not None:
            await self._writing

    def forget(self) -> None:
        """`--test-mode`: what was noted belongs to accounts that are gone."""
        self._noted.clear()

    async def of(self, role_arn: str, *, since_ms: int = 0) -> list[Call]:
        """What a role has called, by action and resource."""
        await self.settled()
        return await self._database.read(partial(_of, role_arn=role_arn, since_ms=since_ms))

    async def _write(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                now_ms = self._clock.calendar_ms()
                await self._database.write(partial(_record, calls=waiting, now_ms=now_ms))
        except Exception:  # noqa: BLE001 - the boundary of this task: requests go on without
            _LOG.exception("what roles call was not written")
        finally:
            self._writing = None


def _of(tx: Tx, role_arn: str, since_ms: int) -> list[Call]:
    where = (_C.role_arn == role_arn) & (_C.used_ms >= since_ms)
    rows = tx.all(select(CALLS).where(where).order_by(_C.action, _C.resource))
    return [
        Call(row.account_id, row.role_arn, row.action, row.resource, bool(row.is_allowed))
        for row in rows
    ]


def _record(tx: Tx, calls: Iterable[Call], now_ms: int) -> None:
    for call in calls:
        tx.execute(
            delete(CALLS).where(
                (_C.role_arn == call.role_arn)
                & (_C.action == call.action)
                & (_C.resource == call.resource)
                & (_C.is_allowed == int(call.is_allowed))
            )
        )
        tx.execute(
            insert(CALLS).values(
                account_id=call.account_id,
                role_arn=call.role_arn,
                action=call.action,
                resource=call.resource,
                is_allowed=int(call.is_allowed),
                used_ms=now_ms,
            )
        )
