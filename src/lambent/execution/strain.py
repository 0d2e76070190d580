"""Whether the host has anything left to give: only then is work that could also wait begun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambent.core.clock import Clock
    from lambent.execution.pressure import Reading

# Below this part of its CPU time idle, more at once would only take longer.
_LEAST_IDLE = 0.1
# How long a finding holds: reading it costs some 50 us.
_PERIOD_S = 0.2


class Strain:
    """Args: a clock (monotonic), how short of memory the host is, and the text of /proc/stat."""

    def __init__(
        self,
        clock: Clock,
        read_pressure: Callable[[], Reading],
        read_stat: Callable[[], str] = lambda: Path("/proc/stat").read_text("ascii"),
    ) -> None:
        self._clock = clock
        self._read_pressure = read_pressure
        self._read_stat = read_stat
        self._looked_at = float("-inf")
        self._idle, self._total = 0, 0
        self._found = False

    def is_high(self) -> bool:
        """As of the last fifth of a second, or since it was last asked for."""
        now = self._clock.monotonic()
        if now - self._looked_at >= _PERIOD_S:
            self._looked_at = now
            self._found = self._is_busy() or self._read_pressure().is_high
        return self._found

    def _is_busy(self) -> bool:
        # proc_stat(5): user nice system idle iowait irq softirq steal guest guest_nice, guests being in user already.
        times = [int(each) for each in self._read_stat().split("\n", 1)[0].split()[1:9]]
        idle, total = times[3] + times[4], sum(times)
        passed, self._total = total - self._total, total
        rested, self._idle = idle - self._idle, idle
        return passed > 0 and rested < _LEAST_IDLE * passed
