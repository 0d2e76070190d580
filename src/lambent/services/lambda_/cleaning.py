"""Removes archives and sealed trees that no function needs any more.

Candidates come from deletions and updates once they are committed, from deployments that failed, and, at start, from
looking at what lies on the disk. Whether one is needed is asked of the database while no deployment runs, because a
deployment may be about to use the very same bytes.

A tree stays until no invocation can run from it: those that had begun end with the function's time limit, which the
plane enforces. Its removal is waited for before the next deployment begins, because sealing takes what it finds there.
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
    from lambent.services.lambda_.model import Code, Function, LayerUse
    from lambent.services.lambda_.packages import Packages
    from lambent.services.lambda_.ports import Blobs, Plane

_log = logging.getLogger(__name__)
# INIT may take 10 s twice before the function's own time begins; the rest is for a busy machine.
GRACE_S = 60.0
# Each question to the spawner takes it 0.1 ms and more; the removal is its first step in a child that it forks.
_QUESTIONS = 10_000


class Cleaning:
    """The collector of code that nobody needs; one task at most works at it."""

    def __init__(self, database: Database, packages: Packages, blobs: Blobs, plane: Plane) -> None:
        self._database = database
        self._packages = packages
        self._blobs = blobs
        self._plane = plane
        self._archives: set[str] = set()
        self._trees: set[str] = set()
        self._spared: dict[str, asyncio.TimerHandle] = {}
        self._task: asyncio.Task[None] | None = None

    def offer(self, archives: Iterable[str], trees: Iterable[str]) -> None:
        """Remove those of these that no function uses. Nothing may run from the trees."""
        self._archives.update(archives)
        self._trees.update(tree for tree in trees if tree not in self._spared)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._clean())

    def retire(self, function: Function) -> None:
        """This version of a function gets no more invocations: its code goes when the last one must have ended, and so
        do its layers."""
        pieces: list[Code | LayerUse] = [function.code, *function.settings.layers]
        due = asyncio.get_running_loop().time() + function.settings.timeout_s + GRACE_S
        for piece in pieces:
            self._spare(piece.tree, due)
        self.offer([piece.archive for piece in pieces], [])

    def _spare(self, tree: str, due: float) -> None:
        spared = self._spared.get(tree)
        if spared is not None and spared.when() >= due:
            return
        if spared is not None:
            spared.cancel()
        self._spared[tree] = asyncio.get_running_loop().call_at(due, self._release, tree)

    async def finish(self) -> None:
        """Wait until everything offered so far has been looked at."""
        while self._task is not None:
            await asyncio.wait({self._task})

    async def stop(self) -> None:
        """Give up; the next start looks again."""
        for timer in self._spared.values():
            timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _release(self, tree: str) -> None:
        del self._spared[tree]
        self.offer([], [tree])

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
                await self._discard(tree)

    async def _discard(self, tree: str) -> None:
        self._plane.discard(tree)
        for _ in range(_QUESTIONS):
            if not self._packages.has_tree(tree):
                return
            if not (await self._plane.describe()).get("spawner"):
                break  # it is gone, and its requests with it
        _log.error("the code %s could not be removed", tree)
