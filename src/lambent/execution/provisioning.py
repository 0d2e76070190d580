"""Provisioned concurrency: environments of a function version that are initialised before anybody calls, and stay.

They serve calls like all others and are not ended for being idle; one that dies is replaced.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lambent.execution.spec import (
    PROVISIONED,
    InitializationFailed,
    RuntimeUnavailable,
    SandboxFailed,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.execution.cold_start import ColdStart
    from lambent.execution.scheduler import Scheduler
    from lambent.execution.spec import FunctionSpec

logger = logging.getLogger(__name__)
# Replacing what will not start is tried again ever more rarely.
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0
# More INITs at the same time would only take the cores from each other, until their ten seconds are over.
AT_ONCE = 8


@dataclass(slots=True)
class _Wanted:
    spec: FunctionSpec
    count: int
    starting: set[asyncio.Task[None]] = field(default_factory=set)
    failures: int = 0
    timer: asyncio.TimerHandle | None = None


class Provisioning:
    """Args: who owns environments, how to begin one (`plane`), and the loop."""

    def __init__(
        self,
        scheduler: Scheduler,
        begin: Callable[[FunctionSpec], ColdStart],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._scheduler = scheduler
        self._begin = begin
        self._loop = loop
        self._wanted: dict[str, _Wanted] = {}
        self._turn = asyncio.Semaphore(AT_ONCE)
        scheduler.lost = self._lost

    async def provide(self, spec: FunctionSpec, count: int) -> None:
        """Keep `count` environments from now on; returns when they are initialised.

        Raises:
            InitializationFailed: the function's INIT fails.
            RuntimeUnavailable, SandboxFailed: the platform cannot.
        """
        self.forget(spec.key)
        wanted = self._wanted[spec.key] = _Wanted(replace(spec, initialization=PROVISIONED), count)
        starts = self._fill(wanted)
        results = await asyncio.gather(*starts, return_exceptions=True)
        failed = [result for result in results if isinstance(result, BaseException)]
        if failed:
            if self._wanted.get(spec.key) is wanted:
                self.forget(spec.key)
            raise failed[0]

    def forget(self, key: str) -> None:
        """Keep none; those that are idle end."""
        wanted = self._wanted.pop(key, None)
        if wanted is not None:
            if wanted.timer is not None:
                wanted.timer.cancel()
            for task in wanted.starting:
                task.cancel()
            self._scheduler.end_provisioned(key)

    def count(self, key: str) -> int:
        """How many are to be kept of a version."""
        wanted = self._wanted.get(key)
        return 0 if wanted is None else wanted.count

    def wanted(self) -> list[tuple[FunctionSpec, int]]:
        """What is kept, whether it is there already or not, and how many of it."""
        return [(wanted.spec, wanted.count) for wanted in self._wanted.values()]

    def close(self) -> None:
        """The plane stops."""
        for key in list(self._wanted):
            self.forget(key)

    def _fill(self, wanted: _Wanted) -> list[asyncio.Task[None]]:
        """Begin as many as are missing."""
        there = self._scheduler.count_provisioned(wanted.spec.key)
        starts = []
        for _ in range(wanted.count - there - len(wanted.starting)):
            task = self._loop.create_task(self._start(wanted))
            wanted.starting.add(task)
            task.add_done_callback(wanted.starting.discard)
            starts.append(task)
        return starts

    async def _start(self, wanted: _Wanted) -> None:
        async with self._turn:
            start = self._begin(wanted.spec)
            try:
                await start.prepare()
            finally:
                self._scheduler.settle(start.group)

    def _lost(self, key: str) -> None:
        """A provisioned environment died."""
        wanted = self._wanted.get(key)
        if wanted is not None and wanted.timer is None and not wanted.starting:
            delay = min(FIRST_RETRY_S * 2 ** min(wanted.failures, 6), LAST_RETRY_S)
            if not wanted.failures:
                delay = 0.0
            wanted.timer = self._loop.call_later(delay, self._replace, wanted)

    def _replace(self, wanted: _Wanted) -> None:
        wanted.timer = None
        for task in self._fill(wanted):
            task.add_done_callback(lambda done: self._replaced(wanted, done))

    def _replaced(self, wanted: _Wanted, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            wanted.failures = 0
            return
        if not isinstance(error, InitializationFailed | RuntimeUnavailable | SandboxFailed):
            logger.error("a provisioned environment could not be replaced", exc_info=error)
        wanted.failures += 1
        self._lost(wanted.spec.key)
