"""The log groups that there are, in memory: every line of every function asks, and may be what makes a new one."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.services.logs import repository
from lambent.services.logs.errors import group_not_found
from lambent.services.logs.repository import Group

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.core.ports import Database, Tx
    from lambent.services.logs.names import GroupKey

_log = logging.getLogger(__name__)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Known:
    """What is asked all the time of a group."""

    retention_days: int
    is_protected: bool
    created_ms: int
    is_standard: bool = True


class Registry:
    """Filled at the start; whoever changes a group's row tells it after the commit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.known: dict[GroupKey, Known] = {}
        self._creating: dict[GroupKey, asyncio.Task[None]] = {}

    async def load(self) -> None:
        for group in await self._database.read(repository.everywhere):
            self.entered(group)

    def entered(self, group: Group) -> None:
        """A group's row was committed."""
        self.known[group.key] = Known(
            group.retention_days, group.is_protected, group.created_ms, group.is_standard
        )

    def left(self, key: GroupKey) -> None:
        """A group's row is gone."""
        self.known.pop(key, None)

    def forget(self) -> None:
        self.known.clear()

    def ensure(self, key: GroupKey) -> None:
        """A function writes to this group: it is there now, and has a row soon."""
        if key not in self.known and key not in self._creating:
            task = asyncio.get_running_loop().create_task(self._create(key))
            self._creating[key] = task

    async def settled(self) -> None:
        """Wait for the rows of the groups that functions have made."""
        if self._creating:
            await asyncio.wait(set(self._creating.values()))

    def require(self, key: GroupKey) -> Known:
        """Raises ResourceNotFound."""
        known = self.known.get(key)
        if known is None:
            raise group_not_found()
        return known

    def oldest_ms(self, key: GroupKey) -> int:
        """Events from before this time have expired; 0 where none ever does."""
        known = self.known.get(key)
        if known is None or not known.retention_days:
            return 0
        return self._clock.calendar_ms() - known.retention_days * _DAY_MS

    def cutoffs(self) -> dict[GroupKey, int]:
        """`oldest_ms` of every group that has a retention."""
        return {
            key: self.oldest_ms(key) for key, known in self.known.items() if known.retention_days
        }

    async def add(self, key: GroupKey) -> None:
        """Give a group a row, if it has none."""
        group = Group(*key, created_ms=self._clock.calendar_ms())

        def write(tx: Tx) -> None:
            if repository.add(tx, group):
                tx.after_commit(self.entered, group)

        await self._database.write(write)

    async def _create(self, key: GroupKey) -> None:
        try:
            await self.add(key)
        except Exception:  # noqa: BLE001 - the boundary of a task: the group's next line tries again
            _log.exception("log group %s could not be created", key[-1])
        finally:
            del self._creating[key]

    @property
    def keys(self) -> set[GroupKey]:
        return set(self.known)
