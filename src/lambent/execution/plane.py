"""The execution plane: what the Lambda service asks to run functions.

A warm invoke is: count it, pop an idle environment, write one frame, and be called back. Everything else is off that
path: a call without an idle environment runs as a task of its own, so that a caller who leaves takes only itself away.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lambent.execution import code_facts, pressure
from lambent.execution.cold_start import ColdStart
from lambent.execution.concurrency import Concurrency
from lambent.execution.current_spawner import CurrentSpawner
from lambent.execution.leases import Leases
from lambent.execution.networks import ALL_ALIKE
from lambent.execution.pool import Pool
from lambent.execution.provisioning import Provisioning
from lambent.execution.restore import Restore
from lambent.execution.running import resolving
from lambent.execution.scale_out import ScaleOut
from lambent.execution.scheduler import Holding, Scheduler
from lambent.execution.snapshots import Means, Snapshots
from lambent.execution.spawner_link import SpawnerGone, SpawnerLink
from lambent.execution.spec import (
    NOBODY,
    ON_DEMAND,
    SNAP_START,
    RuntimeUnavailable,
    SandboxFailed,
    SealFailed,
    Throttled,
)
from lambent.execution.starts import Start
from lambent.execution.strain import Strain

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from lambent.core.clock import Clock
    from lambent.core.ports import RoleSessions
    from lambent.execution.endpoint import Endpoint
    from lambent.execution.log_stream import OpenSink
    from lambent.execution.networks import Networks
    from lambent.execution.pressure import Reading
    from lambent.execution.running import Done
    from lambent.execution.runtimes.table import Runtime, Runtimes
    from lambent.execution.scheduler import Group
    from lambent.execution.snapshots import Template
    from lambent.execution.spec import FunctionSpec, Invocation, Observer, Outcome

logger = logging.getLogger(__name__)

_STOPPING = "the platform is stopping"


class ExecutionPlane:
    """Runs functions.

    Args:
        spawner: the SEQPACKET socket to the spawner; owned from here on.
        runtimes: what this host can run.
        clock: time-outs and keep-alive go by its monotonic reading, log lines and deadlines by its calendar.
        open_sink: makes what takes the log events of one environment, by function and name of the log stream.
        account_concurrency: invocations of one account that may run at the same time.
        keep_alive_s: how long an idle environment is kept.
        read_pressure: how short of memory the host is.
        limits_cpu: whether a function gets CPU in proportion to its memory, or what it can take.
        sealed_dir: where the sealed trees can be read; without it nothing is known of their content.
        role_sessions: makes the credentials of functions; without it they have none that are good for anything.
        endpoint: the platform's own AWS endpoint; without one functions find none.
        networks: which functions reach less than the others do.
        observer: is told of every invocation of a function; compiling one is none.
    """

    def __init__(
        self,
        *,
        spawner: socket.socket,
        runtimes: Runtimes,
        clock: Clock,
        open_sink: OpenSink,
        account_concurrency: int = 1000,
        keep_alive_s: float = 600,
        limits_cpu: bool = True,
        read_pressure: Callable[[], Reading] = pressure.read,
        sealed_dir: Path | None = None,
        role_sessions: RoleSessions | None = None,
        endpoint: Endpoint | None = None,
        networks: Networks = ALL_ALIKE,
        observer: Observer = NOBODY,
    ) -> None:
        self._socket = spawner
        self._runtimes = runtimes
        self._clock = clock
        self._open_sink = open_sink
        self._keep_alive_s = keep_alive_s
        self._limits_cpu = limits_cpu
        self._read_pressure = read_pressure
        self._sealed_dir = sealed_dir
        self._facts_dir = "" if sealed_dir is None else str(sealed_dir.parent / "facts")
        self._leases = Leases(role_sessions, clock)
        self._endpoint = endpoint
        self._networks = networks
        self._observer = observer
        self._concurrency = Concurrency(account_concurrency)
        self.running_with = self._concurrency.running_with
        self._scale_out = ScaleOut(clock)
        self._strain = Strain(clock, read_pressure)
        self._pools: dict[str, Pool] = {}
        self._cold_starts: set[asyncio.Task[Outcome]] = set()
        self._spawner = CurrentSpawner()
        self._loop: asyncio.AbstractEventLoop
        self._scheduler: Scheduler
        self._provisioning: Provisioning
        self._snapshots: Snapshots
        self._is_stopping = False

    async def start(self) -> None:
        """Begin to talk to the spawner. Nothing is made before somebody asks for it."""
        self._loop = asyncio.get_running_loop()
        self._scheduler = Scheduler(
            self._clock,
            self._loop,
            self._concurrency,
            self._keep_alive_s,
            limits_cpu=self._limits_cpu,
            read_pressure=self._read_pressure,
        )
        means = Means(
            self._clock,
            self._loop,
            self._open_sink,
            self._spawner,
            self._endpoint,
            self._leases.take,
            self._scheduler.retire,
        )
        in_use = self._scheduler.has_environments
        self._snapshots = Snapshots(means, self._read_pressure, in_use)
        self._provisioning = Provisioning(self._scheduler, self._begin_cold, self._loop)
        self._spawner.connect(SpawnerLink(self._socket, self._loop, self._spawner_gone))

    async def stop(self) -> None:
        """End every environment. Invocations that still run fail: whoever wants them finished waits before."""
        self._is_stopping = True
        self._provisioning.close()
        for pool in self._pools.values():
            pool.close(_STOPPING)
        self._snapshots.close(_STOPPING)
        self._scheduler.close(_STOPPING)
        if self._cold_starts:
            await asyncio.wait(self._cold_starts)
        self._spawner.close()

    async def replace_spawner(self, sock: socket.socket) -> None:
        """Go on with a new spawner. What belonged to the old one is dead or dies now."""
        old = self._spawner.link
        self._spawner.connect(None)
        if old is not None:
            old.close()
        self._connect(SpawnerLink(sock, self._loop, self._spawner_gone))

    def invoke_warm(self, spec: FunctionSpec, invocation: Invocation, done: Done) -> bool:
        """Run one invocation in an idle environment; `done` is told its end. False, and nothing has happened, where
        none is idle.

        Raises:
            Throttled: no more invocations may run at the moment.
        """
        try:
            self._concurrency.admit(spec)
        except Throttled:
            self._observer_of(spec).throttled(spec, invocation, self._clock.calendar_ms())
            raise
        environment = self._scheduler.take(spec.key)
        if environment is None:
            self._concurrency.leave(spec)
            return False
        try:
            # The environment takes the call off the count, whatever becomes of it or of us.
            environment.invoke(invocation, done)
        except ValueError:  # the call cannot be put into a frame
            self._scheduler.finished(environment)
            raise
        return True

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        """Run one invocation to its end. A caller that is cancelled only loses the answer.

        Raises:
            Throttled: no more invocations may run at the moment.
            RuntimeUnavailable: nothing on this host serves the runtime.
            SandboxFailed: the platform, not the function, is to blame.
        """
        future: asyncio.Future[Outcome] = self._loop.create_future()
        if self.invoke_warm(spec, invocation, resolving(future)):
            return await future
        return await asyncio.shield(self._invoke_cold(spec, invocation))

    def begin(
        self,
        spec: FunctionSpec,
        invocation: Invocation,
        done: Callable[[Outcome | Exception], None],
    ) -> None:
        """The short form of `invoke`: tell `done` once, later, the outcome or what `invoke` would raise. What is known
        at once is raised, and nothing has happened then.
        """
        if not self.invoke_warm(spec, invocation, done):
            self._invoke_cold(spec, invocation).add_done_callback(partial(_tell, done))

    def _invoke_cold(self, spec: FunctionSpec, invocation: Invocation) -> asyncio.Task[Outcome]:
        """Begin an invocation that found no idle environment."""
        # Nothing has run since, so that it is let in as it was a moment ago.
        self._concurrency.admit(spec)
        try:
            self._scale_out.admit(spec.function_arn)
            start = self._begin_cold(spec)
        except Throttled:
            self._concurrency.leave(spec)
            self._observer_of(spec).throttled(spec, invocation, self._clock.calendar_ms())
            raise
        except BaseException:
            self._concurrency.leave(spec)
            raise
        task = self._loop.create_task(self._cold(start, spec, invocation))
        self._cold_starts.add(task)
        task.add_done_callback(self._cold_done)
        return task

    async def seal(self, staging_name: str) -> str:
        """Have a staged code tree copied, hashed and made unchangeable; returns its digest.

        Raises:
            SealFailed: the text says why.
        """
        try:
            answer = await self._spawner.ask({"op": "seal", "staging": staging_name})
        except SpawnerGone:
            raise SealFailed("there is no spawner") from None
        if answer.get("event") != "sealed":
            raise SealFailed(str(answer.get("reason", "the spawner gave no reason")))
        return str(answer["code"])

    def discard(self, code: str) -> None:
        """A sealed tree is not needed any more."""
        if self._spawner.link is not None:
            self._spawner.link.send({"op": "discard", "code": code})

    def reserve(self, function_arn: str, account_id: str, limit: int | None) -> None:
        """Reserve a part of the account's limit for a function, all versions together; None gives it back."""
        self._concurrency.reserve(function_arn, account_id, limit)

    async def provision(self, spec: FunctionSpec, count: int) -> None:
        """Keep so many environments of a version initialised from now on, 0 for none; returns when they are.

        Raises:
            InitializationFailed: the function's INIT fails; none are kept then.
            RuntimeUnavailable, SandboxFailed: the platform cannot.
        """
        if count:
            await self._provisioning.provide(spec, count)
        else:
            self._provisioning.forget(spec.key)

    async def snapshot(self, spec: FunctionSpec) -> None:
        """Make the template that environments of a SnapStart version are forked from; returns when it is there.

        Raises:
            SnapshotRefused: there can be none; the version runs without.
            InitializationFailed: the function's INIT, or a before-snapshot hook, fails.
            RuntimeUnavailable, SandboxFailed: the platform cannot.
        """
        await self._template(spec, self._find(spec)).forks()

    def is_strained(self) -> bool:
        """Whether the host has no CPU time or memory left for work that could wait."""
        return self._strain.is_high()

    def retire(self, key: str) -> None:
        """A function version is gone: its idle environments end, busy ones when they are done."""
        self._provisioning.forget(key)
        self._snapshots.retire(key)
        self._scheduler.retire(key)

    def prewarm(
        self,
        runtime: str,
        memory_mib: int = 128,
        environment: Mapping[str, str] = MappingProxyType({}),
        trees: Sequence[str] = (),
        function_name: str = "",
    ) -> None:
        """Make sure there is a pool for functions with these settings and this code (digests of sealed trees, layers
        included); of a runtime that is not served, none.
        """
        found = self._runtimes.find(runtime)
        if found is not None:
            uses_boto3 = self._use_boto3(trees)
            start = Start.for_settings(found, memory_mib, environment, uses_boto3=uses_boto3)
            self._pool(replace(start, network=self._networks.of(function_name)))

    async def describe(self) -> dict[str, Any]:
        """What runs now, and under `spawner` what the spawner says of the host ({} when there is none)."""
        spawner: dict[str, Any] = {}
        if self._spawner.link is not None:
            with contextlib.suppress(SpawnerGone):
                spawner = await self._spawner.link.ask({"op": "describe"})
        return {
            "running": self._concurrency.running,
            "pools": {name: pool.describe() for name, pool in self._pools.items()},
            "snapshots": self._snapshots.describe(),
            "environments": self._scheduler.describe(),
            "spawner": spawner,
        }

    def holdings(self) -> dict[str, tuple[int, Holding]]:
        """By function ARN: how many of its invocations run now, and its environments."""
        running, held = self._concurrency.running_by_function(), self._scheduler.holdings()
        return {
            arn: (running.get(arn, 0), held.get(arn) or Holding()) for arn in {**running, **held}
        }

    def held_ready(self) -> list[tuple[FunctionSpec, int]]:
        """What is kept ready for calls to come, used or not: provisioned environments, templates of SnapStart."""
        return [*self._provisioning.wanted(), *((spec, 1) for spec in self._snapshots.specs())]

    def provisioned_with(self, spec: FunctionSpec) -> tuple[int, int]:
        """How many of the environments that are kept initialised for the version work, and how many are kept. They are
        the first to be used, so that as many work as calls run, up to all of them.
        """
        kept = self._provisioning.count(spec.key)
        return (min(self._scheduler.count_busy(spec.key), kept), kept) if kept else (0, 0)

    def _observer_of(self, spec: FunctionSpec) -> Observer:
        return NOBODY if spec.compiles else self._observer

    def _begin_cold(self, spec: FunctionSpec) -> ColdStart:
        runtime = self._find(spec)
        if spec.initialization == SNAP_START:
            template = self._template(spec, runtime)
            group = self._scheduler.expect(spec.key)
            plain = partial(self._cold_start, replace(spec, initialization=ON_DEMAND), group)
            common = (group, self._scheduler, self._clock, self._open_sink)
            lease = self._leases.take(spec)
            start: ColdStart = Restore(
                spec, runtime, template, *common, plain, lease=lease, observer=self._observer
            )
        else:
            start = self._cold_start(spec, self._scheduler.expect(spec.key))
        start.begin()
        return start

    def _cold_start(self, spec: FunctionSpec, group: Group) -> ColdStart:
        runtime = self._find(spec)
        pool = self._pool(self._start_of(runtime, spec))
        return ColdStart(
            spec,
            runtime,
            pool,
            group,
            self._scheduler,
            self._clock,
            self._open_sink,
            self._leases.take(spec),
            observer=self._observer_of(spec),
        )

    def _template(self, spec: FunctionSpec, runtime: Runtime) -> Template:
        return self._snapshots.of(spec, runtime, self._start_of(runtime, spec))

    async def _cold(self, start: ColdStart, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        try:
            return await start.run(invocation)
        finally:
            self._scheduler.settle(start.group)
            if not start.has_invoked:
                self._concurrency.leave(spec)
            if start.has_reused:
                self._scale_out.give_back(spec.function_arn)

    def _cold_done(self, task: asyncio.Task[Outcome]) -> None:
        self._cold_starts.discard(task)
        # The caller may have gone; then nobody else takes note of the exception.
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.info("a cold start failed: %s", error)

    def _find(self, spec: FunctionSpec) -> Runtime:
        if self._is_stopping:
            raise SandboxFailed(_STOPPING)
        found = self._runtimes.find(spec.runtime)
        if found is None:
            raise RuntimeUnavailable(self._runtimes.missing(spec.runtime))
        return found

    def _start_of(self, runtime: Runtime, spec: FunctionSpec) -> Start:
        sealed = self._sealed_dir
        has_extensions = sealed is not None and any(
            (sealed / layer / "extensions").is_dir() for layer in spec.layers
        )
        uses_boto3 = runtime.language == "python" and self._use_boto3((spec.code, *spec.layers))
        start = Start.of(runtime, spec, has_extensions=has_extensions, uses_boto3=uses_boto3)
        network = self._networks.of(spec.function_name)
        return replace(start, network=network) if network else start

    def _use_boto3(self, trees: Sequence[str]) -> bool:
        """Whether one of the trees imports it, and none brings it."""
        facts = self._facts_dir
        if not facts:
            return False
        imports = any(code_facts.has(facts, tree, code_facts.IMPORTS_BOTO3) for tree in trees)
        return imports and not any(
            code_facts.has(facts, tree, code_facts.BRINGS_BOTO3) for tree in trees
        )

    def _pool(self, start: Start) -> Pool:
        pool = self._pools.get(start.name)
        if pool is None:
            pool = self._pools[start.name] = Pool(start, self._clock, self._loop, self._endpoint)
            pool.connect(self._spawner.link)
        return pool

    def _spawner_gone(self) -> None:
        logger.warning("the spawner is gone; calls wait for the next one")
        self._connect(None)

    def _connect(self, link: SpawnerLink | None) -> None:
        self._spawner.connect(link)
        for pool in self._pools.values():
            pool.connect(link)


def _tell(done: Callable[[Outcome | Exception], None], task: asyncio.Task[Outcome]) -> None:
    """How a cold start ended that was begun."""
    if task.cancelled():
        done(SandboxFailed(_STOPPING))
        return
    error = task.exception()
    done(error if isinstance(error, Exception) else task.result())
