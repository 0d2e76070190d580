"""From a call that found no idle environment to one whose INIT is done, and the calls whose INIT fails.

Where no sandbox lies ready, a call takes what comes first: one that is made for it, or an environment of its function
version that has fallen idle meanwhile, which needs no INIT.

INIT has ten seconds. When it fails, in whatever way, AWS runs it a second time, then as part of the invocation and
under the function's own time-out; only that second failure is the caller's answer. So do we.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambent.execution import failures, report
from lambent.execution.assignment import Assignment
from lambent.execution.environment import InitDone, InitFailed
from lambent.execution.failures import Exit
from lambent.execution.json_log_stream import open_log
from lambent.execution.leases import NO_ROLE
from lambent.execution.log_stream import stream_name
from lambent.execution.running import Ending, conclude, resolving
from lambent.execution.spec import NOBODY, InitializationFailed, SandboxFailed, SandboxLost
from lambent.execution.states import State

if TYPE_CHECKING:
    from lambent.core.clock import Clock
    from lambent.execution.environment import Environment, InitResult
    from lambent.execution.leases import Lease
    from lambent.execution.log_stream import OpenSink
    from lambent.execution.pool import Pool
    from lambent.execution.runtimes.table import Runtime
    from lambent.execution.scheduler import Group, Scheduler
    from lambent.execution.spec import FunctionSpec, Invocation, Observer, Outcome

logger = logging.getLogger(__name__)

INIT_LIMIT_S = 10.0
# How long a call waits for a sandbox while the spawner is being restarted or the machine is swamped.
SANDBOX_LIMIT_S = 20.0
# How often one may fail to be had or bound.
SANDBOX_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Steps:
    """Where the time of a cold start went, in milliseconds, one after the other.

    Until there was a sandbox, until the code was bound in it, until INIT was done, and what the handler took. What is
    missing to `all_ms` is core's own. Where the call is over before the spawner has said that the code is bound,
    `import_ms` is 0.
    """

    pool_ms: float
    bind_ms: float
    import_ms: float
    handler_ms: float
    all_ms: float


class ColdStart:
    """One call's way to an environment of its own. Lives as long as the call.

    Args: what is called, its runtime, the pool to take from (None: `_sandbox` finds one), the group the environment
    joins, who owns it then, the clock, where its log goes, its credentials, and who is told of its invocations.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        runtime: Runtime,
        pool: Pool | None,
        group: Group,
        scheduler: Scheduler,
        clock: Clock,
        open_sink: OpenSink,
        lease: Lease = NO_ROLE,
        *,
        observer: Observer = NOBODY,
    ) -> None:
        self._begun = clock.monotonic()
        self._spec = spec
        self._runtime = runtime
        self._pool = pool
        self.group = group
        self._scheduler = scheduler
        self._clock = clock
        name = stream_name(spec, clock.calendar())
        self._log = open_log(spec, name, open_sink, clock)
        self._assignment = Assignment(spec, runtime, self._log, lease, observer)
        self._environment: Environment | None = None
        self._initialising: asyncio.Future[InitResult] | None = None
        self._is_announced = False
        self.has_reused = False  # there was an idle environment in the end
        self.has_invoked = False  # from then on the environment accounts for the call

    def begin(self) -> None:
        """What can be done at once: with a sandbox that lies ready, INIT is under way when this returns."""
        environment = self._pool.take_ready() if self._pool is not None else None
        if environment is not None:
            self._initialising = self._assign(environment)

    async def run(self, invocation: Invocation) -> Outcome:
        """The outcome of the call, after `begin`.

        Raises:
            SandboxFailed: no sandbox could be had, or it was lost.
        """
        try:
            first = await self._initialise(INIT_LIMIT_S, "init", takes_idle=True)
            if first is None:
                return await self._invoke(invocation)
            if isinstance(first, InitDone):
                outcome = await self._invoke(invocation, init_ms=first.duration_ms)
                if logger.isEnabledFor(logging.DEBUG):
                    steps = self._steps(first.duration_ms, outcome.duration_ms)
                    logger.debug("cold start of %s: %s", self._spec.function_name, steps)
                return outcome
            self._report_init(first, "init")
            return await self._second_try(invocation)
        finally:
            self._log.flush()

    async def prepare(self) -> None:
        """INIT alone, after `begin`: the environment then lies idle.

        Raises:
            InitializationFailed: INIT failed.
            SandboxFailed: no sandbox could be had, or it was lost.
        """
        try:
            result = await self._initialise(INIT_LIMIT_S, "init")
            assert result is not None
            if isinstance(result, InitFailed):
                self._report_init(result, "init")
                raise InitializationFailed(
                    failures.error_type_of(result.payload)
                    if result.payload
                    else "Runtime.ExitError"
                )
            assert self._environment is not None
            self._scheduler.rest(self._environment)
        finally:
            self._log.flush()

    async def _second_try(self, invocation: Invocation) -> Outcome:
        started = self._clock.monotonic()
        line = report.start_line(invocation.request_id, self._spec.function_version)
        self._log.begin(self._now_ms(), line, keeps_tail=invocation.wants_log)
        result = await self._initialise(self._spec.timeout_s, "invoke")
        assert result is not None
        if isinstance(result, InitDone):
            return await self._invoke(invocation, started=started)
        self._report_init(result, "invoke")
        duration_ms = (self._clock.monotonic() - started) * 1000
        return self._init_failed(invocation, result, duration_ms)

    async def _initialise(
        self, limit_s: float, phase: str, *, takes_idle: bool = False
    ) -> InitResult | None:
        """How INIT went; None where, with `takes_idle`, there is an idle environment instead.

        Nothing of the function has run when a sandbox cannot be bound or is lost: then another one is taken. A whole
        pool dies with its zygote, so what is lost is not counted; the time is.
        """
        give_up = self._clock.monotonic() + SANDBOX_LIMIT_S
        attempts = SANDBOX_ATTEMPTS
        while True:
            try:
                result = await self._attempt(limit_s, takes_idle=takes_idle)
            except SandboxLost as loss:
                logger.info("a sandbox ended before INIT: %s", loss)
                if self._clock.monotonic() > give_up:
                    raise
            except SandboxFailed as failure:
                logger.info("a sandbox failed before INIT: %s", failure)
                attempts -= 1
                if not attempts:
                    raise
            else:
                if isinstance(result, InitDone):
                    self._note_done(phase, result.duration_ms)
                return result

    def _note_done(self, phase: str, duration_ms: float) -> None:
        self._log.init_done(self._now_ms(), phase, duration_ms)

    async def _attempt(self, limit_s: float, *, takes_idle: bool) -> InitResult | None:
        initialising, self._initialising = self._initialising, None
        if initialising is None:
            environment = await self._sandbox(takes_idle=takes_idle)
            if environment.state is State.READY:
                self._environment = environment
                self.has_reused = True
                return None
            initialising = self._assign(environment)
        assert self._environment is not None
        environment = self._environment
        timer = asyncio.get_running_loop().call_later(limit_s, environment.expire_init)
        try:
            result = await initialising
        finally:
            timer.cancel()
        if isinstance(result, InitDone) and environment.state is not State.READY:
            # It ended between its INIT_DONE and now.
            return InitFailed(result.duration_ms, end=Exit(None))
        if isinstance(result, InitDone):
            self._scheduler.initialised(environment)
        return result

    async def _sandbox(self, *, takes_idle: bool) -> Environment:
        """A POOLED environment that becomes ours; with `takes_idle` it may be a READY one of our version instead."""
        assert self._pool is not None
        waiter = self._pool.ask()
        if takes_idle and not waiter.done():
            self._scheduler.await_idle(self.group, waiter)
        try:
            async with asyncio.timeout(SANDBOX_LIMIT_S):
                environment = await waiter
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise
        except TimeoutError:
            self._give_back(waiter)
            raise SandboxFailed(f"no sandbox within {SANDBOX_LIMIT_S:.0f} s") from None
        finally:
            self._pool.forgo(waiter)
            self._scheduler.stop_waiting(self.group, waiter)
        if environment.state is State.DEAD:  # between being handed over and now
            raise SandboxLost(environment.why_dead)
        return environment

    def _give_back(self, waiter: asyncio.Future[Environment]) -> None:
        """It may have been answered in the moment in which the time was over."""
        if not waiter.done() or waiter.cancelled() or waiter.exception() is not None:
            return
        environment = waiter.result()
        if environment.state is State.READY:
            self._scheduler.rest(environment)
        else:
            environment.end("nobody waits for it")

    def _assign(self, environment: Environment) -> asyncio.Future[InitResult]:
        self._scheduler.adopt(environment, self.group)
        self._environment = environment
        initialising = environment.assign(self._assignment)
        if not self._is_announced:
            self._is_announced = True
            self._announce()
        return initialising

    def _announce(self) -> None:
        line = report.init_start_line(self._runtime, self._spec.region)
        self._log.platform(self._now_ms(), line)

    async def _invoke(
        self,
        invocation: Invocation,
        *,
        init_ms: float | None = None,
        restore_ms: float | None = None,
        started: float | None = None,
    ) -> Outcome:
        assert self._environment is not None
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        try:
            self._environment.invoke(
                invocation,
                resolving(future),
                init_ms=init_ms,
                restore_ms=restore_ms,
                started=started,
            )
        except ValueError:  # the call cannot be put into a frame
            self._scheduler.rest(self._environment)
            raise
        self.has_invoked = True
        return await future

    def _steps(self, init_ms: float, handler_ms: float) -> Steps:
        environment = self._environment
        assert environment is not None
        assigned, bound = environment.assigned_at, environment.bound_at
        bind_ms = init_ms if bound is None else (bound - assigned) * 1000
        return Steps(
            pool_ms=(assigned - self._begun) * 1000,
            bind_ms=bind_ms,
            import_ms=init_ms - bind_ms,
            handler_ms=handler_ms,
            all_ms=(self._clock.monotonic() - self._begun) * 1000,
        )

    def _report_init(self, result: InitFailed, phase: str) -> None:
        status = "error"
        error_type = ""
        if result.payload is not None:
            error_type = failures.error_type_of(result.payload)
        elif result.end is not None:
            error_type = result.end.error_type
        else:
            status = "timeout"
        self._log.finish_line()
        line = report.init_report_line(result.duration_ms, phase, status, error_type)
        self._log.platform(self._now_ms(), line)
        self._log.flush()

    def _init_failed(
        self, invocation: Invocation, result: InitFailed, duration_ms: float
    ) -> Outcome:
        assert self._environment is not None
        return conclude(
            invocation,
            self._spec,
            self._log,
            self._ending(invocation.request_id, result),
            duration_ms=duration_ms,
            init_ms=None,
            peak_mib=self._environment.peak_mib(),
            now_ms=self._now_ms(),
            observer=self._assignment.observer,
        )

    def _ending(self, request_id: str, result: InitFailed) -> Ending:
        if result.payload is not None:
            error_type = failures.error_type_of(result.payload)
            status = f"Status: error\tError Type: {error_type}"
            payload = failures.init_payload(request_id, result.payload)
            return Ending(payload, is_error=True, report_status=status)
        if result.end is not None:
            return Ending.by(failures.exited(request_id, result.end))
        timeout_s = self._spec.timeout_s
        return Ending.by(failures.timed_out(request_id, timeout_s, self._now_ms()))

    def _now_ms(self) -> int:
        return self._clock.calendar_ms()
