"""Who used what when: last use of access keys and roles, services last accessed.

Every request is noted here, so what was noted within the last quarter of an hour costs one look into a dict; the rest
is written behind the request's back. AWS, too, counts "multiple uses within a 15-minute span" once. A crash loses what
was not written yet: a use, not a decision.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from lambent.services.iam.model import moment
from lambent.services.iam.tables import USES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from lambent.core.clock import Clock
    from lambent.core.context import Principal
    from lambent.core.ports import Database, Tx

_LOG = logging.getLogger(__name__)

_SPAN_MS = 15 * 60 * 1000
# What is remembered as noted: about 200 bytes each. Past it all are forgotten, and noted once more.
_KEPT = 50_000
_C = USES.c


@dataclass(frozen=True, slots=True)
class Use:
    """`service` is the namespace of its actions (`lambda`)."""

    account_id: str
    subject: str
    service: str
    region: str
    used_ms: int

    @property
    def moment(self) -> datetime:
        return moment(self.used_ms // 1000)


class Uses:
    """`core.ports.Uses`. `settled` before the database is closed."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: dict[tuple[str, str], int] = {}
        self._waiting: list[Use] = []
        self._writing: asyncio.Task[None] | None = None

    def used(self, principal: Principal, service: str, region: str) -> None:
        """Called in the event loop, for every authenticated request."""
        now_ms = self._clock.calendar_ms()
        noted = (principal.access_key_id, service)
        if now_ms - self._noted.get(noted, -_SPAN_MS) < _SPAN_MS:
            return
        if len(self._noted) >= _KEPT:
            self._noted.clear()
        self._noted[noted] = now_ms
        for subject in {principal.access_key_id, issuer_id(principal)} - {""}:
            self._waiting.append(Use(principal.account_id, subject, service, region, now_ms))
        if self._writing is None:
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def settled(self) -> None:
        """Everything noted so far has been written."""
        if self._writing is not None:
            await self._writing

    def forget(self) -> None:
        """`--test-mode`: what was noted belongs to accounts that are gone."""
        self._noted.clear()

    async def _write(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await self._database.write(partial(_record, uses=waiting))
        except Exception:  # noqa: BLE001 - the boundary of this task: requests go on without
            _LOG.exception("the last use of access keys and roles was not written")
        finally:
            self._writing = None


def issuer_id(principal: Principal) -> str:
    """The id of the user or role that a principal is, or is a session of."""
    if principal.session is not None:
        return principal.session.issuer_id
    return principal.user_id


def latest(tx: Tx, account_id: str, subject: str) -> Use | None:
    """The last use of a key, user or role."""
    uses = of(tx, account_id, [subject])
    return max(uses, key=lambda use: use.used_ms, default=None)


def of(tx: Tx, account_id: str, subjects: Iterable[str]) -> list[Use]:
    """Every service that one of them has used."""
    where = (_C.account_id == account_id) & _C.subject.in_(list(subjects))
    return [
        Use(row.account_id, row.subject, row.service, row.region, row.used_ms)
        for row in tx.all(select(USES).where(where))
    ]


def _record(tx: Tx, uses: list[Use]) -> None:
    for use in uses:
        tx.execute(
            delete(USES).where(
                (_C.account_id == use.account_id)
                & (_C.subject == use.subject)
                & (_C.service == use.service)
            )
        )
        tx.execute(
            insert(USES).values(
                account_id=use.account_id,
                subject=use.subject,
                service=use.service,
                region=use.region,
                used_ms=use.used_ms,
            )
        )
