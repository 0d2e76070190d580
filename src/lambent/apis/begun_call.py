"""Calls of functions that were begun: no task waits for them, their answer finds its way by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.errors import ServiceError
    from lambent.core.ports import FunctionAnswer


class BegunCall:
    """One call, from now until the function has answered or the time is over, whichever comes first.

    What was called goes on after that, as on AWS; only its answer is not waited for.

    Args: how long it is waited for, and who is told the end, once, if there is a call at all.
    """

    __slots__ = ("_timer", "_told")

    def __init__(
        self, limit_s: float, told: Callable[[FunctionAnswer | ServiceError | TimeoutError], None]
    ) -> None:
        self._told = told
        timer = asyncio.get_running_loop().call_later(limit_s, self._expire)
        self._timer: asyncio.TimerHandle | None = timer

    def end(self, result: FunctionAnswer | ServiceError) -> None:
        """The function's answer, or why it was not called."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        self._told(result)

    def drop(self) -> None:
        """There is no call after all."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        self._told(TimeoutError())
