"""Who gets which environment: idle ones by function version, last used first.

Last in, first out keeps a few environments warm and lets the others grow old; what has been idle for the keep-alive
time is ended. A version that is retired keeps no environment: idle ones end now, busy ones when they are done.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lambent.execution.states import IDLE_TOO_LONG, RETIRED, State

if TYPE_CHECKING:
    import asyncio

    from lambent.core.clock import Clock
    from lambent.execution.concurrency import Concurrency
    from lambent.execution.environment import Environment


@dataclass(slots=True)
class Group:
    """The environments of one function version. `idle` has the one that was used last at its end."""

    key: str
    idle: list[Environment] = field(default_factory=list)
    busy: set[Environment] = field(default_factory=set)
    expected: int = 0  # cold starts on their way
    is_retired: bool = False


class Scheduler:
    """Owns every environment from its assignment on. Args: clock, loop, the concurrency account, keep-alive seconds."""

    def __init__(
        self,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        concurrency: Concurrency,
        keep_alive_s: float,
    ) -> None:
        self._clock = clock
        self._loop = loop
        self._concurrency = concurrency
        self._keep_alive_s = keep_alive_s
        self._groups: dict[str, Group] = {}
        self._group_of: dict[Environment, Group] = {}
        self._reaper: asyncio.TimerHandle | None = None

    def take(self, key: str) -> Environment | None:
        """An idle environment of this version, now busy; None when there is none."""
        group = self._groups.get(key)
        if group is None or not group.idle:
            return None
        environment = group.idle.pop()
        group.busy.add(environment)
        return environment

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

    def retire(self, key: str) -> None:
        group = self._groups.pop(key, None)
        if group is None:
            return
        group.is_retired = True
        while group.idle:
            group.idle[-1].end(RETIRED)

    def reap(self) -> None:
        """End what has been idle for the keep-alive time, and come back when the next one is due."""
        self._reaper = None
        horizon = self._clock.monotonic() - self._keep_alive_s
        oldest: float | None = None
        for group in list(self._groups.values()):
            # LIFO: the one that has been idle longest stands first.
            while group.idle and group.idle[0].idle_since <= horizon:
                group.idle[0].end(IDLE_TOO_LONG)
            if group.idle and (oldest is None or group.idle[0].idle_since < oldest):
                oldest = group.idle[0].idle_since
        if oldest is not None:
            self._reap_in(oldest - horizon)

    def close(self, why: str) -> None:
        """End everything."""
        if self._reaper is not None:
            self._reaper.cancel()
            self._reaper = None
        for environment in list(self._group_of):
            environment.end(why)

    def describe(self) -> dict[str, dict[str, int]]:
        return {
            key: {"idle": len(group.idle), "busy": len(group.busy)}
            for key, group in self._groups.items()
        }

    # --- what becomes of our environments -----------------------------------------------------------------------

    def pooled(self, environment: Environment) -> None:
        raise RuntimeError("an assigned environment does not return to the pool")

    def finished(self, environment: Environment) -> None:
        self._concurrency.leave(environment.spec)
        group = self._group_of[environment]
        group.busy.discard(environment)
        if environment.state is State.DEAD:
            self._drop(environment, group)
        elif group.is_retired:
            environment.end(RETIRED)
        else:
            group.idle.append(environment)
            if self._reaper is None:
                self._reap_in(self._keep_alive_s)

    def died(self, environment: Environment) -> None:
        group = self._group_of[environment]
        group.busy.discard(environment)
        if environment in group.idle:
            group.idle.remove(environment)
        self._drop(environment, group)

    def _drop(self, environment: Environment, group: Group) -> None:
        del self._group_of[environment]
        self._forget_if_empty(group)

    def _forget_if_empty(self, group: Group) -> None:
        is_empty = not (group.idle or group.busy or group.expected)
        if is_empty and self._groups.get(group.key) is group:
            del self._groups[group.key]

    def _reap_in(self, delay_s: float) -> None:
        self._reaper = self._loop.call_later(delay_s, self.reap)
