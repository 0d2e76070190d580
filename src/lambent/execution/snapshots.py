"""SnapStart: the templates of published versions, and the pools of environments that are forked from them (DESIGN 4.3).

A template is an environment that ran INIT and its before-snapshot hooks and will never be invoked. It is made when the
version is published, and again, when somebody asks, after it was lost: with its spawner, with the platform, killed, or
ended because memory was short. Its forks end with it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lambent.execution import failures, report
from lambent.execution.assignment import Assignment
from lambent.execution.environment import Environment, InitFailed
from lambent.execution.json_log_stream import open_log
from lambent.execution.log_stream import stream_name
from lambent.execution.pool import Pool
from lambent.execution.spawner_link import SpawnerGone
from lambent.execution.spec import InitializationFailed, SandboxFailed, SnapshotRefused
from lambent.execution.starts import Start
from lambent.execution.states import OUTDATED, RETIRED

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.clock import Clock
    from lambent.execution.current_spawner import CurrentSpawner
    from lambent.execution.endpoint import Endpoint
    from lambent.execution.environment import InitResult
    from lambent.execution.leases import Lease
    from lambent.execution.log_stream import OpenSink
    from lambent.execution.pressure import Reading
    from lambent.execution.runtimes.table import Runtime
    from lambent.execution.spec import FunctionSpec

logger = logging.getLogger(__name__)

# "Up to 15 minutes" are what AWS gives a function's time-out, and INIT of a snapshot at least this.
INIT_LIMIT_S = 130.0
# How long to wait for the sandbox of a template.
SANDBOX_LIMIT_S = 20.0
# Forks that lie ready: each takes its own pages only, but there may be many versions.
READY_FORKS = 1
# For forks that were being restored when their template was outdated.
_SLACK_S = 30
# How often memory is looked at while there are templates, and how many of them end at a time.
PRESSURE_EVERY_S = 5.0
_PART_ENDED = 4
# What the bootstrap answers when no fork would be safe (runtimes/python/faults.py).
_REFUSED = "Lambent.SnapshotRefused"
# Forking needs a runtime with one thread, and our bootstrap in it.
_FORKING_LANGUAGES = frozenset({"python"})


@dataclass(frozen=True, slots=True)
class Means:
    """What all templates have in common. `spawner`: the one of the moment. `endpoint`: who
    serves the AWS endpoint inside sandboxes. `lease`: credentials, for what INIT does with them. `retire`: ends the
    environments of a version, busy ones when they are done."""

    clock: Clock
    loop: asyncio.AbstractEventLoop
    open_sink: OpenSink
    spawner: CurrentSpawner
    endpoint: Endpoint | None
    lease: Callable[[FunctionSpec], Lease]
    retire: Callable[[str], None]


class Template:
    """The template of one version. Args: the version, its runtime, how its sandbox is started, and the means."""

    def __init__(self, spec: FunctionSpec, runtime: Runtime, start: Start, means: Means) -> None:
        self.used_at = 0.0
        self.spec = spec
        self._runtime = runtime
        self._start = start
        self._means = means
        self._clock = means.clock
        self._loop = means.loop
        self._spawner = means.spawner
        self._environment: Environment | None = None
        self._pool: Pool | None = None
        self._making: asyncio.Task[Pool] | None = None
        self._booted: asyncio.Future[None] | None = None
        self._refused = ""
        self._is_closed = False
        self._renewal: asyncio.TimerHandle | None = None
        self._outgoing: set[Environment] = set()  # outdated, with forks that are at work

    @property
    def pool(self) -> Pool | None:
        """Its forks; None while there is no template."""
        return self._pool

    @property
    def is_there(self) -> bool:
        return self._environment is not None

    async def forks(self) -> Pool:
        """The pool of its forks; the template is made where there is none.

        Raises:
            SnapshotRefused: there can be none.
            InitializationFailed: the function's INIT fails.
            SandboxFailed: the platform cannot.
        """
        if self._pool is not None:
            return self._pool
        if self._refused:
            raise SnapshotRefused(self._refused)
        if self._making is None:
            self._making = self._loop.create_task(self._make())
            self._making.add_done_callback(self._made)
        making = self._making
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            if not making.cancelled():
                raise  # who waits is cancelled
            raise SandboxFailed("the template was ended while it was made") from None

    def end(self, why: str) -> None:
        """End it, and all forks; `forks` makes another one."""
        if self._making is not None:
            self._making.cancel()
        if self._environment is not None:
            self._environment.end(why)
        for environment in list(self._outgoing):
            environment.end(why)

    def close(self, why: str) -> None:
        """End it for good."""
        self._is_closed = True
        self.end(why)

    # --- as the owner of its environment ------------------------------------------------------------------------

    def pooled(self, environment: Environment) -> None:
        if self._booted is not None and not self._booted.done():
            self._booted.set_result(None)

    def finished(self, environment: Environment) -> None:
        raise RuntimeError("a template runs no invocation")

    def died(self, environment: Environment) -> None:
        if self._booted is not None and not self._booted.done():
            if environment.is_hopeless:
                self._refused = environment.why_dead
                self._booted.set_exception(SnapshotRefused(environment.why_dead))
            else:
                self._booted.set_exception(SandboxFailed(environment.why_dead))
        self._outgoing.discard(environment)
        if environment is self._environment:
            logger.info("the template of %s is gone: %s", self.spec.key, environment.why_dead)
            self._part("the template is gone")

    def _part(self, why: str) -> None:
        """There is no template any more."""
        self._environment = None
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close(why)

    def _renew(self) -> None:
        """What INIT did with its credentials is soon refused: the next call makes another template. This one ends when
        the last invocation of a fork must be over."""
        environment = self._environment
        self._renewal = None
        if environment is None:
            return
        self._part(OUTDATED)
        self._outgoing.add(environment)
        self._means.retire(self.spec.key)
        self._loop.call_later(self.spec.timeout_s + _SLACK_S, environment.end, OUTDATED)

    # --- making it ----------------------------------------------------------------------------------------------

    async def _make(self) -> Pool:
        if self._runtime.language not in _FORKING_LANGUAGES or self._start.execs:
            self._refused = _why_not(self._runtime.language)
            raise SnapshotRefused(self._refused)
        environment = await self._boot()
        name = stream_name(self.spec, self._clock.calendar())
        log = open_log(self.spec, name, self._means.open_sink, self._clock)
        line = report.init_start_line(self._runtime, self.spec.region)
        log.platform(self._clock.calendar_ms(), line)
        try:
            lease = self._means.lease(self.spec)
            assignment = Assignment(self.spec, self._runtime, log, replace(lease, lasts_s=math.inf))
            result = await self._initialise(environment, assignment)
            failure = self._failure(result)
            log.finish_line()
            log.platform(self._clock.calendar_ms(), _init_line(result, failure))
        except BaseException:
            environment.end("no template came of it")
            raise
        finally:
            log.flush()
        if failure is not None:
            raise failure
        pool = self._open(environment)
        if lease.lasts_s < math.inf:
            self._renewal = self._loop.call_later(lease.lasts_s, self._renew)
        return pool

    async def _boot(self) -> Environment:
        try:
            link = await self._spawner.wait()
        except SpawnerGone:
            raise SandboxFailed("there is no spawner") from None
        if self._is_closed:
            raise SandboxFailed("the version is retired")
        endpoint = self._means.endpoint
        environment = Environment(link, self._clock, self._loop, self, endpoint)
        self._booted = self._loop.create_future()
        environment.boot(replace(self._start, template=True), urgent=True)
        try:
            async with asyncio.timeout(SANDBOX_LIMIT_S):
                await self._booted
        except BaseException as error:
            environment.end("the template was not made in time")
            if isinstance(error, TimeoutError):
                raise SandboxFailed(f"no sandbox within {SANDBOX_LIMIT_S:.0f} s") from None
            raise
        finally:
            self._booted = None
        return environment

    async def _initialise(self, environment: Environment, assignment: Assignment) -> InitResult:
        initialising = environment.assign(assignment)
        limit_s = max(INIT_LIMIT_S, self.spec.timeout_s)
        timer = self._loop.call_later(limit_s, environment.expire_init)
        try:
            return await initialising
        finally:
            timer.cancel()

    def _failure(self, result: InitResult) -> Exception | None:
        """What is wrong with the function; None when nothing is."""
        if not isinstance(result, InitFailed):
            return None
        if result.payload is None:
            return InitializationFailed(result.end.error_type if result.end else failures.TIMED_OUT)
        error_type = failures.error_type_of(result.payload)
        if error_type == _REFUSED:
            self._refused = failures.error_message_of(result.payload)
            return SnapshotRefused(self._refused)
        return InitializationFailed(error_type)

    def _open(self, environment: Environment) -> Pool:
        link = self._spawner.link
        if self._is_closed or link is None:
            environment.end(RETIRED)
            raise SandboxFailed("the version is retired")
        self._environment = environment
        start = Start(self._start.runtime, copy_of=environment.id, network=self._start.network)
        self._pool = Pool(start, self._clock, self._loop, self._means.endpoint, READY_FORKS)
        self._pool.connect(link)
        self.used_at = self._clock.monotonic()
        return self._pool

    def _made(self, task: asyncio.Task[Pool]) -> None:
        self._making = None
        # Who waited may have gone; then nobody else takes note of the exception.
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.info("no template of %s: %s", self.spec.key, error)


class Snapshots:
    """The templates, by key of their version. Args: the means, how short of memory the host is, and whether a version
    has environments."""

    def __init__(
        self,
        means: Means,
        read_pressure: Callable[[], Reading],
        is_in_use: Callable[[str], bool],
    ) -> None:
        self._means = means
        self._clock = means.clock
        self._loop = means.loop
        self._read_pressure = read_pressure
        self._is_in_use = is_in_use
        self._timer: asyncio.TimerHandle | None = None
        self._templates: dict[str, Template] = {}

    def of(self, spec: FunctionSpec, runtime: Runtime, start: Start) -> Template:
        """The template of a version, made or not."""
        template = self._templates.get(spec.key)
        if template is None:
            template = Template(spec, runtime, start, self._means)
            self._templates[spec.key] = template
        template.used_at = self._clock.monotonic()
        if self._timer is None:
            self._timer = self._loop.call_later(PRESSURE_EVERY_S, self._look)
        return template

    def retire(self, key: str) -> None:
        """The version is gone."""
        if (template := self._templates.pop(key, None)) is not None:
            template.close(RETIRED)

    def close(self, why: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for template in self._templates.values():
            template.close(why)

    def specs(self) -> list[FunctionSpec]:
        """The versions that there is a template of."""
        return [each.spec for each in self._templates.values() if each.is_there]

    def describe(self) -> dict[str, dict[str, object]]:
        return {
            key: template.pool.describe()
            for key, template in self._templates.items()
            if template.pool is not None
        }

    def _look(self) -> None:
        """Where memory is short, end some templates whose versions have no environments, longest unused first."""
        self._timer = None
        if not self._templates:
            return
        there = {key: each for key, each in self._templates.items() if each.is_there}
        self._timer = self._loop.call_later(PRESSURE_EVERY_S, self._look)
        if not self._read_pressure().is_high:
            return
        unused = [each for key, each in there.items() if not self._is_in_use(key)]
        unused.sort(key=lambda template: template.used_at)
        for template in unused[: -(-len(unused) // _PART_ENDED)]:
            template.end("the host is short of memory")


def _init_line(result: InitResult, failure: Exception | None) -> str:
    if not isinstance(failure, InitializationFailed):
        return report.init_success_line(result.duration_ms)
    error_type = str(failure)
    if error_type == failures.TIMED_OUT:
        return report.init_report_line(result.duration_ms, "init", "timeout")
    return report.init_report_line(result.duration_ms, "init", "error", error_type)


def _why_not(language: str) -> str:
    if language == "python":
        return "SnapStart: extensions, and variables that act when Python starts, need a runtime that is executed"
    name = {"java": "a Java virtual machine", "node": "Node.js"}.get(language, "this runtime")
    return f"SnapStart: {name} runs several threads from its start, which cannot be forked"
