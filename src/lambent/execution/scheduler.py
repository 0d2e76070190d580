"""Who gets which environment: idle ones by function version, last used first.

Last in, first out keeps a few environments warm and lets the others grow old (idle.py). A version that is retired keeps
no environment: idle ones end now, busy ones when they are done.

A call that waits for a sandbox of its own takes an environment that falls idle meanwhile: whichever comes first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambent.execution import pressure
from lambent.execution.idle import IdleCare
from lambent.execution.spec import is_of_tenant
from lambent.execution.states import OUTDATED, RETIRED, State

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from lambent.core.clock import Clock
    from lambent.execution.concurrency import Concurrency
    from lambent.execution.environment import Environment
    from lambent.execution.pressure import Reading

# The spawner should not compete with the first invocation of a small function.
THROTTLE_DELAY_S = 0.005


@dataclass(slots=True)
class Group:
    """The environments of one function version. `idle` has the one that was used last at its end."""

    key: str
    idle: list[Environment] = field(default_factory=list)
    busy: set[Environment] = field(default_factory=set)
    expected: int = 0  # cold starts on their way
    waiters: deque[asyncio.Future[Environment]] = field(default_factory=deque)
    is_retired: bool = False
    prefers_provisioned: bool = False


@dataclass(slots=True)
class Holding:
    """The environments of one function, all versions together; of memory (MiB) the most that one may and did use."""

    idle: int = 0
    busy: int = 0
    memory_mib: int = 0
    peak_mib: int = 0

    def take(self, environment: Environment, *, is_busy: bool) -> None:
        self.busy += is_busy
        self.idle += not is_busy
        self.memory_mib = max(self.memory_mib, environment.spec.memory_mib)
        self.peak_mib = max(self.peak_mib, environment.peak_mib())


class Scheduler:
    """Owns every environment from its assignment on.

    Args: clock, loop, the concurrency account, keep-alive seconds, whether CPU is limited by memory, how the host's
    memory is read.
    """

    def __init__(
        self,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        concurrency: Concurrency,
        keep_alive_s: float,
        *,
        limits_cpu: bool = True,
        read_pressure: Callable[[], Reading] = pressure.read,
    ) -> None:
        self._loop = loop
        self._concurrency = concurrency
        self._limits_cpu = limits_cpu
        self._groups: dict[str, Group] = {}
        self._group_of: dict[Environment, Group] = {}
        self._clock = clock
        # Told when a provisioned environment has died.
        self.lost: Callable[[str], None] = lambda key: None
        self._idle_care = IdleCare(self._groups, clock, loop, keep_alive_s, read_pressure)

    def take(self, key: str) -> Environment | None:
        """An idle environment of this version, now busy; None when there is none."""
        group = self._groups.get(key)
        if group is None or not group.idle:
            return None
        environment = (
            _provisioned_first(group.idle) if group.prefers_provisioned else group.idle.pop()
        )
        if environment.state is State.FROZEN:
            environment.thaw()
        group.busy.add(environment)
        return environment

    def await_idle(self, group: Group, waiter: asyncio.Future[Environment]) -> None:
        """Let `waiter` have an environment of the group, READY and busy by then, as soon as one falls idle.

        It may be told something else meanwhile; who waits says so by `stop_waiting`.
        """
        group.waiters.append(waiter)
        if group.idle:
            environment = group.idle.pop()
            if environment.state is State.FROZEN:
                environment.thaw()
            self._lay_idle(environment, group)

    def stop_waiting(self, group: Group, waiter: asyncio.Future[Environment]) -> None:
        if waiter in group.waiters:
            group.waiters.remove(waiter)

    def expect(self, key: str) -> Group:
        """A cold start begins: the group that its environments join, even if the version is retired meanwhile."""
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = Group(key)
        group.expected += 1
        return group

    def settle(self, group: Group) -> None:
        """That cold start is over, with or without an environment."""
        group.expected -= 1
        self._forget_if_empty(group)

    def adopt(self, environment: Environment, group: Group) -> None:
        """Take a pooled environment over, as a busy one."""
        environment.owner = self
        group.busy.add(environment)
        self._group_of[environment] = group

    def has_environments(self, key: str) -> bool:
        """Whether a version has any, or will soon."""
        return key in self._groups

    def initialised(self, environment: Environment) -> None:
        """Its INIT is done."""
        if self._limits_cpu:
            self._loop.call_later(THROTTLE_DELAY_S, environment.throttle)

    def retire(self, key: str) -> None:
        """The version is gone, for its tenants too."""
        for each in [each for each in self._groups if each == key or is_of_tenant(each, key)]:
            group = self._groups.pop(each)
            group.is_retired = True
            while group.idle:
                group.idle[-1].end(RETIRED)

    def close(self, why: str) -> None:
        """End everything."""
        self._idle_care.close()
        for environment in list(self._group_of):
            environment.end(why)

    def describe(self) -> dict[str, dict[str, int]]:
        return {
            key: {"idle": len(group.idle), "busy": len(group.busy)}
            for key, group in self._groups.items()
        }

    def holdings(self) -> dict[str, Holding]:
        """What functions have, by function ARN; compiling their code is nothing of theirs."""
        found: dict[str, Holding] = {}
        for group in self._groups.values():
            for environment in (*group.idle, *group.busy):
                if not environment.spec.compiles:
                    holding = found.setdefault(environment.spec.function_arn, Holding())
                    holding.take(environment, is_busy=environment in group.busy)
        return found

    def rest(self, environment: Environment) -> None:
        """An environment whose INIT nobody waited for lies idle from now on."""
        group = self._group_of.get(environment)
        if group is None:
            return  # it died meanwhile
        group.busy.discard(environment)
        if group.is_retired:
            environment.end(RETIRED)
            return
        if environment.is_provisioned:
            group.prefers_provisioned = True
        environment.idle_since = self._clock.monotonic()
        self._lay_idle(environment, group)

    def count_provisioned(self, key: str) -> int:
        """How many provisioned environments a version has."""
        group = self._groups.get(key)
        if group is None:
            return 0
        return sum(each.is_provisioned for each in (*group.idle, *group.busy))

    def count_busy(self, key: str) -> int:
        """How many environments of a version work at the moment."""
        group = self._groups.get(key)
        return 0 if group is None else len(group.busy)

    def end_provisioned(self, key: str) -> None:
        """No environments are to be kept for a version: the idle ones end, the others grow old as usual."""
        group = self._groups.get(key)
        if group is None:
            return
        group.prefers_provisioned = False
        for environment in list(group.idle):
            if environment.is_provisioned:
                environment.end("not provisioned any more")

    # --- what becomes of our environments -----------------------------------------------------------------------

    def pooled(self, environment: Environment) -> None:
        raise RuntimeError("an assigned environment does not return to the pool")

    def finished(self, environment: Environment) -> None:
        self._concurrency.leave(environment.spec)
        group = self._group_of[environment]
        group.busy.discard(environment)
        if environment.state is State.DEAD:
            self._drop(environment, group)
        elif group.is_retired or environment.is_outdated:
            environment.end(RETIRED if group.is_retired else OUTDATED)
        elif group.waiters:
            self._lay_idle(environment, group)
        else:
            group.idle.append(environment)
            if not self._idle_care.looks_soon:
                self._idle_care.start()

    def died(self, environment: Environment) -> None:
        group = self._group_of[environment]
        group.busy.discard(environment)
        if environment in group.idle:
            group.idle.remove(environment)
        self._drop(environment, group)

    def _lay_idle(self, environment: Environment, group: Group) -> None:
        """To whoever waits for one, else to the idle ones."""
        while group.waiters:
            waiter = group.waiters.popleft()
            if not waiter.done():
                group.busy.add(environment)
                waiter.set_result(environment)
                return
        group.idle.append(environment)
        if not self._idle_care.looks_soon:
            self._idle_care.start()

    def _drop(self, environment: Environment, group: Group) -> None:
        del self._group_of[environment]
        self._forget_if_empty(group)
        if environment.is_provisioned:
            self.lost(group.key)

    def _forget_if_empty(self, group: Group) -> None:
        is_empty = not (group.idle or group.busy or group.expected)
        if is_empty and self._groups.get(group.key) is group:
            del self._groups[group.key]


def _provisioned_first(idle: list[Environment]) -> Environment:
    """The provisioned one that was used last, else the last of the idle ones, of which there is one: "Lambda first uses
    provisioned concurrency" (developer guide).
    """
    for at in range(len(idle) - 1, -1, -1):
        if idle[at].is_provisioned:
            return idle.pop(at)
    return idle.pop()
