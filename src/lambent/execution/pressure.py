"""Whether the host is short of memory: by what is available, and by how long processes wait for memory (PSI)."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

# Below this part of all memory the kernel soon starts to throw out what it needs again.
_LEAST_AVAILABLE = 0.05
# Part of the last 10 s in which every process that wanted to run waited for memory, in per cent.
_MOST_STALLED = 10.0


class Reading(NamedTuple):
    """`available` is a part of all memory (0 to 1), `stalled` per cent of the last 10 s."""

    available: float = 1.0
    stalled: float = 0.0

    @property
    def is_high(self) -> bool:
        return self.available < _LEAST_AVAILABLE or self.stalled > _MOST_STALLED


def read() -> Reading:
    """The host's present state; what it does not tell counts as good."""
    return parse(_text("/proc/meminfo"), _text("/proc/pressure/memory"))


def parse(meminfo: str, pressure: str) -> Reading:
    """From the texts of /proc/meminfo and /proc/pressure/memory (proc(5), Documentation/accounting/psi.rst)."""
    figures = {}
    for line in meminfo.splitlines():
        name, _, value = line.partition(":")
        if name in ("MemTotal", "MemAvailable"):
            figures[name] = int(value.split()[0])
    available = 1.0
    if figures.get("MemTotal") and "MemAvailable" in figures:
        available = figures["MemAvailable"] / figures["MemTotal"]
    stalled = 0.0
    for line in pressure.splitlines():
        kind, *averages = line.split()
        if kind == "full":
            stalled = float(averages[0].removeprefix("avg10="))
    return Reading(available, stalled)


def _text(path: str) -> str:
    try:
        return Path(path).read_text("ascii")
    except OSError:  # no PSI in this kernel
        return ""
