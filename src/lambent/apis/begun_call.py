"""Calls of functions that were begun: no task waits for them, their answer finds its way by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.ports import Answered, FunctionAnswer


class BegunCall:
    """One call, until the function has answered or the time is over, whichever comes first.

    What was called goes on after that, as on AWS; only its answer is not waited for.

    Args: who is told the end, once: the answer, why there is none, or TimeoutError.
    """

    __slots__ = ("_is_over", "_timer", "_told")

    def __init__(self, told: Callable[[FunctionAnswer | Exception], None]) -> None:
        self._told = told
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, call: Callable[[Answered], bool], limit_s: float) -> bool:
        """Begin it, as `core.ports.Functions.begin`, and wait for it so long. False: nothing has happened, and nobody
        is told anything. Raises nothing.
        """
        try:
            is_begun = call(self._end)
        except Exception as error:  # noqa: BLE001 - handed on
            self._end(error)
            return True
        if is_begun and not self._is_over:
            self._timer = asyncio.get_running_loop().call_later(limit_s, self._expire)
        return is_begun

    def _end(self, result: FunctionAnswer | Exception) -> None:
        """The function's answer, or why it was not called. What comes after that is nobody's."""
        if self._is_over:
            return
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._told(result)

    def _expire(self) -> None:
        self._is_over = True
        self._told(TimeoutError())
