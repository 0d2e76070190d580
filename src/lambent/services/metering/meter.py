"""Takes note of what is used: an observer of the execution plane, and the `Meter` of the other services.

What is noted is in the journal before the caller has its answer. An invocation is billed when it has ended: each start
that comes to an end, retries and console tests included; throttled calls never began, and what a sandbox does while it
lies idle is nobody's invocation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lambent.services.metering.sums import FAILED, INVOCATION, REQUESTS, STORED

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambent.core.clock import Clock
    from lambent.core.context import Scope
    from lambent.execution.spec import FunctionSpec, Invocation, Outcome
    from lambent.storage.usage_journal import Journal

_FREE_DISK_MB = 512


class UsageMeter:
    """Bills what is answered; throttled calls cost nothing.

    `has_news`: something was written since it was set to False.

    Args: where it is written, the clock, and what is to be called when something is that is news.
    """

    def __init__(self, journal: Journal, clock: Clock, noted: Callable[[], None]) -> None:
        self._journal = journal
        self._clock = clock
        self._noted = noted
        self.has_news = False
        self._levels: dict[tuple[Scope, str, str, str], tuple[int, int]] = {}

    # --- of the execution plane -----------------------------------------------------------------------------------

    def answers(
        self, spec: FunctionSpec, invocation: Invocation, outcome: Outcome, now_ms: int
    ) -> None:
        journal, arn = self._journal, invocation.invoked_function_arn
        key = spec.key, spec.initialization, arn
        # As REPORT shows it, but for INIT: prices of before August 2025 leave that out.
        took_ms = math.ceil(round(min(outcome.duration_ms, spec.timeout_s * 1000.0), 2))
        took_ms = min(took_ms, outcome.billed_ms)
        streamed = 0 if invocation.stream is None else invocation.stream.size
        flags = FAILED if outcome.is_error else 0
        slot = (now_ms, streamed, took_ms, outcome.billed_ms - took_ms, flags)
        if not journal.put_known(key, INVOCATION, *slot):
            number = journal.number_of(key)
            if number is None:
                number = journal.define(key, _target(spec, arn))
            journal.put(INVOCATION, number, *slot)
        if not self.has_news:
            self.has_news = True
            self._noted()

    # --- of other services ----------------------------------------------------------------------------------------

    def requests(
        self, scope: Scope, service: str, resource: str, kind: str, count: int = 1
    ) -> None:
        self._put(REQUESTS, (scope, service, resource, kind), self._clock.calendar_ms(), count)

    def stored(self, scope: Scope, service: str, resource: str, kind: str, size: int) -> None:
        key = scope, service, resource, kind
        self._account_for(key)
        if size:
            self._levels[key] = size, self._clock.calendar_ms()
        else:
            self._levels.pop(key, None)

    def take_stock(self) -> None:
        """Note for how long what is stored has been, up to now."""
        for key in list(self._levels):
            self._account_for(key)

    def forget(self) -> None:
        """What is stored is told again by whoever stores it."""
        self._levels.clear()

    def _account_for(self, key: tuple[Scope, str, str, str]) -> None:
        """Byte-seconds since the last time, hour by hour: whole seconds, the rest waits for the next time."""
        if key not in self._levels:
            return
        size, since = self._levels[key]
        now = self._clock.calendar_ms()
        while since < now:
            until = min(now, since - since % 3_600_000 + 3_600_000)
            seconds = until // 1000 - since // 1000
            if seconds:
                self._put(STORED, key, since, size * seconds)
            since = until
        self._levels[key] = size, since

    def _put(self, kind: int, key: tuple[Scope, str, str, str], time_ms: int, amount: int) -> None:
        if not self._journal.put_known(key, kind, time_ms, amount):
            self._put_new(kind, key, time_ms, amount)
        if not self.has_news:
            self.has_news = True
            self._noted()

    def _put_new(
        self, kind: int, key: tuple[Scope, str, str, str], time_ms: int, amount: int
    ) -> None:
        number = self._journal.number_of(key)
        if number is None:
            scope, service, resource, variant = key
            number = self._journal.define(
                key,
                {
                    "account": scope.account_id,
                    "region": scope.region,
                    "service": service,
                    "resource": resource,
                    "variant": variant,
                },
            )
        self._journal.put(kind, number, time_ms, amount)


def _target(spec: FunctionSpec, arn: str) -> dict[str, Any]:
    """Whose invocation it is, and what its price hangs on."""
    qualifier = arn.split(":")[7:]
    is_version = not qualifier or qualifier[0] == spec.function_version
    return {
        "account": spec.account_id,
        "region": spec.region,
        "service": "lambda",
        "resource": spec.function_name,
        "version": spec.function_version,
        "alias": "" if is_version else qualifier[0],
        "variant": f"{spec.architecture}/{spec.initialization}",
        "memory": spec.memory_mib,
        "disk": max(0, spec.ephemeral_storage_mib - _FREE_DISK_MB),
    }
