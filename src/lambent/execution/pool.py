"""The pool of one runtime: sandboxes that are locked, warmed up and still anonymous.

An invoke takes one without waiting as long as there is one. Taking schedules the refill a little later, so that making
new sandboxes does not compete with the cold start that just took one; when calls wait, it happens at once. A sandbox
taken never comes back.

How many: max(2, cold starts in the last 10 s x the time it takes to make one x 2), at most `POOL_LIMIT`.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from typing import TYPE_CHECKING

from lambent.execution.environment import Environment
from lambent.execution.spec import SandboxFailed

if TYPE_CHECKING:
    import asyncio

    from lambent.core.clock import Clock
    from lambent.execution.endpoint import Endpoint
    from lambent.execution.spawner_link import SpawnerLink
    from lambent.execution.starts import Start

logger = logging.getLogger(__name__)

POOL_MINIMUM = 2
POOL_LIMIT = 32
DEMAND_WINDOW_S = 10.0
# The spawner makes them one after the other; a longer queue there would only delay its other answers.
CREATING_LIMIT = 8
# A cold start of a small function is over by then.
REFILL_DELAY_S = 0.02
# A Node sandbox takes 50-300 ms, on a machine that is drowning seconds.
BOOT_LIMIT_S = 30.0
HOPELESS = 4
FIRST_RETRY_S = 0.1
LAST_RETRY_S = 5.0


class Pool:
    """Args: how its sandboxes are started, the clock, the loop, who serves their AWS endpoint, how many at least.

    It fills once it has a link.
    """

    def __init__(
        self,
        start: Start,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        endpoint: Endpoint | None = None,
        minimum: int = POOL_MINIMUM,
    ) -> None:
        self._endpoint = endpoint
        self._minimum = minimum
        self._start = start
        self._clock = clock
        self._loop = loop
        self._link: SpawnerLink | None = None
        self._ready: deque[Environment] = deque()
        self._creating: dict[Environment, float] = {}  # -> when it was asked for
        self._waiters: deque[asyncio.Future[Environment]] = deque()
        self._taken_at: deque[float] = deque()
        self._creation_s = 0.05  # moving average; the first guess is soon corrected
        self._timer: asyncio.TimerHandle | None = None
        self._failures = 0  # in a row
        self._failed_at = 0.0

    def connect(self, link: SpawnerLink | None) -> None:
        """Use this spawner from now on; None: there is none, so calls wait."""
        self._link = link
        self._failures = 0
        if link is not None:
            self.fill()

    def take_ready(self) -> Environment | None:
        """A POOLED environment, where one lies ready; the caller becomes its owner."""
        if not self._ready:
            return None
        self._taken_at.append(self._clock.monotonic())
        self._fill_later(REFILL_DELAY_S)
        return self._ready.popleft()

    def ask(self) -> asyncio.Future[Environment]:
        """A POOLED environment, or SandboxFailed where the one that was made for this call could not be.

        The caller becomes its owner, and says `forgo` when it waits no more. Others may answer it meanwhile.
        """
        waiter: asyncio.Future[Environment] = self._loop.create_future()
        if (environment := self.take_ready()) is not None:
            waiter.set_result(environment)
            return waiter
        self._taken_at.append(self._clock.monotonic())
        self._waiters.append(waiter)
        self.fill()
        return waiter

    def forgo(self, waiter: asyncio.Future[Environment]) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)

    def target(self) -> int:
        """How many should lie ready."""
        horizon = self._clock.monotonic() - DEMAND_WINDOW_S
        while self._taken_at and self._taken_at[0] < horizon:
            self._taken_at.popleft()
        wanted = math.ceil(len(self._taken_at) * self._creation_s * 2)
        return min(max(self._minimum, wanted), POOL_LIMIT)

    def fill(self) -> None:
        """Have as many made as are missing."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        link = self._link
        if link is None or not link.is_open:
            return
        missing = self.target() + len(self._waiters) - len(self._ready) - len(self._creating)
        for _ in range(min(missing, CREATING_LIMIT - len(self._creating))):
            urgent = len(self._waiters) > sum(each.is_urgent for each in self._creating)
            environment = Environment(link, self._clock, self._loop, self, self._endpoint)
            self._creating[environment] = self._clock.monotonic()
            environment.boot(self._start, urgent=urgent)
        if self._creating:
            self._fill_later(BOOT_LIMIT_S)

    def close(self, why: str) -> None:
        """End everything in it; calls that wait fail."""
        self._link = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for environment in [*self._ready, *self._creating]:
            environment.end(why)
        while self._waiters:
            self._fail_waiter(why)

    def describe(self) -> dict[str, object]:
        return {
            "ready": len(self._ready),
            "creating": len(self._creating),
            "waiting": len(self._waiters),
            "target": self.target(),
            "creation_ms": round(self._creation_s * 1000, 1),
        }

    # --- what becomes of our environments -----------------------------------------------------------------------

    def pooled(self, environment: Environment) -> None:
        asked = self._creating.pop(environment)
        self._creation_s += 0.3 * (self._clock.monotonic() - asked - self._creation_s)
        self._failures = 0
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(environment)
                break
        else:
            self._ready.append(environment)
        self._fill_later(REFILL_DELAY_S)

    def finished(self, environment: Environment) -> None:
        raise RuntimeError("a pooled environment runs no invocation")

    def died(self, environment: Environment) -> None:
        asked = self._creating.pop(environment, None)
        if asked is None:
            if environment in self._ready:
                self._ready.remove(environment)
        elif self._link is not None and self._link.is_open:
            self._not_made(environment, asked)
        self._fill_later(
            min(FIRST_RETRY_S * 2 ** min(max(self._failures, 1) - 1, 10), LAST_RETRY_S)
        )

    def _not_made(self, environment: Environment, asked: float) -> None:
        """Calls wait for the next try, until so many have failed in a row that it is no accident."""
        logger.warning("no sandbox for %s: %s", self._start.name, environment.why_dead)
        # Those that were asked for together fail together (their zygote died): that is one failure.
        if asked >= self._failed_at:
            self._failures += 1
            self._failed_at = self._clock.monotonic()
        while self._waiters and (environment.is_hopeless or self._failures >= HOPELESS):
            self._fail_waiter(environment.why_dead)

    def _fail_waiter(self, why: str) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(SandboxFailed(why))
                return

    def _fill_later(self, delay_s: float) -> None:
        """Fill after the delay; an earlier appointment stands."""
        due = self._loop.time() + delay_s
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        horizon = self._clock.monotonic() - BOOT_LIMIT_S
        for environment in [each for each, asked in self._creating.items() if asked < horizon]:
            environment.end(f"not ready within {BOOT_LIMIT_S:.0f} s")
        self.fill()
