"""How many invocations may run at the same time, and who is turned away.

An account has a limit. A function may have a part of it reserved: it gets that and no more, and the others share what
is left. How fast a function grows is the business of `scale_out`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.execution.spec import Throttled

if TYPE_CHECKING:
    from lambent.execution.spec import FunctionSpec

# AWS's reasons: the account's limit, or the function's own reservation, is what stops the call.
ACCOUNT_LIMIT_REASON = "ConcurrentInvocationLimitExceeded"
RESERVED_LIMIT_REASON = "ReservedFunctionConcurrentInvocationLimitExceeded"


class Concurrency:
    """Counts the invocations that run, by function. Args: the limit of each account."""

    def __init__(self, account_limit: int) -> None:
        self._account_limit = account_limit
        self._running: dict[str, int] = {}  # by function ARN, where any
        self._unreserved: dict[
            str, int
        ] = {}  # by account: those of functions without a reservation
        self._reserved: dict[str, tuple[str, int]] = {}  # function ARN -> account, limit
        self._set_aside: dict[str, int] = {}  # by account: the sum of its reservations
        self._in_reservations: dict[str, int] = {}  # by account: those of functions that have one

    @property
    def running(self) -> int:
        return sum(self._running.values())

    def running_by_function(self) -> dict[str, int]:
        """By function ARN, where any run."""
        return dict(self._running)

    def running_with(self, spec: FunctionSpec) -> tuple[int, int, int]:
        """How many run of the function, of its account, and of the account's functions without a reservation."""
        unreserved = self._unreserved.get(spec.account_id, 0)
        whole = unreserved + self._in_reservations.get(spec.account_id, 0)
        return self._running.get(spec.function_arn, 0), whole, unreserved

    def reserve(self, function_arn: str, account_id: str, limit: int | None) -> None:
        """From now on the function, in all its versions, may run `limit` invocations at once, of its own; None: it
        shares with the others. What runs goes on."""
        running = self._running.get(function_arn, 0)
        before = self._reserved.pop(function_arn, None)
        if before is not None:
            self._set_aside[account_id] -= before[1]
            _add(self._unreserved, account_id, running)
            _add(self._in_reservations, account_id, -running)
        if limit is not None:
            self._reserved[function_arn] = (account_id, limit)
            self._set_aside[account_id] = self._set_aside.get(account_id, 0) + limit
            _add(self._unreserved, account_id, -running)
            _add(self._in_reservations, account_id, running)

    def admit(self, spec: FunctionSpec) -> None:
        """Count one more; `leave` takes it back.

        Raises:
            Throttled: a limit is reached. Nothing has been counted then.
        """
        arn, account_id = spec.function_arn, spec.account_id
        running = self._running.get(arn, 0)
        reserved = self._reserved.get(arn) if self._reserved else None
        if reserved is not None:
            if running >= reserved[1]:
                raise Throttled(RESERVED_LIMIT_REASON)
            _add(self._in_reservations, account_id, 1)
        else:
            unreserved = self._unreserved.get(account_id, 0)
            if unreserved >= self._account_limit - self._set_aside.get(account_id, 0):
                raise Throttled(ACCOUNT_LIMIT_REASON)
            self._unreserved[account_id] = unreserved + 1
        self._running[arn] = running + 1

    def leave(self, spec: FunctionSpec) -> None:
        arn, account_id = spec.function_arn, spec.account_id
        running = self._running[arn] - 1
        if running:
            self._running[arn] = running
        else:
            del self._running[arn]
        shared = self._in_reservations if arn in self._reserved else self._unreserved
        running = shared[account_id] - 1
        if running:
            shared[account_id] = running
        else:
            del shared[account_id]


def _add(counts: dict[str, int], key: str, number: int) -> None:
    """Keeps no zeros: there may be many keys that are never asked for again."""
    total = counts.get(key, 0) + number
    if total:
        counts[key] = total
    else:
        counts.pop(key, None)
