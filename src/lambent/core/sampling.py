"""Which of many traces are recorded, where nobody has said.

X-Ray's default: "1 request per second, with 5 percent of requests sampled past that limit" ("Setting up AWS X-Ray with
API Gateway"; "Visualize Lambda function invocations using AWS X-Ray" has the same).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lambent.core import ids

if TYPE_CHECKING:
    from lambent.core.clock import Clock

_SHARE = 0.05
# Names of which the second is remembered; beyond that all have another first request in this second.
_MOST = 10_000


class Sampling:
    """Decides for each name by itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seconds: dict[str, int] = {}  # by name: when one was taken for sure

    def takes(self, name: str) -> bool:
        """Is the next request to `name` recorded?"""
        second = self._clock.calendar_ms() // 1000
        if self._seconds.get(name) != second:
            if len(self._seconds) >= _MOST:
                self._seconds.clear()
            self._seconds[name] = second
            return True
        return ids.fraction() < _SHARE
