"""Removes archives and sealed trees that no function needs any more.

Candidates come from deletions and updates once they are committed, from deployments that failed, and, at start, from
looking at what lies on the disk. Whether one is needed is asked of the database while no deployment runs, because a
deployment may be about to use the very same bytes. A tree that environments still run from is the plane's matter: it
discards it when the last of them has ended.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from lambent.services.lambda_ import repository

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lambent.core.ports import Database
    from lambent.services.lambda_.model import Code
    from lambent.services.lambda_.packages import Packages
    from lambent.services.lambda_.ports import Blobs, Plane

_log = logging.getLogger(__name__)


class Cleaning:
    """The collector of code that nobody needs; one task at most works at it."""

    def __init__(self, database: Database, packages: Packages, blobs: Blobs, plane: Plane) -> None:
        self._database = database
        self._packages = packages
        self._blobs = blobs
        self._plane = plane
        self._archives: set[str] = set()
        self._trees: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def offer(self, code: Code) -> None:
        """A function no longer uses this code: remove what no other uses."""
        self.offer_all([code.archive], [code.tree])

    def offer_all(self, archives: Iterable[str], trees: Iterable[str]) -> None:
        """Remove those of these archives and trees that no function uses."""
        self._archives.update(archives)
        self._trees.update(trees)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._clean())

    async def finish(self) -> None:
        """Wait until everything offered so far has been looked at."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def stop(self) -> None:
        """Give up; the next start looks again."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _clean(self) -> None:
        try:
            while self._archives or self._trees:
                async with self._packages.collecting():
                    await self._clean_one()
        except Exception:  # noqa: BLE001 - a task's boundary; what is left is found at the next start
            _log.exception("unused code could not be removed")
        finally:
            self._task = None

    async def _clean_one(self) -> None:
        if self._archives:
            archive = self._archives.pop()
            if not await self._database.read(partial(repository.has_archive, archive=archive)):
                await self._blobs.delete(archive)
        else:
            tree = self._trees.pop()
            if not await self._database.read(partial(repository.has_tree, tree=tree)):
                self._plane.discard(tree)
