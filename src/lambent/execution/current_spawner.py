"""Core's link to the spawner of the moment: the launcher starts another one when it dies.

What may be asked twice waits for the next spawner instead of failing, as invocations do in their pools.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from lambent.execution.spawner_link import SpawnerGone

if TYPE_CHECKING:
    from lambent.execution.spawner_link import SpawnerLink

# A new spawner and its first sandbox are there in less than a second; a busy machine needs longer.
LIMIT_S = 20.0


class CurrentSpawner:
    """Has none until `connect`. Belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.link: SpawnerLink | None = None
        self._changed = asyncio.Event()
        self._is_closed = False

    def connect(self, link: SpawnerLink | None) -> None:
        """There is another one now; None: there is none."""
        self.link = link
        self._changed.set()

    def close(self) -> None:
        """No other one comes: the link is closed, who waits is told."""
        self._is_closed = True
        if self.link is not None:
            self.link.close()
        self._changed.set()

    async def wait(self) -> SpawnerLink:
        """The link to the spawner of the moment, or else to the next one.

        Raises:
            SpawnerGone: none comes any more, or none has come within LIMIT_S.
        """
        try:
            async with asyncio.timeout(LIMIT_S):
                while self.link is None or not self.link.is_open:
                    if self._is_closed:
                        raise SpawnerGone
                    self._changed.clear()
                    await self._changed.wait()
                return self.link
        except TimeoutError:
            raise SpawnerGone from None

    async def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """`SpawnerLink.ask`, of the next one, too, where this one ends before it answers.

        Raises:
            SpawnerGone: as `wait` does.
        """
        while True:
            link = await self.wait()
            with contextlib.suppress(SpawnerGone):
                return await link.ask(message)
