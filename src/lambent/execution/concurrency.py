"""How many invocations may run at the same time, and who is turned away.

One limit per account for now. Reserved and provisioned concurrency and the pace of scaling out belong here, too: they
are further reasons why `admit` says no.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.execution.spec import Throttled

if TYPE_CHECKING:
    from lambent.execution.spec import FunctionSpec

# AWS's reason when the account's limit is what stops the call.
ACCOUNT_LIMIT_REASON = "ConcurrentInvocationLimitExceeded"


class Concurrency:
    """Counts the invocations that run, by account. Args: the limit of each account."""

    def __init__(self, account_limit: int) -> None:
        self._account_limit = account_limit
        self._running: dict[str, int] = {}

    @property
    def running(self) -> int:
        return sum(self._running.values())

    def admit(self, spec: FunctionSpec) -> None:
        """Count one more; `leave` takes it back.

        Raises:
            Throttled: the limit is reached. Nothing has been counted then.
        """
        running = self._running.get(spec.account_id, 0)
        if running >= self._account_limit:
            raise Throttled(ACCOUNT_LIMIT_REASON)
        self._running[spec.account_id] = running + 1

    def leave(self, spec: FunctionSpec) -> None:
        left = self._running[spec.account_id] - 1
        if left:
            self._running[spec.account_id] = left
        else:
            del self._running[spec.account_id]
