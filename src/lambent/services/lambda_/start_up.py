"""What the service does before the first request, so that a crash or a power cut leaves nothing behind.

The database and the archives are durable; sealed trees are made from archives and may be lost (a power cut, a data
directory copied without them). They are made again, here and not at the first invocation.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lambent.core.errors import ServiceError
from lambent.services.lambda_ import repository

if TYPE_CHECKING:
    from lambent.core.ports import Database
    from lambent.services.lambda_.cleaning import Cleaning
    from lambent.services.lambda_.packages import Packages
    from lambent.services.lambda_.ports import Blobs, Plane
    from lambent.services.lambda_.runtime_policy import RuntimePolicy

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StartUp:
    """The steps of a start, with what they need."""

    database: Database
    plane: Plane
    blobs: Blobs
    packages: Packages
    cleaning: Cleaning
    policy: RuntimePolicy

    async def run(self) -> None:
        """Sweep, restore, warm up."""
        await asyncio.to_thread(self.packages.sweep_staging)
        archives = await self.blobs.digests()
        trees = await asyncio.to_thread(self.packages.sealed_trees)
        await self._restore(trees)
        self.cleaning.offer(archives, [*trees, *self.packages.take_uncompiled()])
        await self.cleaning.finish()
        for runtime, memory_mib, tree in await self.database.read(repository.runtimes):
            self.plane.prewarm(runtime, memory_mib, {}, (tree,))

    async def _restore(self, present: set[str]) -> None:
        needed = await self.database.read(repository.trees)
        for tree in needed.keys() - present:
            archive, runtime = needed[tree]
            try:
                new = await self.packages.seal(archive, self.policy.interpreter(runtime))
            except (ServiceError, OSError) as error:
                _log.error("the code %s could not be made from %s: %s", tree, archive, error)
                continue
            await self.database.write(partial(repository.move_tree, old=tree, new=new))
