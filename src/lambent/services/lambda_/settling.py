"""From Pending to Active, from InProgress to Successful.

When a change is committed, everything that it needs has been prepared; what is left is to have sandboxes of the runtime
ready and to say so in the row. Each unsettled function has one task here; whoever must not meet a function in between
waits for it. A task lost with a crash is made up for at the next start, and by anyone who waits.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from lambent.core import ids
from lambent.services.lambda_ import repository
from lambent.services.lambda_.errors import ResourceConflict

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.ports import Database, Tx
    from lambent.services.lambda_.model import Function, Key
    from lambent.services.lambda_.ports import Plane
    from lambent.services.lambda_.registry import Registry

_log = logging.getLogger(__name__)
# Old tools send one change after the other without waiting; AWS itself held such calls for some seconds.
PATIENCE_S = 5.0


def in_progress(function: Function) -> ResourceConflict:
    """The answer to a change that met another one that would not settle."""
    return ResourceConflict(
        "The operation cannot be performed at this time. "
        f"An update is in progress for resource: {function.arn}"
    )


def settle(tx: Tx, function: Function, revision_id: str, stored: Callable[..., None]) -> None:
    """Write that `function` has settled, unless it was changed or deleted since it was read."""
    current = repository.find(tx, function.scope, function.name)
    if current is None or current.deployment_id != function.deployment_id or current.is_settled:
        return
    settled = replace(current, state="Active", update="Successful", revision_id=revision_id)
    repository.replace(tx, settled)
    for version in repository.pending_versions(tx, function.scope, function.name):
        if version.awaits_snapshot:
            continue
        repository.replace(tx, replace(version, state="Active", update="Successful"))
    tx.after_commit(stored, settled)


class Settling:
    """The functions that are about to settle."""

    def __init__(self, database: Database, registry: Registry, plane: Plane) -> None:
        self._database = database
        self._registry = registry
        self._plane = plane
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def begin(self, function: Function) -> asyncio.Task[None]:
        """Settle a function whose change has just been committed."""
        task = asyncio.get_running_loop().create_task(self._settle(function))
        self._tasks[function.key] = task
        return task

    def task(self, function: Function) -> asyncio.Task[None]:
        """The attempt to settle `function` that goes on, or a new one. It never fails and never changes hands: whoever
        waits for it with a limit uses `asyncio.wait`, which does not cancel it."""
        task = self._tasks.get(function.key)
        if task is None or task.done():
            task = self.begin(function)
        return task

    async def settle_all(self) -> None:
        """At start: settle what a crash has left."""
        for function in await self._database.read(repository.unsettled):
            await self._settle(function)

    async def stop(self) -> None:
        """Give up; what has not settled is settled at the next start."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _settle(self, function: Function) -> None:
        revision_id = ids.uuid()
        try:
            spec = function.spec()
            self._plane.prewarm(
                spec.runtime,
                spec.memory_mib,
                spec.environment,
                (spec.code, *spec.layers),
                spec.function_name,
            )
            await self._database.write(
                lambda tx: settle(tx, function, revision_id, self._registry.store)
            )
        except Exception:  # noqa: BLE001 - a task's boundary; whoever waits next tries again
            _log.exception("%s could not be settled", function.arn)
        finally:
            if self._tasks.get(function.key) is asyncio.current_task():
                del self._tasks[function.key]
