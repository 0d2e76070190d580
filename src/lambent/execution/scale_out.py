"""How fast a function may grow: "1,000 execution environments every 10 seconds", each function on its own.

What may be started is there at once and comes back evenly (AWS, "Lambda scaling behavior"): a function that has started
100 may start 100 more a second later even if it goes on like that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.execution.spec import Throttled

if TYPE_CHECKING:
    from lambent.core.clock import Clock

BURST = 1000
PERIOD_S = 10.0
REASON = "FunctionInvocationRateLimitExceeded"
# So many functions are remembered before those are forgotten that may start as many as ever.
_REMEMBERED = 1000


class ScaleOut:
    """Counts the environments that calls start. Args: a clock, whose monotonic reading counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: dict[
            str, tuple[float, float]
        ] = {}  # function ARN -> how many may start, as of when

    def admit(self, function_arn: str) -> None:
        """Count one environment more.

        Raises:
            Throttled: too many have been started lately. This one is not counted.
        """
        now = self._clock.monotonic()
        left = self._left_at(function_arn, now)
        if left < 1:
            raise Throttled(REASON)
        if function_arn not in self._left and len(self._left) >= _REMEMBERED:
            self._left = {
                arn: entry for arn, entry in self._left.items() if self._left_at(arn, now) < BURST
            }
        self._left[function_arn] = (left - 1, now)

    def give_back(self, function_arn: str) -> None:
        """One that was counted has not been started after all."""
        now = self._clock.monotonic()
        self._left[function_arn] = (min(BURST, self._left_at(function_arn, now) + 1), now)

    def _left_at(self, function_arn: str, now: float) -> float:
        left, as_of = self._left.get(function_arn, (float(BURST), now))
        return min(BURST, left + (now - as_of) * BURST / PERIOD_S)
