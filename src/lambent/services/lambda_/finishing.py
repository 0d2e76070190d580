"""Operations that, once begun, are carried through, whether or not the client stays to hear the answer.

A change has parts on the disk and in the database. Cancelled in between, its row might still be written (the writer has
it already) after its files were found to be unused.
"""

from __future__ import annotations

import asyncio
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from lambent.core.context import RequestContext


class Finishing:
    """The changes that run now."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def wrap(
        self, run: Callable[[RequestContext, Any], Coroutine[Any, Any, Any]]
    ) -> Callable[[RequestContext, Any], Awaitable[Any]]:
        """The same operation in a task of its own, which survives its caller's cancellation."""

        @wraps(run)
        async def carried_through(context: RequestContext, request: Any) -> Any:
            task = asyncio.get_running_loop().create_task(run(context, request))
            self._running.add(task)
            task.add_done_callback(self._done)
            return await asyncio.shield(task)

        return carried_through

    async def stop(self) -> None:
        """Wait for the changes that have begun."""
        if self._running:
            await asyncio.wait(self._running)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # taken note of here, because the caller may have gone
