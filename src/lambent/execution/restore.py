"""From a call that found no idle environment of a SnapStart version to one that has been restored for it.

What a cold start is for other functions. Instead of INIT there is a fork of the version's template that takes over the
environment and runs the after-restore hooks, for which there are ten seconds, as on AWS. A version whose template
cannot be made is started as any other function is.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from lambent.execution import failures, report
from lambent.execution.cold_start import ColdStart
from lambent.execution.environment import InitDone, InitFailed
from lambent.execution.spec import (
    InitializationFailed,
    RestoreFailed,
    RestoreTimedOut,
    SnapshotRefused,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.clock import Clock
    from lambent.execution.environment import Environment
    from lambent.execution.leases import Lease
    from lambent.execution.log_stream import OpenSink
    from lambent.execution.runtimes.table import Runtime
    from lambent.execution.scheduler import Group, Scheduler
    from lambent.execution.snapshots import Template
    from lambent.execution.spec import FunctionSpec, Invocation, Observer, Outcome

logger = logging.getLogger(__name__)

# "If the after-restore hooks do not complete within 10 seconds, you get a SnapStartTimeoutException."
RESTORE_LIMIT_S = 10.0


class Restore(ColdStart):
    """As its base. Args: the template instead of a pool, how to start the function without it, and its credentials."""

    def __init__(
        self,
        spec: FunctionSpec,
        runtime: Runtime,
        template: Template,
        group: Group,
        scheduler: Scheduler,
        clock: Clock,
        open_sink: OpenSink,
        plainly: Callable[[], ColdStart],
        *,
        lease: Lease,
        observer: Observer,
    ) -> None:
        super().__init__(
            spec,
            runtime,
            template.pool,
            group,
            scheduler,
            clock,
            open_sink,
            lease,
            observer=observer,
        )
        self._template = template
        self._plainly = plainly

    async def run(self, invocation: Invocation) -> Outcome:
        """As its base.

        Raises:
            RestoreFailed, RestoreTimedOut: the after-restore hooks.
        """
        try:
            if self._pool is None:
                self._pool = await self._template.forks()
            result = await self._initialise(RESTORE_LIMIT_S, "restore", takes_idle=True)
            if isinstance(result, InitFailed) and result.end is not None:
                # It has ended without a word, which hooks do not explain: another fork may do better.
                result = await self._initialise(RESTORE_LIMIT_S, "restore")
        except (SnapshotRefused, InitializationFailed) as reason:
            logger.info("%s starts without a snapshot: %s", self._spec.key, reason)
            return await self._run_plainly(invocation)
        finally:
            self._log.flush()
        if result is None:
            return await self._invoke(invocation)
        if isinstance(result, InitDone):
            return await self._invoke(invocation, restore_ms=result.duration_ms)
        raise self._failure(result)

    async def _run_plainly(self, invocation: Invocation) -> Outcome:
        start = self._plainly()
        start.begin()
        try:
            return await start.run(invocation)
        finally:
            self.has_invoked, self.has_reused = start.has_invoked, start.has_reused

    async def _sandbox(self, *, takes_idle: bool) -> Environment:
        self._pool = await self._template.forks()
        return await super()._sandbox(takes_idle=takes_idle)

    def _announce(self) -> None:
        line = report.restore_start_line(self._runtime, self._spec.region)
        self._log.platform(self._now_ms(), line)

    def _note_done(self, phase: str, duration_ms: float) -> None:
        del phase
        self._log.platform(self._now_ms(), report.restore_report_line(duration_ms))

    def _failure(self, result: InitFailed) -> Exception:
        self._log.finish_line()
        error_type = result.end.error_type if result.end else ""
        if result.payload is not None:
            error_type = failures.error_type_of(result.payload)
        status = "error" if error_type else "timeout"
        line = report.restore_report_line(result.duration_ms, status, error_type)
        self._log.platform(self._now_ms(), line)
        self._log.flush()
        return RestoreFailed(error_type) if error_type else RestoreTimedOut()
